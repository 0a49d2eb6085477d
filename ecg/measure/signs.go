package measure

import (
	"math"
	"slices"
)

// leadSigns is what the samples of one lead show.
type leadSigns struct {
	off, flat, rail      bool
	missing              float64 // share of the samples
	mainsHz              float64
	noise, mains, wander float64 // µV
}

// examine looks at one lead; scratch is as long as the lead.
func examine(tr trace, rate float64, scratch []float64) leadSigns {
	s := leadSigns{missing: tr.missing}
	silent := silentShare(tr.x, rate)
	s.off = len(tr.x) == 0 || silent >= offShare || tr.missing >= offShare
	s.flat = !s.off && (silent > 0 || tr.missing > 0.01)
	if s.off {
		return s
	}
	s.rail = clipped(tr.x, rate)
	s.wander = wander(tr.x, rate, scratch)
	fifty, sixty := tone(tr.x, 50, rate), tone(tr.x, 60, rate)
	s.mains, s.mainsHz = fifty, 50
	if sixty > fifty {
		s.mains, s.mainsHz = sixty, 60
	}
	s.noise = restlessness(tr.x, rate, scratch)
	return s
}

// silentShare is the share of the time in which x hardly moves for
// quietSeconds or longer, looked at in steps of a quarter of that.
func silentShare(x []float64, rate float64) float64 {
	const steps = 4
	width := span(quietSeconds/steps, rate)
	count := len(x) / width
	if count < steps {
		low, high := extremes(x)
		if high-low < quietUV {
			return 1
		}
		return 0
	}
	var lows, highs [steps]float64
	silent, counted := 0, 0 // counted is the step behind the last silent one
	for k := range count {
		lows[k%steps], highs[k%steps] = extremes(x[k*width : (k+1)*width])
		if k+1 < steps || slices.Max(highs[:])-slices.Min(lows[:]) >= quietUV {
			continue
		}
		silent += k + 1 - max(counted, k+1-steps)
		counted = k + 1
	}
	return float64(silent) / float64(count)
}

// clipped reports flat tops: runs at exactly the highest or lowest value, far
// from the middle.
func clipped(x []float64, rate float64) bool {
	low, high := extremes(x)
	middle := mean(x)
	atLimit, run := 0, 0
	limit := span(railSeconds, rate)
	for _, v := range x {
		if (v == high && high-middle >= railUV) || (v == low && middle-low >= railUV) {
			run++
			if run >= max(3, limit) {
				atLimit++
			}
			continue
		}
		run = 0
	}
	return atLimit > 0
}

// wander is the range in µV of the line about which the beats stand.
func wander(x []float64, rate float64, slow []float64) float64 {
	movingMean(slow, x, span(1.0, rate))
	edge := min(span(0.5, rate), len(slow)/4) // half-filled means at the ends
	slow = slow[edge : len(slow)-edge]
	low, high := extremes(slow)
	return high - low
}

// tone is the amplitude in µV of a steady oscillation at hz: the median over
// stretches of 0.2 s, so that beats do not count.
func tone(x []float64, hz, rate float64) float64 {
	if rate < 2.5*hz {
		return 0
	}
	width := span(0.2, rate)
	turn := 2 * math.Cos(2*math.Pi*hz/rate)
	var amplitudes []float64
	for from := 0; from+width <= len(x); from += width {
		// Goertzel on second differences would be steeper; on first
		// differences a slope of the baseline is a constant and drops out.
		a, b, level := 0.0, 0.0, (x[from+width-1]-x[from])/float64(width-1)
		for i := 1; i < width; i++ {
			a, b = x[from+i]-x[from+i-1]-level+turn*a-b, a
		}
		power := a*a + b*b - turn*a*b
		gain := 2 * math.Sin(math.Pi*hz/rate) // of the first difference
		amplitudes = append(amplitudes, 2*math.Sqrt(math.Max(0, power))/float64(width-1)/gain)
	}
	if len(amplitudes) == 0 {
		return 0
	}
	return median(amplitudes)
}

// restlessness is the RMS in µV of what a 20 ms mean takes away, judged where
// the lead is calm: the median ignores QRS complexes. Mains count in full; the
// caller takes them off.
func restlessness(x []float64, rate float64, smooth []float64) float64 {
	movingMean(smooth, x, span(slopeMean, rate))
	for i := range smooth {
		smooth[i] = x[i] - smooth[i]
	}
	return usualSize(smooth) / 0.6745
}
