package measure

import (
	"math"
	"slices"
)

// Class says how a beat looks beside the others.
type Class string

// The classes of Beat.
const (
	Dominant    Class = "dominant"    // the shape most beats have; medians are made of these
	Ventricular Class = "ventricular" // another shape, and wide: suspected ventricular
	Other       Class = "other"       // another shape, not wide
)

// Beat is one QRS complex.
type Beat struct {
	Sample int     `json:"sample"`          // of the R (or S) peak, from the first sample
	RRms   float64 `json:"rr_ms,omitempty"` // from the preceding beat; 0 for the first
	Class  Class   `json:"class"`
	Paced  bool    `json:"paced,omitempty"` // a pacing pulse stands just before it

	shape int // beats of one shape have one number; mainShape is the dominant one
	clear int // first sample behind the pacing pulse that made it; 0 for none
}

const (
	peakReach  = 0.060 // s from the centre of QRS to its peak
	alignReach = 0.012 // s of the fine shift after that
	alignStep  = 2     // samples
	wideMS     = 110   // a beat of another shape this wide may be ventricular
	widerShare = 1.2   // and this much wider than the dominant ones
)

// mainShape is Beat.shape of the dominant beats.
const mainShape = 0

// classify groups the beats at centres by shape, among those known, and names
// the groups.
func (known *shapes) classify(traces []trace, centres []int, rate float64) []Beat {
	beats := make([]Beat, len(centres))
	member := make([]int, len(centres))
	widths := make([]float64, len(centres))
	slope := make([]float64, 2*span(widthReach, rate)+1)
	for i, at := range centres {
		widths[i] = roughWidth(slope, traces, at, rate)
		kind, shift := known.assign(traces, at, rate)
		member[i] = kind
		beats[i] = Beat{Sample: min(max(at+shift, 0), len(traces[0].x)-1), Class: Other}
		s := &known.list[kind]
		s.width += (widths[i] - s.width) / math.Max(1, s.count)
	}
	main := known.dominant()
	for i := range beats {
		switch beats[i].shape = 1 + member[i]; {
		case member[i] == main:
			beats[i].shape, beats[i].Class = mainShape, Dominant
		case widths[i] >= wideMS && widths[i] >= widerShare*known.list[main].width:
			beats[i].Class = Ventricular
		}
	}
	align(traces, beats, rate)
	toPeaks(traces, beats, rate)
	return inOrder(beats, rate)
}

// widthReach is the time in s on both sides of a beat in which its width is
// looked for.
const widthReach = 0.130

// roughWidth is the time in ms around at in which the leads together are
// steeper than a sixth of their steepest. slope is memory of twice widthReach.
func roughWidth(slope []float64, traces []trace, at int, rate float64) float64 {
	clear(slope)
	first, half := at-len(slope)/2, span(0.006, rate)
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		if first-half >= 0 && first+len(slope)+half <= len(tr.x) {
			sooner := tr.x[first-half:][:len(slope)]
			later := tr.x[first+half:][:len(slope)]
			for k := range slope {
				slope[k] += math.Abs(later[k] - sooner[k])
			}
			continue
		}
		last := len(tr.x) - 1
		for k := range slope {
			i := first + k
			slope[k] += math.Abs(tr.x[min(max(i+half, 0), last)] - tr.x[min(max(i-half, 0), last)])
		}
	}
	floor := top(slope) / 6
	from := slices.IndexFunc(slope, func(v float64) bool { return v >= floor })
	end := len(slope) - 1
	for end > from && slope[end] < floor {
		end--
	}
	return float64(end-from) / rate * 1000
}
