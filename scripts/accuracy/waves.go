package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// tally counts waves over leads and records.
type tally struct {
	p, qrs, t                             score
	pOn, pOff, qrsOn, qrsOff, tPeak, tOff spread
	falseP, fibrillating                  int // P marked in fibrillation or flutter; beats of it
	global                                spread
	globalWithin, globalAll               int // QRS durations within 10 ms of the leads' median by hand
}

func (y *tally) merge(o tally) {
	y.p.merge(o.p)
	y.qrs.merge(o.qrs)
	y.t.merge(o.t)
	for _, s := range []struct{ to, from *spread }{{&y.pOn, &o.pOn}, {&y.pOff, &o.pOff}, {&y.qrsOn, &o.qrsOn},
		{&y.qrsOff, &o.qrsOff}, {&y.tPeak, &o.tPeak}, {&y.tOff, &o.tOff}, {&y.global, &o.global}} {
		s.to.merge(*s.from)
	}
	y.falseP += o.falseP
	y.fibrillating += o.fibrillating
	y.globalWithin += o.globalWithin
	y.globalAll += o.globalAll
}

// waveTable compares the waves on every lead with the cardiologists' marks.
func waveTable(out io.Writer, all []clinical) error {
	fmt.Fprint(out, "## Waves on each lead (Lobachevsky University records)\n\nF1 in %, window 150 ms; limits as mean ± SD in ms, found minus marked. Beats between the first and the last marked one.\n\n"+
		"| records | QRS F1 | P F1 | T F1 | P on | P end | QRS on | QRS end | T peak | T end | P in AF and flutter | global QRS; within 10 ms |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	row := func(name string, records []clinical) {
		var y tally
		for _, c := range records {
			y.merge(c.compare(measure.Analyse(c.rec)))
		}
		fmt.Fprintf(out, "| %s (%d) | %.2f | %.2f | %.2f | %s | %s | %s | %s | %s | %s | %d of %d beats | %s; %.0f %% |\n", name, len(records), y.qrs.f1(), y.p.f1(), y.t.f1(),
			y.pOn, y.pOff, y.qrsOn, y.qrsOff, y.tPeak, y.tOff, y.falseP, y.fibrillating, y.global, percent(y.globalWithin, y.globalAll))
	}
	row("held out", half(all, true))
	row("held out, not paced", slices.DeleteFunc(half(all, true), clinical.paced))
	row("development", half(all, false))
	row("all", all)
	_, err := fmt.Fprintf(out, "\nHeld out: %s.\n\n", names(half(all, true)))
	return err
}

// compare holds the waves of res against the marks on every lead.
func (c clinical) compare(res measure.Result) tally {
	var y tally
	var durations []float64
	ms := 1000 / c.rec.RateHz
	window := int(windowSeconds * c.rec.RateHz)
	for _, lead := range c.rec.Leads {
		hand, found := c.hand[lead.Name], wavesOf(res.Waves[lead.Name])
		if len(hand.qrs) == 0 {
			continue
		}
		first, last := hand.qrs[0].peak, hand.qrs[len(hand.qrs)-1].peak
		match := func(s *score, hand, found []wave, slack int, on, peak, off *spread) {
			s.merge(matched(hand, found, first-slack, last+slack, window, func(h, f wave) {
				addBoth(on, h.on, f.on, ms)
				addBoth(peak, h.peak, f.peak, ms)
				addBoth(off, h.off, f.off, ms)
			}))
		}
		var unused spread
		match(&y.p, hand.p, found.p, 0, &y.pOn, &unused, &y.pOff)
		match(&y.qrs, hand.qrs, found.qrs, window, &y.qrsOn, &unused, &y.qrsOff)
		match(&y.t, hand.t, found.t, 0, &unused, &y.tPeak, &y.tOff)
		if c.fibrillates() {
			y.fibrillating += len(hand.qrs)
			for _, p := range found.p {
				if p.peak > first && p.peak < last {
					y.falseP++
				}
			}
		}
		for _, q := range hand.qrs {
			if q.on >= 0 && q.off >= 0 {
				durations = append(durations, float64(q.off-q.on)*ms)
			}
		}
	}
	if d := res.Measurements.QRS; d.Measurable && len(durations) > 0 {
		off := d.Number - middle(durations)
		y.global.add(off)
		y.globalAll++
		if off >= -10 && off <= 10 {
			y.globalWithin++
		}
	}
	return y
}

// addBoth adds found minus marked when both are there.
func addBoth(to *spread, hand, found int, ms float64) {
	if hand >= 0 && found >= 0 {
		to.add(float64(found-hand) * ms)
	}
}

// matched pairs waves by their peaks. What was found outside from .. to is no
// mistake: people marked nothing there.
func matched(hand, found []wave, from, to, window int, each func(hand, found wave)) score {
	_, pairs := beatByBeat(peaks(hand), peaks(found), window)
	paired := make([]bool, len(found))
	for _, p := range pairs {
		paired[p[1]] = true
		each(hand[p[0]], found[p[1]])
	}
	s := score{hit: len(pairs), missed: len(hand) - len(pairs)}
	for i, f := range found {
		if !paired[i] && f.peak >= from && f.peak <= to {
			s.extra++
		}
	}
	return s
}

func peaks(waves []wave) []int {
	out := make([]int, len(waves))
	for i, w := range waves {
		out[i] = w.peak
	}
	return out
}

// wavesOf turns the hub's waves of one lead into the form of the marks.
func wavesOf(waves []measure.Waves) handLead {
	var h handLead
	at := func(i measure.Index) int {
		if s, ok := i.Get(); ok {
			return s
		}
		return -1
	}
	add := func(to *[]wave, on, peak, off measure.Index) {
		if _, ok := peak.Get(); ok {
			*to = append(*to, wave{at(on), at(peak), at(off)})
		}
	}
	for _, w := range waves {
		add(&h.p, w.POn, w.P, w.POff)
		add(&h.qrs, w.QRSOn, w.R, w.QRSOff)
		add(&h.t, w.TOn, w.T, w.TOff)
	}
	return h
}

// copyOf returns rec with its own samples.
func copyOf(rec *ecg.Recording) *ecg.Recording {
	out := *rec
	out.Leads = make([]ecg.Lead, len(rec.Leads))
	for i, l := range rec.Leads {
		out.Leads[i] = ecg.Lead{Name: l.Name, Samples: append([]float32(nil), l.Samples...)}
	}
	return &out
}
