package measure

import (
	"math"
	"slices"
)

// Pacing pulses last under 2 ms: even at 500 Hz only a peak of a sample or two
// is left of them, and slower recordings show none.
const (
	paceRateHz   = 450
	paceHalf     = 0.004 // s on both sides within which a pulse has risen and gone
	paceShare    = 0.16  // of the height of the lead
	paceFloorUV  = 300   // of that height at least
	paceLeads    = 4     // on so many leads at once, or on all
	paceFewest   = 3     // pulses; one or two are artefacts
	paceMost     = 2     // a beat, with the atrial one
	paceClear    = 0.016 // s from the peak of QRS, which is sharp itself
	paceWide     = 0.008 // s on both sides that are bridged
	paceCaptured = 0.200 // s from a pulse to the peak of the QRS it made
)

// pulses lists the samples of b.traces at which all leads show a pacing pulse;
// nil when there are too few to be a pacemaker's.
func (b *block) pulses(rate float64) []int {
	if rate < paceRateHz {
		return nil
	}
	half := span(paceHalf, rate)
	share := sharpness(b.traces, half, rate)
	var found []int
	next := 0 // first beat that is not left behind
	for i, s := range share {
		if s < paceShare || s != slices.Max(share[max(0, i-half):min(len(share), i+half+1)]) {
			continue
		}
		clear := span(paceClear, rate)
		for next < len(b.beats) && b.beats[next].Sample < i-clear {
			next++
		}
		if next < len(b.beats) && b.beats[next].Sample <= i+clear {
			continue
		}
		if n := len(found); n == 0 || i-found[n-1] > 2*half {
			found = append(found, i)
		}
	}
	if len(found) < paceFewest || len(found) > paceMost*(len(b.beats)+1) {
		return nil
	}
	return found
}

// sharpness is, per sample, how far it stands out of both its neighbours half
// samples away, as a share of the lead's height, on the lead with the
// paceLeads-th largest share.
func sharpness(traces []trace, half int, rate float64) []float64 {
	var heights []float64
	var usable [][]float64
	width := span(1, rate)
	for _, tr := range traces {
		if !tr.usable || len(tr.x) < width {
			continue
		}
		var ranges []float64
		for from := 0; from+width <= len(tr.x); from += width {
			low, high := extremes(tr.x[from : from+width])
			ranges = append(ranges, high-low)
		}
		usable, heights = append(usable, tr.x), append(heights, math.Max(median(ranges), paceFloorUV))
	}
	if len(usable) == 0 {
		return nil
	}
	rank := min(paceLeads, len(usable))
	out := make([]float64, len(usable[0]))
	top := make([]float64, rank)
	for i := half; i+half < len(out); i++ {
		clear(top)
		for k, x := range usable {
			left, right := x[i]-x[i-half], x[i]-x[i+half]
			if left*right <= 0 {
				continue
			}
			s := math.Min(math.Abs(left), math.Abs(right)) / heights[k]
			for r := 0; r < rank; r++ { // keep the largest, falling
				if s > top[r] {
					s, top[r] = top[r], s
				}
			}
		}
		out[i] = top[rank-1]
	}
	return out
}

// bridge takes the pulses out of the traces.
func (b *block) bridge(pulses []int, rate float64) {
	wide := span(paceWide, rate)
	for _, p := range pulses {
		from, to := max(0, p-wide), min(len(b.traces[0].x)-1, p+wide)
		for _, tr := range b.traces {
			left, right := tr.x[from], tr.x[to]
			for i := from + 1; i < to; i++ {
				tr.x[i] = left + (right-left)*float64(i-from)/float64(to-from)
			}
		}
	}
}

// markPaced says of each beat whether a pulse stands just before it. Both lists
// rise.
func markPaced(beats []Beat, pulses []int, rate float64) {
	next := 0
	for i := range beats {
		for next < len(pulses) && pulses[next] < beats[i].Sample-span(paceCaptured, rate) {
			next++
		}
		beats[i].Paced = next < len(pulses) && pulses[next] <= beats[i].Sample
	}
}
