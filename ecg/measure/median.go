package measure

import (
	"math"
)

const (
	medianBefore = 0.500 // s before the R peak
	medianAfter  = 0.700 // s after it, less when the next beat comes sooner
	roughAfter   = 0.240 // s after it where only QRS is looked for
	maxMedian    = 60    // beats that a median is made of
	enoughBeats  = 3     // undisturbed ones; else nearer neighbours are put up with
	tightClear   = 0.45  // s to a beat of another shape then
)

// medianBeat is the representative beat: every usable lead's dominant beats
// laid on each other.
type medianBeat struct {
	rate  float64
	r     int         // index of the R peak in x
	names []string    // of the usable leads
	x     [][]float64 // [lead][sample] in µV
	used  []int       // indexes of the beats it is made of
	at    []int       // their R samples
	clear int         // first index behind the pacing pulse of most of them; 0 without one
}

// length is the number of samples per lead.
func (m *medianBeat) length() int { return len(m.x[0]) }

// ms turns an index of x into milliseconds after the R peak.
func (m *medianBeat) ms(index int) float64 { return float64(index-m.r) / m.rate * 1000 }

// lead returns the samples of the lead called name, nil if it is not usable.
func (m *medianBeat) lead(name string) []float64 {
	for i, n := range m.names {
		if n == name {
			return m.x[i]
		}
	}
	return nil
}

// medianOf lays the beats of one shape on each other, their baseline taken as
// the straight lines between the levels at knot samples after the R peak (the
// segment before QRS). At most the seconds most are taken after the R peak. It
// returns nil when no beat of that shape stands whole in the recording.
func medianOf(traces []trace, beats []Beat, shape int, rate float64, knot int, most float64) *medianBeat {
	own := math.Min(ownTime(beats, shape), most)
	before, after := span(math.Min(medianBefore, own), rate), span(own, rate)
	m := &medianBeat{rate: rate, r: before}
	samples := 0
	for _, tr := range traces {
		if tr.usable {
			m.names = append(m.names, tr.name)
			samples = len(tr.x)
		}
	}
	for _, clear := range []float64{own, tightClear, 0} {
		m.used = m.used[:0]
		for i, b := range beats {
			whole := b.Sample-before >= 0 && b.Sample+after < samples
			if b.shape == shape && whole && !crowded(beats, i, span(clear, rate)) && len(m.used) < maxMedian {
				m.used = append(m.used, i)
			}
		}
		if len(m.used) >= enoughBeats {
			break
		}
	}
	if len(m.used) == 0 || len(m.names) == 0 {
		return nil
	}
	for _, i := range m.used {
		m.at = append(m.at, beats[i].Sample)
	}
	for _, tr := range traces {
		if tr.usable {
			m.x = append(m.x, m.layOn(tr.x, beats, before+after+1, knot))
		}
	}
	m.clear = m.behindPulse(beats)
	return m
}

// behindPulse is the first index that the bridged pacing pulse of most beats
// leaves to be seen; 0 without one, and where QRS had begun before it: there the
// pulse came too late to make the beat.
func (m *medianBeat) behindPulse(beats []Beat) int {
	var pulses []float64
	for _, i := range m.used {
		if beats[i].clear > 0 {
			pulses = append(pulses, float64(beats[i].clear-beats[i].Sample))
		}
	}
	if 2*len(pulses) <= len(m.used) {
		return 0
	}
	clear := m.r + int(median(pulses))
	before := clear - span(paceWide+paceBehind+paceBlur, m.rate)
	if before < 1 || clear >= m.length() {
		return 0
	}
	v := steepness(m)
	if top(v[max(0, before-span(paceBegun, m.rate)):before]) > paceBegunShare*top(v[clear:]) {
		return 0
	}
	return clear
}

// ownTime is how many seconds after the R peak a beat of this rhythm has for
// itself.
func ownTime(beats []Beat, shape int) float64 {
	var gaps []float64
	for i := 1; i < len(beats); i++ {
		if beats[i].shape == shape && beats[i-1].shape == shape {
			gaps = append(gaps, beats[i].RRms/1000)
		}
	}
	if len(gaps) == 0 {
		return medianAfter
	}
	return math.Min(medianAfter, 0.9*quantile(gaps, 0.25))
}

// crowded reports whether a beat of another shape stands so near that it
// disturbs P or T of beat i.
func crowded(beats []Beat, i, near int) bool {
	before := i > 0 && beats[i-1].shape != beats[i].shape && beats[i].Sample-beats[i-1].Sample < near
	after := i+1 < len(beats) && beats[i+1].shape != beats[i].shape && beats[i+1].Sample-beats[i].Sample < near
	return before || after
}

// layOn returns the median over the used beats of one lead.
func (m *medianBeat) layOn(x []float64, beats []Beat, length, knot int) []float64 {
	lines := make([][]float64, len(m.used))
	for k, i := range m.used {
		lines[k] = m.levelled(x, beats, i, m.at[k], length, knot)
	}
	out := make([]float64, length)
	column := make([]float64, len(lines))
	for s := range out {
		for k := range lines {
			column[k] = lines[k][s]
		}
		out[s] = trimmedMean(column)
	}
	return out
}

// trimmedMean is the mean of the middle half of values, which it sorts: as
// robust as the median and half as noisy. The values are few, and this is the
// innermost loop of the package, so they are sorted by insertion.
func trimmedMean(values []float64) float64 {
	for i := 1; i < len(values); i++ {
		v, k := values[i], i
		for ; k > 0 && values[k-1] > v; k-- {
			values[k] = values[k-1]
		}
		values[k] = v
	}
	cut := len(values) / 4
	return mean(values[cut : len(values)-cut])
}

// levelled copies the beat i of x, its R at sample at, minus the baseline: a
// straight line from knot to knot.
func (m *medianBeat) levelled(x []float64, beats []Beat, i, at, length, knot int) []float64 {
	start := at - m.r
	own := levelAt(x, at+knot, m.rate)
	previous, next := own, own
	fromPrev, toNext := 1.0, 1.0
	if i > 0 {
		previous, fromPrev = levelAt(x, beats[i-1].Sample+knot, m.rate), float64(at-beats[i-1].Sample)
	}
	if i+1 < len(beats) {
		next, toNext = levelAt(x, beats[i+1].Sample+knot, m.rate), float64(beats[i+1].Sample-at)
	}
	out := make([]float64, length)
	for s := range out {
		d := float64(s - m.r - knot)
		level := own + (next-own)*d/toNext
		if d < 0 {
			level = own + (own-previous)*d/fromPrev
		}
		out[s] = x[min(max(start+s, 0), len(x)-1)] - level
	}
	return out
}

// levelAt is the mean of 16 ms of x about sample at.
func levelAt(x []float64, at int, rate float64) float64 {
	half := span(0.008, rate)
	lo, hi := max(0, at-half), min(len(x), at+half+1)
	if lo >= hi {
		return x[min(max(at, 0), len(x)-1)]
	}
	return mean(x[lo:hi])
}
