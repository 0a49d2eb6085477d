package measure

import (
	"math"
	"slices"
)

const (
	refractory   = 0.200 // s: no two QRS are closer
	slopeHalf    = 0.010 // s: half of the distance over which slopes are taken
	slopeMean    = 0.020 // s: one period of 50 Hz mains, so that it cancels
	centreReach  = 0.100 // s
	featureMean  = 0.070 // s: joins the slopes of one QRS
	minSlopeUV   = 25    // µV in 20 ms: below it there is no QRS, only noise
	windowSecs   = 2.0   // s: one beat at least stands in it at 30 per minute
	beatShare    = 0.42  // of the usual peak: lower peaks are no QRS
	earlyShare   = 0.65  // of the preceding QRS: lower peaks soon after it are T waves
	earlySeconds = 0.360
	leadShare    = 0.60 // of the following QRS: lower peaks just before it are P waves
	leadSeconds  = 0.260
	faintShare   = 0.26 // of the usual peak: enough where a beat is overdue
	overdue      = 1.6  // of the usual RR interval
)

// feature adds the slopes of all usable leads to one curve that is near 1 in
// a usual QRS and near 0 between beats. It returns nil when no lead has a
// slope that could be a QRS.
//
// The slope is the difference of two 20 ms means 20 ms apart: a band of about
// 8 to 30 Hz, where QRS stands out of P, T, wander and mains.
func feature(traces []trace, rate float64) []float64 {
	slopes := make([][]float64, 0, len(traces))
	var usual []float64
	smooth := make([]float64, len(traces[0].x))
	for _, tr := range traces {
		if !tr.usable || len(tr.x) < span(windowSecs, rate) {
			continue
		}
		slope := slopeOf(tr.x, rate, smooth)
		u := median(windowMaxima(slope, span(windowSecs, rate)))
		if u >= minSlopeUV {
			slopes, usual = append(slopes, slope), append(usual, u)
		}
	}
	if len(slopes) == 0 {
		return nil
	}
	sum := make([]float64, len(slopes[0]))
	weights, steepest := 0.0, slices.Max(usual)
	for k, slope := range slopes {
		// Where QRS is small, P and T are large beside it: such a lead counts
		// less.
		weight := leadWeight(mean(slope)/usual[k]) * usual[k] / steepest
		weights += weight
		inverse := 1 / usual[k]
		for i := range min(len(sum), len(slope)) {
			// A spike of an artefact must not outvote the other leads.
			v := slope[i] * inverse
			if v > 2 {
				v = 2
			}
			sum[i] += weight * v * v
		}
	}
	for i, v := range sum {
		sum[i] = math.Sqrt(v / weights)
	}
	movingMean(smooth, sum, span(featureMean, rate))
	return smooth
}

// slopeOf is the absolute change of x over 20 ms, smoothed over 20 ms; smooth
// is scratch as long as x.
func slopeOf(x []float64, rate float64, smooth []float64) []float64 {
	slope := make([]float64, len(x))
	movingMean(smooth, x, span(slopeMean, rate))
	difference(slope, smooth, span(slopeHalf, rate))
	for i, v := range slope {
		slope[i] = math.Abs(v)
	}
	return slope
}

// leadWeight turns the mean slope of a lead, as a share of its usual QRS
// slope, into trust: about 0.1 in a clean lead, 0.3 in a lead of noise.
func leadWeight(share float64) float64 {
	return math.Max(0.05, math.Min(1, (0.35-share)/0.15))
}

// windowMaxima returns the maximum of every whole window of width samples.
func windowMaxima(x []float64, width int) []float64 {
	var maxima []float64
	for from := 0; from+width <= len(x); from += width {
		_, top := extremes(x[from : from+width])
		maxima = append(maxima, top)
	}
	return maxima
}

// detect returns the sample indexes of the feature's QRS peaks, rising.
func detect(f []float64, rate float64) []int {
	if len(f) == 0 {
		return nil
	}
	candidates := separatePeaks(f, span(refractory, rate))
	width := span(windowSecs, rate)
	maxima := windowMaxima(f, width)
	usual := make([]float64, len(candidates))
	for i, c := range candidates {
		usual[i] = usualNear(maxima, c/width)
	}
	var beats []int
	for i, c := range candidates {
		if f[c] < beatShare*usual[i] || isEarly(f, beats, c, rate) {
			continue
		}
		if i+1 < len(candidates) && isP(f, c, candidates[i+1], rate) {
			continue
		}
		beats = append(beats, c)
	}
	return withFaint(f, candidates, usual, beats, rate)
}

// isEarly reports whether the peak at c is more likely the T wave of the last
// beat than a beat.
func isEarly(f []float64, beats []int, c int, rate float64) bool {
	if len(beats) == 0 {
		return false
	}
	last := beats[len(beats)-1]
	return c-last < span(earlySeconds, rate) && f[c] < earlyShare*f[last]
}

// isP reports whether the peak at c is more likely the P wave of the peak at
// next than a beat.
func isP(f []float64, c, next int, rate float64) bool {
	return next-c < span(leadSeconds, rate) && f[c] < leadShare*f[next]
}

// withFaint adds, where the next beat is overdue, the highest peak in between
// if it could be a small beat.
func withFaint(f []float64, candidates []int, usual []float64, beats []int, rate float64) []int {
	if len(beats) < 4 {
		return beats
	}
	out := beats[:1:1]
	next := 0 // first candidate after the beat in hand
	for i := 1; i < len(beats); i++ {
		from, to := beats[i-1], beats[i]
		if float64(to-from) > overdue*usualGap(beats, i) {
			best := -1
			for ; next < len(candidates) && candidates[next] < to; next++ {
				c := candidates[next]
				apart := min(c-from, to-c) >= span(earlySeconds, rate)
				if c > from && apart && f[c] >= faintShare*usual[next] && (best < 0 || f[c] > f[best]) {
					best = c
				}
			}
			if best >= 0 {
				out = append(out, best)
			}
		}
		out = append(out, to)
	}
	return out
}

// usualGap is the median distance of beats around the i-th.
func usualGap(beats []int, i int) float64 {
	const reach = 4
	var gaps []float64
	for k := max(1, i-reach); k <= min(len(beats)-1, i+reach); k++ {
		gaps = append(gaps, float64(beats[k]-beats[k-1]))
	}
	return median(gaps)
}

// usualNear is the median of the window maxima around window w.
func usualNear(maxima []float64, w int) float64 {
	const reach = 4 // windows before and after
	from := max(0, min(w-reach, len(maxima)-2*reach-1))
	to := min(len(maxima), max(w+reach+1, 2*reach+1))
	var near [2*reach + 1]float64
	n := copy(near[:], maxima[from:to])
	return median(near[:n])
}

// separatePeaks returns local maxima of f that are the highest within gap
// samples on both sides, rising.
func separatePeaks(f []float64, gap int) []int {
	var peaks []int
	for i := 1; i+1 < len(f); i++ {
		if f[i] < f[i-1] || f[i] <= f[i+1] {
			continue
		}
		if n := len(peaks); n > 0 && i-peaks[n-1] < gap {
			if f[i] > f[peaks[n-1]] {
				peaks[n-1] = i
			}
			continue
		}
		peaks = append(peaks, i)
	}
	return peaks
}

// centres moves each beat to the centre of its QRS: the middle of the squared
// feature within centreReach. Beats of one shape have it at the same place,
// which the highest peak of a wide QRS has not. The result rises.
func centres(f []float64, beats []int, rate float64) []int {
	reach := span(centreReach, rate)
	out := make([]int, 0, len(beats))
	for _, b := range beats {
		sum, moment := 0.0, 0.0
		for k := -reach; k <= reach; k++ {
			if i := b + k; i >= 0 && i < len(f) {
				sum += f[i] * f[i]
				moment += f[i] * f[i] * float64(k)
			}
		}
		at := b
		if sum > 0 {
			at += int(math.Round(moment / sum))
		}
		if n := len(out); n > 0 && at-out[n-1] < span(refractory*0.9, rate) {
			continue // two peaks of one wide QRS
		}
		out = append(out, at)
	}
	return out
}

// addExcursion adds the distance of x from its median in the window that
// starts at from.
func addExcursion(size, x []float64, from int) {
	lo, hi := max(0, from), min(len(x), from+len(size))
	if hi <= lo {
		return
	}
	level := median(append([]float64(nil), x[lo:hi]...))
	for i := lo; i < hi; i++ {
		size[i-from] += math.Abs(x[i] - level)
	}
}
