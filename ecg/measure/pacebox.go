package measure

import "math"

// Some recorders draw a pacing pulse as a box, tens of milliseconds wide, between
// two leaps of one sample.
const (
	boxQuiet = 0.008 // s of rest before it, and of its own level behind the leap
	boxRest  = 0.25  // of the leap: what counts as rest
	boxMost  = 0.040 // s
	boxBack  = 0.30  // of the leap: how far it leaps back at least, over the leads
)

// boxes lists the pulses of b drawn as boxes. Nothing in a heart leaps between two
// samples and rests on both sides.
func (b *block) boxes(rate float64) []pulse {
	usable, heights := heightsOf(b.traces, rate)
	if len(usable) == 0 {
		return nil
	}
	quiet, most := span(boxQuiet, rate), span(boxMost, rate)
	var found []pulse
	for i := quiet + 1; i+most+1 < len(usable[0]); i++ {
		leads := 0
		for k, x := range usable {
			leap := math.Abs(x[i] - x[i-1])
			if leap >= paceShare*heights[k] && math.Abs(x[i-1]-x[i-1-quiet]) <= boxRest*leap && math.Abs(x[i+quiet]-x[i]) <= boxRest*leap {
				leads++
			}
		}
		if leads < min(paceLeads, len(usable)) {
			continue
		}
		if end := leapBack(usable, i, quiet, most); end > 0 {
			found = append(found, pulse{i, i - 1, end})
			i = end
		}
	}
	return found
}

// leapBack is the first sample behind the box that begins with the leap to sample
// i; 0 when it does not end.
func leapBack(usable [][]float64, i, quiet, most int) int {
	size, furthest, end := 0.0, 0.0, 0
	for _, x := range usable {
		size += math.Abs(x[i] - x[i-1])
	}
	for j := i + quiet; j < i+most; j++ {
		back := 0.0
		for _, x := range usable {
			back -= (x[j+1] - x[j]) * math.Copysign(1, x[i]-x[i-1])
		}
		if back > furthest {
			furthest, end = back, j+1
		}
	}
	if furthest < boxBack*size {
		return 0
	}
	return end
}
