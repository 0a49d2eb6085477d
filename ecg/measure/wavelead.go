package measure

import (
	"math"
)

// leadQRS finds QRS on one lead of the median beat within the global limits.
func leadQRS(m *medianBeat, x []float64, b bounds) part {
	v := leadSteepness(x, m.rate)
	slack := span(0.030, m.rate)
	lo, hi := max(m.clear, b.qrsOn-slack), min(len(v)-1, b.qrsOff+slack)
	peak := lo
	for i := lo; i <= hi; i++ {
		if v[i] > v[peak] {
			peak = i
		}
	}
	floor := 2.2 * quantile(append([]float64(nil), v...), 0.25)
	calm := span(calmMS, m.rate)
	on := edge(v, peak, -1, calm, math.Max(leadOnShare*v[peak], floor), lo)
	off := edge(v, peak, 1, calm, math.Max(leadOffShare*v[peak], floor), hi)
	first, last := on, off
	if floor <= leadOnShare*v[peak] {
		first, last = tall(x, lo, hi, m.rate)
	}
	q := part{
		on:  b.qrsOn - span(qrsLead, m.rate) + m.keep(on, b.qrsOn, ownOn) + m.keep(first, b.qrsOn, tallOn),
		off: b.qrsOff + span(qrsTail, m.rate) + m.keep(off, b.qrsOff, ownOff) + m.keep(last, b.qrsOff, tallOff),
	}
	q.on, q.off = max(q.on, m.clear), min(q.off, len(x)-1)
	q.peak = q.on
	for i := q.on; i <= q.off; i++ {
		if math.Abs(x[i]) > math.Abs(x[q.peak]) {
			q.peak = i
		}
	}
	return q
}

const (
	leadOnShare  = 0.06
	leadOffShare = 0.08
	tallShare    = 0.10 // of the largest deflection: QRS has begun, or not yet ended
	// Of how far a lead's own limits lie from the common ones, by steepness and by
	// height, what it keeps.
	ownOn, tallOn   = 0.25, 0.30
	ownOff, tallOff = 0.40, 0.15
	// People see QRS begin a little before and end a little after it is steep.
	qrsLead, qrsTail = 0.010, 0.006
)

// tall finds where x first leaves the level it has at from by a tenth of the
// largest deflection between from and to, and where it was last so far from the
// level at to.
func tall(x []float64, from, to int, rate float64) (first, last int) {
	level := func(at int) float64 { return levelAt(x, at, rate) }
	before, after := level(from), level(to)
	height := 0.0
	for _, v := range x[from : to+1] {
		height = math.Max(height, math.Abs(v))
	}
	first, last = from, to
	for first < to && math.Abs(x[first]-before) < tallShare*height {
		first++
	}
	for last > from && math.Abs(x[last]-after) < tallShare*height {
		last--
	}
	return first, last
}

// leadSteepness is the change of x in 8 ms, lightly smoothed.
func leadSteepness(x []float64, rate float64) []float64 {
	smooth, slope := make([]float64, len(x)), make([]float64, len(x))
	movingMean(smooth, x, span(0.006, rate))
	difference(slope, smooth, span(0.004, rate))
	for i, d := range slope {
		slope[i] = math.Abs(d)
	}
	return slope
}

// jointT finds T on all leads taken together: the highest hump over the line
// from the end of QRS to the rest before the next P. rr is the RR interval in
// seconds that T has to fit into.
func jointT(m *medianBeat, b bounds, rr float64) hump {
	from := b.qrsOff + span(0.030, m.rate)
	limit := m.length() - 1
	if rr > 0 {
		limit = min(limit, m.r+span(math.Max(rr-0.180, 0.60*rr), m.rate))
	}
	if limit-from < span(0.100, m.rate) {
		return hump{part: absent()}
	}
	rise := humps(m, from, limit)
	peak, highest := 0, 0.0
	for i := range rise {
		if w := rise[i] * likelyT(m.ms(from+i)/1000, rr); w > highest {
			peak, highest = i, w
		}
	}
	if highest < minJointTUV {
		return hump{part: absent()}
	}
	at := from + peak
	return humpOf(projected(m, at, from, limit), at, from, limit, reachOfT(), m.rate)
}

// projected adds up the leads, each weighted with how far it stands at index at
// from the line between from and to: the one lead on which that wave is
// largest, always upright.
func projected(m *medianBeat, at, from, to int) []float64 {
	out := make([]float64, m.length())
	power := 0.0
	for _, x := range m.x {
		line := x[from] + (x[to]-x[from])*float64(at-from)/float64(to-from)
		w := x[at] - line
		power += w * w
		for i, v := range x {
			out[i] += w * v
		}
	}
	if power > 0 {
		for i := range out {
			out[i] /= math.Sqrt(power)
		}
	}
	return out
}

// Of the steepest slope of P on a lead: what a flank has at least, and of that
// flank what is flat again.
const (
	steepFlank = 0.7
	flatFlank  = 0.25
)

const (
	minJointTUV  = 5     // µV RMS over the leads
	behindFall   = 0.040 // s from the steepest fall of T to its end
	tangentShare = 0.13  // of what the tangent says otherwise
	calmSlope    = 0.5   // of the steepest fall: half of it is over
)

// reach is how far, in seconds, the parts of a hump may lie from each other.
type reach struct {
	peak float64 // from the common peak to that of one lead
	fall float64 // from the peak to the steepest fall
	rest float64 // from there to the level behind the hump
	head float64 // from where people see the hump begin to where the tangent meets the level before it
	tail float64 // from where the tangent meets the level behind to where people see it end
}

func reachOfT() reach { return reach{peak: 0.080, fall: 0.150, rest: 0.160, head: 0.008, tail: 0.008} }
func reachOfP() reach { return reach{peak: 0.030, fall: 0.070, rest: 0.070, head: 0.003, tail: -0.009} }

// hump is P or T on one lead; fall is its steepest descent, rise the ascent, calm
// where the descent is half as steep again.
type hump struct {
	part
	rise, fall int
	calm       int
	size       float64 // µV RMS over the leads, of all leads taken together
}

// humpOf finds P or T on x about index at. Its limits lie a little behind the point
// where the tangent at the steepest fall meets the level of rest; off is -1
// when x does not come to rest.
func humpOf(x []float64, at, from, limit int, r reach, rate float64) hump {
	lo, hi := max(from, at-span(r.peak, rate)), min(limit, at+span(r.peak, rate))
	if hi <= lo {
		return hump{part: absent()}
	}
	y := make([]float64, limit-from+1)
	movingMean(y, x[from:limit+1], span(0.020, rate))
	left, slope := y[0], (y[len(y)-1]-y[0])/float64(len(y)-1)
	peak, most := at-from, 0.0
	for i := lo - from; i <= hi-from; i++ {
		if d := math.Abs(y[i] - left - slope*float64(i)); d > most {
			peak, most = i, d
		}
	}
	if y[peak] < left+slope*float64(peak) {
		for i := range y {
			y[i] = -y[i]
		}
	}
	fall, end := flank(y, peak, 1, r, rate)
	rise, begin := flank(y, peak, -1, r, rate)
	if fall < 0 || rise < 0 {
		return hump{part: absent()}
	}
	off := min(int(math.Round(end+r.tail*rate)), len(y)-1)
	on := max(int(math.Round(begin-r.head*rate)), 0)
	return hump{part: part{from + on, from + peak, from + off}, rise: from + rise, fall: from + fall, calm: from + calmAfter(y, fall, rate)}
}

// calmAfter is how far the descent of y, steepest at index fall, goes on before it
// is half as steep.
func calmAfter(y []float64, fall int, rate float64) int {
	half := span(0.016, rate)
	limit := calmSlope * (y[fall-half] - y[fall+half])
	for fall+1+half < len(y) && y[fall+1-half]-y[fall+1+half] > limit {
		fall++
	}
	return fall
}

// flank walks from the peak of y in direction dir to its steepest descent and
// returns that index and where its tangent meets the level of rest beyond; -1
// and NaN without a descent.
func flank(y []float64, peak, dir int, r reach, rate float64) (steepest int, end float64) {
	half := span(0.016, rate)
	drop, at := 0.0, -1
	for i := peak + dir*half; abs(i-peak) <= span(r.fall, rate) && i-half >= 0 && i+half < len(y); i += dir {
		if d := y[i-dir*half] - y[i+dir*half]; d > drop {
			drop, at = d, i
		}
	}
	if at < 0 {
		return -1, math.NaN()
	}
	rest := min(max(at+dir*span(r.rest, rate), 0), len(y)-1)
	way := math.Max(0, y[at]-y[rest]) * float64(2*half) / drop
	return at, float64(at) + float64(dir)*math.Min(way, math.Abs(float64(rest-at)))
}

func abs(v int) int { return max(v, -v) }

// What of its own limits a lead keeps, where it differs from what all leads
// together say: the rest of a difference is noise.
const (
	ownCalm   = 0.64 // of the end of T: of where half its steepest fall is over
	ownEdge   = 0.55 // of the onset of P
	ownPeak   = 0.15
	ownEndP   = 0.25  // of the end of P
	ownSteepP = 0.40  // of where its last steep flank is over
	ownReach  = 0.040 // s of difference at most
)

// leadT finds T on one lead near where all leads have it.
func leadT(m *medianBeat, x []float64, b bounds, joint hump) part {
	if joint.on < 0 {
		return absent()
	}
	t := humpOf(x, joint.peak, b.qrsOff+span(0.030, m.rate), min(m.length()-1, joint.off+span(0.120, m.rate)), reachOfT(), m.rate)
	if t.on < 0 {
		return joint.part
	}
	// People see T end at much the same time behind its steepest fall, be that
	// fall steep or not; the tangent says little more.
	end := joint.fall + span(behindFall, m.rate)
	out := part{
		peak: joint.peak + m.keep(t.peak, joint.peak, 0.7),
		off:  end + int(math.Round(tangentShare*float64(joint.off-end))) + m.keep(t.calm, joint.calm, ownCalm),
	}
	out.off = min(max(out.off, out.peak), m.length()-1)
	out.on = min(out.peak, joint.on+m.keep(t.on, joint.on, 0.5))
	return out
}

// keep is share of how far own lies from all, ownReach at most.
func (m *medianBeat) keep(own, all int, share float64) int {
	most := span(ownReach, m.rate)
	return int(math.Round(share * float64(min(max(own-all, -most), most))))
}

// jointP finds P on all leads taken together, between the end of the preceding
// T, whose index in the beat before is tEnd, and QRS. rr is the usual distance
// of beats in seconds.
func jointP(m *medianBeat, b bounds, tEnd int, rr float64) hump {
	from := max(0, b.qrsOn-span(pReach, m.rate))
	if tEnd >= 0 && rr > 0 {
		from = max(from, tEnd-int(rr*m.rate)+span(0.010, m.rate))
	}
	to := b.qrsOn - span(0.004, m.rate)
	if to-from < span(0.060, m.rate) {
		return hump{part: absent()}
	}
	rise := humps(m, from, to)
	peak, most := 0, 0.0
	for i, v := range rise {
		if w := v * likelyP(float64(b.qrsOn-from-i)/m.rate); w > most {
			peak, most = i, w
		}
	}
	if rise[peak] < minPUV {
		return hump{part: absent()}
	}
	p := humpOf(projected(m, from+peak, from, to), from+peak, from, to, reachOfP(), m.rate)
	if p.on < 0 || m.ms(p.off)-m.ms(p.on) < minPMS {
		return hump{part: absent()}
	}
	p.size = rise[peak]
	return p
}

const (
	pReach  = 0.460 // s before QRS in which P is looked for
	usualP  = 0.110 // s before QRS at which P is usually highest
	unusual = 0.200 // s from there at which a hump must be twice as high
)

// likelyP weighs a place for the peak of P, seconds before QRS.
func likelyP(before float64) float64 {
	d := (before - usualP) / unusual
	return 1 / (1 + d*d)
}

// leadP finds P on one lead near where all leads have it.
func leadP(m *medianBeat, x []float64, b bounds, joint hump) part {
	if joint.on < 0 {
		return absent()
	}
	slack := span(0.030, m.rate)
	p := humpOf(x, joint.peak, max(0, joint.on-slack), min(joint.off+slack, b.qrsOn), reachOfP(), m.rate)
	if p.on < 0 {
		return joint.part
	}
	last := steepEndOfP(x, joint, b.qrsOn, m.rate)
	peak := joint.peak + m.keep(p.peak, joint.peak, 0.5)
	on := joint.on + m.keep(p.on, joint.on, ownEdge) + m.keep(p.peak, joint.peak, ownPeak)
	off := joint.off + m.keep(p.off, joint.off, ownEndP) + m.keep(p.peak, joint.peak, ownPeak) + m.keep(last, joint.off, ownSteepP) - span(0.003, m.rate)
	return part{min(max(on, 0), peak), peak, max(off, peak)}
}

// steepEndOfP finds where the last steep flank of P on x, one lead, has become
// flat: of a P with two phases or two humps that is behind both.
func steepEndOfP(x []float64, joint hump, qrsOn int, rate float64) int {
	slack, margin := span(0.040, rate), span(0.020, rate)
	from, to := max(0, joint.on-slack), min(qrsOn, joint.off+slack)
	if to-from < slack {
		return joint.off
	}
	y, slope := make([]float64, to-from+1), make([]float64, to-from+1)
	movingMean(slope, x[from:to+1], span(0.012, rate))
	movingMean(y, slope, span(0.012, rate))
	difference(slope, y, span(0.006, rate))
	for i, v := range slope {
		slope[i] = math.Abs(v)
	}
	lo, hi := max(1, joint.on-margin-from), min(len(slope)-2, joint.off+margin-from)
	if hi <= lo {
		return joint.off
	}
	steepest := top(slope[lo : hi+1])
	for i := hi; i >= lo; i-- {
		if slope[i] < steepFlank*steepest || slope[i] < slope[i-1] || slope[i] <= slope[i+1] {
			continue
		}
		for limit := flatFlank * slope[i]; i < len(slope)-1 && slope[i] > limit; {
			i++
		}
		return from + i
	}
	return joint.off
}
