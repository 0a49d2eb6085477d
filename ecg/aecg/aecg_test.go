package aecg

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

func TestRealFilesGiveTheSamplesAndPatientOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/aecg", "*.xml") {
		name := "aecg/" + filepath.Base(path)
		want := truth.Load(t, name)
		if len(want.Groups) == 0 {
			continue
		}
		rec := decodeFile(t, name)
		truth.Check(t, name, rec.Leads, rec.RateHz, want.Groups[0].Leads)
		if len(rec.Groups) != len(want.Groups)-1 {
			t.Errorf("%s: %d further groups, want %d", name, len(rec.Groups), len(want.Groups)-1)
			continue
		}
		for i, g := range rec.Groups {
			truth.Check(t, name+" derived", g.Leads, g.RateHz, want.Groups[i+1].Leads)
			if g.Kind != ecg.KindMedian || g.Unit != "uV" {
				t.Errorf("%s: derived series is %q in %q", name, g.Kind, g.Unit)
			}
		}
		checkPatient(t, name, rec.Patient, want.Patient)
	}
}

func checkPatient(t *testing.T, name string, got ecg.Patient, want map[string]any) {
	t.Helper()
	for field, value := range map[string]string{"pid": got.ID, "name": got.Name, "sex": got.Sex,
		"birth": strings.ReplaceAll(got.BirthDate, "-", "")} {
		text, stated := want[field].(string)
		text = strings.ReplaceAll(text, "-", "")
		if field == "sex" && text == "UN" {
			text = ""
		}
		if field == "pid" {
			value = strings.ReplaceAll(value, "-", "")
		}
		if stated && value != text {
			t.Errorf("%s: %s differs from the truth", name, field)
		}
	}
}

func TestTheChineseDialectIsReadAt500HzWithANote(t *testing.T) {
	t.Parallel()
	rec := decodeFile(t, "aecg/gen_cn_dialect_nons_increment2s_gb2312.xml")
	if rec.RateHz != 500 || rec.Patient.Name != "王某某" || !hasNote(rec, ecg.NoteRate) {
		t.Errorf("%v Hz, notes %v", rec.RateHz, rec.Notes)
	}
	if !rec.Start.Equal(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("start %v", rec.Start)
	}
}

func hasNote(rec *ecg.Recording, code ecg.NoteCode) bool {
	for _, n := range rec.Notes {
		if n.Code == code {
			return true
		}
	}
	return false
}

func TestDeviceStatementsMeasurementsAndFiltersAreRead(t *testing.T) {
	t.Parallel()
	rec := decodeFile(t, "aecg/liryc_example.xml") // a Mindray cart
	for key, want := range map[string]float64{ecg.MeasureHR: 57, ecg.MeasurePR: 192, ecg.MeasureQRS: 88,
		ecg.MeasureQT: 418, ecg.MeasurePAxis: 60, ecg.MeasureQRSAxis: 64, ecg.MeasureTAxis: 11} {
		if got := rec.DeviceMeasurements[key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if _, ok := rec.DeviceMeasurements[ecg.MeasureQTc]; ok {
		t.Error("a QTc of 0 was taken for a measurement")
	}
	if rec.Filters != (ecg.Filters{HighPassHz: 0.56, LowPassHz: 35, NotchHz: 50}) {
		t.Errorf("filters %+v", rec.Filters)
	}
	if len(rec.Statements) != 4 || rec.Statements[0] != "Rythme sinusal avec ESA" {
		t.Errorf("statements %q", rec.Statements)
	}
	if rec.Device.Model != "BeneHeart R12" || rec.Device.Serial != "FN-3A045256" {
		t.Errorf("device %+v", rec.Device)
	}
	if got := decodeFile(t, "aecg/hl7_Example.xml").DeviceMeasurements[ecg.MeasureQTc]; got != 443 {
		t.Errorf("QTc of the representative beat %v", got)
	}
}

// document makes an aECG of sequence sets.
func document(sets ...string) string {
	text := `<AnnotatedECG xmlns="urn:hl7-org:v3"><effectiveTime><high value="20250102030410"/></effectiveTime>
<component><series><code code="RHYTHM"/>`
	for _, s := range sets {
		text += "<component><sequenceSet>" + s + "</sequenceSet></component>"
	}
	return text + "</series></component></AnnotatedECG>"
}

func sequence(code, value string) string {
	return `<component><sequence><code code="` + code + `"/><value>` + value + "</value></sequence></component>"
}

func lead(name, scale, digits string) string {
	return sequence("MDC_ECG_LEAD_"+name, `<origin value="1" unit="mV"/>`+scale+"<digits>"+digits+"</digits>")
}

const (
	scaleUV    = `<scale value="2.5" unit="uV"/>`
	every2ms   = `<head value="0" unit="s"/><increment value="2" unit="ms"/>`
	fourDigits = " -1 2\n+3\t4e0 "
)

func TestUnitsOfTimeAndVoltageAreHonoured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		increment, scale string
		rate, second     float64
	}{
		{`<increment value="0.002" unit="s"/>`, scaleUV, 500, 1005},
		{`<increment value="2" unit="ms"/>`, `<scale value="0.0025" unit="mV"/>`, 500, 1005},
		{`<increment value="1000" unit="us"/>`, `<scale value="2500" unit="nV"/>`, 1000, 1005},
		{`<increment value="2" unit="s"/>`, scaleUV, 500, 1005}, // the dialect
	} {
		rec, err := Decode([]byte(document(sequence(codeRelative, c.increment) + lead("AVR", c.scale, fourDigits))))
		if err != nil {
			t.Errorf("%s %s: %v", c.increment, c.scale, err)
			continue
		}
		if l := rec.Leads[0]; rec.RateHz != c.rate || l.Name != "aVR" || len(l.Samples) != 4 || float64(l.Samples[1]) != c.second {
			t.Errorf("%s %s: %v Hz, %+v", c.increment, c.scale, rec.RateHz, l)
		}
	}
}

func TestSetsRecordedOneAfterAnotherShareOneTimeAxis(t *testing.T) {
	t.Parallel()
	at := func(second string) string {
		return sequence(codeAbsolute, `<head value="20250102030405.`+second+`+0800"/><increment value="0.002" unit="s"/>`)
	}
	rec, err := Decode([]byte(document(at("008")+lead("V1", scaleUV, "1 2 3 4"), at("000")+lead("I", scaleUV, "1 2 3 4"))))
	if err != nil {
		t.Fatal(err)
	}
	one, two := rec.Lead("V1").Samples, rec.Lead("I").Samples
	if len(one) != 8 || len(two) != 8 || one[3] == one[3] || two[4] == two[4] || one[4] != 1002.5 || two[3] != 1010 {
		t.Errorf("V1 %v, I %v", one, two)
	}
	if want := time.Date(2025, 1, 1, 19, 4, 5, 0, time.UTC); !rec.Start.Equal(want) || !hasNote(rec, ecg.NoteGap) {
		t.Errorf("start %v, notes %v", rec.Start, rec.Notes)
	}
}

func TestOnlyAnEndTimeGivesTheStart(t *testing.T) {
	t.Parallel()
	rec, err := Decode([]byte(document(sequence(codeRelative, every2ms) + lead("I", scaleUV, strings.Repeat("0 ", 2500)))))
	if err != nil || !rec.Start.Equal(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%v, start %v", err, rec.Start)
	}
}

func TestWhatCannotBeReadInOneWayOnlyIsRefused(t *testing.T) {
	t.Parallel()
	good := sequence(codeRelative, every2ms)
	for reason, text := range map[string]string{
		"no time sequence":     document(lead("I", scaleUV, "1")),
		"states no unit":       document(good + sequence("MDC_ECG_LEAD_I", `<scale value="2.5"/><digits>1</digits>`)),
		"is no scale":          document(good + lead("I", `<scale value="" unit="uV"/>`, "1")),
		"sample 2 is":          document(good + lead("I", scaleUV, "1 x 3")),
		"which no ECG has":     document(sequence(codeRelative, `<increment value="2000" unit="s"/>`) + lead("I", scaleUV, "1")),
		"no positive number":   document(sequence(codeRelative, `<increment value="-1" unit="s"/>`) + lead("I", scaleUV, "1")),
		"unknown unit":         document(sequence(codeRelative, `<increment value="1" unit="h"/>`) + lead("I", scaleUV, "1")),
		"units \"mmHg\" and":   document(good + lead("I", `<scale value="1" unit="mmHg"/>`, "1")),
		"no rhythm waveform":   document(),
		"lead is unknown":      document(good + sequence("", scaleUV+"<digits>1</digits>")),
		"the document ends":    document(good)[:180],
		"declarations are not": `<!DOCTYPE a [<!ENTITY x "y">]>` + document(good),
		"not <AnnotatedECG>":   "<ClinicalDocument/>",
		"sets lie":             document(good+lead("I", scaleUV, "1"), sequence(codeRelative, `<head value="1e9" unit="s"/><increment value="2" unit="ms"/>`)+lead("II", scaleUV, "1")),
	} {
		_, err := Decode([]byte(text))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	if _, err := Decode(truth.Bytes(t, "aecg/fda_empty.xml")); !errors.Is(err, ecg.ErrNoSignal) {
		t.Errorf("the file without waveforms: %v", err)
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(document(sequence(codeRelative, every2ms) + lead("I", scaleUV, fourDigits))))
	for _, path := range testdata.Files(f, "ecg/aecg", "fda_min*.xml") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	truth.Fuzz(f, Decode)
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, "aecg/hl7_Example.xml")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
