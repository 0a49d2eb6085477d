package edf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// TestEverySignalEqualsThatOfAnIndependentReader compares the signals before
// those that are no ECG are refused: most samples are EEG.
func TestEverySignalEqualsThatOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/edf", "*.edf") {
		name := "edf/" + filepath.Base(path)
		f, err := headOf(t, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := f.readSamples(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := truth.Load(t, name)
		at := 0
		for i := range f.signals {
			s := &f.signals[i]
			if s.annotation {
				continue
			}
			if at < len(want.Leads) {
				truth.Check(t, name, []ecg.Lead{{Name: s.label, Samples: s.values}}, f.rate(s), want.Leads[at:at+1])
			}
			at++
		}
		if at != len(want.Leads) {
			t.Errorf("%s: %d signals, want %d", name, at, len(want.Leads))
		}
		if start := f.rec.Start.Format("02.01.06 15.04.05"); want.Start != start {
			t.Errorf("%s: start %s", name, start)
		}
	}
}

func TestAnECGIsDecodedAndOtherVoltagesAreMarked(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, "edf/contec_0000050.edf"))
	if err != nil || len(rec.Leads) != 12 || rec.RateHz != 800 || rec.Leads[3].Name != "aVR" || unlabelled(rec) {
		t.Errorf("%v", err)
	}
	for name, leads := range map[string]int{"mne_duplicate_labels": 3, "pyedflib_subsecond": 1, "mne_uneven_samp": 1} {
		rec, err := Decode(truth.Bytes(t, "edf/"+name+".edf"))
		if err != nil || len(rec.Leads) != leads || !unlabelled(rec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Decode(truth.Bytes(t, "edf/wfdb_test_edfann.edf")); !errors.Is(err, ecg.ErrNoSignal) {
		t.Errorf("annotations alone: %v", err)
	}
}

func unlabelled(rec *ecg.Recording) bool {
	return slices.ContainsFunc(rec.Notes, func(n ecg.Note) bool { return n.Code == ecg.NoteUnlabelled })
}

func TestPatientAndFractionOfTheStartAreReadFromEDFPlus(t *testing.T) {
	t.Parallel()
	f, err := headOf(t, "edf/pyedflib_subsecond.edf")
	if err != nil || f.readSamples() != nil {
		t.Fatal(err)
	}
	if p := f.rec.Patient; p.Sex != "F" || p.BirthDate != "1998-01-20" || p.ID != "" {
		t.Errorf("patient %+v", p)
	}
	if want := time.Date(2020, 1, 24, 4, 5, 56, 394531000, time.UTC); f.rec.Start.Sub(want).Abs() > time.Millisecond {
		t.Errorf("start %v", f.rec.Start)
	}
}

// build writes a file of one ECG signal with four samples in a record.
func build(kind, records string, body ...string) []byte {
	pad := func(text string, n int) string { return fmt.Sprintf("%-*s", n, text) }
	version := pad("0", 8)
	if strings.HasPrefix(kind, "BDF") {
		version = "\xffBIOSEMI"
	}
	out := version + pad("X M 01-JAN-1960 Li_Si", 80) + pad("Startdate 02-JAN-2025 X X Holter_1", 80) +
		"02.01.25" + "03.04.05" + pad("768", 8) + pad(kind, 44) + pad(records, 8) + pad("1", 8) + pad("2", 4)
	for _, column := range []struct {
		width         int
		first, second string
	}{{16, "ECG II", kind[:3] + " Annotations"}, {80, "", ""}, {8, "mV", ""}, {8, "-10", "-1"}, {8, "10", "1"},
		{8, "-1000", "-32768"}, {8, "1000", "32767"}, {80, "HP:0.05Hz LP:150Hz N:50Hz", ""}, {8, "4", "4"}, {32, "", ""}} {
		out += pad(column.first, column.width) + pad(column.second, column.width)
	}
	return []byte(out + strings.Join(body, ""))
}

func tal(text string, n int) string { return text + strings.Repeat("\x00", n-len(text)) }

func TestInterruptedRecordingsHaveGaps(t *testing.T) {
	t.Parallel()
	one := "\x01\x00\x02\x00\x03\x00\x04\x00"
	rec, err := Decode(build("EDF+D", "2", one, tal("+0\x14\x14", 8), one, tal("+3\x14\x14", 8)))
	if err != nil {
		t.Fatal(err)
	}
	s := rec.Leads[0].Samples
	if len(s) != 16 || s[0] != 10 || s[4] == s[4] || s[12] != 10 || rec.Leads[0].Name != "II" {
		t.Errorf("%v", s)
	}
	want := ecg.Patient{Name: "Li Si", Sex: "M", BirthDate: "1960-01-01"}
	if rec.Patient != want || rec.Device.Model != "Holter 1" || rec.Filters != (ecg.Filters{HighPassHz: 0.05, LowPassHz: 150, NotchHz: 50}) {
		t.Errorf("%+v %+v", rec.Device, rec.Filters)
	}
}

func TestAnInterruptedRecordingReadInPartsEqualsTheWhole(t *testing.T) {
	t.Parallel()
	var body []string
	at := 0
	for n := range 40 {
		body = append(body, fmt.Sprintf("%c\x00%c\x00%c\x00%c\x00", n, n+1, n+2, n+3), tal(fmt.Sprintf("+%d\x14\x14", at), 8))
		if at++; n%7 == 6 {
			at += n
		}
	}
	data := build("EDF+D", "40", body...)
	whole, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := whole.Leads[0].Samples
	if s.Samples() != len(want) {
		t.Fatalf("%d samples, want %d", s.Samples(), len(want))
	}
	for from := range len(want) {
		for _, n := range []int{1, 3, 50, len(want)} {
			got, err := ecg.Window(s, from, from+n)
			if err != nil || !slices.EqualFunc(got.Leads[0].Samples, want[from:min(from+n, len(want))], func(x, y float32) bool { return x == y || x != x && y != y }) {
				t.Fatalf("samples %d to %d differ from the whole (%v)", from, from+n, err)
			}
		}
	}
	for reason, body := range map[string][]string{
		"before the one before it ends": {body[0], tal("+0\x14\x14", 8), body[0], tal("+5\x14\x14", 8), body[0], tal("+2\x14\x14", 8), body[0], tal("+9\x14\x14", 8)},
		"starts at NaN":                 {body[0], tal("+0\x14\x14", 8), body[0], tal("", 8), body[0], tal("+2\x14\x14", 8)},
		"are spread over":               {body[0], tal("+0\x14\x14", 8), body[0], tal("+99999\x14\x14", 8)},
	} {
		data := build("EDF+D", fmt.Sprint(len(body)/2), body...)
		s, err := Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			_, err = ecg.Window(s, 0, s.Samples())
		}
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestUnitsAndDatesAreReadAsRecordersWriteThem(t *testing.T) {
	t.Parallel()
	file := string(build("EDF+C", "1", "\x01\x00\x02\x00\x03\x00\x04\x00", tal("+0\x14\x14", 8)))
	file = strings.Replace(strings.Replace(file, "Startdate 02-JAN-2025 X", "                       ", 1), "02.01.2503.04.05", "02-01-2503:04:05", 1)
	for unit, first := range map[string]float32{"mV      ": 10, "MV      ": 10, "uv      ": 0.01, "microV  ": 0.01, "V       ": 10000} {
		rec, err := Decode([]byte(strings.Replace(file, "mV      ", unit, 1)))
		if err != nil || rec.Leads[0].Samples[0] != first || !rec.Start.Equal(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)) {
			t.Errorf("%s: %v", unit, err)
		}
	}
}

func TestTwentyFourBitFilesAndUnknownLengthsAreRead(t *testing.T) {
	t.Parallel()
	rec, err := Decode(build("BDF+C", "-1", "\x01\x00\x00\xff\xff\xff\x00\x01\x00\x00\x00\x80", tal("+0\x14\x14", 12)))
	if err != nil {
		t.Fatal(err)
	}
	if s := rec.Leads[0].Samples; len(s) != 4 || s[1] != -10 || s[2] != 2560 || s[3] != -83886080 {
		t.Errorf("%v", s)
	}
}

func TestHeadersThatContradictTheFileAreRefused(t *testing.T) {
	t.Parallel()
	good := string(build("EDF+D", "1", "\x01\x00\x02\x00\x03\x00\x04\x00", tal("+0\x14\x14", 8)))
	for reason, text := range map[string]string{
		"number of signals":      strings.Replace(good, "1       2   ECG", "1       900 ECG", 1),
		"header bytes":           strings.Replace(good, "768     ", "512     ", 1),
		"signal 1: 1000 to 1000": strings.Replace(good, "-1000   ", "1000    ", 1),
		"time-keeping":           strings.Replace(good, "+0\x14", "xx\x14", 1),
		"number of records":      good[:800-32],
		"limit":                  strings.Replace(good, "-10     ", "ten     ", 1),
	} {
		_, err := Decode([]byte(text))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(build("EDF+D", "1", "\x01\x00\x02\x00\x03\x00\x04\x00", tal("+0\x14\x14", 8)))
	for _, path := range testdata.Files(f, "ecg/edf", "mne*.edf") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data[:min(len(data), 3000)])
		}
	}
	truth.Fuzz(f, Decode)
}

func headOf(t *testing.T, name string) (*file, error) {
	t.Helper()
	data := truth.Bytes(t, name)
	return parse(bytes.NewReader(data), int64(len(data)))
}

// What is read piece by piece is what is read whole, wherever a piece begins.
func TestAStreamGivesTheSamplesOfTheWhole(t *testing.T) {
	t.Parallel()
	streamed := 0
	for _, path := range testdata.Files(t, "ecg/edf", "*.edf") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Decode(data)
		if err != nil {
			continue
		}
		s, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			continue // EDF+D
		}
		streamed++
		if s.Samples() != whole.Samples() || len(s.Head().Leads) != len(whole.Leads) || s.Head().RateHz != whole.RateHz {
			t.Errorf("%s: %d samples of %d leads, want %d of %d", path, s.Samples(), len(s.Head().Leads), whole.Samples(), len(whole.Leads))
			continue
		}
		n := whole.Samples()
		for _, at := range [][2]int{{0, n}, {n / 3, n/3 + min(n/3, 777)}, {n - 1, n}} {
			part, err := ecg.Window(s, at[0], at[1])
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for i, l := range part.Leads {
				if l.Name != whole.Leads[i].Name || !slices.Equal(l.Samples, whole.Leads[i].Samples[at[0]:at[1]]) {
					t.Errorf("%s: %s from %d on differs", path, l.Name, at[0])
				}
			}
		}
	}
	if streamed < 3 {
		t.Errorf("only %d files were streamed", streamed)
	}
}

func TestMarksInTheAnnotationSignalAreRead(t *testing.T) {
	t.Parallel()
	rec := &ecg.Recording{RateHz: 250, Leads: []ecg.Lead{{Name: "II", Samples: make([]float32, 2500)}},
		Annotations: []ecg.Annotation{{Sample: 0, Text: "start"}, {Sample: 1250, Code: "V", Lead: "II"}, {Sample: 2000, Text: "患者按键"}}}
	for i := range rec.Leads[0].Samples {
		rec.Leads[0].Samples[i] = float32(i % 100)
	}
	var b bytes.Buffer
	if _, err := Encode(&b, rec); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []ecg.Annotation{{Sample: 0, Text: "start"}, {Sample: 1250, Text: "V", Lead: "II"}, {Sample: 2000, Text: "患者按键"}}
	if !slices.Equal(got.Annotations, want) {
		t.Errorf("%+v, want %+v", got.Annotations, want)
	}
}
