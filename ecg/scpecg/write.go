package scpecg

import (
	"encoding/binary"
	"io"
	"math"
	"time"

	"golang.org/x/text/encoding"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// maxRunBytes is the longest run of one lead's bytes that section 6 can state.
const maxRunBytes = math.MaxUint16

// Bounds of the fields the writer fills.
const (
	maxWrittenLeads = 255
	maxStatements   = 255
	protocolVersion = 20
)

// Encode writes rec as one SCP-ECG record: patient, device and time in section
// 1, second differences under the default Huffman table in section 6, a median
// group of the same leads as the reference beat of sections 4 and 5 without
// subtracting it, the device's measurements in section 7 and its statements in
// section 8. All leads share one step, a whole number of nanovolts, and the
// sample interval is a whole number of microseconds.
//
// It returns what the format could not hold. Errors are *ecg.FormatError, for
// recordings without signal, too fast or too long, and those of w.
func Encode(w io.Writer, rec *ecg.Recording) ([]ecg.Note, error) {
	if err := loss.Writable(ecg.FormatSCP, rec); err != nil {
		return nil, err
	}
	e := &encoder{interval: math.Round(1e6 / rec.RateHz)}
	e.rec = e.notes.Present(rec)
	rec = e.rec
	switch {
	case len(rec.Leads) > maxWrittenLeads:
		return nil, loss.Refuse(ecg.FormatSCP, "section 3", "%d leads, at most %d can be written", len(rec.Leads), maxWrittenLeads)
	case e.interval < 1 || e.interval > math.MaxUint16:
		return nil, loss.Refuse(ecg.FormatSCP, "section 6", "a rate of %.6g Hz is no interval of 1 to 65535 µs", rec.RateHz)
	}
	e.chooseText()
	e.notes.Rate(rec.RateHz, 1e6/e.interval)
	sections := [knownSections][]byte{sectionHuffman: binary.LittleEndian.AppendUint16(nil, defaultTables)}
	sections[sectionLeads] = e.leads()
	rhythm, err := e.rhythm()
	if err != nil {
		return nil, err
	}
	sections[sectionRhythm] = rhythm
	sections[sectionQRS], sections[sectionBeat] = e.beat()
	sections[sectionGlobal] = e.global()
	sections[sectionStatements] = e.statements()
	sections[sectionPatient] = e.patient()
	e.notes.Annotations(rec)
	_, err = w.Write(assemble(sections))
	return e.notes, err
}

// encoder holds one recording while it is written.
type encoder struct {
	rec      *ecg.Recording
	notes    loss.Notes
	interval float64 // µs
	ranges   []span  // of each lead
	missing  int     // samples filled inside the leads
	language byte    // of texts, in tag 14
	set      encoding.Encoding
}

// span is where a lead has its first and last sample, from zero.
type span struct{ from, to int }

// leads writes section 3 and finds where each lead begins and ends: gaps there
// need no filling.
func (e *encoder) leads() []byte {
	e.measureRanges()
	n, samples := len(e.rec.Leads), e.rec.Samples()
	flags := byte(min(n, 31))<<3 | 1<<2 // all leads recorded together
	var entries []byte
	for i, l := range e.rec.Leads {
		s := e.ranges[i]
		if s.to-s.from < samples {
			flags &^= 1 << 2
		}
		id := leadID(l.Name)
		if id == 0 {
			e.notes.Addf(ecg.NoteNotWritten, "%.32q is no lead that SCP-ECG knows: it is written as unspecified", l.Name)
		}
		entries = binary.LittleEndian.AppendUint32(entries, uint32(s.from+1))
		entries = append(binary.LittleEndian.AppendUint32(entries, uint32(s.to)), id)
	}
	return append([]byte{byte(n), flags}, entries...)
}

// measureRanges trims the gaps at both ends of each lead; one lead keeps them
// where all have them, or the recording would be shorter.
func (e *encoder) measureRanges() {
	first, last := e.rec.Samples(), 0
	for _, l := range e.rec.Leads {
		s := span{0, len(l.Samples)}
		for s.to > 1 && gap(l.Samples[s.to-1]) {
			s.to--
		}
		for s.from < s.to-1 && gap(l.Samples[s.from]) {
			s.from++
		}
		first, last = min(first, s.from), max(last, s.to)
		e.ranges = append(e.ranges, s)
	}
	if first > 0 {
		e.ranges[0].from = 0
	}
	if last < e.rec.Samples() {
		e.ranges[0].to = e.rec.Samples()
	}
}

func gap(v float32) bool { return v != v }

// leadID is the inverse of leadName; 0, unspecified, for other names.
func leadID(name string) byte {
	for id := 1; id <= math.MaxUint8; id++ {
		if n := ecg.LeadOfCode(id); n != "" && n == name {
			return byte(id)
		}
	}
	return 0
}

// rhythm writes section 6.
func (e *encoder) rhythm() ([]byte, error) {
	runs := make([][]float32, len(e.rec.Leads))
	for i, l := range e.rec.Leads {
		s := e.ranges[i]
		filled, missing := loss.Fill(l.Samples[s.from:s.to])
		if missing > 0 {
			e.notes.Filled(ecg.Lead{Name: l.Name, Samples: l.Samples[s.from:s.to]})
			e.missing += missing
		}
		runs[i] = filled
	}
	return e.block(runs)
}

// block writes section 5 or 6 as second differences or, where a lead is too
// noisy for them to fit, as first differences.
func (e *encoder) block(runs [][]float32) ([]byte, error) {
	nanovolts, err := e.nanovolts(runs)
	if err != nil {
		return nil, err
	}
	scale := quant.Scale{Step: float64(nanovolts) / 1000}
	counts := make([][]int16, len(runs))
	for i, run := range runs {
		counts[i] = scale.Counts(run, 0)
	}
	body, err := e.encoded(counts, nanovolts, secondDifferences)
	if err != nil {
		return e.encoded(counts, nanovolts, firstDifferences)
	}
	return body, nil
}

func (e *encoder) encoded(counts [][]int16, nanovolts uint16, encoding byte) ([]byte, error) {
	le := binary.LittleEndian
	head := le.AppendUint16(le.AppendUint16(nil, nanovolts), uint16(e.interval))
	head = append(head, encoding, 0)
	codes := defaultCodes()
	var data []byte
	for i, c := range counts {
		d := huffman(differences(c, encoding), codes)
		if len(d) > maxRunBytes {
			return nil, loss.Refuse(ecg.FormatSCP, "section 6", "lead %d needs %d bytes, a lead can have %d: the recording of %.0f s is too long",
				i+1, len(d), maxRunBytes, e.rec.Duration().Seconds())
		}
		head = le.AppendUint16(head, uint16(len(d)))
		data = append(data, d...)
	}
	return append(head, data...), nil
}

// nanovolts chooses the amplitude multiplier: the device's step where it is a
// whole number of nanovolts, else a fraction of it that fits 16 bits.
func (e *encoder) nanovolts(runs [][]float32) (uint16, error) {
	s := quant.FromZero(runs...)
	largest := 0.0
	for _, run := range runs {
		for _, v := range run {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	whole := math.Round(s.Step * 1000)
	if s.Exact && whole >= 1 && whole <= math.MaxUint16 {
		const unseen = 0.02                                              // of a step
		miss := math.Abs(whole-s.Step*1000) * largest / (s.Step * whole) // in steps, of the largest value
		if miss > 1e-3 && miss <= unseen {
			e.notes.Addf(ecg.NoteQuantised, "the step of %.9g µV is written as %g nV", s.Step, whole)
		}
		if miss <= unseen {
			return uint16(whole), nil
		}
	}
	const finer = 8 // of the device's step, so that rounding stays below a sixteenth of it
	n := max(1, math.Ceil(largest*1000/quant.Limit), math.Floor(s.Step*1000/finer))
	if n > math.MaxUint16 {
		return 0, loss.Refuse(ecg.FormatSCP, "section 6", "values of %.3g µV are beyond 16 bits of at most 65535 nV", largest)
	}
	e.notes.Addf(ecg.NoteQuantised, "samples were rounded to steps of %g nV", n)
	return uint16(n), nil
}

// huffman writes values with the default table: a code of its own for 0 to ±8,
// else the shortest literal.
func huffman(values []int16, codes []code) []byte {
	short, long := codes[len(codes)-2], codes[len(codes)-1]
	out := bitWriter{out: make([]byte, 0, len(values))}
	for _, v := range values {
		switch {
		case v >= -8 && v <= 8:
			k := codes[0]
			if v != 0 {
				k = codes[2*max(v, -v)-1]
				if v < 0 {
					k = codes[2*-v]
				}
			}
			out.put(uint64(k.prefix), int(k.prefixBits))
		case v >= math.MinInt8 && v <= math.MaxInt8:
			out.put(uint64(short.prefix)<<8|uint64(uint8(v)), int(short.prefixBits)+8)
		default:
			out.put(uint64(long.prefix)<<16|uint64(uint16(v)), int(long.prefixBits)+16)
		}
	}
	return out.even()
}

// beat writes sections 4 and 5 for the first median group that has the leads of
// the rhythm; others are noted.
func (e *encoder) beat() (where, what []byte) {
	for i := range e.rec.Groups {
		g := &e.rec.Groups[i]
		if what == nil && g.Kind == ecg.KindMedian && g.Unit == "uV" {
			if where, what = e.referenceBeat(g); what != nil {
				continue
			}
		}
		e.notes.Group(g, "SCP-ECG holds one reference beat of the rhythm's leads and rate, and no other signals")
	}
	return where, what
}

func (e *encoder) referenceBeat(g *ecg.Group) (where, what []byte) {
	if math.Round(1e6/g.RateHz) != e.interval || len(g.Leads) == 0 {
		return nil, nil
	}
	var runs [][]float32
	for _, l := range e.rec.Leads {
		for _, m := range g.Leads {
			if m.Name == l.Name && len(m.Samples) == len(g.Leads[0].Samples) {
				runs = append(runs, e.notes.Filled(m))
				break
			}
		}
	}
	n := len(g.Leads[0].Samples)
	ms := math.Ceil(float64(n) * e.interval / 1000)
	if len(runs) != len(e.rec.Leads) || len(g.Leads) != len(runs) || n == 0 || ms > math.MaxUint16 || int(ms)*1000/int(e.interval) != n {
		return nil, nil
	}
	what, err := e.block(runs)
	if err != nil {
		return nil, nil
	}
	fiducial := 0
	for k, v := range runs[0] {
		if math.Abs(float64(v)) > math.Abs(float64(runs[0][fiducial])) {
			fiducial = k
		}
	}
	le := binary.LittleEndian
	return le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, uint16(ms)), uint16(fiducial+1)), 0), what
}

// stamp is the date and time of sections 1 and 8; nothing without a start.
func (e *encoder) stamp() (date, clock []byte) {
	if e.rec.Start.IsZero() {
		return nil, nil
	}
	t := e.rec.Start.Truncate(time.Second)
	if !t.Equal(e.rec.Start) {
		e.notes.Addf(ecg.NoteQuantised, "the start is written in whole seconds")
	}
	date = append(binary.LittleEndian.AppendUint16(nil, uint16(t.Year())), byte(t.Month()), byte(t.Day()))
	return date, []byte{byte(t.Hour()), byte(t.Minute()), byte(t.Second())}
}
