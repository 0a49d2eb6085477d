package aecg

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// Code systems of the document.
const (
	actCode = "2.16.840.1.113883.5.4"
	mdc     = "2.16.840.1.113883.6.24"
	loinc   = "2.16.840.1.113883.6.1"
	gender  = "2.16.840.1.113883.5.1"
)

// Encode writes rec as an HL7 Annotated ECG in UTF-8: the rhythm as a series
// with absolute times, or relative ones where the recording has no start,
// electrical rhythm groups as further series, medians as derived series, and
// the device's measurements and statements as annotations.
//
// It returns what the format could not hold. Errors are *ecg.FormatError and
// those of w.
func Encode(w io.Writer, rec *ecg.Recording) ([]ecg.Note, error) {
	if err := loss.Writable(ecg.FormatAECG, rec); err != nil {
		return nil, err
	}
	if rec.RateHz < lowestRateHz || rec.RateHz > highestRateHz {
		return nil, loss.Refuse(ecg.FormatAECG, "increment", "a rate of %.6g Hz", rec.RateHz)
	}
	e := &encoder{}
	e.rec = e.notes.Present(rec)
	e.document()
	e.notes.Annotations(rec)
	_, err := w.Write(e.out.Bytes())
	return e.notes, err
}

// encoder holds one document while it is written.
type encoder struct {
	rec   *ecg.Recording
	notes loss.Notes
	out   bytes.Buffer
	open  []string // elements
}

// begin opens an element; attributes are names and values in turn, empty values
// left out.
func (e *encoder) begin(name string, attributes ...string) {
	e.tag(name, attributes, ">\n")
	e.open = append(e.open, name)
}

func (e *encoder) end() {
	last := len(e.open) - 1
	name := e.open[last]
	e.open = e.open[:last]
	fmt.Fprintf(&e.out, "%s</%s>\n", strings.Repeat(" ", last), name)
}

// empty writes an element without content.
func (e *encoder) empty(name string, attributes ...string) { e.tag(name, attributes, "/>\n") }

// text writes an element of text; nothing for "".
func (e *encoder) text(name, text string, attributes ...string) {
	if text = loss.Line(text); text != "" {
		e.tag(name, attributes, ">")
		e.escape(text)
		fmt.Fprintf(&e.out, "</%s>\n", name)
	}
}

func (e *encoder) tag(name string, attributes []string, end string) {
	fmt.Fprintf(&e.out, "%s<%s", strings.Repeat(" ", len(e.open)), name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			fmt.Fprintf(&e.out, " %s=\"", attributes[i])
			e.escape(attributes[i+1])
			e.out.WriteByte('"')
		}
	}
	e.out.WriteString(end)
}

// escape writes text into the buffer, which takes all.
func (e *encoder) escape(text string) { _ = xml.EscapeText(&e.out, []byte(text)) }

// document writes the whole in the order of the schema.
func (e *encoder) document() {
	e.out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	e.begin("AnnotatedECG", "xmlns", "urn:hl7-org:v3", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance",
		"xmlns:voc", "urn:hl7-org:v3/voc", "type", "Observation")
	e.empty("id", "root", dicom.NewUID())
	e.empty("code", "code", "93000", "codeSystem", "2.16.840.1.113883.6.12", "codeSystemName", "CPT-4")
	e.span()
	e.subject()
	e.age()
	e.begin("component")
	e.begin("series")
	e.series(e.rec.Leads, e.rec.RateHz, true)
	e.end()
	e.end()
	for i := range e.rec.Groups {
		g := &e.rec.Groups[i]
		switch reason := unfit(g); {
		case reason != "":
			e.notes.Group(g, reason)
		case g.Kind == ecg.KindRhythm:
			e.begin("component")
			e.begin("series")
			e.series(g.Leads, g.RateHz, false)
			e.end()
			e.end()
		}
	}
	e.end()
}

// unfit says why a group is not written; "" if it is.
func unfit(g *ecg.Group) string {
	switch {
	case g.Unit != "uV":
		return "the format holds electrical signals"
	case len(g.Leads) == 0 || g.RateHz < lowestRateHz || g.RateHz > highestRateHz:
		return "it has no signal or no usual rate"
	}
	return ""
}

// span writes when the recording began and ended.
func (e *encoder) span() {
	if e.rec.Start.IsZero() {
		return
	}
	e.begin("effectiveTime")
	e.empty("low", "value", e.time(e.rec.Start), "inclusive", "true")
	e.empty("high", "value", e.time(e.rec.Start.Add(e.rec.Duration())), "inclusive", "false")
	e.end()
}

// time is an HL7 TS with its zone, where the recording has one.
func (e *encoder) time(t time.Time) string {
	form := "20060102150405.000000"
	if t.Nanosecond()%int(time.Millisecond) == 0 {
		form = "20060102150405.000"
	}
	if !e.rec.LocalTime() {
		form += "-0700"
	}
	return t.Format(form)
}

// subject writes the patient and the place.
func (e *encoder) subject() {
	p, place := e.rec.Patient, loss.Line(e.rec.Device.Institution)
	for _, name := range []string{"componentOf", "timepointEvent", "componentOf", "subjectAssignment", "subject", "trialSubject"} {
		e.begin(name)
	}
	e.empty("id", "root", "2.16.840.1.113883.3", "extension", loss.Line(p.ID))
	e.begin("subjectDemographicPerson")
	e.text("name", p.Name)
	if p.Sex != "" {
		e.empty("administrativeGenderCode", "code", p.Sex, "codeSystem", gender)
	}
	if p.BirthDate != "" {
		e.empty("birthTime", "value", strings.ReplaceAll(p.BirthDate, "-", ""))
	}
	e.end() // subjectDemographicPerson
	e.end() // trialSubject
	e.end() // subject
	e.begin("componentOf")
	e.begin("clinicalTrial")
	e.empty("id", "root", dicom.NewUID())
	if place != "" {
		for _, name := range []string{"location", "trialSite", "location"} {
			e.begin(name)
		}
		e.text("name", place)
		e.end()
		e.end()
		e.end()
	}
	for range 6 { // clinicalTrial, componentOf, subjectAssignment, componentOf, timepointEvent, componentOf
		e.end()
	}
}

// age writes the reported age, which DICOM's letters stand for.
func (e *encoder) age() {
	age := e.rec.Patient.Age
	if len(age) != 4 {
		return
	}
	unit := map[byte]string{'Y': "a", 'M': "mo", 'W': "wk", 'D': "d"}[age[3]]
	n, err := strconv.Atoi(age[:3])
	if unit == "" || err != nil {
		return
	}
	e.begin("controlVariable")
	e.begin("relatedObservation")
	e.empty("code", "code", "21612-7", "codeSystem", loinc, "codeSystemName", "LOINC", "displayName", "Age - Reported")
	e.empty("value", "xsi:type", "PQ", "value", strconv.Itoa(n), "unit", unit)
	e.end()
	e.end()
}

// series writes the content of a rhythm series; the first has the device, the
// derived series and the annotations.
func (e *encoder) series(leads []ecg.Lead, rateHz float64, first bool) {
	e.empty("id", "root", dicom.NewUID())
	e.empty("code", "code", codeRhythm, "codeSystem", actCode)
	e.span()
	if first {
		e.device()
		e.filters()
	}
	e.set(leads, rateHz, !e.rec.Start.IsZero())
	if !first {
		return
	}
	for i := range e.rec.Groups {
		if g := &e.rec.Groups[i]; g.Kind == ecg.KindMedian && unfit(g) == "" {
			e.begin("derivation")
			e.begin("derivedSeries")
			e.empty("id", "root", dicom.NewUID())
			e.empty("code", "code", codeBeat, "codeSystem", actCode)
			e.set(g.Leads, g.RateHz, false)
			e.end()
			e.end()
		}
	}
	e.annotations()
}

// set writes one sequence set: the time base, then each lead.
func (e *encoder) set(leads []ecg.Lead, rateHz float64, absolute bool) {
	e.begin("component")
	e.begin("sequenceSet")
	step := 1 / rateHz
	if micro := math.Round(1e6 / rateHz); math.Abs(1e6/micro-rateHz) <= 1e-12*rateHz {
		step = micro / 1e6
	}
	e.notes.Rate(rateHz, 1/step)
	increment := strconv.FormatFloat(step, 'f', -1, 64)
	if absolute {
		e.sequence(codeAbsolute, actCode, func() {
			e.begin("value", "xsi:type", "GLIST_TS")
			e.empty("head", "value", e.time(e.rec.Start))
			e.empty("increment", "value", increment, "unit", "s")
			e.end()
		})
	} else {
		e.sequence(codeRelative, actCode, func() {
			e.begin("value", "xsi:type", "GLIST_PQ")
			e.empty("head", "value", "0", "unit", "s")
			e.empty("increment", "value", increment, "unit", "s")
			e.end()
		})
	}
	for _, l := range leads {
		e.lead(l)
	}
	e.end()
	e.end()
}

// sequence wraps a value with its code.
func (e *encoder) sequence(code, system string, value func()) {
	e.begin("component")
	e.begin("sequence")
	e.empty("code", "code", code, "codeSystem", system)
	value()
	e.end()
	e.end()
}

// lead writes SLIST_PQ: value = origin + scale × digit.
func (e *encoder) lead(l ecg.Lead) {
	samples := e.notes.Filled(l)
	scale := quant.Of(samples)
	e.notes.Scale(l.Name, scale)
	name, system := loss.Line(l.Name), ""
	if ecg.StandardLead(name) != "" {
		name, system = "MDC_ECG_LEAD_"+name, mdc
	}
	if name == "" {
		name = "unnamed"
	}
	e.sequence(name, system, func() {
		e.begin("value", "xsi:type", "SLIST_PQ")
		e.empty("origin", "value", strconv.FormatFloat(scale.Base, 'f', -1, 64), "unit", "uV")
		e.empty("scale", "value", strconv.FormatFloat(scale.Step, 'f', -1, 64), "unit", "uV")
		fmt.Fprintf(&e.out, "%s<digits>", strings.Repeat(" ", len(e.open)))
		digits := make([]byte, 0, 5*len(samples))
		for i, n := range scale.Counts(samples, 0) {
			if i > 0 {
				digits = append(digits, ' ')
			}
			digits = strconv.AppendInt(digits, int64(n), 10)
		}
		e.out.Write(digits)
		e.out.WriteString("</digits>\n")
		e.end()
	})
}
