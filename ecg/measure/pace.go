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
	paceClear    = 0.016 // s about the peak of QRS, which is sharp itself
	paceSkirt    = 3     // times paceHalf: so far away a sharp R has fallen much more
	paceNarrow   = 0.65  // of that fall a pulse has done at once
	paceSteady   = 0.08  // of the height, mean over the beats: enough at one distance before R
	paceStandout = 2.5   // times what is as sharp elsewhere, where there is noise only
	paceCommon   = 0.95  // of all samples, which R peaks and pulses are few among
	paceSlack    = 0.004 // s by which that distance varies
	paceWide     = 0.008 // s before a pulse that are bridged
	paceBehind   = 0.014 // s behind it: the amplifier recovers slowly
	paceBlur     = 0.010 // s about a bridge in which it makes a beat look steeper
	paceCaptured = 0.200 // s from a pulse to the peak of the QRS it made
	// A QRS that is no answer to the pulse is steep in these seconds before it, by this
	// share of its steepest; a P wave is not.
	paceBegun      = 0.024
	paceBegunShare = 0.25
)

// pulse is a pacing pulse: its sample, and those of the stretch it spoils.
type pulse struct{ at, from, to int }

// pulses lists the pacing pulses of b.traces; nil when there are too few to be a
// pacemaker's.
func (b *block) pulses(rate float64) []pulse {
	if rate < paceRateHz {
		return nil
	}
	half := span(paceHalf, rate)
	share := sharpness(b.traces, half, rate)
	least := math.Max(paceShare, paceStandout*quantile(slices.Clone(share), paceCommon))
	var found []int
	next := 0 // first beat that is not left behind
	for i, s := range share {
		if s < least || s != slices.Max(share[max(0, i-half):min(len(share), i+half+1)]) {
			continue
		}
		clear := span(paceClear, rate)
		for next < len(b.beats) && b.beats[next].Sample < i-clear {
			next++
		}
		atPeak := next < len(b.beats) && b.beats[next].Sample <= i+clear
		if atPeak && !b.narrow(i, half) {
			continue
		}
		if n := len(found); n == 0 || i-found[n-1] > 2*half {
			found = append(found, i)
		}
	}
	for _, i := range b.steadyPulses(share, rate) {
		if !slices.ContainsFunc(found, func(p int) bool { return abs(p-i) <= 2*half }) {
			found = append(found, i)
		}
	}
	out := b.boxes(rate)
	for _, i := range found {
		if !slices.ContainsFunc(out, func(p pulse) bool { return i >= p.from-2*half && i <= p.to+2*half }) {
			out = append(out, pulse{i, i - span(paceWide, rate), i + span(paceBehind, rate)})
		}
	}
	slices.SortFunc(out, func(a, b pulse) int { return a.at - b.at })
	if len(out) < paceFewest || len(out) > paceMost*(len(b.beats)+1) {
		return nil
	}
	return out
}

// narrow reports that what stands at sample i has gone after half samples on
// both sides, which no R peak has.
func (b *block) narrow(i, half int) bool {
	near, far := 0.0, 0.0
	for _, tr := range b.traces {
		if wide := paceSkirt * half; tr.usable && i-wide >= 0 && i+wide < len(tr.x) {
			near += prominence(tr.x, i, half)
			far += prominence(tr.x, i, wide)
		}
	}
	return near > 0 && near >= paceNarrow*far
}

// prominence is how far x[i] stands out of both its neighbours half samples away.
func prominence(x []float64, i, half int) float64 {
	left, right := x[i]-x[i-half], x[i]-x[i+half]
	if left*right <= 0 {
		return 0
	}
	return math.Min(math.Abs(left), math.Abs(right))
}

// steadyPulses lists the pulses, also small ones, that stand at one distance
// before the dominant beats; share is how sharp each sample is.
func (b *block) steadyPulses(share []float64, rate float64) []int {
	slack, farthest := span(paceSlack, rate), span(paceCaptured, rate)
	sharpest := func(beat Beat, before int) int { // -1 outside the recording
		from, to := beat.Sample-before-slack, beat.Sample-before+slack+1
		if from < 0 || to > len(share) {
			return -1
		}
		return from + highest(share[from:to])
	}
	nearest := span(paceClear, rate) + slack + 1
	steady := make([]float64, max(0, farthest-nearest+1))
	for k := range steady {
		before := nearest + k
		sum, count := 0.0, 0
		for _, beat := range b.beats {
			if i := sharpest(beat, before); i >= 0 && beat.Class == Dominant {
				sum += share[i]
				count++
			}
		}
		if count >= paceFewest {
			steady[k] = sum / float64(count)
		}
	}
	best := highest(steady)
	if most := steady[best]; most < paceSteady || most < paceStandout*median(steady) {
		return nil
	}
	best += nearest
	var found []int
	for _, beat := range b.beats {
		if i := sharpest(beat, best); i >= 0 && share[i] >= paceSteady {
			found = append(found, i)
		}
	}
	return found
}

// sharpness is, per sample, how far it stands out of both its neighbours half
// samples away, as a share of the lead's height, on the lead with the
// paceLeads-th largest share.
func sharpness(traces []trace, half int, rate float64) []float64 {
	usable, heights := heightsOf(traces, rate)
	if len(usable) == 0 {
		return nil
	}
	rank := min(paceLeads, len(usable))
	out := make([]float64, len(usable[0]))
	top := make([]float64, rank)
	for i := half; i+half < len(out); i++ {
		clear(top)
		for k, x := range usable {
			s := prominence(x, i, half) / heights[k]
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

// heightsOf are the usable leads and how far each usually goes up and down within
// a second, paceFloorUV at least.
func heightsOf(traces []trace, rate float64) (usable [][]float64, heights []float64) {
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
	return usable, heights
}

// bridge takes the pulses out of the traces.
func (b *block) bridge(pulses []pulse) {
	for _, p := range pulses {
		from, to := max(0, p.from), min(len(b.traces[0].x)-1, p.to)
		for _, tr := range b.traces {
			left, right := tr.x[from], tr.x[to]
			for i := from + 1; i < to; i++ {
				tr.x[i] = left + (right-left)*float64(i-from)/float64(to-from)
			}
		}
	}
}

// markPulses says of each beat whether a pulse stands just before it and where it
// is over; of two, that of the ventricles counts. Both lists rise.
func markPulses(beats []Beat, pulses []pulse, rate float64) {
	samples := make([]int, len(pulses))
	for i, p := range pulses {
		samples[i] = p.at
	}
	markPaced(beats, samples, rate)
	for i := range beats {
		last := len(samples) - 1
		for last >= 0 && samples[last] > beats[i].Sample {
			last--
		}
		if beats[i].Paced {
			beats[i].clear = pulses[last].to
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
