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
	"unicode"
	"unicode/utf8"

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
	tolerance := 1e-9
	if c.format == ecg.FormatEDF && c.noted(ecg.NoteQuantised) { // eight characters for the seconds of a record
		tolerance = max(1e-6, 1e-6*rate/float64(c.was.Samples()))
	}
	if math.Abs(c.is.RateHz-rate) > tolerance*rate {
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
	if c.format == ecg.FormatSCP && c.noted(ecg.NoteQuantised) {
		tolerance += 5e-4 * largest // half a nanovolt for each of the counts of a microvolt
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
// written is read back as the writer said.
func FuzzEncode(f *testing.F) {
	for _, folder := range []string{"aecg", "contec", "dicom", "edf", "ishne", "mfer", "muse-xml", "philips-xml", "scp"} {
		for _, path := range testdata.Files(f, "ecg/"+folder, "*") {
			if data, err := os.ReadFile(path); err == nil && len(data) < 1<<18 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if rec, err := decode.Decode(data); err == nil && rec.Samples() <= 1<<14 {
			writtenIsRead(t, rec)
		}
	})
}

// FuzzMade: a recording of any rate, lengths, values and words is refused with a
// reason or written and read back as the writer said.
func FuzzMade(f *testing.F) {
	f.Add(500.0, 2.5, []byte{0, 1, 2, 3, 0xFF, 0x7F, 0, 0x80, 9, 9, 9, 9}, "I", "张三^A_b", uint8(2), int64(1_700_000_000_123))
	f.Add(359.97, 4.88, bytes.Repeat([]byte{7, 1, 200, 250}, 300), "ECG x", "O'Neil\\", uint8(12), int64(0))
	f.Add(1000.0, 0.1525, bytes.Repeat([]byte{0, 0x80, 0xFF, 0x7F}, 40), "V1", "", uint8(0x85), int64(-1))
	f.Fuzz(func(t *testing.T, rate, step float64, raw []byte, name, text string, shape uint8, at int64) {
		leads := 1 + int(shape&15)
		n := len(raw) / 2 / leads
		if !(rate > 0.01 && rate < 1e5) || !(step > 1e-6 && step < 1e6) || n == 0 || n > 1<<12 {
			return
		}
		name = strings.TrimSpace(strings.Map(func(r rune) rune { // as readers clean them
			if r == utf8.RuneError || unicode.IsControl(r) {
				return -1
			}
			return r
		}, name))
		if name == "" {
			name = "channel"
		}
		rec := &ecg.Recording{RateHz: rate, Statements: []string{text, "Sinus rhythm"}, Patient: ecg.Patient{ID: text, Name: name, Sex: "F", BirthDate: "1960-02-29", Age: "064Y"}}
		rec.Device.Model = text
		if at > 0 {
			rec.Start = time.UnixMilli(at % 4e12).UTC()
			rec.Notef(ecg.NoteLocalTime, "no zone")
		}
		names := ecg.StandardLeads()
		for i := range leads {
			l := ecg.Lead{Name: name + strings.Repeat("'", i)}
			if shape&0x80 == 0 && i < len(names) {
				l.Name = names[i]
			}
			for k := range n {
				v := int16(uint16(raw[2*(i*n+k)]) | uint16(raw[2*(i*n+k)+1])<<8)
				if l.Samples = append(l.Samples, float32(float64(v)*step)); shape&0x40 != 0 && v == math.MinInt16 {
					l.Samples[k] = float32(math.NaN())
				}
			}
			rec.Leads = append(rec.Leads, l)
		}
		rec.NameLeads() // as every reader does
		rec.SetMeasurement(ecg.MeasureQRS, 96)
		writtenIsRead(t, rec)
	})
}

// writtenIsRead writes rec in every format and reads it back.
func writtenIsRead(t *testing.T, rec *ecg.Recording) {
	t.Helper()
	for _, format := range Formats() {
		var out bytes.Buffer
		notes, err := Encode(&out, rec, format)
		if err != nil {
			if fault := (*ecg.FormatError)(nil); !errors.As(err, &fault) {
				t.Fatalf("%s is refused without a reason: %v", format, err)
			}
			continue
		}
		back, err := decode.Decode(out.Bytes())
		if err != nil {
			t.Fatalf("%s is not read back: %v", format, err)
		}
		c := comparison{t: t, name: string(format), format: format, notes: notes, was: expected(rec, format), is: back}
		c.signals()
	}
}
