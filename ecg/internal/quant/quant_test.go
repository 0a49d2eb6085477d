package quant

import (
	"math"
	"math/rand/v2"
	"testing"
)

// counted makes samples as a reader does: whole numbers times a step.
func counted(step, base float64, most int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float32, 5000)
	for i := range out {
		out[i] = float32(float64(r.IntN(2*most+1)-most)*step + base)
	}
	out[17] = float32(math.NaN())
	return out
}

func TestTheStepOfTheDeviceIsFoundAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step, base float64
		most       int
	}{{4.88, 0, 700}, {2.5, 0, 30000}, {5, 0, 100}, {0.5, 0, 16000}, {1000.0 / 419.43, 0, 2000}, {1, 0, 3}, {1.220703125, 0, 2048}, {0.15, 250.07, 9000}, {3.0517578125, 101.3, 4000}} {
		samples := counted(c.step, c.base, c.most)
		s := Of(samples)
		if !s.Exact || math.Abs(s.Step-c.step) > 1e-6*c.step || c.base == 0 && s.Base != 0 {
			t.Errorf("step %v, base %v: found %+v", c.step, c.base, s)
		}
		for i, n := range s.Counts(samples, math.MinInt16) {
			back := float32(s.Base + s.Step*float64(n))
			if i == 17 {
				if n != math.MinInt16 {
					t.Error("a gap became a sample")
				}
			} else if math.Abs(float64(back-samples[i])) > 0x1p-22*math.Abs(float64(samples[i]))+1e-3 {
				t.Fatalf("step %v: sample %d is %v and comes back as %v", c.step, i, samples[i], back)
			}
		}
	}
}

func TestSmoothSignalsGetARoundStepThatFits16Bits(t *testing.T) {
	t.Parallel()
	samples := make([]float32, 5000)
	for i := range samples {
		samples[i] = float32(2500 * math.Sin(float64(i)/50))
	}
	if s := Of(samples); s.Exact || s.Step != 0.1 || s.Base != 0 {
		t.Errorf("%+v", s)
	}
	if s := Of(make([]float32, 3)); s.Step != 1 || !s.Exact {
		t.Errorf("a flat line: %+v", s)
	}
	if s := Of([]float32{float32(math.NaN())}); s.Step != 1 {
		t.Errorf("only gaps: %+v", s)
	}
}

func TestSeveralLeadsShareAStep(t *testing.T) {
	t.Parallel()
	if s := FromZero(counted(5, 0, 100), counted(7.5, 0, 100)); !s.Exact || math.Abs(s.Step-2.5) > 1e-9 {
		t.Errorf("%+v", s)
	}
}
