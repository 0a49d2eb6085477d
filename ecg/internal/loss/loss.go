// Package loss collects what a writer of an ECG format could not put into its
// file, so that nothing is lost in silence.
package loss

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// Notes are the losses of one file. They hold no patient data.
type Notes []ecg.Note

// Addf adds a note unless the same stands already.
func (n *Notes) Addf(code ecg.NoteCode, format string, args ...any) {
	note := ecg.Note{Code: code, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(*n, note) {
		*n = append(*n, note)
	}
}

// Measurements notes that the device's measurements have no place.
func (n *Notes) Measurements(rec *ecg.Recording) {
	if len(rec.DeviceMeasurements) > 0 {
		n.Addf(ecg.NoteNotWritten, "the format has no place for the device's %d measurements", len(rec.DeviceMeasurements))
	}
}

// Statements notes that the device's interpretation has no place.
func (n *Notes) Statements(rec *ecg.Recording) {
	if len(rec.Statements) > 0 {
		n.Addf(ecg.NoteNotWritten, "the format has no place for the device's %d statements", len(rec.Statements))
	}
}

// Annotations notes that marks on the rhythm have no place.
func (n *Notes) Annotations(rec *ecg.Recording) {
	if len(rec.Annotations) > 0 {
		n.Addf(ecg.NoteNotWritten, "the %d marks on the trace were left out", len(rec.Annotations))
	}
}

// Group notes that a group of signals has no place.
func (n *Notes) Group(g *ecg.Group, reason string) {
	n.Addf(ecg.NoteNotWritten, "the %s group of %d signals at %.6g Hz was left out: %s", g.Kind, len(g.Leads), g.RateHz, reason)
}

// Rate notes a sampling rate that the file states differently.
func (n *Notes) Rate(is, written float64) {
	if math.Abs(is-written) > 1e-9*is {
		n.Addf(ecg.NoteQuantised, "the rate of %.9g Hz is written as %.9g Hz", is, written)
	}
}

// Scale notes a lead whose samples are no whole numbers of the step.
func (n *Notes) Scale(lead string, s quant.Scale) {
	if !s.Exact {
		n.Addf(ecg.NoteQuantised, "the samples of %.16s were rounded to steps of %.6g µV", lead, s.Step)
	}
}

// Fill returns samples with each gap filled by the value before it, at the
// beginning by the first there is, and how many were missing; a signal without
// any value becomes zero. Without gaps it returns samples itself.
func Fill(samples []float32) (filled []float32, missing int) {
	first := -1
	for i, v := range samples {
		if v != v {
			missing++
		} else if first < 0 {
			first = i
		}
	}
	if missing == 0 {
		return samples, 0
	}
	filled = make([]float32, len(samples))
	if first < 0 {
		return filled, missing
	}
	held := samples[first]
	for i, v := range samples {
		if v == v {
			held = v
		}
		filled[i] = held
	}
	return filled, missing
}

// Filled is Fill for a lead, with its note.
func (n *Notes) Filled(lead ecg.Lead) []float32 {
	filled, missing := Fill(lead.Samples)
	if missing > 0 {
		n.Addf(ecg.NoteFilled, "%d samples of %.16s are missing; the format cannot say so, and the last value is held instead", missing, lead.Name)
	}
	return filled
}

// Present returns rec without the leads that have no sample at all, for formats
// without gaps: filled they would be flat lines that nobody recorded.
func (n *Notes) Present(rec *ecg.Recording) *ecg.Recording {
	var leads []ecg.Lead
	for _, l := range rec.Leads {
		if slices.ContainsFunc(l.Samples, func(v float32) bool { return v == v }) {
			leads = append(leads, l)
		} else {
			n.Addf(ecg.NoteNotWritten, "lead %.16s has no sample and was left out", l.Name)
		}
	}
	if len(leads) == len(rec.Leads) {
		return rec
	}
	out := *rec
	out.Leads = leads
	return &out
}

// Refuse makes the error of a recording that the format cannot hold at all.
func Refuse(format ecg.Format, field, reason string, args ...any) error {
	return &ecg.FormatError{Format: format, Offset: -1, Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// Writable refuses recordings that no format can hold: pictures, recordings
// without a sample or a rate, and leads of unequal length.
func Writable(format ecg.Format, rec *ecg.Recording) error {
	switch {
	case rec.Picture != "":
		return &ecg.FormatError{Format: format, Offset: -1, Field: "recording", Err: ecg.ErrNoSignal,
			Reason: "it is a picture of an ECG and no signal"}
	case rec.Samples() == 0:
		return &ecg.FormatError{Format: format, Offset: -1, Field: "recording", Err: ecg.ErrNoSignal, Reason: "it has no sample"}
	case !(rec.RateHz > 0) || math.IsInf(rec.RateHz, 0):
		return Refuse(format, "recording", "its sampling rate is unknown")
	}
	empty := true
	for _, l := range rec.Leads {
		empty = empty && !slices.ContainsFunc(l.Samples, func(v float32) bool { return v == v })
		if len(l.Samples) != rec.Samples() {
			return Refuse(format, "recording", "its leads have %d and %d samples", rec.Samples(), len(l.Samples))
		}
		if slices.ContainsFunc(l.Samples, func(v float32) bool { return math.IsInf(float64(v), 0) }) {
			return Refuse(format, "recording", "lead %.16s has an infinite value", l.Name)
		}
	}
	if empty {
		return &ecg.FormatError{Format: format, Offset: -1, Field: "recording", Err: ecg.ErrNoSignal, Reason: "all its samples are missing"}
	}
	return nil
}

// Line makes one line of text: control characters become spaces.
func Line(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }), " ")
}
