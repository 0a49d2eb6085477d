package pyramid

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// noise is a recording of two leads of n samples with a gap.
func noise(n int) *ecg.Recording {
	r := rand.New(rand.NewPCG(1, 2))
	rec := &ecg.Recording{RateHz: 250}
	for _, name := range []string{"I", "V1"} {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(math.Round(r.NormFloat64() * 400))
		}
		for i := n / 2; i < min(n, n/2+5000); i++ {
			x[i] = float32(math.NaN())
		}
		rec.Leads = append(rec.Leads, ecg.Lead{Name: name, Samples: x})
	}
	return rec
}

// build makes a pyramid and reads it back.
func build(t *testing.T, rec *ecg.Recording) *Kept {
	t.Helper()
	p, err := Build(ecg.Held(rec))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := p.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("%d of %d bytes: %v", n, b.Len(), err)
	}
	k, err := Open(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestEveryPeakIsSeenAtEveryLevel(t *testing.T) {
	t.Parallel()
	const n = 1_000_003
	rec := noise(n)
	k := build(t, rec)
	if len(k.Levels) < 3 || k.Leads[1] != "V1" || k.Samples != n {
		t.Fatalf("%+v", k.Head)
	}
	for _, ask := range []struct{ from, to, spans int }{{0, n, 100}, {0, n, 800}, {0, n, 12000}, {123_457, 700_001, 500}, {n / 2, n/2 + 100_000, 100}} {
		got, err := k.Range(ask.from, ask.to, ask.spans)
		if err != nil || got == nil {
			t.Fatalf("%+v: %v %v", ask, got, err)
		}
		if len(got.Low[0]) < ask.spans || got.From > ask.from || got.From+got.Factor*len(got.Low[0]) < ask.to {
			t.Fatalf("%+v: %d spans of %d from %d", ask, len(got.Low[0]), got.Factor, got.From)
		}
		for i, lead := range rec.Leads {
			for s := range got.Low[i] {
				from := got.From + s*got.Factor
				low, high := extremes(lead.Samples[from:min(from+got.Factor, n)])
				if !same(got.Low[i][s], low) || !same(got.High[i][s], high) {
					t.Fatalf("%+v: %s span %d is %g…%g, want %g…%g", ask, lead.Name, s, got.Low[i][s], got.High[i][s], low, high)
				}
			}
		}
	}
}

func same(a, b float32) bool { return a == b || a != a && b != b }

func extremes(x []float32) (low, high float32) {
	low, high = float32(math.NaN()), float32(math.NaN())
	for _, v := range x {
		if v == v && !(low <= v) {
			low = v
		}
		if v == v && !(high >= v) {
			high = v
		}
	}
	return low, high
}

func TestACloseLookIsLeftToTheSignal(t *testing.T) {
	t.Parallel()
	k := build(t, noise(100_000))
	if got, err := k.Range(1000, 3500, 1000); got != nil || err != nil {
		t.Errorf("%v %v", got, err)
	}
	if got, err := k.Range(5, 5, 1); got != nil || err != nil {
		t.Errorf("nothing wanted: %v %v", got, err)
	}
}

func TestDamagedBytesAreRefused(t *testing.T) {
	t.Parallel()
	p, err := Build(ecg.Held(noise(200_000)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	if _, err := Open(bytes.NewReader(append([]byte("X"), whole[1:]...))); !errors.Is(err, ErrDamaged) {
		t.Errorf("another magic: %v", err)
	}
	k, err := Open(bytes.NewReader(whole[:len(whole)/2]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Range(0, k.Samples, 600); !errors.Is(err, ErrDamaged) {
		t.Errorf("half the bytes: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	p, err := Build(ecg.Held(noise(3000)))
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := Open(bytes.NewReader(data))
		if err != nil {
			return
		}
		_, _ = k.Range(0, k.Samples, 10)
		_, _ = k.Range(-5, 1<<40, 1)
	})
}

// BenchmarkDay is three leads at 250 Hz for 24 hours.
func BenchmarkDay(b *testing.B) {
	day := repeated{noise(250 * 60), 250 * 86400}
	for b.Loop() {
		if _, err := Build(day); err != nil {
			b.Fatal(err)
		}
	}
}

// repeated is a recording again and again.
type repeated struct {
	rec *ecg.Recording
	n   int
}

func (r repeated) Head() *ecg.Recording { return r.rec }
func (r repeated) Samples() int         { return r.n }
func (r repeated) ReadAt(dst [][]float32, from int) error {
	for i, out := range dst {
		x := r.rec.Leads[i].Samples
		for k := 0; k < len(out); {
			k += copy(out[k:], x[(from+k)%len(x):])
		}
	}
	return nil
}

func TestAPyramidMadeWhileOthersReadIsTheSame(t *testing.T) {
	t.Parallel()
	s := ecg.Held(noise(5000))
	want, err := Build(s)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Watch(s)
	if err != nil {
		t.Fatal(err)
	}
	leads := len(s.Head().Leads)
	for _, span := range [][2]int{{0, 700}, {600, 1500}, {100, 300}, {2000, 2400}, {1400, 2600}} { // overlapping, again, ahead
		if err := w.ReadAt(ecg.Block(leads, span[1]-span[0]), span[0]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.Pyramid()
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if _, err := want.WriteTo(&a); err != nil {
		t.Fatal(err)
	}
	if _, err := got.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("it differs from the one built at once")
	}
}
