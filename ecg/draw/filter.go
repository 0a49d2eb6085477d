package draw

import (
	"fmt"
	"math"
)

// Filter is what the eye is spared: corner frequencies in Hz at −3 dB, applied
// forwards and backwards so that no wave moves. Zero stands for the default of
// 0.05 and 150 Hz and for no notch.
type Filter struct {
	HighPassHz float64 // 0.05, 0.15 or 0.5
	LowPassHz  float64 // 25 to 150
	NotchHz    float64 // 0, 50 or 60
}

func (f Filter) filled() Filter {
	if f.HighPassHz == 0 {
		f.HighPassHz = 0.05
	}
	if f.LowPassHz == 0 {
		f.LowPassHz = 150
	}
	return f
}

func (f Filter) check() error {
	switch {
	case f.HighPassHz != 0.05 && f.HighPassHz != 0.15 && f.HighPassHz != 0.5:
		return fmt.Errorf("%w: high-pass %g Hz, want 0.05, 0.15 or 0.5", ErrOptions, f.HighPassHz)
	case !(f.LowPassHz >= 25 && f.LowPassHz <= 150):
		return fmt.Errorf("%w: low-pass %g Hz, want 25 to 150", ErrOptions, f.LowPassHz)
	case f.NotchHz != 0 && f.NotchHz != 50 && f.NotchHz != 60:
		return fmt.Errorf("%w: notch %g Hz, want 50 or 60", ErrOptions, f.NotchHz)
	}
	return nil
}

// twice is the factor by which the corner of a second-order Butterworth
// low-pass comes down when the filter runs forwards and backwards.
const twice = 0.8022

// moved is hz times factor on the analogue scale of the bilinear transform.
func moved(hz, factor, rate float64) float64 {
	return rate / math.Pi * math.Atan(factor*math.Tan(math.Pi*hz/rate))
}

// apply returns a filtered copy of samples in µV; gaps stay gaps. Filters the
// rate cannot carry are left out.
func (f Filter) apply(samples []float32, rate float64) []float64 {
	x, gap := bridged(samples)
	if len(x) < 2 {
		return x
	}
	x = zeroPhase(x, highPass(moved(f.HighPassHz, twice, rate), rate), int(2*rate/f.HighPassHz))
	if f.LowPassHz < 0.45*rate {
		x = zeroPhase(x, lowPass(moved(f.LowPassHz, 1/twice, rate), rate), int(4*rate/f.LowPassHz))
	}
	if f.NotchHz > 0 && f.NotchHz < 0.45*rate {
		x = zeroPhase(x, notch(f.NotchHz, rate), int(rate))
	}
	for _, i := range gap {
		x[i] = math.NaN()
	}
	return x
}

// bridged replaces gaps by straight lines and lists where they were.
func bridged(samples []float32) (x []float64, gap []int) {
	x = make([]float64, len(samples))
	last := -1
	for i, s := range samples {
		v := float64(s)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			gap = append(gap, i)
			continue
		}
		x[i] = v
		from := v
		if last >= 0 {
			from = x[last]
		}
		for j := last + 1; j < i; j++ {
			x[j] = from + (v-from)*float64(j-last)/float64(i-last)
		}
		last = i
	}
	for j := last + 1; last >= 0 && j < len(x); j++ {
		x[j] = x[last]
	}
	return x, gap
}

// biquad is a second-order section with a0 = 1.
type biquad struct{ b0, b1, b2, a1, a2 float64 }

// The sections follow R. Bristow-Johnson's audio EQ cookbook.

func lowPass(hz, rate float64) biquad {
	sin, cos := math.Sincos(2 * math.Pi * hz / rate)
	alpha := sin / math.Sqrt2
	a0 := 1 + alpha
	return biquad{(1 - cos) / 2 / a0, (1 - cos) / a0, (1 - cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0}
}

func highPass(hz, rate float64) biquad {
	sin, cos := math.Sincos(2 * math.Pi * hz / rate)
	alpha := sin / math.Sqrt2
	a0 := 1 + alpha
	return biquad{(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0}
}

// notch is 2 Hz wide.
func notch(hz, rate float64) biquad {
	sin, cos := math.Sincos(2 * math.Pi * hz / rate)
	alpha := sin / hz // half the width of 2 Hz over the frequency
	a0 := 1 + alpha
	return biquad{1 / a0, -2 * cos / a0, 1 / a0, -2 * cos / a0, (1 - alpha) / a0}
}

// zeroPhase runs q forwards and backwards over x, which is continued at both
// ends by its point reflection for up to pad samples so that the ends do not
// swing.
func zeroPhase(x []float64, q biquad, pad int) []float64 {
	n := len(x)
	pad = min(pad, n-1)
	long := make([]float64, n+2*pad)
	for i := range pad {
		long[i] = 2*x[0] - x[pad-i]
		long[pad+n+i] = 2*x[n-1] - x[n-2-i]
	}
	copy(long[pad:], x)
	q.run(long)
	reverse(long)
	q.run(long)
	reverse(long)
	return long[pad : pad+n]
}

// run filters x in place, as if x[0] had stood for ever before it.
func (q biquad) run(x []float64) {
	gain := (q.b0 + q.b1 + q.b2) / (1 + q.a1 + q.a2) // at 0 Hz
	x1, x2 := x[0], x[0]
	y1, y2 := gain*x[0], gain*x[0]
	for i, v := range x {
		y := q.b0*v + q.b1*x1 + q.b2*x2 - q.a1*y1 - q.a2*y2
		x1, x2, y1, y2 = v, x1, y, y1
		x[i] = y
	}
}

func reverse(x []float64) {
	for i, j := 0, len(x)-1; i < j; i, j = i+1, j-1 {
		x[i], x[j] = x[j], x[i]
	}
}
