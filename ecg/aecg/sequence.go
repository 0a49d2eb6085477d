package aecg

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// maxSets bounds the sequence sets of one series.
const maxSets = 1024

// Sampling rates a diagnostic, ambulatory or pacing ECG can have.
const (
	lowestRateHz  = 25
	highestRateHz = 40000
)

// timeBase is the time sequence of a set.
type timeBase struct {
	rateHz   float64
	head     time.Time // of the first sample, if absolute
	zoned    bool
	offset   float64 // of the first sample in seconds, if relative
	absolute bool
}

// set is one sequence set: simultaneous leads and their time base.
type set struct {
	timeBase
	unit  string
	leads []ecg.Lead
}

// readSets reads the sequence sets of a series. Sets of different leads at one
// rate, recorded one after another or together, are lined up in one group.
func (r *reader) readSets(series *xmltree.Node, kind string) ([]ecg.Group, error) {
	var sets []set
	for _, c := range series.All("component") {
		for _, n := range c.All("sequenceSet") {
			if len(sets) == maxSets {
				return nil, fail(n, "sequenceSet", "more than %d in a series", maxSets)
			}
			s, err := r.readSet(n)
			if err != nil {
				return nil, err
			}
			if len(s.leads) > 0 {
				sets = append(sets, s)
			}
		}
	}
	var groups []ecg.Group
	for len(sets) > 0 {
		var together []set
		together, sets = alike(sets)
		leads, err := r.lineUp(series, together)
		if err != nil {
			return nil, err
		}
		groups = append(groups, ecg.Group{Kind: kind, RateHz: together[0].rateHz, Unit: together[0].unit, Leads: leads})
		if kind == ecg.KindRhythm && r.rec.Leads == nil && len(groups) == 1 && together[0].absolute {
			r.rec.Start = together[0].head
			if !together[0].zoned {
				r.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
			}
		}
	}
	return groups, nil
}

// alike splits off the first set and those that belong on its time axis: same
// rate and unit, same kind of time, no lead in common.
func alike(sets []set) (together, rest []set) {
	seen := map[string]bool{}
	for _, s := range sets {
		fits := len(together) == 0 || s.rateHz == together[0].rateHz && s.unit == together[0].unit &&
			s.absolute == together[0].absolute
		for _, l := range s.leads {
			fits = fits && (len(together) == 0 || !seen[l.Name])
		}
		if !fits {
			rest = append(rest, s)
			continue
		}
		for _, l := range s.leads {
			seen[l.Name] = true
		}
		together = append(together, s)
	}
	return together, rest
}

// lineUp puts the leads of sets on one time axis and moves the head of the first
// set to the earliest sample.
func (r *reader) lineUp(series *xmltree.Node, sets []set) ([]ecg.Lead, error) {
	head := &sets[0]
	parts := make([]axis.Part, len(sets))
	for i, s := range sets {
		seconds := s.offset - head.offset
		if s.absolute {
			seconds = s.head.Sub(head.head).Seconds()
		}
		at := math.Round(seconds * s.rateHz)
		if !(math.Abs(at) <= ecg.MaxSamples) {
			return nil, fail(series, "sequenceSet", "sets lie %.0f s apart", seconds)
		}
		parts[i] = axis.Part{Start: int(at), Leads: s.leads}
	}
	leads, first, gaps, err := axis.Join(parts)
	if err != nil {
		return nil, fail(series, "series", "%v", err)
	}
	if gaps {
		r.rec.Notef(ecg.NoteGap, "the leads of a series do not cover the same time")
	}
	if first < 0 && head.absolute {
		head.head = head.head.Add(time.Duration(float64(first) / head.rateHz * float64(time.Second)))
	}
	return leads, nil
}

// readSet reads the time base first, for it may stand anywhere in the set.
func (r *reader) readSet(n *xmltree.Node) (set, error) {
	var s set
	var sequences []*xmltree.Node
	found := false
	for _, c := range n.All("component") {
		for _, q := range c.All("sequence") {
			code := q.Child("code").Attr("code")
			if code != codeAbsolute && code != codeRelative {
				sequences = append(sequences, q)
				continue
			}
			base, err := r.readTimeBase(q, code == codeAbsolute)
			if err != nil {
				return s, err
			}
			s.timeBase, found = base, true
		}
	}
	if len(sequences) > 0 && !found {
		return s, fail(n, "sequenceSet", "the set has no time sequence, so its rate is unknown")
	}
	for _, q := range sequences {
		lead, unit, err := r.readLead(q)
		if err != nil {
			return s, err
		}
		if len(s.leads) > 0 && unit != s.unit {
			r.rec.Notef(ecg.NoteIgnored, "a sequence in %.16q beside others in %.16q was left out", unit, s.unit)
			continue
		}
		s.unit, s.leads = unit, append(s.leads, lead)
	}
	return s, nil
}

// readTimeBase reads GLIST_TS or GLIST_PQ: head and increment.
func (r *reader) readTimeBase(q *xmltree.Node, absolute bool) (timeBase, error) {
	value := q.Child("value")
	head, increment := value.Child("head"), value.Child("increment")
	base := timeBase{}
	step, ok := number(increment.Attr("value"))
	if !ok || step <= 0 {
		return base, fail(q, "increment", "%.32q is no positive number", increment.Attr("value"))
	}
	seconds, ok := secondsPer(increment.Attr("unit"))
	if !ok {
		return base, fail(q, "increment", "unknown unit %.32q", increment.Attr("unit"))
	}
	base.rateHz = exactRate(step, seconds)
	if base.rateHz < lowestRateHz {
		// One cart's dialect writes milliseconds and calls them seconds.
		if milli := exactRate(step, 1e-3); seconds == 1 && milli >= lowestRateHz && milli <= highestRateHz {
			r.rec.Notef(ecg.NoteRate, "increment %v s would be %.3g Hz: read as %v ms, %.6g Hz",
				step, base.rateHz, step, milli)
			base.rateHz = milli
		}
	}
	if base.rateHz < lowestRateHz || base.rateHz > highestRateHz {
		return base, fail(q, "increment", "%v %s is %.3g Hz, which no ECG has", step, increment.Attr("unit"), base.rateHz)
	}
	if absolute {
		base.head, base.zoned, base.absolute = stamp.Parse(head.Attr("value"))
		if !base.absolute {
			r.rec.Notef(ecg.NoteDate, "the time of the first sample is impossible and was left out")
		}
		return base, nil
	}
	if offset, ok := number(head.Attr("value")); ok {
		if unit, ok := secondsPer(head.Attr("unit")); ok {
			base.offset = offset * unit
		}
	}
	return base, nil
}

// exactRate divides so that 2 ms gives 500 and not 499.99999999999994 Hz.
func exactRate(step, seconds float64) float64 {
	return math.Round(1/seconds) / step
}

// readLead reads SLIST_PQ: value = origin + scale × digit.
func (r *reader) readLead(q *xmltree.Node) (ecg.Lead, string, error) {
	value := q.Child("value")
	name := q.Child("code").Attr("code")
	lead := ecg.Lead{Name: strings.TrimPrefix(name, "MDC_ECG_LEAD_")}
	if name == "" {
		return lead, "", fail(q, "sequence", "a sequence has no code, so its lead is unknown")
	}
	origin, scale, unit, err := r.readScale(q, value, lead.Name)
	if err != nil {
		return lead, "", err
	}
	digits := value.Child("digits")
	if digits == nil {
		return lead, "", fail(q, "digits", "lead %.16q has none", lead.Name)
	}
	lead.Samples, err = r.readDigits(digits, origin, scale)
	return lead, unit, err
}

// readScale returns origin and scale in µV, or in the file's unit if that is
// not electrical.
func (r *reader) readScale(q, value *xmltree.Node, lead string) (origin, scale float64, unit string, err error) {
	scaleUnit, originUnit := value.Child("scale").Attr("unit"), value.Child("origin").Attr("unit")
	if scaleUnit == "" {
		scaleUnit = originUnit
	}
	if originUnit == "" {
		originUnit = scaleUnit
	}
	scale, ok := number(value.Child("scale").Attr("value"))
	if !ok || scale == 0 {
		return 0, 0, "", fail(q, "scale", "lead %.16q: %.32q is no scale", lead, value.Child("scale").Attr("value"))
	}
	if text := value.Child("origin").Attr("value"); text != "" {
		if origin, ok = number(text); !ok {
			return 0, 0, "", fail(q, "origin", "lead %.16q: %.32q is no number", lead, text)
		}
	}
	perScale, electrical := microvoltsPer(scaleUnit)
	perOrigin, alike := microvoltsPer(originUnit)
	switch {
	case scaleUnit == "":
		return 0, 0, "", fail(q, "scale", "lead %.16q states no unit", lead)
	case electrical && alike:
		return origin * perOrigin, scale * perScale, "uV", nil
	case scaleUnit == originUnit:
		return origin, scale, scaleUnit, nil
	}
	return 0, 0, "", fail(q, "scale", "lead %.16q: units %.16q and %.16q", lead, scaleUnit, originUnit)
}

// readDigits reads numbers separated by white space or, in one dialect, commas.
func (r *reader) readDigits(n *xmltree.Node, origin, scale float64) ([]float32, error) {
	text := n.Bytes()
	if bytes.IndexByte(text, ',') >= 0 {
		r.rec.Notef(ecg.NoteDialect, "samples are separated by commas instead of spaces")
	}
	samples := make([]float32, 0, len(text)/4+1)
	for i := 0; i < len(text); {
		if isSpace(text[i]) {
			i++
			continue
		}
		v, end := whole(text, i)
		if end == i {
			for end < len(text) && !isSpace(text[end]) {
				end++
			}
			var ok bool
			if v, ok = number(string(text[i:end])); !ok {
				return nil, fail(n, "digits", "sample %d is %.16q", len(samples)+1, text[i:end])
			}
		}
		samples = append(samples, float32(origin+scale*v))
		i = end
	}
	if r.total += len(samples); r.total > ecg.MaxSamples {
		return nil, fail(n, "digits", "more than %d samples", ecg.MaxSamples)
	}
	return samples, nil
}

// whole reads a whole number of up to nine digits from text[i], as nearly all
// samples are, and returns where it ends: at i if it is any other.
func whole(text []byte, i int) (v float64, end int) {
	at, n := i, 0
	if text[at] == '-' {
		at++
	}
	first := at
	for at < len(text) {
		d := text[at] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int(d)
		at++
	}
	if at == first || at-first > 9 || at < len(text) && !isSpace(text[at]) {
		return 0, i
	}
	if first > i {
		n = -n
	}
	return float64(n), at
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == ',' }

// number reads a finite decimal number.
func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func secondsPer(unit string) (float64, bool) {
	switch strings.TrimSpace(unit) {
	case "s", "sec":
		return 1, true
	case "ms", "msec":
		return 1e-3, true
	case "us", "µs", "μs", "usec":
		return 1e-6, true
	}
	return 0, false
}

func microvoltsPer(unit string) (float64, bool) {
	switch strings.TrimSpace(unit) {
	case "uV", "µV", "μV", "uv", "UV":
		return 1, true
	case "mV", "mv":
		return 1e3, true
	case "nV", "nv":
		return 1e-3, true
	case "V":
		return 1e6, true
	}
	return 0, false
}
