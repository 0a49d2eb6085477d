package edf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// recommendedBytes is the most a data record should have (Kemp 1992).
const recommendedBytes = 61440

// Encode writes rec as EDF+C: the rhythm leads and those groups whose signals
// fill the same records, then an annotation signal with the fraction of the
// start, the device's statements, the marks and the gaps, which EDF cannot
// mark in the samples. The limits of each signal are chosen so that a count is
// the device's own step.
//
// It returns what the format could not hold. Errors are *ecg.FormatError and
// those of w.
func Encode(w io.Writer, rec *ecg.Recording) ([]ecg.Note, error) {
	if err := loss.Writable(ecg.FormatEDF, rec); err != nil {
		return nil, err
	}
	e := &encoder{}
	e.rec = e.notes.Present(rec)
	for _, l := range e.rec.Leads {
		c := e.column(l, "uV", rec.RateHz)
		if c.miss > mostMiss {
			return nil, loss.Refuse(ecg.FormatEDF, "physical limit", "the values of lead %.16q cannot be said in eight characters", l.Name)
		}
		c.lead = true
		e.columns = append(e.columns, c)
		e.named = e.named || ecg.HeartSignal(l.Name)
	}
	e.cut()
	for i := range rec.Groups {
		e.group(&rec.Groups[i])
	}
	if len(e.columns) >= maxSignals {
		return nil, loss.Refuse(ecg.FormatEDF, "number of signals", "%d, at most %d are written", len(e.columns), maxSignals-1)
	}
	e.annotate()
	e.notes.Measurements(rec)
	_, err := w.Write(append(e.header(), e.data()...))
	return e.notes, err
}

// encoder holds one recording while it is written.
type encoder struct {
	rec       *ecg.Recording
	notes     loss.Notes
	columns   []column
	named     bool // a lead is an ECG by its name
	perRecord int  // samples of a lead in a record
	records   int
	seconds   string // of a record
	texts     []mark
	marks     [][]byte // of each record
	markBytes int      // of the annotation signal in a record
}

// column is one signal: digital low and high stand for the physical limits,
// written as texts.
type column struct {
	name, unit      string
	lead            bool // of the rhythm
	samples         []float32
	perRecord       int
	counts          []int16
	low, high       int
	lowText, hiText string
	miss            float64 // of the largest count by the limits as written, in steps
}

// mostMiss is how wrong a count may come out, in steps.
const mostMiss = 0.02

// column scales a signal. The physical limits have eight characters: of several
// ranges of counts the first one is taken whose limits come out exact, else the
// one with the smallest error.
func (e *encoder) column(l ecg.Lead, unit string, rateHz float64) column {
	filled, missing := loss.Fill(l.Samples)
	if missing > 0 {
		e.notes.Addf(ecg.NoteFilled, "%d samples of %.16s are missing: the last value is held instead, and an annotation says where", missing, l.Name)
		e.gaps(l, rateHz)
	}
	scale := quant.Of(filled)
	e.notes.Scale(l.Name, scale)
	c := column{name: loss.Line(l.Name), unit: unit, samples: l.Samples}
	c.counts = scale.Counts(filled, 0)
	largest := 1
	for _, n := range c.counts {
		largest = max(largest, int(n), -int(n))
	}
	best := math.Inf(1)
	perMV := int(math.Round(1000 / scale.Step)) // of a gain in whole counts its multiples are round voltages
	for _, reach := range []int{perMV * (quant.Limit / max(perMV, 1)), 32767, 32000, 30000, 25000, 20000, 16384, 16000, 10000, 8192, 8000, 5000, 4096, 2048, 2000, 1000, largest} {
		if reach < largest || reach > quant.Limit {
			continue
		}
		low, high := scale.Base-float64(reach)*scale.Step, scale.Base+float64(reach)*scale.Step
		lowText, lowError := eight(low)
		hiText, hiError := eight(high)
		miss := 0.0
		for _, share := range []float64{-1, 1} { // of the largest count, on either side
			right := (1 + share*float64(largest)/float64(reach)) / 2
			miss = max(miss, math.Abs(lowError*(1-right)+hiError*right)/scale.Step)
		}
		if miss < best-1e-9 {
			best, c.miss = miss, miss
			c.low, c.high, c.lowText, c.hiText = -reach, reach, lowText, hiText
		}
		if best < 1e-6 {
			break
		}
	}
	return c
}

// eight writes a number in at most eight characters and returns how much more
// they say.
func eight(v float64) (text string, miss float64) {
	for digits := 12; digits >= 0; digits-- {
		text = strconv.FormatFloat(v, 'f', digits, 64)
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		if len(text) <= 8 {
			back, _ := number(text)
			return text, back - v
		}
	}
	text = strconv.FormatFloat(v, 'e', 1, 64)
	back, _ := number(text)
	return text, back - v
}

// cut chooses the length of a record: the longest that divides the recording,
// has a duration eight characters say exactly and stays below the recommended
// size. Where the number of samples has no such divisor the last record is
// filled up.
func (e *encoder) cut() {
	n, rate := e.rec.Samples(), e.rec.RateHz
	most := max(1, min(n, recommendedBytes/2/len(e.columns)))
	const least = 100 // samples: shorter records are mostly annotations
	best, bestMiss := 0, math.Inf(1)
	for size := most; size >= min(least, n) && bestMiss > 1e-12; size-- {
		if n%size == 0 {
			if miss := durationMiss(size, rate); miss < bestMiss-1e-15 {
				best, bestMiss = size, miss
			}
		}
	}
	if best == 0 || bestMiss > 1e-6 {
		best, bestMiss = most, math.Inf(1)
		for size := most; size >= max(1, most/2) && bestMiss > 1e-12; size-- {
			if miss := durationMiss(size, rate) + float64((size-n%size)%size)/float64(n)*1e-3; miss < bestMiss {
				best, bestMiss = size, miss
			}
		}
	}
	e.perRecord, e.records = best, (n+best-1)/best
	e.seconds, _ = eight(float64(best) / rate)
	seconds, _ := number(e.seconds)
	e.notes.Rate(rate, float64(best)/seconds)
	if extra := e.records*best - n; extra > 0 {
		e.notes.Addf(ecg.NoteFilled, "the last data record is filled up with %d samples of the last value", extra)
	}
	for i := range e.columns {
		e.columns[i].perRecord = best
	}
}

// durationMiss is the relative error of the duration of size samples.
func durationMiss(size int, rate float64) float64 {
	seconds := float64(size) / rate
	_, miss := eight(seconds)
	return math.Abs(miss) / seconds
}

// group adds the signals of a group that fill the same records at another rate
// or in another unit.
func (e *encoder) group(g *ecg.Group) {
	perRecord := float64(e.perRecord) * g.RateHz / e.rec.RateHz
	fits := g.Kind == ecg.KindRhythm && perRecord >= 1 && math.Abs(perRecord-math.Round(perRecord)) < 1e-6
	for _, l := range g.Leads {
		fits = fits && len(l.Samples) == int(math.Round(perRecord))*e.records
	}
	if !fits {
		e.notes.Group(g, "EDF+ holds continuous signals that fill the same data records as the rhythm")
		return
	}
	for _, l := range g.Leads {
		c := e.column(l, g.Unit, g.RateHz)
		if c.miss > mostMiss {
			e.notes.Addf(ecg.NoteNotWritten, "signal %.16q is left out: its values cannot be said in eight characters", l.Name)
			continue
		}
		c.perRecord = int(math.Round(perRecord))
		e.columns = append(e.columns, c)
	}
}

// header writes the fixed part and the fields of the signals.
func (e *encoder) header() []byte {
	var out bytes.Buffer
	put := func(width int, text string) {
		if len(text) > width {
			text = strings.ToValidUTF8(text[:width], "")
		}
		out.WriteString(text + strings.Repeat(" ", width-len(text)))
	}
	start := e.rec.Start
	if start.IsZero() {
		start = time.Date(1985, 1, 1, 0, 0, 0, 0, time.UTC) // the clipping date: the recording field says X
	}
	signals := len(e.columns) + 1
	put(8, "0")
	put(80, e.patient())
	put(80, e.recording())
	put(8, start.Format("02.01.06"))
	put(8, start.Format("15.04.05"))
	put(8, strconv.Itoa(fixedHeader+signals*signalHeader))
	put(44, "EDF+C")
	put(8, strconv.Itoa(e.records))
	put(8, e.seconds)
	put(4, strconv.Itoa(signals))
	each := func(width int, last string, text func(column) string) {
		for _, c := range e.columns {
			put(width, text(c))
		}
		put(width, last)
	}
	each(16, "EDF Annotations", e.label)
	each(80, "", func(column) string { return "" })
	each(8, "", func(c column) string { return c.unit })
	each(8, "-1", func(c column) string { return c.lowText })
	each(8, "1", func(c column) string { return c.hiText })
	each(8, "-32768", func(c column) string { return strconv.Itoa(c.low) })
	each(8, "32767", func(c column) string { return strconv.Itoa(c.high) })
	each(80, "", func(c column) string { return e.prefilter(c) })
	each(8, strconv.Itoa(e.markBytes/2), func(c column) string { return strconv.Itoa(c.perRecord) })
	each(32, "", func(column) string { return "" })
	return out.Bytes()
}

// label names an ECG lead as EDF+ does, "ECG V1"; other signals keep their
// names, except voltages among the leads that a reader would take for no ECG.
func (e *encoder) label(c column) string {
	name := c.name
	switch {
	case c.unit != "uV":
	case ecg.StandardLead(c.name) != "":
		name = "ECG " + c.name
	case c.lead && e.named && !ecg.HeartSignal(c.name):
		name = "ECG " + c.name
		e.notes.Addf(ecg.NoteNotWritten, "%.16q is labelled as an ECG, as the leads beside it are", c.name)
	}
	if len(name) > 16 {
		e.notes.Addf(ecg.NoteNotWritten, "a signal's name is cut to 16 bytes")
	}
	return name
}

func (e *encoder) prefilter(c column) string {
	if c.unit != "uV" {
		return ""
	}
	var parts []string
	f := e.rec.Filters
	for _, p := range []struct {
		name  string
		hertz float64
	}{{"HP", f.HighPassHz}, {"LP", f.LowPassHz}, {"N", f.NotchHz}} {
		if p.hertz > 0 {
			parts = append(parts, fmt.Sprintf("%s:%gHz", p.name, p.hertz))
		}
	}
	return strings.Join(parts, " ")
}

// data writes the records: each signal's samples, then the annotations.
func (e *encoder) data() []byte {
	var out []byte
	for n := range e.records {
		for _, c := range e.columns {
			for k := n * c.perRecord; k < (n+1)*c.perRecord; k++ {
				out = binary.LittleEndian.AppendUint16(out, uint16(c.counts[min(k, len(c.counts)-1)]))
			}
		}
		out = append(out, e.marks[n]...)
		out = append(out, make([]byte, e.markBytes-len(e.marks[n]))...)
	}
	return out
}
