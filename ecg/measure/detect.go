package measure

import (
	"math"
)

const (
	refractory   = 0.200 // s: no two QRS are closer
	slopeHalf    = 0.010 // s: half of the distance over which slopes are taken
	slopeMean    = 0.020 // s: one period of 50 Hz mains, so that it cancels
	centreReach  = 0.100 // s
	featureMean  = 0.070 // s: joins the slopes of one QRS
	minSlopeUV   = 25    // µV in 20 ms: below it there is no QRS, only noise
	windowSecs   = 2.0   // s: one beat at least stands in it at 30 per minute
	beatShare    = 0.45  // of the usual peak: lower peaks are no QRS
	earlyShare   = 0.65  // of the preceding QRS: lower peaks soon after it are T waves
	earlySeconds = 0.360
	leadShare    = 0.60 // of the following QRS: lower peaks just before it are P waves
	leadSeconds  = 0.260
	faintShare   = 0.26  // of the usual peak: enough where a beat is overdue
	overdue      = 1.6   // of the usual RR interval
	splitGap     = 1.35  // of the usual RR interval: longer ones are not split by a wave but hold a beat
	splitShare   = 0.72  // of both neighbours
	sharpReach   = 0.060 // s about a peak of the feature in which QRS is steepest
	betweenReach = 0.120 // s about a beat that belong to QRS
	slopeRateHz  = 125   // slopes have nothing above 30 Hz: of long recordings they are kept at this rate or a little more
)

// leadSlope is the slope of one lead: the difference of two 20 ms means 20 ms
// apart, a band of about 8 to 30 Hz, where QRS stands out of P, T, wander and
// mains.
type leadSlope struct {
	slope  []float64
	usual  float64 // of QRS
	weight float64 // trust beside the other leads
}

// curves are the memory that the beats of one block after the other are found
// in; what is computed in it lasts until the next block.
type curves struct {
	smooth, sharp, joined []float64
	slopes                [][]float64 // as traces
	step                  int         // samples from one slope to the next
}

// fit makes the curves of leads at least n samples long.
func (c *curves) fit(leads, n int) {
	for len(c.slopes) < leads {
		c.slopes = append(c.slopes, nil)
	}
	if len(c.smooth) >= n {
		return
	}
	c.smooth, c.sharp, c.joined = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range c.slopes {
		c.slopes[i] = make([]float64, n)
	}
}

// slopesOf returns the slopes of the usable leads, thinned, without those that
// have none that could be a QRS.
func (c *curves) slopesOf(traces []trace, rate float64) []leadSlope {
	var out []leadSlope
	n, step := len(traces[0].x), c.step
	c.fit(len(traces), n)
	steepest := 0.0
	for i, tr := range traces {
		if !tr.usable || len(tr.x) < span(windowSecs, rate) {
			continue
		}
		slope := c.slopes[i][:(n+step-1)/step]
		movingMean(c.smooth[:n], tr.x, span(slopeMean, rate))
		ordinary := slopeEvery(slope, c.smooth[:n], step, span(slopeHalf, rate))
		usual := median(windowMaxima(slope, span(windowSecs, rate/float64(step))))
		if usual >= minSlopeUV {
			out = append(out, leadSlope{slope, usual, leadWeight(ordinary / usual)})
			steepest = math.Max(steepest, usual)
		}
	}
	for i := range out {
		out[i].weight *= out[i].usual / steepest
	}
	return out
}

// feature adds the slopes of all leads to one curve that is near 1 in a usual
// QRS and near 0 between beats; sharp is the same before it was joined over one
// QRS. Both are nil without a lead.
func (c *curves) feature(leads []leadSlope, rate float64) (f, sharp []float64) {
	if len(leads) == 0 {
		return nil, nil
	}
	n := len(leads[0].slope)
	f, sharp = c.joined[:n], c.sharp[:n]
	clear(sharp)
	weights := 0.0
	for _, l := range leads {
		weights += l.weight
	}
	for _, l := range leads {
		inverse, share := 1/l.usual, l.weight/weights
		to := sharp[:len(l.slope)]
		for i, s := range l.slope {
			v := s * inverse
			if v > 2 { // a spike of an artefact must not outvote the other leads
				v = 2
			}
			to[i] += share * v * v
		}
	}
	for i, v := range sharp {
		sharp[i] = math.Sqrt(v)
	}
	movingMean(f, sharp, span(featureMean, rate))
	return f, sharp
}

// trust weighs the leads anew by the beats that all of them together showed: by
// how far QRS stands out of what the lead has between the beats. A lead with
// artefacts as steep as its QRS counts little.
func trust(leads []leadSlope, beats []int, rate float64) {
	near, far := span(sharpReach, rate), span(betweenReach, rate)
	steepest := 0.0
	for k := range leads {
		l := &leads[k]
		var at, between []float64
		for i, b := range beats {
			at = append(at, top(l.slope[max(0, b-near):min(len(l.slope), b+near)]))
			if i > 0 && b-far > beats[i-1]+far {
				between = append(between, top(l.slope[beats[i-1]+far:b-far]))
			}
		}
		l.usual = math.Max(median(at), minSlopeUV)
		l.weight = 1
		if len(between) > 0 {
			contrast := l.usual / math.Max(quantile(between, 0.9), 1)
			l.weight = math.Max(0.05, math.Min(1, (contrast-1)/2))
		}
		steepest = math.Max(steepest, l.usual)
	}
	for k := range leads {
		leads[k].weight *= leads[k].usual / steepest
	}
}

// slopeEvery writes to slope how much x changes from half samples before to half
// samples after every step-th of its samples; it returns the mean slope.
func slopeEvery(slope, x []float64, step, half int) float64 {
	last, sum := len(x)-1, 0.0
	for k := range slope {
		i := k * step
		v := math.Abs(x[min(i+half, last)] - x[max(i-half, 0)])
		slope[k] = v
		sum += v
	}
	return sum / float64(len(slope))
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
		maxima = append(maxima, top(x[from:from+width]))
	}
	return maxima
}

// detect returns the sample indexes of the feature's QRS peaks, rising.
func detect(f, sharp []float64, rate float64) []int {
	if len(f) == 0 {
		return nil
	}
	candidates := separatePeaks(f, span(refractory, rate))
	width := span(windowSecs, rate)
	maxima := windowMaxima(f, width)
	usual := make([]float64, len(candidates))
	for i, c := range candidates {
		if i > 0 && c/width == candidates[i-1]/width {
			usual[i] = usual[i-1]
		} else {
			usual[i] = usualNear(maxima, c/width)
		}
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
	return withoutSplits(sharp, withFaint(f, candidates, usual, beats, rate), rate)
}

// withoutSplits drops beats that split a usual RR interval and are weak beside
// both neighbours: a steep P or T wave. A true beat in between, an interpolated
// one, is as steep as the others.
func withoutSplits(sharp []float64, beats []int, rate float64) []int {
	if len(beats) < 5 {
		return beats
	}
	height := func(at int) float64 {
		reach := span(sharpReach, rate)
		return top(sharp[max(0, at-reach):min(len(sharp), at+reach)])
	}
	out := beats[:2:2]
	for i := 2; i < len(beats); i++ {
		// out ends with a, c; is c a split of a .. d?
		a, c, d := out[len(out)-2], out[len(out)-1], beats[i]
		if float64(d-a) < splitGap*usualGap(beats, i) && height(c) < splitShare*math.Min(height(a), height(d)) {
			out = out[:len(out)-1]
		}
		out = append(out, d)
	}
	return out
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
	var gaps [2*reach + 1]float64
	n := 0
	for k := max(1, i-reach); k <= min(len(beats)-1, i+reach); k++ {
		gaps[n] = float64(beats[k] - beats[k-1])
		n++
	}
	return median(gaps[:n])
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
	if len(f) < 3 {
		return nil
	}
	var peaks []int
	before, here := f[0], f[1]
	for i, after := range f[2:] {
		if here >= before && here > after {
			switch n, at := len(peaks), i+1; {
			case n == 0 || at-peaks[n-1] >= gap:
				peaks = append(peaks, at)
			case here > f[peaks[n-1]]:
				peaks[n-1] = at
			}
		}
		before, here = here, after
	}
	return peaks
}

// centres moves each beat to the centre of its QRS: the middle of the squared
// feature within centreReach. Beats of one shape have it at the same place,
// which the highest peak of a wide QRS has not. f and beats count every step-th
// sample, rate is theirs; the result counts all samples and rises.
func centres(f []float64, beats []int, step int, rate float64) []int {
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
		at := b * step
		if sum > 0 {
			at += int(math.Round(float64(step) * moment / sum))
		}
		if n := len(out); n > 0 && at-out[n-1] < step*span(refractory*0.9, rate) {
			continue // two peaks of one wide QRS
		}
		out = append(out, at)
	}
	return out
}
