package measure

import (
	"encoding/json"
	"math"
)

// Index is a sample number; its zero value stands for a wave that is absent or
// cannot be seen and is null in JSON.
type Index struct {
	at    int
	there bool
}

// Get returns the sample number; ok is false for an absent wave.
func (i Index) Get() (sample int, ok bool) { return i.at, i.there }

// MarshalJSON writes the bare sample number, null if there is none.
func (i Index) MarshalJSON() ([]byte, error) {
	if !i.there {
		return []byte("null"), nil
	}
	return json.Marshal(i.at)
}

// Waves are the limits and peaks of one beat on one lead, in samples from the
// start of the recording.
type Waves struct {
	POn    Index `json:"p_on"`
	P      Index `json:"p"`
	POff   Index `json:"p_off"`
	QRSOn  Index `json:"qrs_on"`
	R      Index `json:"r"` // the largest deflection of QRS, up or down
	QRSOff Index `json:"qrs_off"`
	TOn    Index `json:"t_on"`
	T      Index `json:"t"`
	TOff   Index `json:"t_off"`
}

// later is w counted from a sample before that it was counted from.
func (w Waves) later(by int) Waves {
	for _, i := range []*Index{&w.POn, &w.P, &w.POff, &w.QRSOn, &w.R, &w.QRSOff, &w.TOn, &w.T, &w.TOff} {
		i.at += by
	}
	return w
}

// part is one wave on one lead of a median beat: indexes into it, on -1 when
// the wave is absent.
type part struct{ on, peak, off int }

func absent() part { return part{-1, -1, -1} }

// pattern is a median beat with the limits of its waves on each lead.
type pattern struct {
	beat   *medianBeat
	global bounds
	p, t   hump   // all leads taken together
	leads  []limb // as beat.x
}

// limb is one lead of a pattern.
type limb struct{ p, qrs, t part }

// marksOf finds the waves of every beat on every lead: [lead][beat]. Beats of
// one shape share a pattern, on which noise is averaged out; P and T may move
// from beat to beat, on all leads together. noise is how restless the leads are,
// in µV; main is the pattern of the dominant
// shape.
func marksOf(traces []trace, beats []Beat, main *pattern, withP bool, noise, rate float64) [][]Waves {
	out := make([][]Waves, len(traces))
	for k := range out {
		out[k] = make([]Waves, len(beats))
	}
	patterns := map[int]*pattern{mainShape: main}
	for i, b := range beats {
		p, known := patterns[b.shape]
		if !known {
			m, limits := representative(traces, beats, b.shape, rate)
			p = patternOf(m, limits, beats, b.shape)
			patterns[b.shape] = p
		}
		if p != nil {
			p.lay(out, traces, beats, i, withP, noise)
		}
	}
	return out
}

// patternOf finds the waves on each lead of m, the median beat of shape with the
// limits b; nil when it has no measurable QRS.
func patternOf(m *medianBeat, b bounds, beats []Beat, shape int) *pattern {
	if m == nil || b.qrsOn < 0 {
		return nil
	}
	p := &pattern{beat: m, global: b, leads: make([]limb, len(m.x))}
	p.t = jointT(m, b, tightRR(beats, shape))
	p.p = jointP(m, b, p.t.off, tightBefore(beats, shape))
	for k, x := range m.x {
		p.leads[k] = limb{p: leadP(m, x, b, p.p), qrs: leadQRS(m, x, b), t: leadT(m, x, b, p.t)}
	}
	return p
}

// lay writes the waves of beat i, shifted to where they stand in it.
func (p *pattern) lay(out [][]Waves, traces []trace, beats []Beat, i int, withP bool, noise float64) {
	start := beats[i].Sample - p.beat.r
	next := len(traces[0].x)
	if i+1 < len(beats) {
		next = beats[i+1].Sample
	}
	shiftT := p.shift(traces, start, p.t.part, span(0.060, p.beat.rate), 0)
	hasP := p.p.on >= 0 && withP
	shiftP := 0
	if hasP {
		shiftP, hasP = p.findP(traces, beats, i, noise)
	}
	lead := 0
	for k, tr := range traces {
		if !tr.usable {
			continue
		}
		l := p.leads[lead]
		lead++
		w := &out[k][i]
		at := func(index, shift int) Index {
			s := start + index + shift
			return Index{at: s, there: index >= 0 && s >= 0 && s < len(tr.x)}
		}
		w.QRSOn, w.R, w.QRSOff = at(l.qrs.on, 0), at(l.qrs.peak, 0), at(l.qrs.off, 0)
		if hasP && l.p.on >= 0 {
			w.POn, w.P, w.POff = at(l.p.on, shiftP), at(l.p.peak, shiftP), at(l.p.off, shiftP)
		}
		if l.t.on >= 0 && start+l.t.peak+shiftT < next {
			w.TOn, w.T, w.TOff = at(l.t.on, shiftT), at(l.t.peak, shiftT), at(l.t.off, shiftT)
		}
		w.order()
	}
}

// order keeps the parts of a beat from overlapping where P or T was shifted:
// QRS stands, the others give way.
func (w *Waves) order() {
	for _, i := range []*Index{&w.POn, &w.P, &w.POff} {
		if w.QRSOn.there {
			i.at = min(i.at, w.QRSOn.at)
		}
	}
	least := w.QRSOff.at
	for _, i := range []*Index{&w.TOn, &w.T, &w.TOff} {
		if i.there && w.QRSOff.there {
			i.at = max(i.at, least)
			least = i.at
		}
	}
	if w.P.there {
		w.P.at = min(max(w.P.at, w.POn.at), max(w.POff.at, w.POn.at))
	}
}

// shift is by how many samples, at most reach, the wave w of the pattern stands
// later in the recording at start than in the pattern: where all leads together
// are most like it.
func (p *pattern) shift(traces []trace, start int, w part, reach int, least float64) int {
	if w.on < 0 {
		return 0
	}
	best, most := 0, least
	for lag := -reach; lag <= reach; lag++ {
		// A little is taken off for every step: noise alone moves nothing.
		if c := p.likeness(traces, start+lag, w) - 0.1*math.Abs(float64(lag))/float64(reach); c > most {
			best, most = lag, c
		}
	}
	return best
}

// likeness is the correlation of the recording with the wave w of the pattern
// laid at start, each lead about its own mean.
func (p *pattern) likeness(traces []trace, start int, w part) float64 {
	both, one, other := 0.0, 0.0, 0.0
	lead := 0
	lo, hi := max(w.on, -start), min(w.off, len(traces[0].x)-1-start)
	if hi-lo < (w.off-w.on)/2 {
		return 0
	}
	step := max(1, int(p.beat.rate/250))
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		x := p.beat.x[lead]
		lead++
		n, a, b, ab, aa, bb := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
		for s := lo; s <= hi; s += step {
			u, v := x[s], tr.x[start+s]
			n, a, b, ab, aa, bb = n+1, a+u, b+v, ab+u*v, aa+u*u, bb+v*v
		}
		both += ab - a*b/n
		one += aa - a*a/n
		other += bb - b*b/n
	}
	if one <= 0 || other <= 0 {
		return 0
	}
	return both / math.Sqrt(one*other)
}

// alikeP is the likeness of a single P to the pattern's, without noise.
const alikeP = 0.35

// findP looks for the P wave of beat i near where the pattern has it.
func (p *pattern) findP(traces []trace, beats []Beat, i int, noise float64) (shift int, found bool) {
	least := alikeP * clarity(p.p.size, noise)
	start := beats[i].Sample - p.beat.r
	shift = p.shift(traces, start, p.p.part, span(0.040, p.beat.rate), -1)
	return shift, p.likeness(traces, start+shift, p.p.part) >= least
}

// tightRR is the RR interval in seconds that T after a beat of shape has to fit
// into: one in four is shorter. 0 when no such beat is followed by another.
func tightRR(beats []Beat, shape int) float64 {
	var gaps []float64
	for i := 1; i < len(beats); i++ {
		if beats[i-1].shape == shape {
			gaps = append(gaps, beats[i].RRms/1000)
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	return quantile(gaps, 0.25)
}

// tightBefore is the RR interval in seconds before a beat of shape, at the end of
// which its P lies: one in four is shorter. 0 when no beat precedes one.
func tightBefore(beats []Beat, shape int) float64 {
	var gaps []float64
	for i := 1; i < len(beats); i++ {
		if beats[i].shape == shape {
			gaps = append(gaps, beats[i].RRms/1000)
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	return quantile(gaps, 0.25)
}

// limits are the global limits: of each wave the middle one of the leads.
func (p *pattern) limits() bounds {
	b := p.global
	var pOn, pOff, qrsOn, qrsOff, tEnd []float64
	for _, l := range p.leads {
		qrsOn, qrsOff = append(qrsOn, float64(l.qrs.on)), append(qrsOff, float64(l.qrs.off))
		pOn, pOff = append(pOn, float64(l.p.on)), append(pOff, float64(l.p.off))
		tEnd = append(tEnd, float64(l.t.off))
	}
	b.qrsOn, b.qrsOff = int(median(qrsOn)), int(median(qrsOff))
	b.pOn, b.pOff = int(median(pOn)), int(median(pOff))
	if b.tEnd >= 0 {
		b.tEnd = int(median(tEnd))
	}
	return b
}
