package measure

import (
	"math"
	"slices"
)

const (
	shapeBefore = 0.088 // s of a beat that are compared
	shapeAfter  = 0.088
	shapeStep   = 0.008
	sameShape   = 0.88 // correlation above which two beats without noise have one shape
	noiseInStep = 0.4  // power of noise that is left in the mean of a step
	leastShape  = 0.55 // the same however noisy
	maxShapes   = 8
	shapeMemory = 30.0 // beats that a template is made of
	forgotten   = 0.5  // beats; a shape as rare as that gives way to a new one
	shapeLags   = 8    // steps by which a beat is shifted to find its shape
)

// shapes are the groups of beats that look alike, and memory to compare the
// next beat in.
type shapes struct {
	list       []shape
	beat, fits []float64 // the beat in hand at one shift, and at the best so far
	noise      float64   // µV RMS on the leads
}

// shape is a group of beats that look alike.
type shape struct {
	template []float64
	count    float64 // of beats, the older ones counting less
	width    float64 // ms, mean over the group
}

// dominant is the most frequent shape, or a narrower one at least half
// as frequent: in bigeminy the sinus beats are the dominant ones.
func (known *shapes) dominant() int {
	main := 0
	for i, s := range known.list {
		if s.count > known.list[main].count {
			main = i
		}
	}
	most := main
	for i, s := range known.list {
		if 2*s.count >= known.list[most].count && s.count > 1 && s.width+15 < known.list[main].width {
			main = i
		}
	}
	return main
}

// assign returns the index of the shape of the beat at sample at, a new one if
// none fits, and by how many samples the beat must be shifted to fit.
func (known *shapes) assign(traces []trace, at int, rate float64) (kind, shift int) {
	kind = -1
	best, enough, step := 0.0, sameShape, span(shapeStep, rate)
	try := func(lag int) (better bool) {
		var power float64
		known.beat, power = shapeOf(known.beat[:0], traces, at+lag*step, rate)
		if lag == 0 {
			enough = known.alike(power, len(known.beat))
		}
		for i, s := range known.list {
			if m := dot(known.beat, s.template); m > best {
				kind, best, shift, better = i, m, lag*step, true
			}
		}
		if better {
			known.beat, known.fits = known.fits, known.beat
		}
		return better
	}
	// Most beats are near their place: uphill from there is enough for them.
	try(0)
	for _, dir := range [2]int{1, -1} {
		for lag := dir; lag*dir <= shapeLags && try(lag); lag += dir {
		}
	}
	for lag := -shapeLags; lag <= shapeLags && best < enough && len(known.list) > 0; lag++ {
		try(lag)
	}
	if kind >= 0 && best >= enough {
		known.list[kind].learn(known.fits)
		return kind, shift
	}
	fresh := shape{count: 1}
	fresh.template, _ = shapeOf(nil, traces, at, rate)
	if len(known.list) < maxShapes {
		known.list = append(known.list, fresh)
		return len(known.list) - 1, 0
	}
	rarest := 0
	for i, s := range known.list {
		if s.count < known.list[rarest].count {
			rarest = i
		}
	}
	if kind < 0 || known.list[rarest].count < forgotten {
		known.list[rarest] = fresh
		return rarest, 0
	}
	known.list[kind].count++
	return kind, shift
}

// alike is the correlation above which a beat of samples values, with their power
// in µV², has the shape of another: of two with noise only what is not noise can
// be alike.
func (known *shapes) alike(power float64, samples int) float64 {
	if power <= 0 {
		return sameShape
	}
	return math.Max(leastShape, sameShape*(1-noiseInStep*known.noise*known.noise*float64(samples)/power))
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
	length = math.Sqrt(length)
	for i := range s.template {
		s.template[i] /= length
	}
}

// fade lets the shapes of a stretch count less in the next.
func (known *shapes) fade() {
	for i := range known.list {
		known.list[i].count *= 0.8
	}
}

// shapeOf samples the usable leads around at, mean by mean, to v, which must be empty, and
// brings the whole to length one, each lead about its own mean; power is its squared
// length before that.
func shapeOf(v []float64, traces []trace, at int, rate float64) (shape []float64, power float64) {
	step := span(shapeStep, rate)
	before := span(shapeBefore, rate) / step
	after := span(shapeAfter, rate) / step
	v = slices.Grow(v, len(traces)*(before+after+1))
	width := before + after + 1
	for _, tr := range traces {
		lead := v[len(v) : len(v)+width]
		v = v[:len(v)+width]
		if !tr.usable {
			clear(lead)
			continue
		}
		level := 0.0
		if first := at - before*step; first >= 0 && at+(after+1)*step <= len(tr.x) {
			x := tr.x[first:]
			for k := range lead {
				sum := 0.0
				for _, y := range x[k*step : (k+1)*step] {
					sum += y
				}
				lead[k] = sum / float64(step)
				level += lead[k]
			}
		} else {
			for k := range lead {
				lead[k] = tr.x[min(max(first+k*step, 0), len(tr.x)-1)]
				level += lead[k]
			}
		}
		level /= float64(width)
		for k := range lead {
			lead[k] -= level
		}
	}
	if power = dot(v, v); power == 0 {
		return v, 0
	}
	inverse := 1 / math.Sqrt(power)
	for i := range v {
		v[i] *= inverse
	}
	return v, power
}

func dot(a, b []float64) float64 {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	// Two sums: one would wait for itself at every step.
	even, odd := 0.0, 0.0
	for len(a) >= 2 && len(b) >= 2 {
		even += a[0] * b[0]
		odd += a[1] * b[1]
		a, b = a[2:], b[2:]
	}
	if len(a) > 0 && len(b) > 0 {
		even += a[0] * b[0]
	}
	return even + odd
}
