package wfdb

import (
	"cmp"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// open decodes a record of the test data, such as "mitdb/100".
func open(t testing.TB, name string) *ecg.Recording {
	t.Helper()
	path := truth.Path(t, "wfdb/"+name+".hea")
	rec, err := Decode(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rec
}

// records lists all records of the test data that have a truth file.
func records(t testing.TB) []string {
	root := filepath.Join(testdata.Dir(t), "ecg", "wfdb")
	var names []string
	for _, pattern := range []string{"*/*.hea", "*/*/*.hea"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			name, _ := filepath.Rel(root, p)
			name = strings.TrimSuffix(filepath.ToSlash(name), ".hea")
			if _, err := os.Stat(truth.Path(t, "truth/wfdb__"+strings.ReplaceAll(name, "/", "__")+".hea.json")); err == nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// signals returns leads and groups as one list with their rates.
func signals(rec *ecg.Recording) (leads []ecg.Lead, rates []float64) {
	add := func(list []ecg.Lead, hz float64) {
		for _, l := range list {
			leads, rates = append(leads, l), append(rates, hz)
		}
	}
	add(rec.Leads, rec.RateHz)
	for _, g := range rec.Groups {
		add(g.Leads, g.RateHz)
	}
	return leads, rates
}

func TestEveryRecordEqualsThatOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, name := range records(t) {
		want := truth.Load(t, "wfdb/"+name+".hea")
		if want.Leads == nil || strings.Contains(name, "skew") || name == "multiseg/p000878/3269321_0001" {
			continue
		}
		seen++
		rec := open(t, name)
		leads, rates := signals(rec)
		slices.SortStableFunc(want.Leads, func(a, b truth.Lead) int { // as leads of one rate come together
			return cmp.Compare(math.Abs(a.RateHz-rec.RateHz), math.Abs(b.RateHz-rec.RateHz))
		})
		if len(leads) != len(want.Leads) {
			t.Errorf("%s: %d signals, want %d", name, len(leads), len(want.Leads))
			continue
		}
		for i, w := range want.Leads {
			truth.Check(t, name, leads[i:i+1], rates[i], []truth.Lead{w})
		}
		for _, n := range rec.Notes {
			if n.Code == ecg.NoteChecksum || n.Code == ecg.NoteLength && !strings.Contains(name, "310derive") {
				t.Errorf("%s: %s", name, n.Text)
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d records were compared", seen)
	}
}

// same: equal sample by sample, a gap equal to a gap.
func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return x == y || x != x && y != y })
}

func TestARecordReadInPartsEqualsTheWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range records(t) {
		folder := os.DirFS(filepath.Dir(truth.Path(t, "wfdb/"+name+".hea")))
		base := filepath.Base(name) + ".hea"
		whole, err := Decode(folder, base)
		if err != nil {
			continue
		}
		parts, err := Open(folder, base)
		if err != nil {
			if !strings.Contains(err.Error(), "read only in files that can be held whole") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		seen[name] = true
		n := whole.Samples()
		if parts.Samples() != n || parts.Head().RateHz != whole.RateHz || parts.Head().Patient != whole.Patient || !parts.Head().Start.Equal(whole.Start) {
			t.Errorf("%s: %d samples at %v Hz, want %d at %v", name, parts.Samples(), parts.Head().RateHz, n, whole.RateHz)
			continue
		}
		for _, span := range [][2]int{{0, n}, {n/2 + 1, n/2 + 1000}, {n - 7, n}, {5, 6}} {
			got, err := ecg.Window(parts, span[0], span[1])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i, l := range got.Leads {
				if want := whole.Leads[i]; l.Name != want.Name || !same(l.Samples, want.Samples[span[0]:min(span[1], n)]) {
					t.Errorf("%s: lead %s differs in samples %v", name, l.Name, span)
				}
			}
		}
	}
	for _, name := range []string{"mitdb/100", "mitdb/100skew", "ptb/s0010_re", "multiseg/fixed1/v102s", "multiseg/p000878/p000878-2137-10-26-16-57",
		"formats/test01_00s_frame", "formats/310derive", "formats/311derive", "formats/a103l-no-len"} {
		if !seen[name] {
			t.Errorf("%s was not read in parts", name)
		}
	}
}

func TestEachFormatOfFixedSizeIsReadInParts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testdata.Dir(t), "ecg/wfdb/formats")
	header, err := os.ReadFile(filepath.Join(dir, "binformats.hea"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(header), "\n")
	formats := 0
	for _, line := range lines[1:] {
		part := strings.Fields(line)
		if len(part) < 3 || part[1] == "8" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, part[0]))
		if err != nil {
			t.Fatal(err)
		}
		folder := fstest.MapFS{"one.hea": {Data: []byte("one 1 200 499\n" + line + "\n")}, part[0]: {Data: data}}
		whole, err := Decode(folder, "one.hea")
		if err != nil {
			t.Fatalf("format %s: %v", part[1], err)
		}
		parts, err := Open(folder, "one.hea")
		if err != nil {
			t.Errorf("format %s: %v", part[1], err)
			continue
		}
		formats++
		for from := 0; from < 499; from += 17 {
			got, err := ecg.Window(parts, from, from+17)
			if err != nil || !same(got.Leads[0].Samples, whole.Leads[0].Samples[from:min(from+17, 499)]) {
				t.Errorf("format %s: samples from %d differ (%v)", part[1], from, err)
			}
		}
	}
	if formats < 9 {
		t.Errorf("%d formats were read in parts", formats)
	}
}

func TestASkewedSignalIsAligned(t *testing.T) {
	t.Parallel()
	plain, skewed := open(t, "mitdb/100"), open(t, "mitdb/100skew")
	a, b := plain.Leads[1].Samples, skewed.Leads[1].Samples
	if !same(b[:len(b)-3], a[3:]) || b[len(b)-1] == b[len(b)-1] || !slices.Equal(plain.Leads[0].Samples, skewed.Leads[0].Samples) {
		t.Error("the second signal is not the first record's, three samples earlier")
	}
}

func TestSegmentsAreJoinedAndMissingOnesLeaveGaps(t *testing.T) {
	t.Parallel()
	fixed, one := open(t, "multiseg/fixed1/v102s"), open(t, "multiseg/fixed1/v102s_1")
	if fixed.Samples() != 225000 || fixed.RateHz != 250 || !same(fixed.Leads[0].Samples[75000:150000], one.Leads[0].Samples) {
		t.Errorf("%d samples at %v Hz", fixed.Samples(), fixed.RateHz)
	}
	rec := open(t, "multiseg/p000878/p000878-2137-10-26-16-57")
	second := open(t, "multiseg/p000878/3269321_0002")
	two := rec.Lead("II").Samples
	if rec.Samples() != 7500 || two[5749] == two[5749] || !same(two[5750:], second.Lead("II").Samples) {
		t.Errorf("%d samples", rec.Samples())
	}
	if v := rec.Lead("V"); v == nil || v.Samples[7000] == v.Samples[7000] {
		t.Error("a signal of the layout that no segment has is no gap")
	}
	if rec.Start.Format("2006-01-02 15:04:05") != "2137-10-26 16:57:09" {
		t.Errorf("start %v", rec.Start)
	}
	if _, err := Decode(os.DirFS(truth.Path(t, "wfdb/multiseg/p000878")), "3269321_0001.hea"); !errors.Is(err, ecg.ErrNoSignal) {
		t.Errorf("a record of a plethysmogram alone: %v", err)
	}
}

func TestReferenceAnnotationsAndPatientAreRead(t *testing.T) {
	t.Parallel()
	rec := open(t, "mitdb/100")
	if rec.Patient != (ecg.Patient{Age: "069Y", Sex: "M"}) {
		t.Errorf("%+v", rec.Patient)
	}
	beats := map[string]int{}
	for _, a := range rec.Annotations {
		beats[a.Code]++
	}
	if beats["N"] != 2239 || beats["A"] != 33 || beats["V"] != 1 || rec.Annotations[1] != (ecg.Annotation{Sample: 77, Code: "N"}) {
		t.Errorf("%v, second %+v", beats, rec.Annotations[1])
	}
	for name, want := range map[string]ecg.Patient{"ptb/s0010_re": {Age: "081Y", Sex: "F"}, "formats/test01_00s": {Age: "025Y", Sex: "M"}} {
		if got := open(t, name).Patient; got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// single is a record of one signal; the signal line's fields follow the file.
func single(line string, data []byte) fstest.MapFS {
	return fstest.MapFS{"r.hea": {Data: []byte("r 1 500\nr.dat " + line + "\n")}, "r.dat": {Data: data}}
}

func TestGainsBaselinesAndUnitsAreAppliedAsWritten(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]float32{
		"16":                         500,  // 200 in a millivolt
		"16 0 16 0 0 0 0 I":          500,  // a gain of 0 is none
		"16 100 12 50 0 0 0 I":       500,  // the zero of the converter is the baseline
		"16 100(0)/mV 12 50 0 0 0 I": 1000, // unless one is stated
		"16 10(-100)/uV 12 0":        20,
		"16 1e3/V 16 0":              100000,
		"16 -100/mV 16 0":            -1000,
	} {
		rec, err := Decode(single(line, []byte{100, 0, 0, 128}), "r.hea")
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if s := rec.Leads[0].Samples; len(s) != 2 || s[0] != want || s[1] == s[1] {
			t.Errorf("%s: %v, want %v and a gap", line, s, want)
		}
	}
}

func TestRecordsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for reason, folder := range map[string]fstest.MapFS{
		"format 17":                  single("17", []byte{1, 2}),
		"does not lie beside":        {"r.hea": {Data: []byte("r 1\n../etc/passwd 16\n")}},
		"\"r.dat\" does not lie":     {"r.hea": {Data: []byte("r 1\nr.dat 16\n")}},
		"announced":                  {"r.hea": {Data: []byte("r 2\nr.dat 16\n")}},
		"a rate of":                  {"r.hea": {Data: []byte("r 1 0\nr.dat 16\n")}},
		"begin at 9":                 single("16+9", []byte{1, 2}),
		"holds no sample":            single("16", nil),
		"no FLAC":                    single("516", []byte("RIFF")),
		"of several segments itself": {"r.hea": {Data: []byte("r/1 1 250 5\nr 5\n")}},
	} {
		_, err := Decode(folder, "r.hea")
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever header and signal file, no panic, and leads of equal
// length.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"binformats", "flacformats", "310derive"} {
		for _, part := range []string{"d0", "d5", "d6", "dat"} {
			head, err := os.ReadFile(truth.Path(f, "wfdb/formats/"+name+".hea"))
			data, err2 := os.ReadFile(truth.Path(f, "wfdb/formats/"+name+"."+part))
			if err == nil && err2 == nil {
				f.Add(string(head), data)
			}
		}
	}
	f.Add("r/2 1 250 20\nl 0\ns 10\n", []byte{1, 2})
	f.Fuzz(func(t *testing.T, head string, data []byte) {
		folder := fstest.MapFS{"r.hea": {Data: []byte(head)}, "r.atr": {Data: data}}
		for field := range strings.FieldsSeq(head) {
			if folder[field] == nil {
				folder[field] = &fstest.MapFile{Data: data}
			}
		}
		rec, err := Decode(folder, "r.hea")
		if err != nil {
			return
		}
		for _, l := range rec.Leads {
			if len(l.Samples) != rec.Samples() {
				t.Fatal("leads of unequal length")
			}
		}
		if math.IsNaN(rec.RateHz) || rec.RateHz <= 0 {
			t.Fatal("no rate")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	folder := os.DirFS(truth.Path(b, "wfdb/ludb"))
	for b.Loop() {
		if _, err := Decode(folder, "1.hea"); err != nil {
			b.Fatal(err)
		}
	}
}
