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
}

const (
	shapeBefore = 0.088 // s of a beat that are compared
	shapeAfter  = 0.088
	shapeStep   = 0.008
	sameShape   = 0.88 // correlation above which two beats have one shape
	maxShapes   = 8
	shapeMemory = 30.0  // beats that a template is made of
	forgotten   = 0.5   // beats; a shape as rare as that gives way to a new one
	shapeLags   = 8     // steps by which a beat is shifted to find its shape
	peakReach   = 0.060 // s from the centre of QRS to its peak
	alignReach  = 0.012 // s of the fine shift after that
	alignStep   = 2     // samples
	wideMS      = 110   // a beat of another shape this wide may be ventricular
	widerShare  = 1.2   // and this much wider than the dominant ones
)

// mainShape is Beat.shape of the dominant beats.
const mainShape = 0

// shape is a group of beats that look alike.
type shape struct {
	template []float64
	count    float64 // of beats, the older ones counting less
	width    float64 // ms, mean over the group
}

// classify groups the beats at centres by shape and names the groups. shapes
// are those of the stretch before, with their counts; it returns them as they
// are now.
func classify(traces []trace, centres []int, shapes []shape, rate float64) ([]Beat, []shape) {
	beats := make([]Beat, len(centres))
	member := make([]int, len(centres))
	widths := make([]float64, len(centres))
	for i, at := range centres {
		widths[i] = roughWidth(traces, at, rate)
		kind, shift := assign(&shapes, traces, at, rate)
		member[i] = kind
		beats[i] = Beat{Sample: min(max(at+shift, 0), len(traces[0].x)-1), Class: Other}
		s := &shapes[kind]
		s.width += (widths[i] - s.width) / math.Max(1, s.count)
	}
	main := dominantShape(shapes)
	for i := range beats {
		switch beats[i].shape = 1 + member[i]; {
		case member[i] == main:
			beats[i].shape, beats[i].Class = mainShape, Dominant
		case widths[i] >= wideMS && widths[i] >= widerShare*shapes[main].width:
			beats[i].Class = Ventricular
		}
	}
	align(traces, beats, rate)
	toPeaks(traces, beats, rate)
	return inOrder(beats, rate), shapes
}

// dominantShape is the most frequent shape, or a narrower one at least half
// as frequent: in bigeminy the sinus beats are the dominant ones.
func dominantShape(shapes []shape) int {
	main := 0
	for i, s := range shapes {
		if s.count > shapes[main].count {
			main = i
		}
	}
	most := main
	for i, s := range shapes {
		if 2*s.count >= shapes[most].count && s.count > 1 && s.width+15 < shapes[main].width {
			main = i
		}
	}
	return main
}

// assign returns the index of the shape of the beat at sample at, a new one if
// none fits, and by how many samples the beat must be shifted to fit.
func assign(shapes *[]shape, traces []trace, at int, rate float64) (kind, shift int) {
	kind = -1
	best, step := 0.0, span(shapeStep, rate)
	var v []float64
	try := func(lag int) (better bool) {
		v = shapeOf(v[:0], traces, at+lag*step, rate)
		for i, s := range *shapes {
			if m := dot(v, s.template); m > best {
				kind, best, shift, better = i, m, lag*step, true
			}
		}
		return better
	}
	// Most beats are near their place: uphill from there is enough for them.
	try(0)
	for _, dir := range [2]int{1, -1} {
		for lag := dir; lag*dir <= shapeLags && try(lag); lag += dir {
		}
	}
	for lag := -shapeLags; lag <= shapeLags && best < sameShape && len(*shapes) > 0; lag++ {
		try(lag)
	}
	if kind >= 0 && best >= sameShape {
		(*shapes)[kind].learn(shapeOf(v[:0], traces, at+shift, rate))
		return kind, shift
	}
	fresh := shape{template: shapeOf(nil, traces, at, rate), count: 1}
	if len(*shapes) < maxShapes {
		*shapes = append(*shapes, fresh)
		return len(*shapes) - 1, 0
	}
	rarest := 0
	for i, s := range *shapes {
		if s.count < (*shapes)[rarest].count {
			rarest = i
		}
	}
	if kind < 0 || (*shapes)[rarest].count < forgotten {
		(*shapes)[rarest] = fresh
		return rarest, 0
	}
	(*shapes)[kind].count++
	return kind, shift
}

// learn lets the template follow the slow changes of a long recording.
func (s *shape) learn(v []float64) {
	s.count++
	length := 0.0
	for i := range s.template {
		s.template[i] += (v[i] - s.template[i]) / shapeMemory
		length += s.template[i] * s.template[i]
	}
	if length == 0 {
		return
	}
	for i := range s.template {
		s.template[i] /= math.Sqrt(length)
	}
}

// faded returns the shapes of a stretch as they enter the next.
func faded(shapes []shape) []shape {
	for i := range shapes {
		shapes[i].count *= 0.8
	}
	return shapes
}

// shapeOf samples the usable leads around at to v, which must be empty, and
// brings the whole to length one, each lead about its own mean.
func shapeOf(v []float64, traces []trace, at int, rate float64) []float64 {
	step := span(shapeStep, rate)
	before := span(shapeBefore, rate) / step
	after := span(shapeAfter, rate) / step
	v = slices.Grow(v, len(traces)*(before+after+1))
	for _, tr := range traces {
		from, level := len(v), 0.0
		for k := -before; k <= after; k++ {
			y := 0.0
			if tr.usable {
				y = tr.x[min(max(at+k*step, 0), len(tr.x)-1)]
			}
			v = append(v, y)
			level += y / float64(before+after+1)
		}
		for i := from; i < len(v); i++ {
			v[i] -= level
		}
	}
	length := math.Sqrt(dot(v, v))
	if length == 0 {
		return v
	}
	for i := range v {
		v[i] /= length
	}
	return v
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range min(len(a), len(b)) {
		sum += a[i] * b[i]
	}
	return sum
}

// roughWidth is the time in ms around at in which the leads together are
// steeper than a sixth of their steepest.
func roughWidth(traces []trace, at int, rate float64) float64 {
	reach := span(0.130, rate)
	slope := make([]float64, 2*reach+1)
	half := span(0.006, rate)
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		last := len(tr.x) - 1
		for k := range slope {
			i := at - reach + k
			slope[k] += math.Abs(tr.x[min(max(i+half, 0), last)] - tr.x[min(max(i-half, 0), last)])
		}
	}
	floor := slices.Max(slope) / 6
	first := slices.IndexFunc(slope, func(v float64) bool { return v >= floor })
	end := len(slope) - 1
	for end > first && slope[end] < floor {
		end--
	}
	return float64(end-first) / rate * 1000
}
