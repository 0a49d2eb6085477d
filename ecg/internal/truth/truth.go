// Package truth compares recordings with the truth files that come with the
// test data: what an independent reader found in each ECG file.
package truth

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// File is one truth file. Leads is set where the file has one group of signals,
// Groups otherwise. Expect is set for files that must be refused.
type File struct {
	Expect      string            `json:"expect"`
	Patient     map[string]any    `json:"patient"`
	Start       any               `json:"start"`
	Measured    map[string]string `json:"device_measurements"`
	Diagnosis   []string          `json:"diagnosis"`
	Annotations json.RawMessage   `json:"annotations"` // of a form of its own for each format
	Leads       []Lead            `json:"leads"`
	Groups      []Group           `json:"groups"`
}

// Group is one set of simultaneous signals.
type Group struct {
	Kind  string `json:"kind"`
	Label string `json:"label"`
	Leads []Lead `json:"leads"`
}

// Lead summarises one signal; values are in Unit.
type Lead struct {
	Name    string     `json:"name"`
	RateHz  float64    `json:"sampling_hz"`
	Samples int        `json:"samples"`
	Unit    string     `json:"unit"`
	First   []*float64 `json:"first20"`
	Min     float64    `json:"min"`
	Max     float64    `json:"max"`
	Invalid int        `json:"invalid_samples"`
	Sum     float64    `json:"sum"`
}

// Path returns where the ECG test file name, such as "scp/a.scp", lies.
func Path(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(testdata.Dir(t), "ecg", name)
}

// Bytes returns the ECG test file name.
func Bytes(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Fuzz feeds decode with what f makes of its seeds: whatever the bytes, no panic,
// and a recording has leads of equal length and a rate.
func Fuzz(f *testing.F, decode func([]byte) (*ecg.Recording, error)) {
	f.Helper()
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := decode(data)
		if err != nil {
			return
		}
		for _, l := range rec.Leads {
			if len(l.Samples) != rec.Samples() {
				t.Fatal("leads of unequal length")
			}
		}
		if len(rec.Leads) > 0 && !(rec.RateHz > 0 && rec.RateHz < math.MaxFloat32) {
			t.Fatalf("a rate of %v Hz", rec.RateHz)
		}
	})
}

// Load returns the truth of the ECG test file name.
func Load(t testing.TB, name string) File {
	t.Helper()
	data, err := os.ReadFile(Path(t, "truth/"+strings.ReplaceAll(name, "/", "__")+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var f File
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Check compares leads, sampled at rateHz, with want: names, order, rate,
// number of samples, the first values, extremes, gaps and sum.
func Check(t testing.TB, what string, leads []ecg.Lead, rateHz float64, want []Lead) {
	t.Helper()
	if len(leads) != len(want) {
		t.Errorf("%s: %d leads, want %d", what, len(leads), len(want))
		return
	}
	for i, w := range want {
		name := ecg.StandardLead(w.Name)
		if name == "" {
			name = w.Name
		}
		if leads[i].Name != name {
			t.Errorf("%s: lead %d is %q, want %q", what, i+1, leads[i].Name, name)
		}
		if math.Abs(rateHz-w.RateHz) > 1e-6*w.RateHz {
			t.Errorf("%s %s: %v Hz, want %v", what, name, rateHz, w.RateHz)
		}
		checkSamples(t, what+" "+name, leads[i].Samples, w)
	}
}

func checkSamples(t testing.TB, what string, got []float32, w Lead) {
	t.Helper()
	if len(got) != w.Samples {
		t.Errorf("%s: %d samples, want %d", what, len(got), w.Samples)
		return
	}
	for i, v := range w.First {
		if v != nil && !near(float64(got[i]), *v) || v == nil && got[i] == got[i] {
			t.Errorf("%s: sample %d is %v, want %v", what, i, got[i], v)
			return
		}
	}
	low, high, sum, gaps := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, s := range got {
		if s != s {
			gaps++
			continue
		}
		low, high, sum = min(low, float64(s)), max(high, float64(s)), sum+float64(s)
	}
	if !near(low, w.Min) || !near(high, w.Max) || gaps != w.Invalid {
		t.Errorf("%s: %v to %v with %d gaps, want %v to %v with %d", what, low, high, gaps, w.Min, w.Max, w.Invalid)
	}
	if scale := max(math.Abs(low), math.Abs(high)); math.Abs(sum-w.Sum) > float64(len(got))*(0.0005+2e-7*scale) {
		t.Errorf("%s: samples sum to %v, want %v", what, sum, w.Sum)
	}
}

// near allows for float32 samples and truth rounded to 4 digits.
func near(a, b float64) bool { return math.Abs(a-b) <= 0.001+1e-6*math.Abs(b) }

// Rows returns the annotations of a file that lists them as rows of text; nil
// for other forms.
func (f File) Rows() [][]string {
	var rows [][]string
	if json.Unmarshal(f.Annotations, &rows) != nil {
		return nil
	}
	return rows
}
