package draw

import (
	"math"
	"testing"
)

// through is the share of a sine of hz that passes f, and its shift in
// samples, measured in the middle of a long trace.
func through(f Filter, hz, rate float64) (share float64) {
	n := int(60 * rate)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(1000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	y := f.filled().apply(x, rate)
	in, out := 0.0, 0.0
	for i := n / 4; i < 3*n/4; i++ {
		in += float64(x[i]) * float64(x[i])
		out += y[i] * float64(x[i]) // zero phase: the sine itself
	}
	return out / in
}

func TestFiltersAreThreeDecibelsDownAtTheirNamedCorner(t *testing.T) {
	t.Parallel()
	const half = math.Sqrt2 / 2
	for _, c := range []struct {
		f         Filter
		hz        float64
		low, high float64
	}{
		{Filter{}, 10, 0.99, 1.01},
		{Filter{}, 150, half - 0.04, half + 0.04},
		{Filter{LowPassHz: 40}, 40, half - 0.03, half + 0.03},
		{Filter{LowPassHz: 25}, 25, half - 0.03, half + 0.03},
		{Filter{HighPassHz: 0.5}, 0.5, half - 0.03, half + 0.03},
		{Filter{HighPassHz: 0.15}, 0.5, 0.96, 1.01},
		{Filter{NotchHz: 50}, 50, -0.02, 0.02},
		{Filter{NotchHz: 50}, 45, 0.9, 1.01},
		{Filter{NotchHz: 60}, 60, -0.02, 0.02},
	} {
		if got := through(c.f, c.hz, 500); got < c.low || got > c.high {
			t.Errorf("%+v lets %.3f of %g Hz through, want %.3f to %.3f", c.f, got, c.hz, c.low, c.high)
		}
	}
}

func TestFilterTheRateCannotCarryIsLeftOut(t *testing.T) {
	t.Parallel()
	if got := through(Filter{}, 20, 125); got < 0.99 {
		t.Errorf("150 Hz at 125 samples a second takes away from 20 Hz: %.3f left", got)
	}
}

func TestConstantOffsetIsTakenAwayAndGapsStay(t *testing.T) {
	t.Parallel()
	x := make([]float32, 5000)
	for i := range x {
		x[i] = 4000
	}
	x[77] = float32(math.NaN())
	y := Filter{}.filled().apply(x, 500)
	for i, v := range y {
		if i == 77 {
			if !math.IsNaN(v) {
				t.Error("the gap was filled")
			}
			continue
		}
		if math.Abs(v) > 1 {
			t.Fatalf("sample %d is at %g µV", i, v)
		}
	}
}
