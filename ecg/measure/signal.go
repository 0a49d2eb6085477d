package measure

import (
	"fmt"
	"math"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
)

const (
	// maxLeads is how many leads are analysed.
	maxLeads = 12
	// minRateHz is the lowest rate at which a beat still has enough samples.
	minRateHz = 100
	// maxRateHz bounds the work per second; no cart stores more.
	maxRateHz = 8000
)

// trace is one lead ready for analysis. x is in µV without gaps: they are
// bridged by straight lines and counted in missing (share of all samples).
type trace struct {
	name    string
	x       []float64
	missing float64
	usable  bool // neither off nor flat nor too noisy to measure on
}

// leadsOf returns the leads of rec to analyse, eight stored ones completed to
// twelve, and how many samples each has without the calibration pulse at the
// end; what a lead lacks of that is a gap. Of leads with one name the second
// gets a number.
func leadsOf(rec *ecg.Recording) (leads []ecg.Lead, samples int) {
	leads, ok := ecg.Derive12(rec)
	if !ok {
		leads = rec.Leads
	}
	leads = append([]ecg.Lead(nil), leads[:min(len(leads), maxLeads)]...)
	for i := range leads {
		for k, name := 2, leads[i].Name; slices.ContainsFunc(leads[:i], func(l ecg.Lead) bool { return l.Name == leads[i].Name }); k++ {
			leads[i].Name = fmt.Sprintf("%s %d", name, k)
		}
	}
	return leads, max(0, rec.Samples()-max(0, rec.Calibration))
}

// bridged returns samples as length float64 with gaps (NaN, infinities, missing
// at the end) replaced by straight lines, and the number of samples so
// replaced. Values no amplifier gives are gaps too. The result uses the memory
// of x where it is large enough.
func bridged(x []float64, samples []float32, length int) (out []float64, gaps int) {
	x = slices.Grow(x[:0], length)[:length]
	gaps = length - len(samples)
	last := copied(x, samples) - 1 // index of the last good sample
	for i := last + 1; i < len(samples); i++ {
		v := float64(samples[i])
		if !given(v) {
			gaps++
			continue
		}
		x[i] = v
		if i-last > 1 {
			from := v
			if last >= 0 {
				from = x[last]
			}
			for j := last + 1; j < i; j++ {
				x[j] = from + (v-from)*float64(j-last)/float64(i-last)
			}
		}
		last = i
	}
	if last < 0 {
		clear(x)
		return x, gaps
	}
	for j := last + 1; j < len(x); j++ {
		x[j] = x[last]
	}
	return x, gaps
}

// given reports whether an amplifier can have given v, in µV; NaN it cannot.
func given(v float64) bool {
	const absurdUV = 1e6
	return v <= absurdUV && v >= -absurdUV
}

// copied writes samples to x as far as they have no gap and returns how many
// those are.
func copied(x []float64, samples []float32) int {
	x = x[:len(samples)]
	for i, s := range samples {
		v := float64(s)
		if !given(v) {
			return i
		}
		x[i] = v
	}
	return len(x)
}

// movingMean writes the centred mean of width samples of src to dst; near the
// ends it averages what there is. dst and src must not overlap.
func movingMean(dst, src []float64, width int) {
	n := len(src)
	before := width / 2
	after := width - before // exclusive end
	sum, count := 0.0, 0
	for i := 0; i < min(after-1, n); i++ {
		sum += src[i]
		count++
	}
	step := func(i int) {
		if in := i + after - 1; in < n {
			sum += src[in]
			count++
		}
		if out := i - before - 1; out >= 0 {
			sum -= src[out]
			count--
		}
		dst[i] = sum / float64(count)
	}
	i := 0
	for ; i < min(before+1, n); i++ {
		step(i)
	}
	if inner := n - after + 1 - i; inner > 0 {
		// Between the ends, the most of it, nothing needs to be asked.
		share := 1 / float64(width)
		to, in, out := dst[i:][:inner], src[i+after-1:][:inner], src[i-before-1:][:inner]
		for k := range to {
			sum += in[k] - out[k]
			to[k] = sum * share
		}
		i += inner
	}
	for ; i < n; i++ {
		step(i)
	}
}

// difference writes src[i+half] − src[i−half] to dst, clamped at the ends.
func difference(dst, src []float64, half int) {
	last := len(src) - 1
	step := func(i int) { dst[i] = src[min(i+half, last)] - src[max(i-half, 0)] }
	i := 0
	for ; i < min(half, len(src)); i++ {
		step(i)
	}
	if inner := len(src) - half - i; inner > 0 {
		to, later, sooner := dst[i:][:inner], src[i+half:][:inner], src[i-half:][:inner]
		for k := range to {
			to[k] = later[k] - sooner[k]
		}
		i += inner
	}
	for ; i < len(src); i++ {
		step(i)
	}
}

// extremes returns the lowest and the highest value; zeros without values.
func extremes(x []float64) (low, high float64) {
	if len(x) == 0 {
		return 0, 0
	}
	low, high = x[0], x[0]
	for _, v := range x {
		if v < low {
			low = v
		} else if v > high {
			high = v
		}
	}
	return low, high
}

// top returns the highest value; 0 if none is above it.
func top(x []float64) float64 {
	high := 0.0
	for _, v := range x {
		if v > high {
			high = v
		}
	}
	return high
}

// median returns the middle of values, whose order it changes; NaN without
// values.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the q-quantile (nearest rank) of values, whose order it
// changes; NaN without values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return nth(values, int(math.Round(q*float64(len(values)-1))))
}

// nth returns the value that would stand at index k if x were sorted (Hoare's
// selection: sorting all of it would cost several times as much).
func nth(x []float64, k int) float64 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}

// mean returns the arithmetic mean; NaN without values.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// span returns the number of samples in seconds at rate, at least one.
func span(seconds, rate float64) int { return max(1, int(math.Round(seconds*rate))) }
