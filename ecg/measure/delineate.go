package measure

import "math"

// bounds are the global limits of the waves as indexes into a median beat:
// the earliest onset and the latest end over the leads taken together. -1
// stands for "not measurable".
type bounds struct {
	pOn, pOff      int
	qrsOn, qrsOff  int
	tPeak, tEnd    int
	pUV            float64 // height of P over the leads (RMS)
	pLeads, tLeads []string
}

const (
	onShare   = 0.040 // of the steepest slope: QRS has begun
	offShareQ = 0.050 // of the steepest slope: QRS has ended
	calmMS    = 0.012 // s that must stay below
	// A lead is steep a little later and not as long as all of them together.
	onOfLeads, offOfLeads       = 0.004, 0.006 // s
	leadsOnShare, leadsOffShare = 0.8, 0.3     // of the leads' own limits in what is agreed
	farApart                    = 0.025        // s
	minPUV                      = 18           // µV RMS over the leads: smaller humps are no P
	minPMS                      = 40.0
	atrialShare                 = 0.240 // s before the next R that T leaves to P
	minTUV                      = 60    // µV: flatter T waves have no end to measure on a lead
)

// delineateQRS finds onset and end of QRS; ok is false when the beat has no
// steep part.
func delineateQRS(m *medianBeat) (on, off int, ok bool) {
	v := steepness(m)
	reach := span(0.100, m.rate)
	lo, hi := max(m.clear, m.r-reach), min(len(v)-1, m.r+reach)
	peak := lo
	for i := lo; i <= hi; i++ {
		if v[i] > v[peak] {
			peak = i
		}
	}
	if v[peak] == 0 {
		return 0, 0, false
	}
	calm := span(calmMS, m.rate)
	floor := quantile(append([]float64(nil), v...), 0.25)
	start := math.Max(onShare*v[peak], 2.2*floor)
	end := math.Max(offShareQ*v[peak], 2.2*floor)
	on = edge(v, peak, -1, calm, start, m.earliest())
	off = edge(v, peak, 1, calm, end, min(len(v)-1, m.r+span(0.200, m.rate)))
	if off <= on {
		return on, off, false
	}
	on, off = m.agreed(on, off)
	return on, off, off > on
}

// earliest is the first index at which QRS may begin: a paced one never before
// its pulse, whose place is bridged.
func (m *medianBeat) earliest() int { return max(m.clear, m.r-span(0.160, m.rate)) }

// agreed weighs the limits on and off, found where all leads together are steep,
// with the middle one of the leads' own: a steep P or a long slur of some leads
// does not reach that. Where both are far apart the leads alone are believed.
func (m *medianBeat) agreed(on, off int) (int, int) {
	var ons, offs []float64
	clean := 0
	for _, x := range m.x {
		v := leadSteepness(x, m.rate)
		peak := on
		for i := on; i <= off; i++ {
			if v[i] > v[peak] {
				peak = i
			}
		}
		floor := 2.2 * quantile(append([]float64(nil), v...), 0.25)
		limit := math.Max(leadOnShare*v[peak], floor)
		if floor <= leadOnShare*v[peak] {
			clean++
		}
		calm := span(calmMS, m.rate)
		ons = append(ons, float64(edge(v, peak, -1, calm, limit, m.earliest())))
		offs = append(offs, float64(edge(v, peak, 1, calm, limit, min(len(v)-1, m.r+span(0.200, m.rate)))))
	}
	if 4*clean < len(m.x) {
		return on, off // in noise they say less than all together
	}
	weigh := func(all int, leads, share, apart float64) int {
		if math.Abs(leads-float64(all)) > apart*m.rate {
			share = 1
		}
		return int(math.Round(float64(all) + share*(leads-float64(all))))
	}
	return max(m.clear, weigh(on, median(ons)-onOfLeads*m.rate, leadsOnShare, farApart)),
		weigh(off, median(offs)+offOfLeads*m.rate, leadsOffShare, farApart)
}

// edge walks from peak in direction dir until v stays below limit for calm
// samples, at most to stop, and returns the last index above.
func edge(v []float64, peak, dir, calm int, limit float64, stop int) int {
	last := peak
	for i := peak; i*dir <= stop*dir; i += dir {
		if v[i] >= limit {
			last = i
		} else if (i-last)*dir >= calm {
			break
		}
	}
	return last
}

// steepness is the RMS over the leads of the change in 8 ms, lightly smoothed.
func steepness(m *medianBeat) []float64 {
	n := m.length()
	sum, smooth, slope := make([]float64, n), make([]float64, n), make([]float64, n)
	for _, x := range m.x {
		movingMean(smooth, x, span(0.006, m.rate))
		difference(slope, smooth, span(0.004, m.rate))
		for i, d := range slope {
			sum[i] += d * d
		}
	}
	for i, s := range sum {
		sum[i] = math.Sqrt(s / float64(len(m.x)))
	}
	return sum
}

// delineateT finds peak and end of T behind QRS: on each lead the end is where
// the tangent at the steepest fall meets the baseline; the global end is the
// later end that a quarter of the leads still exceed.
// rr is the usual distance of beats in seconds; the last of it belongs to P.
func delineateT(m *medianBeat, b *bounds, rr float64) {
	from := b.qrsOff + span(0.060, m.rate)
	limit := m.length() - 1
	if rr > 0 {
		limit = min(limit, m.r+span(math.Max(rr-atrialShare, 0.55*rr), m.rate))
	}
	rms := rootMeanSquare(m, from, limit)
	if len(rms) < span(0.080, m.rate) {
		return
	}
	peak, highest := 0, 0.0
	for i := range rms {
		if w := rms[i] * likelyT(m.ms(from+i)/1000, rr); w > highest {
			peak, highest = i, w
		}
	}
	b.tPeak = from + peak
	var ends []float64
	for i, x := range m.x {
		if end, ok := tEndOf(x, b.tPeak, from, limit, m.rate); ok {
			ends = append(ends, end)
			b.tLeads = append(b.tLeads, m.names[i])
		}
	}
	if len(ends) == 0 {
		b.tPeak = -1
		return
	}
	b.tEnd = int(math.Round(quantile(ends, 0.75)))
}

// likelyT weighs a place for the peak of T, seconds after R: about 0.28 s times
// the root of RR (in s) is usual, and U waves and wander lie far from it.
func likelyT(at, rr float64) float64 {
	if rr <= 0 {
		rr = 0.8
	}
	d := (at - 0.28*math.Sqrt(rr)) / 0.16
	return 1 / (1 + d*d)
}

// tEndOf is where T ends on one lead; ok is false when T is too flat or its
// fall is cut off.
func tEndOf(x []float64, about, from, limit int, rate float64) (end float64, ok bool) {
	reach := span(0.070, rate)
	peak := max(from, about-reach)
	for i := peak; i <= min(limit, about+reach); i++ {
		if math.Abs(x[i]) > math.Abs(x[peak]) {
			peak = i
		}
	}
	if math.Abs(x[peak]) < minTUV {
		return 0, false
	}
	half := span(0.012, rate)
	steepest, at := 0.0, -1
	for i := peak + half; i+half <= min(limit, peak+span(0.180, rate)); i++ {
		fall := (x[i-half] - x[i+half]) / float64(2*half)
		if x[peak] < 0 {
			fall = -fall
		}
		if fall > steepest {
			steepest, at = fall, i
		}
	}
	if at < 0 {
		return 0, false
	}
	end = float64(at) + math.Abs(x[at])/steepest
	if math.Signbit(x[at]) != math.Signbit(x[peak]) {
		end = float64(at) - math.Abs(x[at])/steepest
	}
	return end, end <= float64(limit) && end > float64(peak)
}

// rootMeanSquare is the RMS over the leads of the samples from .. limit.
func rootMeanSquare(m *medianBeat, from, limit int) []float64 {
	if from > limit {
		return nil
	}
	out := make([]float64, limit-from+1)
	for _, x := range m.x {
		for i := range out {
			out[i] += x[from+i] * x[from+i]
		}
	}
	for i, s := range out {
		out[i] = math.Sqrt(s / float64(len(m.x)))
	}
	return out
}

// delineateP finds P between the end of the preceding T and QRS. rr is the
// usual distance of beats in seconds.
func delineateP(m *medianBeat, b *bounds, rr float64) {
	p := jointP(m, *b, b.tEnd, rr)
	b.pUV = p.size
	if p.on < 0 || b.qrsOn-p.off < 0 {
		return
	}
	b.pOn, b.pOff = p.on, p.off
	for i, x := range m.x {
		if math.Abs(x[p.peak]) >= minPUV {
			b.pLeads = append(b.pLeads, m.names[i])
		}
	}
}

// humps is the RMS over the leads in from .. to of what stands out of the
// straight line between both ends.
func humps(m *medianBeat, from, to int) []float64 {
	n := to - from + 1
	out, smooth := make([]float64, n), make([]float64, n)
	rim := min(span(0.016, m.rate), n/4)
	for _, x := range m.x {
		movingMean(smooth, x[from:to+1], span(0.012, m.rate))
		left, right := mean(smooth[:rim]), mean(smooth[n-rim:])
		for i, v := range smooth {
			d := v - left - (right-left)*float64(i)/float64(n-1)
			out[i] += d * d
		}
	}
	for i, s := range out {
		out[i] = math.Sqrt(s / float64(len(m.x)))
	}
	return out
}
