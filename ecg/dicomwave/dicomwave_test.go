package dicomwave

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func decodeFile(t *testing.T, name string) *ecg.Recording {
	t.Helper()
	rec, err := Decode(truth.Bytes(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rec
}

func TestRealFilesGiveTheSamplesAndPatientOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/dicom", "*.dcm") {
		name := "dicom/" + filepath.Base(path)
		want := truth.Load(t, name)
		rec := decodeFile(t, name)
		truth.Check(t, name, rec.Leads, rec.RateHz, want.Groups[0].Leads)
		if len(rec.Groups) != len(want.Groups)-1 {
			t.Errorf("%s: %d further groups", name, len(rec.Groups))
			continue
		}
		for i, g := range rec.Groups {
			if g.Kind != ecg.KindMedian {
				t.Errorf("%s: group %d is %q", name, i+2, g.Kind)
			}
			// The toolkit ends its medians with an unstated -32768, a gap here and a value there.
			if name != "dicom/ecgtoolkit_Example.dcm" {
				truth.Check(t, name, g.Leads, g.RateHz, want.Groups[i+1].Leads)
			}
		}
		if start, _ := want.Start.(string); rec.Start.Format("20060102150405") != start[:14] {
			t.Errorf("%s: start %v", name, rec.Start)
		}
		checkPatient(t, name, rec.Patient, want.Patient)
		checkAnnotations(t, name, rec, want.Rows())
	}
}

func checkPatient(t *testing.T, name string, got ecg.Patient, want map[string]any) {
	t.Helper()
	for field, value := range map[string]string{"id": got.ID, "sex": got.Sex, "age": got.Age,
		"birth": strings.ReplaceAll(got.BirthDate, "-", ""),
		"name":  strings.ReplaceAll(got.Name, " ", "")} {
		text, _ := want[field].(string)
		if strings.ReplaceAll(text, "^", "") != value {
			t.Errorf("%s: %s differs from the truth", name, field)
		}
	}
}

func checkAnnotations(t *testing.T, name string, rec *ecg.Recording, want [][]string) {
	t.Helper()
	keys := map[string]string{"PR Interval": ecg.MeasurePR, "QRS Duration": ecg.MeasureQRS, "QT Interval": ecg.MeasureQT,
		"QTc Interval": ecg.MeasureQTc, "RR Interval": ecg.MeasureRR, "P Axis": ecg.MeasurePAxis,
		"QRS Axis": ecg.MeasureQRSAxis, "T Axis": ecg.MeasureTAxis}
	texts := 0
	for _, a := range want {
		if a[0] == "text" {
			if texts >= len(rec.Statements) || rec.Statements[texts] != a[1] {
				t.Errorf("%s: statements %q", name, rec.Statements)
				return
			}
			texts++
			continue
		}
		if key := keys[a[0]]; key != "" {
			got, ok := rec.DeviceMeasurements[key]
			if v := number(t, a[1]); !ok || got != v {
				t.Errorf("%s: %s is %v, want %v", name, key, got, v)
			}
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	d := dicom.New()
	d.SetText(dicom.NumericValue, text)
	v, ok := d.Float(dicom.NumericValue)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return v
}

func TestHemodynamicObjectInADeflatedFileKeepsEinthovensLaw(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "dicom/waveform", "*wave_dfl.dcm") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Leads) != 12 || rec.RateHz != 240 || rec.Samples() != 2400 || rec.DeviceMeasurements[ecg.MeasureHR] != 69 {
			t.Errorf("%d leads, %v Hz, %d samples", len(rec.Leads), rec.RateHz, rec.Samples())
		}
		one, two, three := rec.Lead("I"), rec.Lead("II"), rec.Lead("III")
		for i := range one.Samples {
			if d := two.Samples[i] - one.Samples[i] - three.Samples[i]; d > 10 || d < -10 {
				t.Fatalf("sample %d: II - I - III = %v µV", i, d)
			}
		}
	}
}

// object builds an ECG object with the groups given.
func object(groups ...*dicom.Dataset) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.9.1.2")
	d.SetText(dicom.SOPInstanceUID, "2.25.1")
	d.SetText(dicom.AcquisitionDateTime, "20250102030405+0800")
	d.SetItems(dicom.WaveformSequence, groups...)
	return d
}

// waveform builds a multiplex group of channels called leads; data are the
// interleaved samples in little endian.
func waveform(kind string, data []byte, leads ...string) *dicom.Dataset {
	g := dicom.New()
	size := sampleBytes(kind)
	g.SetInts(dicom.NumberOfWaveformChannels, int64(len(leads)))
	g.SetInts(dicom.NumberOfWaveformSamples, int64(len(data)/max(size, 1)/len(leads)))
	g.SetText(dicom.SamplingFrequency, "500")
	g.SetText(dicom.MultiplexGroupLabel, "RHYTHM")
	var channels []*dicom.Dataset
	for _, l := range leads {
		c, source, unit := dicom.New(), dicom.New(), dicom.New()
		source.SetText(dicom.CodeMeaning, l)
		unit.SetText(dicom.CodeValue, "mV")
		c.SetItems(dicom.ChannelSourceSequence, source)
		c.SetText(dicom.ChannelSensitivity, "0.002")
		c.SetItems(dicom.ChannelSensitivityUnitsSequence, unit)
		c.SetText(dicom.ChannelSensitivityCorrectionFactor, "0.5")
		c.SetText(dicom.ChannelBaseline, "0.1")
		channels = append(channels, c)
	}
	g.SetItems(dicom.ChannelDefinitionSequence, channels...)
	g.SetInts(dicom.WaveformBitsAllocated, int64(8*size))
	g.SetText(dicom.WaveformSampleInterpretation, kind)
	g.SetRaw(dicom.WaveformData, dicom.OW, data)
	return g
}

func encode(t *testing.T, d *dicom.Dataset, syntax dicom.TransferSyntax) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := dicom.WriteFile(&out, dicom.FileMeta{SOPClassUID: d.Text(dicom.SOPClassUID),
		SOPInstanceUID: "2.25.1", Syntax: syntax}, d); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEverySampleTypeIsScaledWithTheBaselineLast(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for kind, c := range map[string]struct {
		data []byte
		want []float32 // sample × 0.002 mV × 0.5 + 0.1 mV in µV
	}{
		"SB": {[]byte{1, 0xFF, 0x80, 0x7F}, []float32{101, 99, -28, 227}},
		"UB": {[]byte{1, 0xFF, 0x80, 0x7F}, []float32{101, 355, 228, 227}},
		"MB": {[]byte{0xFF, 0x00, 0x80, 0x7F}, []float32{100, -32024, 32224, 100}},
		"AB": {[]byte{0xD5, 0x55, 0xAA, 0x2A}, []float32{108, 92, 32356, -32156}},
		"SS": {le.AppendUint16(le.AppendUint16(nil, 1), 0xFFFE), []float32{101, 98}},
		"US": {le.AppendUint16(le.AppendUint16(nil, 1), 0xFFFE), []float32{101, 65634}},
		"SL": {le.AppendUint32(le.AppendUint32(nil, 1), 0xFFFFFFFE), []float32{101, 98}},
		"UL": {le.AppendUint32(le.AppendUint32(nil, 1), 70000), []float32{101, 70100}},
	} {
		rec, err := FromDataset(object(waveform(kind, c.data, "II")))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for i, want := range c.want {
			if got := rec.Leads[0].Samples[i]; math.Abs(float64(got-want)) > 0.01 {
				t.Errorf("%s: sample %d is %v, want %v", kind, i, got, want)
			}
		}
	}
}

func TestByteOrderAndPaddingFollowTheTransferSyntax(t *testing.T) {
	t.Parallel()
	big := waveform("SS", []byte{0, 1, 0x7F, 0xFF, 0xFF, 0xFE}, "V1")
	big.Syntax = dicom.ExplicitVRBigEndian
	big.SetInts(dicom.WaveformBitsAllocated, 16)
	for _, e := range []struct {
		tag dicom.Tag
		vr  dicom.VR
		raw []byte
	}{
		{dicom.WaveformPaddingValue, dicom.OW, []byte{0x7F, 0xFF}},
		{dicom.NumberOfWaveformChannels, dicom.US, []byte{0, 1}},
		{dicom.NumberOfWaveformSamples, dicom.UL, []byte{0, 0, 0, 3}},
		{dicom.WaveformBitsAllocated, dicom.US, []byte{0, 16}},
	} {
		big.SetRaw(e.tag, e.vr, e.raw)
	}
	rec, err := FromDataset(object(big))
	if err != nil {
		t.Fatal(err)
	}
	s := rec.Leads[0].Samples
	if s[0] != 101 || s[1] == s[1] || s[2] != 98 {
		t.Errorf("%v", s)
	}
}

func TestTwelveBitSamplesWithoutSignBitsAreRestored(t *testing.T) {
	t.Parallel()
	g := waveform("SS", []byte{1, 0, 0xFE, 0x0F}, "V1")
	g.Items(dicom.ChannelDefinitionSequence)[0].SetInts(dicom.WaveformBitsStored, 12)
	rec, err := FromDataset(object(g))
	if err != nil || rec.Leads[0].Samples[1] != 98 {
		t.Errorf("%v %v", err, rec)
	}
}

func TestGroupsOfOtherUnitsOrTimesStandAsideOrInLine(t *testing.T) {
	t.Parallel()
	data := []byte{1, 0, 2, 0, 3, 0, 4, 0}
	limb, chest, pressure := waveform("SS", data, "I", "II"), waveform("SS", data, "V1", "V2"), waveform("SS", data, "AO")
	limb.SetText(dicom.Tag(0x00181068), "4")
	chest.SetText(dicom.Tag(0x00181068), "0")
	mmHg := dicom.New()
	mmHg.SetText(dicom.CodeValue, "mm[Hg]")
	pressure.Items(dicom.ChannelDefinitionSequence)[0].SetItems(dicom.ChannelSensitivityUnitsSequence, mmHg)
	rec, err := FromDataset(object(limb, pressure, chest))
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Leads) != 4 || rec.Samples() != 4 || len(rec.Groups) != 1 || rec.Groups[0].Unit != "mmHg" {
		t.Fatalf("%d leads of %d samples, groups %+v", len(rec.Leads), rec.Samples(), rec.Groups)
	}
	one, v1 := rec.Lead("I").Samples, rec.Lead("V1").Samples
	if one[1] == one[1] || one[2] != 101 || v1[0] != 101 || v1[2] == v1[2] {
		t.Errorf("I %v, V1 %v", one, v1)
	}
	if got := rec.Start.UTC().Format("2006-01-02T15:04:05.000"); got != "2025-01-01T19:04:05.000" {
		t.Errorf("start %s", got)
	}
}

func TestCodedLeadsKeepTheirNamesAndContradictionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, code, meaning, want string }{
		{"SCPECG", "5.6.3-9-61", "", "III"},
		{"MDC", "2:62", "Lead aVR", "aVR"},
		{"SCPECG", "5.6.3-9-1", "Lead I (Einthoven)", "I"},
		{"99X", "7", "\x00II\x00", "II"},
		{"99X", "7", "Pacing", "Pacing"},
		{"MDC", "2:3", "Lead V2", ""}, // 2:3 is V1
		{"", "", "", ""},
	} {
		g := waveform("SS", []byte{1, 0}, c.meaning)
		source := g.Items(dicom.ChannelDefinitionSequence)[0].Items(dicom.ChannelSourceSequence)[0]
		source.SetText(dicom.CodingSchemeDesignator, c.scheme)
		source.SetText(dicom.CodeValue, c.code)
		rec, err := FromDataset(object(g))
		if c.want == "" {
			if err == nil {
				t.Errorf("%v was read as %s", c, rec.Leads[0].Name)
			}
			continue
		}
		if err != nil || rec.Leads[0].Name != c.want {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestGroupsThatCannotBeScaledAreRefused(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(g, c *dicom.Dataset){
		"scale is unknown":      func(_, c *dicom.Dataset) { c.Delete(dicom.ChannelSensitivity) },
		"no unit":               func(_, c *dicom.Dataset) { c.Delete(dicom.ChannelSensitivityUnitsSequence) },
		"channel definitions":   func(g, _ *dicom.Dataset) { g.SetInts(dicom.NumberOfWaveformChannels, 2) },
		"sampling frequency 0":  func(g, _ *dicom.Dataset) { g.SetText(dicom.SamplingFrequency, "0") },
		"samples of 1 channels": func(g, _ *dicom.Dataset) { g.SetInts(dicom.NumberOfWaveformSamples, 1<<31) },
		"bits allocated":        func(g, _ *dicom.Dataset) { g.SetInts(dicom.WaveformBitsAllocated, 8) },
		"unknown sample":        func(g, _ *dicom.Dataset) { g.SetText(dicom.WaveformSampleInterpretation, "XX") },
		"data are missing":      func(g, _ *dicom.Dataset) { g.Delete(dicom.WaveformData) },
		"no group holds":        func(g, _ *dicom.Dataset) { g.SetText(dicom.MultiplexGroupLabel, "MEDIAN BEAT") },
	} {
		g := waveform("SS", []byte{1, 0}, "I")
		change(g, g.Items(dicom.ChannelDefinitionSequence)[0])
		_, err := FromDataset(object(g))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	if _, err := FromDataset(dicom.New()); !errors.Is(err, ecg.ErrNoSignal) {
		t.Errorf("an object without waveform: %v", err)
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	for _, path := range testdata.Files(f, "ecg/dicom", "gen_ambulatory*.dcm") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	var small bytes.Buffer
	if err := dicom.WriteFile(&small, dicom.FileMeta{SOPClassUID: "1.2.840.10008.5.1.4.1.1.9.1.2",
		SOPInstanceUID: "2.25.1", Syntax: dicom.ExplicitVRLittleEndian},
		object(waveform("SS", []byte{1, 0, 2, 0}, "I", "II"))); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	truth.Fuzz(f, Decode)
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, "dicom/ecgtoolkit_Example.dcm")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAWrittenFileIsReadBack(t *testing.T) {
	t.Parallel()
	for _, syntax := range []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian, dicom.ExplicitVRLittleEndian} {
		rec, err := Decode(encode(t, object(waveform("SS", []byte{1, 0, 2, 0}, "I", "II")), syntax))
		if err != nil || len(rec.Leads) != 2 || rec.Leads[1].Samples[0] != 102 {
			t.Errorf("%s: %v", syntax, err)
		}
	}
}
