package encode

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// corpus calls do for every recording of the test data that is read and has a
// signal.
func corpus(t testing.TB, do func(name string, rec *ecg.Recording)) {
	t.Helper()
	root := filepath.Join(testdata.Dir(t), "ecg")
	folder := os.DirFS(root)
	seen := 0
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "truth/") || strings.HasPrefix(name, "wfdb/") && !strings.HasSuffix(name, ".hea") {
			return err
		}
		rec, err := decode.Open(folder, name)
		if err == nil && rec.Picture == "" {
			seen++
			do(name, rec)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 80 {
		t.Errorf("only %d recordings were written", seen)
	}
}

// TestWhatIsWrittenIsReadBack writes every recording of the test data in every
// format and compares what the reader makes of it.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	written := map[ecg.Format]int{}
	corpus(t, func(name string, rec *ecg.Recording) {
		for _, format := range Formats() {
			var out bytes.Buffer
			notes, err := Encode(&out, rec, format)
			if format == ecg.FormatSCP && err != nil && (strings.Contains(err.Error(), "is too long") && rec.Duration() > 30*time.Second ||
				strings.Contains(err.Error(), "beyond 16 bits of")) {
				continue
			}
			if err != nil {
				t.Errorf("%s as %s: %v", name, format, err)
				continue
			}
			back, err := decode.Decode(out.Bytes())
			if err != nil {
				t.Errorf("%s as %s is not read back: %v", name, format, err)
				continue
			}
			written[format]++
			c := comparison{t: t, name: name + " as " + string(format), format: format, notes: notes, was: expected(rec, format), is: back}
			c.signals()
			c.start()
			c.patient()
			c.device()
		}
	})
	for format, n := range written {
		if n < 70 {
			t.Errorf("only %d recordings were compared as %s", n, format)
		}
	}
}

// expected is rec without the leads that hold nothing, which formats without
// gaps leave out.
func expected(rec *ecg.Recording, format ecg.Format) *ecg.Recording {
	if format == ecg.FormatDICOM || format == ecg.FormatWFDB {
		return rec
	}
	out := *rec
	out.Leads = slices.DeleteFunc(slices.Clone(rec.Leads), func(l ecg.Lead) bool {
		return !slices.ContainsFunc(l.Samples, func(v float32) bool { return v == v })
	})
	return &out
}

// comparison is one recording before and after.
type comparison struct {
	t       *testing.T
	name    string
	format  ecg.Format
	notes   []ecg.Note
	was, is *ecg.Recording
	shared  float64 // µV
}

func largestOf(samples []float32) float64 {
	largest := 0.0
	for _, v := range samples {
		if v == v {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	return largest
}

// noted says that the writer named a loss of this code.
func (c *comparison) noted(code ecg.NoteCode) bool {
	return slices.ContainsFunc(c.notes, func(n ecg.Note) bool { return n.Code == code })
}

func (c *comparison) signals() {
	rate := c.was.RateHz
	if c.format == ecg.FormatSCP { // whole microseconds
		rate = 1e6 / math.Round(1e6/rate)
	}
	if math.Abs(c.is.RateHz-rate) > 1e-9*rate && !(c.format == ecg.FormatEDF && math.Abs(c.is.RateHz-rate) < 1e-6*rate && c.noted(ecg.NoteQuantised)) {
		c.t.Errorf("%s: %v Hz, want %v", c.name, c.is.RateHz, rate)
	}
	if len(c.is.Leads) != len(c.was.Leads) {
		c.t.Errorf("%s: %d leads, want %d", c.name, len(c.is.Leads), len(c.was.Leads))
		return
	}
	if got, want := c.is.Samples(), c.was.Samples(); got != want && !(c.format == ecg.FormatEDF && got > want && c.noted(ecg.NoteFilled)) {
		c.t.Errorf("%s: %d samples, want %d", c.name, got, want)
		return
	}
	if c.format == ecg.FormatSCP { // all leads share one step, which the largest sets
		for _, l := range c.was.Leads {
			c.shared = max(c.shared, largestOf(l.Samples))
		}
	}
	for i, l := range c.was.Leads {
		if got := c.is.Leads[i]; got.Name != l.Name && !c.noted(ecg.NoteNotWritten) {
			c.t.Errorf("%s: lead %d is %q, want %q", c.name, i+1, got.Name, l.Name)
		}
		c.samples(l.Name, c.is.Leads[i].Samples, l.Samples)
	}
	for i, g := range c.was.Groups {
		if g.Kind == ecg.KindMedian && g.Unit == "uV" && c.format == ecg.FormatDICOM && len(c.is.Groups) == len(c.was.Groups) {
			for k, l := range g.Leads {
				c.samples("median "+l.Name, c.is.Groups[i].Leads[k].Samples, l.Samples)
			}
		}
	}
}

// samples allows for float32 and, where the writer noted that it rounds, half a
// step of 16 bits.
func (c *comparison) samples(lead string, got, want []float32) {
	largest := max(largestOf(want), c.shared)
	tolerance := 1e-3 + largest*0x1p-22
	if c.noted(ecg.NoteQuantised) {
		tolerance += max(largest/math.MaxInt16*2.5/2, 0.5e-3)
	}
	if c.format == ecg.FormatEDF || c.format == ecg.FormatSCP {
		tolerance += 0.02 * quant.Of(want).Step // limits of eight characters, steps of whole nanovolts
	}
	for i, v := range want {
		switch {
		case v != v && got[i] == got[i] && !c.noted(ecg.NoteFilled):
			c.t.Errorf("%s %s: a gap at sample %d became %v", c.name, lead, i, got[i])
			return
		case v == v && !(math.Abs(float64(got[i]-v)) <= tolerance):
			c.t.Errorf("%s %s: sample %d is %v, want %v within %v", c.name, lead, i, got[i], v, tolerance)
			return
		}
	}
}

func (c *comparison) start() {
	want, got := c.was.Start, c.is.Start
	if want.IsZero() {
		if c.format == ecg.FormatDICOM {
			if !c.noted(ecg.NoteStandIn) {
				c.t.Errorf("%s: a time was made up without a word", c.name)
			}
		} else if !got.IsZero() {
			c.t.Errorf("%s: starts at %v without having a time", c.name, got)
		}
		return
	}
	if c.format == ecg.FormatSCP {
		want = want.Truncate(time.Second)
	}
	if wall := "2006-01-02 15:04:05.000"; got.Format(wall) != want.Round(time.Microsecond).Format(wall) {
		c.t.Errorf("%s: start %v, want %v", c.name, got, want)
	}
	zoned := c.format == ecg.FormatDICOM || c.format == ecg.FormatSCP || c.format == ecg.FormatAECG
	if zoned && c.is.LocalTime() != c.was.LocalTime() {
		c.t.Errorf("%s: the zone changed", c.name)
	}
}

func (c *comparison) patient() {
	want, got := c.was.Patient, c.is.Patient
	want.Name = strings.Join(strings.Fields(want.Name), " ")
	switch c.format {
	case ecg.FormatWFDB:
		want = ecg.Patient{Age: want.Age, Sex: want.Sex}
		if want.Age == "000Y" || !strings.HasSuffix(want.Age, "Y") {
			want.Age = ""
		}
	case ecg.FormatEDF:
		want.Age = ""
		want.ID, want.Name = strings.ReplaceAll(want.ID, "_", " "), strings.ReplaceAll(want.Name, "_", " ")
	case ecg.FormatSCP:
		if want.Age == "000Y" {
			want.Age = ""
		}
	}
	if got != want {
		c.t.Errorf("%s: the patient differs in %s", c.name, differing(got, want))
	}
}

// differing names the fields in which two patients differ.
func differing(a, b ecg.Patient) string {
	var out []string
	for field, pair := range map[string][2]string{"id": {a.ID, b.ID}, "name": {a.Name, b.Name}, "sex": {a.Sex, b.Sex}, "birth": {a.BirthDate, b.BirthDate}, "age": {a.Age, b.Age}} {
		if pair[0] != pair[1] {
			out = append(out, field)
		}
	}
	return strings.Join(out, ", ")
}

// device compares measurements and statements where the format has them.
func (c *comparison) device() {
	if c.format == ecg.FormatEDF || c.format == ecg.FormatWFDB {
		if len(c.was.DeviceMeasurements) > 0 && !c.noted(ecg.NoteNotWritten) {
			c.t.Errorf("%s: the measurements were lost without a word", c.name)
		}
		return
	}
	for key, want := range c.was.DeviceMeasurements {
		got, ok := c.is.DeviceMeasurements[key]
		tolerance := 1e-9
		if c.format == ecg.FormatSCP {
			tolerance = 0.5
		}
		if !ok && c.noted(ecg.NoteNotWritten) {
			continue
		}
		if !ok || math.Abs(got-want) > tolerance {
			c.t.Errorf("%s: %s is %v, want %v", c.name, key, got, want)
		}
	}
	var want []string
	for _, s := range c.was.Statements {
		want = append(want, strings.Join(strings.Fields(s), " "))
	}
	var got []string
	for _, s := range c.is.Statements {
		got = append(got, strings.Join(strings.Fields(s), " "))
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: %d statements, want %d, or other words", c.name, len(got), len(want))
	}
}

func TestPicturesAndUnknownFormatsAreRefused(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		if _, err := Encode(&bytes.Buffer{}, &ecg.Recording{Picture: "image/png"}, format); !errors.Is(err, ecg.ErrNoSignal) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if _, err := Encode(&bytes.Buffer{}, &ecg.Recording{}, ecg.FormatMUSE); !errors.Is(err, ecg.ErrUnknownFormat) {
		t.Error(err)
	}
}

// FuzzEncode: whatever a file decodes to, writing it never panics, and what is
// written is read back with the same number of samples.
func FuzzEncode(f *testing.F) {
	for _, name := range []string{"scp/wa_mdw14_anon_06.scp", "aecg/fda_minimum_aecg.xml", "edf/mne_uneven_samp.edf"} {
		if data, err := os.ReadFile(filepath.Join(testdata.Dir(f), "ecg", name)); err == nil && len(data) < 1<<16 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := decode.Decode(data)
		if err != nil || rec.Samples() > 1<<14 {
			return
		}
		for _, format := range Formats() {
			var out bytes.Buffer
			if _, err := Encode(&out, rec, format); err != nil {
				continue
			}
			back, err := decode.Decode(out.Bytes())
			if err != nil {
				t.Fatalf("%s is not read back: %v", format, err)
			}
			if back.Samples() < rec.Samples() {
				t.Fatalf("%s: %d samples of %d", format, back.Samples(), rec.Samples())
			}
		}
	})
}
