package measure

import "math"

// toPeaks moves the beats from the centre of QRS to where the leads together
// are farthest from their level: the R or S peak. The dominant beats move by
// one common distance.
func toPeaks(traces []trace, beats []Beat, rate float64) {
	reach := span(peakReach, rate)
	all, one, room := make([]float64, 2*reach+1), make([]float64, 2*reach+1), make([]float64, 2*reach+1)
	counted := 0
	for i, b := range beats {
		sum := one
		if b.Class == Dominant {
			if counted++; counted > maxMedian {
				continue
			}
			sum = all
		} else {
			clear(one)
		}
		for _, tr := range traces {
			if tr.usable {
				addExcursion(sum, room, tr.x, b.Sample-reach)
			}
		}
		if b.Class != Dominant {
			beats[i].Sample += highest(one) - reach
		}
	}
	shift := highest(all) - reach
	for i := range beats {
		if beats[i].Class == Dominant {
			beats[i].Sample += shift
		}
		beats[i].Sample = min(max(beats[i].Sample, 0), len(traces[0].x)-1)
	}
}

// addExcursion adds the distance of x from its median in the window that
// starts at from. room is memory as large as the window.
func addExcursion(size, room, x []float64, from int) {
	lo, hi := max(0, from), min(len(x), from+len(size))
	if hi <= lo {
		return
	}
	level := median(append(room[:0], x[lo:hi]...))
	for i := lo; i < hi; i++ {
		size[i-from] += math.Abs(x[i] - level)
	}
}

// highest is the index of the largest value.
func highest(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// inOrder drops a beat that alignment moved onto its neighbour and fills in the
// RR intervals.
func inOrder(beats []Beat, rate float64) []Beat {
	out := beats[:0]
	for _, b := range beats {
		if n := len(out); n > 0 {
			gap := b.Sample - out[n-1].Sample
			if gap < span(refractory/2, rate) {
				continue
			}
			b.RRms = math.Round(float64(gap)/rate*10000) / 10
		}
		out = append(out, b)
	}
	return out
}

// align shifts each dominant beat by up to alignReach to where its QRS fits
// that of the first one best, so that RR intervals do not hop between R and S.
func align(traces []trace, beats []Beat, rate float64) {
	reach, half := span(alignReach, rate), span(0.060, rate)
	first := -1
	for i := range beats {
		at := beats[i].Sample
		if beats[i].Class != Dominant || at-half-reach < alignStep || at+half+reach >= len(traces[0].x) {
			continue
		}
		if first < 0 {
			first = at
			continue
		}
		best, lowest := 0, math.Inf(1)
		for lag := -reach; lag <= reach; lag++ {
			if d := unlikeness(traces, first, at+lag, half, lowest); d < lowest {
				best, lowest = lag, d
			}
		}
		beats[i].Sample += best
	}
}

// unlikeness adds up how differently the leads change around a and b; it stops
// early once it exceeds enough.
func unlikeness(traces []trace, a, b, half int, enough float64) float64 {
	sum := 0.0
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		x, y := tr.x[a-half-alignStep:a+half+1], tr.x[b-half-alignStep:b+half+1]
		for k := alignStep; k < len(x); k += alignStep {
			d := (x[k] - x[k-alignStep]) - (y[k] - y[k-alignStep])
			sum += d * d
		}
		if sum > enough {
			return sum
		}
	}
	return sum
}
