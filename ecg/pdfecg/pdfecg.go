// Package pdfecg takes the traces of an ECG out of a PDF report that holds them
// as lines, which most electrocardiographs and archives write. It is the step
// parse for such uploads: file bytes come in, an ecg.Recording goes out.
//
// What comes out is the drawing: as fine as it was drawn, filtered as it was
// drawn, and said so in the recording's notes. A drawing whose scale or leads
// are not certain, or that is an image, becomes a recording of a picture and
// nothing is measured on it.
package pdfecg

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// MediaType is that of the files read here.
const MediaType = "application/pdf"

// Is says that data begin as a PDF does.
func Is(data []byte) bool { return bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) }

// Decode reads one document. Errors are *ecg.FormatError, for what is no PDF or
// an encrypted one; a document without usable traces is a recording with
// Picture set. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes || !Is(data) {
		return nil, fail("%d bytes that are no PDF", len(data))
	}
	d, err := open(data)
	if err != nil {
		return nil, fail("%v", err)
	}
	pages := d.pages()
	if len(pages) == 0 {
		return nil, fail("the document has no page")
	}
	reason := ""
	for _, p := range pages {
		rec, why := restore(d.paint(p))
		if rec != nil {
			return rec, nil
		}
		if reason == "" {
			reason = why
		}
	}
	rec := &ecg.Recording{Format: ecg.FormatPDF, Picture: MediaType}
	rec.Notef(ecg.NotePicture, "the document is kept as a picture, and nothing is measured: %s", reason)
	return rec, nil
}

func fail(format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatPDF, Offset: -1, Field: "document", Reason: fmt.Sprintf(format, args...)}
}

// What makes a line a trace.
const (
	leastPoints  = 100
	leastSeconds = 0.9
	leastTraces  = 1
	labelAcross  = 20 // mm that a lead's name may stand beside the start of its trace
	labelAlong   = 25 // mm above or below
)

// trace is one line that is a lead: samples at even steps.
type trace struct {
	name    string
	start   point
	seconds float64
	line    line
}

// restore makes a recording of what a page draws; why says why there is none.
func restore(c *canvas) (rec *ecg.Recording, why string) {
	lines := c.joined()
	if !slices.ContainsFunc(lines, candidate) {
		return nil, "it holds no lines that could be traces"
	}
	s, why := calibrate(lines, c.texts)
	if why != "" {
		return nil, why
	}
	var traces []trace
	for _, l := range lines {
		seconds := (l[len(l)-1].x - l[0].x) / s.xPerMM / s.mmPerSecond
		if candidate(l) && seconds >= leastSeconds {
			traces = append(traces, trace{start: l[0], seconds: seconds, line: l})
		}
	}
	if len(traces) < leastTraces {
		return nil, "its lines are too short for traces"
	}
	if !name12(traces, c.texts, s) {
		return nil, "the names of the leads cannot be told"
	}
	return assemble(traces, s)
}

// candidate: a line of many points that never goes back.
func candidate(l line) bool {
	if len(l) < leastPoints {
		return false
	}
	for i := 1; i < len(l); i++ {
		if l[i].x < l[i-1].x-1e-6 {
			return false
		}
	}
	return l[len(l)-1].x > l[0].x
}

// name12 gives each trace the nearest lead name beside its start; false if one
// has none or two traces would have to share one.
func name12(traces []trace, texts []text, s scale) bool {
	used := map[int]bool{}
	for i := range traces {
		best, distance := -1, math.Inf(1)
		for k, t := range texts {
			if label(t, ecg.StandardLead) == "" {
				continue
			}
			x, y := (t.at.x-traces[i].start.x)/s.xPerMM, (t.at.y-traces[i].start.y)/s.yPerMM
			if math.Abs(x) <= labelAcross && math.Abs(y) <= labelAlong && math.Hypot(x, y) < distance {
				best, distance = k, math.Hypot(x, y)
			}
		}
		if best < 0 || used[best] {
			return false
		}
		used[best] = true
		traces[i].name = label(texts[best], ecg.StandardLead)
	}
	return true
}

// Rates: those a cart may have, and the one to which uneven points are brought.
const (
	evenRateHz = 500
	leastRate  = 60
	mostRate   = 2000
)

// assemble puts the traces on one time axis: where a trace begins on the page is
// when it was recorded. Of a lead that is drawn twice the longer trace counts.
func assemble(traces []trace, s scale) (*ecg.Recording, string) {
	rec := &ecg.Recording{Format: ecg.FormatPDF}
	rate, even := commonRate(traces, s)
	if !even {
		rate = evenRateHz
		rec.Notef(ecg.NoteRate, "the points of the drawing lie unevenly: %d samples a second were interpolated", evenRateHz)
	}
	rec.RateHz = rate
	slices.SortStableFunc(traces, func(a, b trace) int {
		switch {
		case a.seconds > b.seconds*1.01:
			return -1
		case b.seconds > a.seconds*1.01:
			return 1
		}
		return 0
	})
	first := math.Inf(1)
	for _, t := range traces {
		first = min(first, t.start.x)
	}
	var parts []axis.Part
	seen := map[string]bool{}
	for _, t := range traces {
		if seen[t.name] {
			continue
		}
		seen[t.name] = true
		offset := (t.start.x - first) / s.xPerMM / s.mmPerSecond
		parts = append(parts, axis.Part{Start: int(math.Round(offset * rate)), Leads: []ecg.Lead{{Name: t.name, Samples: t.samples(rate, even, s)}}})
	}
	slices.SortStableFunc(parts, func(a, b axis.Part) int { return order(a.Leads[0].Name) - order(b.Leads[0].Name) })
	leads, _, gaps, err := axis.Join(parts)
	if err != nil {
		return nil, err.Error()
	}
	rec.Leads = leads
	rec.Notef(ecg.NoteRecovered, "the traces were recovered from lines of a drawing at %.4g mm/s and %.4g mm/mV: they are as fine and as filtered as the drawing", s.mmPerSecond, s.mmPerMV)
	rec.Notef(ecg.NoteScale, "the drawing does not say where zero is: each trace is about its own median")
	if gaps {
		rec.Notef(ecg.NoteGap, "the leads are drawn one after another, and each is taken for recorded when it is drawn")
	}
	return rec, ""
}

func order(lead string) int {
	if i := slices.Index(ecg.StandardLeads(), lead); i >= 0 {
		return i
	}
	return len(ecg.StandardLeads())
}

// commonRate is the rate at which the points of all traces stand, if they stand
// evenly and at one rate.
func commonRate(traces []trace, s scale) (rate float64, even bool) {
	for _, t := range traces {
		hertz := float64(len(t.line)-1) / t.seconds
		step := (t.line[len(t.line)-1].x - t.line[0].x) / float64(len(t.line)-1)
		for i, p := range t.line {
			if math.Abs(p.x-t.line[0].x-float64(i)*step) > 0.3*step {
				return 0, false
			}
		}
		if hertz < leastRate || hertz > mostRate || rate != 0 && math.Abs(hertz-rate) > 0.005*rate {
			return 0, false
		}
		rate = max(rate, hertz)
	}
	if whole := math.Round(rate/10) * 10; math.Abs(whole-rate) < 0.002*rate {
		rate = whole // the grid is drawn to a hundredth of a millimetre
	}
	return rate, true
}

// samples returns the trace in µV about its median: its points as they are, or
// interpolated at rate.
func (t trace) samples(rate float64, even bool, s scale) []float32 {
	microvolts := 1000 / (s.yPerMM * s.mmPerMV)
	var heights []float64
	if even {
		for _, p := range t.line {
			heights = append(heights, p.y)
		}
	} else {
		step := s.xPerMM * s.mmPerSecond / rate
		k := 0
		for i := range int(t.seconds*rate) + 1 {
			x := t.start.x + float64(i)*step
			for k+2 < len(t.line) && t.line[k+1].x < x {
				k++
			}
			a, b := t.line[k], t.line[k+1]
			part := 0.0
			if b.x > a.x {
				part = min(max((x-a.x)/(b.x-a.x), 0), 1)
			}
			heights = append(heights, a.y+part*(b.y-a.y))
		}
	}
	sorted := slices.Sorted(slices.Values(heights))
	zero := sorted[len(sorted)/2]
	out := make([]float32, len(heights))
	for i, h := range heights {
		out[i] = float32((h - zero) * microvolts)
	}
	return out
}
