package edf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
)

// Bytes between the parts of an annotation (EDF+ 2.2.2).
const (
	endOfPart     = 20
	beforeLength  = 21
	endOfTAL      = 0
	maxGapMarks   = 256 // of one lead
	maxMarkLength = 512
	aligned       = 8192 // bytes of marks in a record up to which they stand where they begin
)

// mark is an annotation: seconds from the start of the file's recording.
type mark struct {
	at, length float64
	text       string
}

// gaps lists where samples of a lead are missing.
func (e *encoder) gaps(l ecg.Lead, rateHz float64) {
	listed := 0
	for from := 0; from < len(l.Samples) && listed < maxGapMarks; from++ {
		to := from
		for to < len(l.Samples) && l.Samples[to] != l.Samples[to] {
			to++
		}
		if to > from {
			e.texts = append(e.texts, mark{float64(from) / rateHz, float64(to-from) / rateHz, "signal missing: " + loss.Line(l.Name)})
			listed++
			from = to
		}
	}
}

// annotate makes the time-keeping mark of each record and puts every other mark
// into a record; the longest sets the size of all.
func (e *encoder) annotate() {
	for _, s := range e.rec.Statements {
		e.texts = append(e.texts, mark{0, 0, loss.Line(s)})
	}
	for _, a := range e.rec.Annotations {
		text := loss.Line(strings.TrimSpace(a.Code + " " + a.Text))
		if a.Lead != "" {
			text += "@@" + loss.Line(a.Lead) // the channel, as EDF+ readers agree
		}
		if text != "" {
			e.texts = append(e.texts, mark{float64(a.Sample) / e.rec.RateHz, 0, text})
		}
	}
	fraction := 0.0
	if !e.rec.Start.IsZero() {
		fraction = e.rec.Start.Sub(e.rec.Start.Truncate(time.Second)).Seconds()
	}
	seconds, _ := number(e.seconds)
	e.marks = make([][]byte, e.records)
	for n := range e.marks {
		e.marks[n] = append([]byte(onset(fraction+float64(n)*seconds)), endOfPart, endOfPart, endOfTAL)
	}
	e.place(fraction, seconds)
	for _, m := range e.marks {
		e.markBytes = max(e.markBytes, len(m)+len(m)%2)
	}
}

// place puts every mark into the record in which it begins or, where that would
// make all records large, one record after the other evenly.
func (e *encoder) place(fraction, seconds float64) {
	tals := make([][]byte, len(e.texts))
	size := make([]int, e.records)
	largest, total := 0, 0
	record := func(m mark) int { return min(max(int(m.at/seconds), 0), e.records-1) }
	for i, m := range e.texts {
		tals[i] = m.tal(fraction)
		total += len(tals[i])
		size[record(m)] += len(tals[i])
		largest = max(largest, size[record(m)])
	}
	room, n, used := total/e.records+1, 0, 0
	for i, m := range e.texts {
		if largest <= aligned {
			n = record(m)
		} else if used > room && n < e.records-1 {
			n, used = n+1, 0
		}
		used += len(tals[i])
		e.marks[n] = append(e.marks[n], tals[i]...)
	}
}

// tal writes the mark as EDF+ does, fraction seconds after the time in the
// header.
func (m mark) tal(fraction float64) []byte {
	text := strings.ToValidUTF8(m.text[:min(len(m.text), maxMarkLength)], "")
	tal := []byte(onset(fraction + m.at))
	if m.length > 0 {
		tal = append(append(tal, beforeLength), strings.TrimPrefix(onset(m.length), "+")...)
	}
	return append(append(append(tal, endOfPart), text...), endOfPart, endOfTAL)
}

// onset writes seconds with their sign and no exponent.
func onset(seconds float64) string {
	return "+" + strconv.FormatFloat(math.Round(seconds*1e6)/1e6, 'f', -1, 64)
}

// patient writes the four subfields: number, sex, birth date and name; X is
// unknown, and a space within one becomes an underscore.
func (e *encoder) patient() string {
	p := e.rec.Patient
	sex, born := p.Sex, "X"
	if sex == "" {
		sex = "X"
	}
	if day, err := time.Parse(time.DateOnly, p.BirthDate); err == nil {
		born = strings.ToUpper(day.Format("02-Jan-2006"))
	}
	text := strings.Join([]string{subfield(p.ID), sex, born, subfield(p.Name)}, " ")
	if len(text) > 80 {
		e.notes.Addf(ecg.NoteNotWritten, "the patient's number and name are cut to the 80 bytes of their field")
	}
	if strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		e.notes.Addf(ecg.NoteNotWritten, "EDF+ knows ASCII only: the patient's name is written in UTF-8, which few readers expect")
	}
	if strings.Contains(p.ID+p.Name, "_") {
		e.notes.Addf(ecg.NoteNotWritten, "EDF+ writes spaces as underscores: those of the patient's number and name are read as spaces")
	}
	if p.Age != "" && p.BirthDate == "" {
		e.notes.Addf(ecg.NoteNotWritten, "the format has no place for an age without a birth date")
	}
	return text
}

// recording writes the start date, and the device; X is unknown.
func (e *encoder) recording() string {
	date, d := "X", e.rec.Device
	if e.rec.Start.IsZero() {
		e.notes.Addf(ecg.NoteStandIn, "the recording states no time: its date is written as unknown, with 1 January 1985 in the field that demands one")
	} else {
		date = strings.ToUpper(e.rec.Start.Format("02-Jan-2006"))
		if !e.rec.LocalTime() {
			e.notes.Addf(ecg.NoteNotWritten, "EDF+ knows no time zone: the time is written as at the place of recording")
		}
	}
	if d.Manufacturer != "" || d.Serial != "" || d.Firmware != "" || d.Institution != "" {
		e.notes.Addf(ecg.NoteNotWritten, "of the device EDF+ names the model only")
	}
	return fmt.Sprintf("Startdate %s X X %s", date, subfield(d.Model))
}

func subfield(text string) string {
	if text = strings.ReplaceAll(loss.Line(text), " ", "_"); text == "" {
		return "X"
	}
	return text
}
