package measure

import "math"

// Two to one conducted flutter beats as steadily as a pacemaker, and every
// other of its waves hides in QRS or T. It shows by what lies half a cycle
// apart between the QRS being the same on all leads, as T and P of a sinus
// rhythm are not.
const (
	halfShortest = 0.170 // s of half an RR interval: 353 atrial waves a minute
	halfLongest  = 0.280
	halfSteady   = 0.03  // median change of RR, as a share
	halfLeast    = 0.030 // s that must be free of QRS on both sides
	halfMinUV    = 10.0  // µV RMS over the leads in which flutter shows
	halfLikeness = 0.80  // on these
	halfOnAll    = 0.60  // on all leads
)

// conductedTwoToOne looks for flutter of which each second wave is conducted
// and returns its cycle in seconds; ok is false where none is suspected.
func conductedTwoToOne(traces []trace, beats []Beat, m *medianBeat, b bounds) (cycle float64, ok bool) {
	changes, usual := changesOf(beats)
	cycle = usual / 2000
	if len(changes) < afMinRR || cycle < halfShortest || cycle > halfLongest || median(changes) > halfSteady*usual {
		return 0, false
	}
	half := span(cycle, m.rate)
	from := b.qrsOff - m.r + span(0.030, m.rate)
	to := b.qrsOn - m.r - span(0.016, m.rate) + span(2*cycle, m.rate)
	free := to - from - half
	if free < span(halfLeast, m.rate) {
		return 0, false
	}
	var all, shown likeness
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		x := usualCycle(tr.x, beats, from, to)
		if x == nil {
			return 0, false
		}
		first, second := level(x[:free]), level(x[half:half+free])
		all.add(first, second)
		switch tr.name {
		case "II", "III", "aVF", "V1":
			shown.add(first, second)
		}
	}
	strong := math.Sqrt(shown.b/float64(free)) >= halfMinUV
	return cycle, strong && shown.value() >= halfLikeness && all.value() >= halfOnAll
}

// likeness sums up how alike pairs of curves are.
type likeness struct{ both, a, b float64 }

func (l *likeness) add(a, b []float64) {
	l.both += dot(a, b)
	l.a += dot(a, a)
	l.b += dot(b, b)
}

func (l *likeness) value() float64 {
	if l.a <= 0 || l.b <= 0 {
		return 0
	}
	return l.both / math.Sqrt(l.a*l.b)
}

// usualCycle is the mean of x from samples from to to behind each beat but the
// last, of those that lie within x; nil without any.
func usualCycle(x []float64, beats []Beat, from, to int) []float64 {
	out, count := make([]float64, to-from), 0.0
	for _, beat := range beats[:len(beats)-1] {
		lo := beat.Sample + from
		if beat.Class != Dominant || lo < 0 || lo+len(out) > len(x) {
			continue
		}
		for i, v := range x[lo : lo+len(out)] {
			out[i] += v
		}
		count++
	}
	if count == 0 {
		return nil
	}
	for i := range out {
		out[i] /= count
	}
	return out
}

// level is x about its mean. A line is not taken off: that T rises where P falls
// is what tells a sinus rhythm.
func level(x []float64) []float64 {
	out, middle := make([]float64, len(x)), mean(x)
	for i, v := range x {
		out[i] = v - middle
	}
	return out
}
