package philips

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func TestRealFilesGiveTheSamplesOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/philips-xml", "*.xml") {
		name := "philips-xml/" + filepath.Base(path)
		want := truth.Load(t, name)
		rec, err := Decode(truth.Bytes(t, name))
		if want.Expect != "" {
			if err == nil || !strings.Contains(err.Error(), `version "1.05" is not read`) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		truth.Check(t, name, rec.Leads, rec.RateHz, want.Leads)
		if rec.Calibration < 200 || rec.Calibration > 250 || rec.Leads[0].Samples[rec.Samples()-100] != 1000 {
			t.Errorf("%s: calibration pulse of %d samples", name, rec.Calibration)
		}
	}
}

func TestPatientDeviceAndMeasurementsAreRead(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, "philips-xml/ad4d3d80_1_04.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if p := rec.Patient; p.ID != "9999" || p.Sex != "F" || p.BirthDate != "1976-01-01" {
		t.Errorf("patient %+v", p)
	}
	if d := rec.Device; d.Model != "PageWriter Touch" || d.Serial != "EKG16296" || d.Firmware != "C.01.02.00" {
		t.Errorf("device %+v", d)
	}
	for key, want := range map[string]float64{ecg.MeasureHR: 41, ecg.MeasurePR: 144, ecg.MeasureQRS: 102,
		ecg.MeasureQT: 564, ecg.MeasureQTc: 466, ecg.MeasureQRSAxis: 85} {
		if got := rec.DeviceMeasurements[key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if rec.Start.Format("2006-01-02 15:04:05") != "2008-12-23 19:44:46" || rec.Filters.LowPassHz != 150 {
		t.Errorf("start %v, filters %+v", rec.Start, rec.Filters)
	}
	if len(rec.Statements) != 2 || !strings.HasPrefix(rec.Statements[0], "SINUS BRADYCARDIA") {
		t.Errorf("statements %q", rec.Statements)
	}
}

// chunk encodes samples as XLI does, with literal codes only.
func chunk(samples []int16) []byte {
	delta := append([]int16(nil), samples...)
	first := 2*samples[1] - samples[0] - samples[2]
	for i := 2; i+1 < len(samples); i++ {
		delta[i] = 2*samples[i] - samples[i-1] - samples[i+1] + deltaShift
	}
	var codes []int
	for _, v := range delta {
		codes = append(codes, int(uint16(v)>>8))
	}
	for _, v := range delta {
		codes = append(codes, int(byte(v)))
	}
	codes = append(codes, lastCode+1)
	var data []byte
	window, bits := 0, 0
	for _, c := range codes {
		window, bits = window<<codeBits|c, bits+codeBits
		for bits >= 8 {
			bits -= 8
			data = append(data, byte(window>>bits))
		}
		window &= 1<<bits - 1
	}
	data = append(data, byte(window<<(8-bits)), 0, 0)
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	head = binary.LittleEndian.AppendUint16(append(head, 0, 0), uint16(first))
	return append(head, data...)
}

// document holds twelve leads of five samples; limb leads three to six store
// zero residuals.
func document() string {
	var data []byte
	for i := range 12 {
		s := []int16{10, 20, int16(30 * i), -40, 50}
		if i >= 2 && i < 6 {
			s = make([]int16, 5)
		}
		data = append(data, chunk(s)...)
	}
	return fmt.Sprintf(`<restingecgdata><documentinfo><documentversion>1.04</documentversion></documentinfo>
<waveforms><parsedwaveforms dataencoding="Base64" compression="XLI" numberofleads="12" resolution="5" bitspersample="16"
leadlabels="I II III aVR aVL aVF V1 V2 V3 V4 V5 V6" durationperchannel="10" samplespersecond="500" signaloffset="0">%s
</parsedwaveforms></waveforms></restingecgdata>`, base64.StdEncoding.EncodeToString(data))
}

func TestLimbLeadsAreRebuiltFromResiduals(t *testing.T) {
	t.Parallel()
	rec, err := Decode([]byte(document()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{
		"I": {50, 100, 0, -200, 250}, "II": {50, 100, 150, -200, 250}, "III": {0, 0, 150, 0, 0},
		"aVR": {-50, -100, -75, 200, -250}, "aVL": {25, 50, -75, -100, 125}, "aVF": {25, 50, 150, -100, 125},
		"V6": {50, 100, 1650, -200, 250},
	} {
		if got := rec.Lead(name).Samples; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestWhatCannotBeReadForSureIsRefused(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string][2]string{
		"version":           {"1.04", "1.05"},
		"not stated":        {`resolution="5"`, ""},
		"order is":          {"I II III", "II I III"},
		"only XLI":          {`compression="XLI"`, `compression="LZ9"`},
		`"12" bits are not`: {`bitspersample="16"`, `bitspersample="12"`},
		"an offset of":      {`signaloffset="0"`, `signaloffset="5"`},
		"0 labels for 12":   {"leadlabels", "labels"},
		"samples need":      {`durationperchannel="10"`, `durationperchannel="20"`},
		"damaged":           {"\n</parsed", "=A=\n</parsed"},
		"ms at":             {`samplespersecond="500"`, ""},
		"no waveform":       {"parsedwaveforms", "otherwaveforms"},
	} {
		_, err := Decode([]byte(strings.ReplaceAll(document(), change[0], change[1])))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(document()))
	for _, path := range testdata.Files(f, "ecg/philips-xml", "129*.xml") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	truth.Fuzz(f, Decode)
}

// FuzzXLI reaches the decompressor without XML and base64 before it.
func FuzzXLI(f *testing.F) {
	f.Add(chunk([]int16{1, -2, 300, -400, 5}))
	f.Fuzz(func(t *testing.T, data []byte) {
		leads, err := decodeXLI(data, 5)
		if err != nil {
			return
		}
		for _, l := range leads {
			if len(l) != 5 {
				t.Fatal("wrong length")
			}
		}
	})
}
