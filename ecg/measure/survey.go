package measure

import (
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// survey collects what the blocks of a recording say.
type survey struct {
	leads []ecg.Lead
	base  int // sample of the recording at which leads begin
	n     int // samples of the recording
	rate  float64

	scratch []float64
	curves  curves
	traces  []trace // buffers handed from block to block
	shapes  shapes
	signs   [][]leadSigns // [block][lead]
	beats   []Beat
	waves   [][]Waves // [lead][beat]
	paced   []int     // samples of pacing pulses

	// The quietest block with enough beats gives the median beat and what is
	// measured on it.
	best  *chosen
	quiet float64
	// af counts the blocks that look like fibrillation.
	af int
}

// chosen is the block that is measured.
type chosen struct {
	m      *medianBeat
	b      bounds
	atria  atrialSigns
	usable []string
}

// add takes in one block.
func (s *survey) add(b *block, everyWave bool) {
	whole := b.from == 0 && b.to == s.n
	b.traces = s.traces
	b.read(s.leads, s.base, s.n, s.rate)
	s.traces = b.traces
	if need := 2 * len(b.traces[0].x); len(s.scratch) < need {
		s.scratch = make([]float64, need)
	}
	b.examine(whole, s.rate, s.scratch)
	s.signs = append(s.signs, b.signs)
	if s.curves.step = 1; !whole {
		s.curves.step = max(1, int(s.rate/slopeRateHz))
	}
	s.shapes.fade()
	b.find(&s.shapes, &s.curves, s.rate)
	own, first := b.own()
	marked := whole || everyWave
	if len(own) > 0 {
		main, steadyP := s.measure(b, own, whole, marked)
		if marked {
			s.mark(b, first, len(own), main, steadyP)
		}
	}
	s.beats = append(s.beats, own...)
	for _, p := range b.paced {
		if at := b.start + p.at; at >= b.from && at < b.to {
			s.paced = append(s.paced, at)
		}
	}
}

// measure makes the median beat of b where it is wanted: of the quietest block,
// where waves are marked, and where fibrillation has to be told from other
// unrest. It returns the pattern of the dominant shape and whether P stands
// steadily before it.
func (s *survey) measure(b *block, own []Beat, whole, marked bool) (main *pattern, steadyP bool) {
	noise := b.noise()
	better := s.best == nil || (noise < 0.8*s.quiet && len(own) >= minChosenBeats)
	changes, usual := changesOf(own)
	restless := len(changes) >= afMinRR-1 && median(changes) > afChange*usual
	if !better && !marked && !restless {
		return nil, false
	}
	m, limits := representative(b.traces, b.beats, mainShape, s.rate)
	if main = patternOf(m, limits, b.beats, mainShape); main != nil {
		limits = main.limits()
	}
	atria := atriaOf(b.traces, b.beats, m, limits, b.restlessness())
	if restless && !atria.steadyP && !atria.dissociated && !atria.flutter {
		s.af++
	}
	if better && (m != nil || s.best == nil) {
		s.quiet = noise
		s.best = &chosen{m: m, b: limits, atria: atria, usable: usableLeads(b.traces)}
		if m != nil && !whole {
			m.used = s.indexes(b, m)
		}
	}
	return main, atria.steadyP
}

// pacingMark is the annotation of a pacing pulse in WFDB records.
const pacingMark = "^"

const minChosenBeats = 20

// indexes turns the beats of a median, counted in the block, into indexes of
// all beats of the recording.
func (s *survey) indexes(b *block, m *medianBeat) []int {
	_, first := b.own()
	out := []int{}
	for _, i := range m.used {
		if k := i - first + len(s.beats); i >= first && k >= len(s.beats) {
			out = append(out, k)
		}
	}
	return out
}

// mark adds the waves of count beats of b from first.
func (s *survey) mark(b *block, first, count int, main *pattern, steadyP bool) {
	if s.waves == nil {
		s.waves = make([][]Waves, len(s.leads))
	}
	for k, lead := range marksOf(b.traces, b.beats, main, steadyP, b.restlessness(), s.rate) {
		for _, w := range lead[first : first+count] {
			s.waves[k] = append(s.waves[k], w.later(b.start))
		}
	}
}

// result puts everything together.
func (s *survey) result(rec *ecg.Recording) Result {
	res := Result{Seconds: float64(s.n) / s.rate, Beats: []Beat{}}
	names := make([]string, len(s.leads))
	for i, l := range s.leads {
		names[i] = l.Name
	}
	signs := s.leadSigns()
	if s.best != nil {
		markHeartless(signs, names, s.best.m, s.best.b)
	}
	res.Quality = judge(rec, names, signs, res.Seconds)
	if len(s.beats) == 0 {
		res.Quality.add(Finding{Code: NoBeats, Grade: Poor})
		return res
	}
	res.Beats = inOrder(s.beats, s.rate)
	if len(res.Beats) == len(s.beats) && s.waves != nil {
		res.Waves = map[string][]Waves{}
		for k, name := range names {
			res.Waves[name] = s.waves[k]
		}
	}
	res.Pacing = s.paced
	for _, a := range rec.Annotations {
		if a.Code == pacingMark {
			res.Pacing = append(res.Pacing, a.Sample)
		}
	}
	if len(res.Pacing) > len(s.paced) { // the device's own marks say more
		slices.Sort(res.Pacing)
		markPaced(res.Beats, res.Pacing, s.rate)
	}
	best := s.best
	res.Rhythm = rhythmOf(res.Beats, s.rate, res.Seconds, best.atria)
	if len(s.signs) > 1 {
		res.Rhythm.AFSuspected = s.af > 0
	}
	if best.m != nil {
		res.Median = exported(best.m, best.b)
	}
	res.Measurements = measurementsOf(best.m, best.b, res.Beats, res.Rhythm, best.usable)
	// A paced heart has an axis of its own, which says nothing of electrodes.
	paced := best.m != nil && best.m.clear > 0
	if code, quiet, suspected := reversal(best.m, best.b, names, signs); suspected && !paced {
		res.Quality.drop(LeadOff, quiet)
		res.Quality.add(Finding{Code: code, Grade: Poor})
	}
	if leads, suspected := chestOrder(best.m, best.b); suspected && !paced && !anyLost(names, signs, leads) {
		res.Quality.add(Finding{Code: ChestOrder, Leads: leads, Grade: Fair})
	}
	res.judgeScale()
	return res
}

// anyLost reports whether one of leads is off or was interrupted: then its shape
// says nothing of its place.
func anyLost(names []string, signs []leadSigns, leads []string) bool {
	for k, name := range names {
		if (signs[k].off || signs[k].flat) && slices.Contains(leads, name) {
			return true
		}
	}
	return false
}

// leadSigns is, per lead, what the blocks say together: a lead is off when it
// is off most of the time, noise is what is usual.
func (s *survey) leadSigns() []leadSigns {
	out := make([]leadSigns, len(s.leads))
	for k := range out {
		off := 0
		var noise, mains, wander []float64
		out[k].missing = 1
		for _, signs := range s.signs {
			l := signs[k]
			out[k].missing = min(out[k].missing, l.missing)
			if l.off {
				off++
				continue
			}
			out[k].flat = out[k].flat || l.flat
			out[k].rail = out[k].rail || l.rail
			noise, mains, wander = append(noise, l.noise), append(mains, l.mains), append(wander, l.wander)
		}
		out[k].off = float64(off) >= offShare*float64(len(s.signs))
		out[k].flat = !out[k].off && (out[k].flat || off > 0)
		if !out[k].off {
			out[k].noise, out[k].mains, out[k].wander = median(noise), median(mains), median(wander)
		}
	}
	return out
}
