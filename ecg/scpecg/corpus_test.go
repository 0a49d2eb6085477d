package scpecg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func TestRealFilesGiveTheSamplesOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/scp", "*.scp") {
		name := "scp/" + filepath.Base(path)
		want := truth.Load(t, name)
		if want.Expect != "" {
			continue
		}
		rec := decodeFile(t, name)
		truth.Check(t, name, rec.Leads, rec.RateHz, want.Leads)
	}
}

func TestFilesThatContradictThemselvesAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]string{
		"scp/bad_crc_shifted_log.scp": "the pointer leads to a header of section",
		"scp/healforce_62.scp":        "big-endian, as in Healforce files",
	} {
		_, err := Decode(truth.Bytes(t, name))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(fault.Reason, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPatientDeviceAndStartAreRead(t *testing.T) {
	t.Parallel()
	rec := decodeFile(t, "scp/ecgtoolkit_Example.scp")
	if want := (ecg.Patient{ID: "SBJ-123", Name: "Clark", Sex: "M", BirthDate: "1953-05-08"}); rec.Patient != want {
		t.Errorf("patient %+v", rec.Patient)
	}
	if !rec.Start.Equal(time.Date(2002, 11, 22, 9, 10, 0, 0, time.UTC)) || rec.Device.Model != "ELI250" {
		t.Errorf("start %v, device %+v", rec.Start, rec.Device)
	}
	rec = decodeFile(t, "scp/ecgsoft_demo.scp")
	if rec.Patient.ID != "12-678-QW" || rec.Patient.Name != "Patient Demo" || rec.Patient.BirthDate != "1957-06-24" {
		t.Errorf("patient %+v", rec.Patient)
	}
	rec = decodeFile(t, "scp/wa_mdw14_anon_06.scp")
	if rec.Patient.Age != "036Y" || rec.Patient.BirthDate != "" || !rec.Start.IsZero() {
		t.Errorf("the anonymiser's big-endian dates were believed: %+v, %v", rec.Patient, rec.Start)
	}
	if rec.Filters != (ecg.Filters{LowPassHz: 35, NotchHz: 50}) || rec.Device.Manufacturer != "Welch Allyn Cardio Control" {
		t.Errorf("filters %+v, device %+v", rec.Filters, rec.Device)
	}
}

func TestDeviceMeasurementsEqualThoseOfTheTwinFiles(t *testing.T) {
	t.Parallel()
	rec := decodeFile(t, "scp/ecgtoolkit_Example.scp")
	for key, want := range map[string]float64{ // the aECG and DICOM twins state these
		ecg.MeasurePR: 148, ecg.MeasureQRS: 120, ecg.MeasureQT: 420, ecg.MeasureQTc: 443,
		ecg.MeasurePAxis: 44, ecg.MeasureQRSAxis: -61, ecg.MeasureTAxis: 86,
	} {
		if got := rec.DeviceMeasurements[key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if hr := decodeFile(t, "scp/wa_mdw14_anon_14.scp").DeviceMeasurements[ecg.MeasureHR]; hr != 75 {
		t.Errorf("heart rate %v", hr)
	}
}

func TestSwedishStatementsAreReadThoughTheFileClaimsASCII(t *testing.T) {
	t.Parallel()
	got := decodeFile(t, "scp/wa_mdw14_anon_06.scp").Statements
	if len(got) != 5 || got[0] != "Analyserad med pedriatriska kriterier med hjälp av pedriatrisk avledningssats" {
		t.Errorf("%q", got)
	}
}

func TestReferenceBeatEqualsTheTwinsRepresentativeBeat(t *testing.T) {
	t.Parallel()
	rec := decodeFile(t, "scp/ecgtoolkit_Example.scp")
	twin := truth.Load(t, "aecg/hl7_Example.xml").Groups[1]
	truth.Check(t, "beat", rec.Groups[0].Leads, rec.Groups[0].RateHz, twin.Leads)
}

func TestClippedLengthIsNotedNotPadded(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]ecg.NoteCode{
		"scp/contec_0000050.scp": ecg.NoteLength,
		"scp/ecgsoft_demo.scp":   ecg.NoteDialect,
	} {
		found := false
		for _, n := range decodeFile(t, name).Notes {
			found = found || n.Code == code
		}
		if !found {
			t.Errorf("%s: no note %s", name, code)
		}
	}
}

func TestOneFlippedBitIsNotedOrRefused(t *testing.T) {
	t.Parallel()
	name := "scp/ecgtoolkit_Example.scp"
	data := truth.Bytes(t, name)
	clean := decodeFile(t, name)
	for at := 40; at < len(data); at += 397 {
		bad := append([]byte(nil), data...)
		bad[at] ^= 0x10
		rec, err := Decode(bad)
		if err != nil {
			continue
		}
		if len(rec.Notes) <= len(clean.Notes) {
			t.Errorf("bit flipped at byte %d: decoded without a note", at)
		}
	}
}

func TestCutFilesNeverPanic(t *testing.T) {
	t.Parallel()
	data := truth.Bytes(t, "scp/wa_mdw14_anon_14.scp")
	for n := 0; n < len(data); n += 211 {
		if rec, err := Decode(data[:n]); err == nil && len(rec.Leads) != 8 {
			t.Errorf("cut at %d: %d leads", n, len(rec.Leads))
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	for _, path := range testdata.Files(f, "ecg/scp", "*.scp") {
		if data, err := os.ReadFile(path); err == nil && len(data) < 40000 {
			f.Add(data)
		}
	}
	f.Add(newWriter(2).bytes())
	truth.Fuzz(f, Decode)
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, "scp/ecgtoolkit_Example.scp")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
