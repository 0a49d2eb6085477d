package edf

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Widths of the header: the fixed part, and all fields of one signal.
const (
	fixedHeader  = 256
	signalHeader = 256
)

// fields cuts the fixed-width texts of the header.
type fields struct {
	data []byte
	at   int
}

func (h *fields) text(width int) string {
	raw := h.data[h.at : h.at+width]
	h.at += width
	text, _ := charset.Guess(raw)
	return strings.Trim(text, " \x00")
}

// parse reads the header and checks its sizes against the file's size.
func parse(r io.ReaderAt, size int64) (*file, error) {
	data := make([]byte, min(size, fixedHeader+maxSignals*signalHeader))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, err
	}
	if len(data) < fixedHeader {
		return nil, fail(0, "file", "%d bytes", size)
	}
	f := &file{r: r, size: size, data: data, sampleBytes: 2, rec: &ecg.Recording{Format: ecg.FormatEDF}}
	if data[0] == 0xFF {
		f.sampleBytes = 3
	}
	h := &fields{data: data, at: 8}
	patient, recording, date, clock := h.text(80), h.text(80), h.text(8), h.text(8)
	headerBytes, kind := h.text(8), h.text(44)
	records, duration, count := h.text(8), h.text(8), h.text(4)
	f.plus = strings.HasPrefix(kind, "EDF+") || strings.HasPrefix(kind, "BDF+")
	f.gapped = f.plus && strings.HasSuffix(kind, "+D")
	signals, err := strconv.Atoi(count)
	if err != nil || signals < 1 || signals > maxSignals || len(data) < fixedHeader+signals*signalHeader {
		return nil, fail(252, "number of signals", "%.8q signals in a file of %d bytes", count, size)
	}
	f.headerBytes = fixedHeader + signals*signalHeader
	if n, err := strconv.Atoi(headerBytes); err != nil || n != f.headerBytes {
		return nil, fail(184, "header bytes", "%.8q for %d signals", headerBytes, signals)
	}
	if f.seconds, _ = number(duration); !(f.seconds >= 0) || f.seconds > 1e6 {
		return nil, fail(244, "duration of a record", "%.8q", duration)
	}
	if err := f.readSignals(signals); err != nil {
		return nil, err
	}
	if err := f.countRecords(records); err != nil {
		return nil, err
	}
	f.readPatient(patient)
	f.readStart(recording, date, clock)
	return f, nil
}

// readSignals reads the signal fields, which stand field by field for all
// signals.
func (f *file) readSignals(n int) error {
	h := &fields{data: f.data, at: fixedHeader}
	column := func(width int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = h.text(width)
		}
		return out
	}
	labels := column(16)
	column(80) // transducers
	units := column(8)
	var limits [4][]float64 // physical minimum and maximum, digital minimum and maximum
	for k := range limits {
		at := h.at
		for i, text := range column(8) {
			v, ok := number(text)
			if !ok && !isAnnotation(labels[i]) {
				return fail(at+8*i, "physical or digital limit", "signal %d: %.8q", i+1, text)
			}
			limits[k] = append(limits[k], v)
		}
	}
	prefilters, at := column(80), h.at
	for i, text := range column(8) {
		samples, err := strconv.Atoi(text)
		if err != nil || samples < 1 || samples > ecg.MaxSamples {
			return fail(at+8*i, "samples in a record", "signal %d: %.8q", i+1, text)
		}
		s := signal{label: labels[i], prefilter: prefilters[i], samples: samples, offset: f.recordBytes,
			annotation: isAnnotation(labels[i])}
		f.recordBytes += samples * f.sampleBytes
		if err := s.setScale(i, units[i], limits[0][i], limits[1][i], limits[2][i], limits[3][i]); err != nil {
			return err
		}
		f.signals = append(f.signals, s)
	}
	return nil
}

func isAnnotation(label string) bool { return label == "EDF Annotations" || label == "BDF Annotations" }

// setScale maps the digital on the physical limits; physical limits may be
// swapped, which turns the signal over.
func (s *signal) setScale(i int, unit string, low, high, digitalLow, digitalHigh float64) error {
	if s.annotation {
		return nil
	}
	if digitalLow >= digitalHigh || low == high {
		return fail(-1, "physical or digital limit", "signal %d: %v to %v stand for %v to %v", i+1,
			digitalLow, digitalHigh, low, high)
	}
	factor := 1.0
	s.unit = unit
	switch strings.ToLower(unit) { // recorders write them in any case
	case "uv", "µv", "\u03bcv", "microv":
		s.unit = "uV"
	case "mv", "milliv":
		s.unit, factor = "uV", 1e3
	case "nv":
		s.unit, factor = "uV", 1e-3
	case "v", "volt":
		s.unit, factor = "uV", 1e6
	}
	s.scale = (high - low) / (digitalHigh - digitalLow) * factor
	s.base = low*factor - digitalLow*s.scale
	return nil
}

// countRecords believes the file's size more than the header, which recorders
// that lost power leave at -1.
func (f *file) countRecords(text string) error {
	stated, err := strconv.Atoi(text)
	if err != nil || stated < -1 {
		return fail(236, "number of records", "%.8q", text)
	}
	present := int(f.size-int64(f.headerBytes)) / f.recordBytes
	f.records = present
	switch {
	case stated >= 0 && stated < present:
		f.records = stated
	case stated > present:
		f.rec.Notef(ecg.NoteLength, "the header states %d records, the file holds %d", stated, present)
	case stated < 0:
		f.rec.Notef(ecg.NoteLength, "the header states no number of records, the file holds %d", present)
	}
	if f.records > maxRecords || f.records == 0 {
		return fail(236, "number of records", "%d", f.records)
	}
	for i, s := range f.signals {
		if f.seconds > 0 && !s.annotation && !(f.rate(&s) <= maxRateHz) {
			return fail(244, "duration of a record", "signal %d has %v Hz", i+1, f.rate(&s))
		}
	}
	return nil
}

// fits says whether all samples may be held at once.
func (f *file) fits() error {
	total := 0
	for _, s := range f.signals {
		if total += s.samples * f.records; total > ecg.MaxSamples {
			return fail(236, "number of records", "more than %d samples", ecg.MaxSamples)
		}
	}
	return nil
}

// readPatient reads the four subfields of EDF+: code, sex, birth date, name; X
// is unknown. In plain EDF the field is free text and nobody can say which part
// is whose.
func (f *file) readPatient(text string) {
	parts := strings.Fields(text)
	if !f.plus || len(parts) < 4 {
		if text != "" {
			f.rec.Notef(ecg.NoteIgnored, "the patient field is free text and was not taken apart")
		}
		return
	}
	known := func(s string) string {
		if s == "X" {
			return ""
		}
		return strings.ReplaceAll(s, "_", " ")
	}
	p := &f.rec.Patient
	p.ID, p.Name = known(parts[0]), known(parts[3])
	if parts[1] == "M" || parts[1] == "F" {
		p.Sex = parts[1]
	}
	if parts[2] != "X" {
		year, month, day := dayOf(parts[2])
		if p.BirthDate = stamp.Date(year, month, day); p.BirthDate == "" {
			f.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
}

// readStart reads dd.mm.yy and hh.mm.ss; EDF+ states the whole year in the
// recording field, else years from 85 on are of the last century.
func (f *file) readStart(recording, date, clock string) {
	part := func(r rune) bool { return strings.ContainsRune(".-/:", r) } // only the first is by the standard
	d, c := strings.FieldsFunc(date, part), strings.FieldsFunc(clock, part)
	if len(d) != 3 || len(c) != 3 {
		f.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	whole := func(text string) int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return -1
		}
		return n
	}
	year, month, day := whole(d[2]), whole(d[1]), whole(d[0])
	if year >= 85 {
		year += 1900
	} else {
		year += 2000
	}
	parts := strings.Fields(recording)
	unknown := f.plus && len(parts) > 1 && parts[0] == "Startdate" && parts[1] == "X" && year == 1985 && month == 1 && day == 1
	if f.plus && len(parts) > 1 && parts[0] == "Startdate" {
		if y, m, dd := dayOf(parts[1]); stamp.Date(y, m, dd) != "" {
			year, month, day = y, m, dd
		}
		if len(parts) > 4 && parts[4] != "X" {
			f.rec.Device.Model = strings.ReplaceAll(parts[4], "_", " ")
		}
	}
	if unknown { // the clipping date stands in for none
		return
	}
	start, ok := stamp.Time(year, month, day, whole(c[0]), whole(c[1]), float64(whole(c[2])))
	if !ok {
		f.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	f.rec.Start = start
	f.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
}

// dayOf reads dd-MMM-yyyy; zeros if it is none.
func dayOf(text string) (year, month, day int) {
	parts := strings.Split(strings.ToUpper(text), "-")
	if len(parts) != 3 {
		return 0, 0, 0
	}
	months := "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
	at := strings.Index(months, parts[1])
	day, errDay := strconv.Atoi(parts[0])
	year, errYear := strconv.Atoi(parts[2])
	if at < 0 || at%4 != 0 || len(parts[1]) != 3 || errDay != nil || errYear != nil {
		return 0, 0, 0
	}
	return year, at/4 + 1, day
}

// number reads a finite decimal number.
func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
