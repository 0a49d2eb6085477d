// Package axis puts leads that were recorded one after another on one time
// axis, as printed 3×4 records and some files have them.
package axis

import (
	"errors"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// ErrTooLong says that the joined leads would pass ecg.MaxLeads or
// ecg.MaxSamples.
var ErrTooLong = errors.New("the leads lie too far apart or are too many")

// Bounds on gaps: a small file must not ask for a large trace of nothing. Twelve
// leads one after another are eleven parts gap to one of signal.
const (
	maxGapShare   = 32
	maxGapSamples = 4 << 20
)

// Fits says whether a trace of total samples, gaps included, may be made of
// stored ones.
func Fits(total, stored int) bool {
	return total <= ecg.MaxSamples && (total <= maxGapSamples || total/maxGapShare <= stored)
}

// Part is a set of leads whose first samples were taken Start samples after
// some common instant; Start may be negative.
type Part struct {
	Start int
	Leads []ecg.Lead
}

// Join returns the leads of all parts in order, each as long as the whole, with
// NaN where a lead has not begun or has ended; first is the Start of the
// earliest. gaps says that there are any. Leads that fill the whole share
// memory with parts.
func Join(parts []Part) (leads []ecg.Lead, first int, gaps bool, err error) {
	first, end := math.MaxInt, math.MinInt
	count, stored := 0, 0
	for _, p := range parts {
		if p.Start > ecg.MaxSamples || p.Start < -ecg.MaxSamples {
			return nil, 0, false, ErrTooLong
		}
		for _, l := range p.Leads {
			first, end = min(first, p.Start), max(end, p.Start+len(l.Samples))
			count++
			stored += len(l.Samples)
		}
	}
	if count == 0 {
		return nil, 0, false, nil
	}
	if count > ecg.MaxLeads || !Fits((end-first)*count, stored) {
		return nil, 0, false, ErrTooLong
	}
	for _, p := range parts {
		for _, l := range p.Leads {
			if len(l.Samples) != end-first {
				gaps = true
				l.Samples = placed(l.Samples, p.Start-first, end-first)
			}
			leads = append(leads, l)
		}
	}
	return leads, first, gaps, nil
}

func placed(samples []float32, at, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(math.NaN())
	}
	copy(out[at:], samples)
	return out
}
