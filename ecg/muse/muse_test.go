package muse

import (
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

func TestRealFilesGiveSamplesMeasurementsAndStatements(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/muse-xml", "*.xml") {
		name := "muse-xml/" + filepath.Base(path)
		want := truth.Load(t, name)
		rec, err := Decode(truth.Bytes(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		truth.Check(t, name, rec.Leads, rec.RateHz, want.Groups[1].Leads)
		truth.Check(t, name+" median", rec.Groups[0].Leads, rec.Groups[0].RateHz, want.Groups[0].Leads)
		for field, key := range map[string]string{"VentricularRate": ecg.MeasureHR, "PRInterval": ecg.MeasurePR,
			"QRSDuration": ecg.MeasureQRS, "QTInterval": ecg.MeasureQT, "QTCorrected": ecg.MeasureQTc,
			"PAxis": ecg.MeasurePAxis, "RAxis": ecg.MeasureQRSAxis, "TAxis": ecg.MeasureTAxis} {
			if got := fmt.Sprint(rec.DeviceMeasurements[key]); got != want.Measured[field] {
				t.Errorf("%s: %s is %s, want %s", name, key, got, want.Measured[field])
			}
		}
		if strings.Join(rec.Statements, "|") != strings.Join(want.Diagnosis, "|") {
			t.Errorf("%s: %d statements, want %d", name, len(rec.Statements), len(want.Diagnosis))
		}
		if leads, ok := ecg.Derive12(rec); !ok || len(leads) != 12 {
			t.Errorf("%s: no twelve leads", name)
		}
		for _, n := range rec.Notes {
			if n.Code != ecg.NoteLocalTime {
				t.Errorf("%s: %s", name, n.Text)
			}
		}
	}
}

func TestPatientAndTimeOfThePublishedTestRecordAreRead(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, "muse-xml/introecg_MUSE_example.xml"))
	if err != nil {
		t.Fatal(err)
	}
	want := ecg.Patient{ID: "201700237", Name: "MUSE TESTONE", Sex: "M", BirthDate: "1980-06-10", Age: "040Y"}
	if rec.Patient != want {
		t.Errorf("patient %+v", rec.Patient)
	}
	if rec.Start.Format("2006-01-02 15:04:05") != "2020-09-22 09:03:32" || rec.Device.Model != "MAC55" {
		t.Errorf("start %v, device %+v", rec.Start, rec.Device)
	}
	if rec.Filters != (ecg.Filters{HighPassHz: 0.16, LowPassHz: 150}) {
		t.Errorf("filters %+v", rec.Filters)
	}
}

// small is a document of one lead and two samples, 1 and -1.
const small = `<!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG><Waveform><WaveformType>Rhythm</WaveformType>
<SampleBase>500</SampleBase><LeadData><LeadAmplitudeUnitsPerBit>4.88</LeadAmplitudeUnitsPerBit>
<LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>V1</LeadID><LeadDataCRC32>668904070</LeadDataCRC32>
<LeadOff>FALSE</LeadOff><LeadSampleSize>2</LeadSampleSize><LeadTimeOffset>0</LeadTimeOffset>
<WaveFormData>
AQD/
/w==</WaveFormData></LeadData></Waveform></RestingECG>`

func TestDamageIsNotedOrRefused(t *testing.T) {
	t.Parallel()
	for code, change := range map[ecg.NoteCode][2]string{
		ecg.NoteChecksum: {"AQD/", "AgD/"},
		ecg.NoteLeadOff:  {"FALSE", "TRUE"},
		ecg.NoteLength:   {"<LeadOff>", "<LeadSampleCountTotal>3</LeadSampleCountTotal><LeadOff>"},
	} {
		rec, err := Decode([]byte(strings.Replace(small, change[0], change[1], 1)))
		found := false
		for _, n := range rec.Notes {
			found = found || n.Code == code
		}
		if err != nil || !found {
			t.Errorf("%s: %v", code, err)
		}
	}
	for reason, change := range map[string][2]string{
		"damaged":       {"AQD/", "A=D/"},
		"unknown unit":  {"MICROVOLTS", "COUNTS"},
		"no scale":      {"4.88", "x"},
		"no name":       {"V1", ""},
		"unit is not":   {"<LeadTimeOffset>0", "<LeadTimeOffset>5"},
		"4 bytes":       {"Size>2", "Size>4"},
		"with exponent": {"500", "0"},
		"no rhythm":     {"Rhythm", "Median"},
		"declarations":  {`"restecg.dtd"`, `"restecg.dtd" [<!ENTITY a "b">]`},
		"not read":      {"<SampleBase>", "<SampleType>HUFFMAN</SampleType><SampleBase>"},
	} {
		_, err := Decode([]byte(strings.Replace(small, change[0], change[1], 1)))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(small))
	for _, path := range testdata.Files(f, "ecg/muse-xml", "braveheart_example1.xml") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data[:min(len(data), 6000)])
		}
	}
	truth.Fuzz(f, Decode)
}
