package wfdb

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// File is one file of a written record.
type File struct {
	Name string
	Data []byte
}

// recordName is what header(5) allows as a record's name.
var recordName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$`)

// written is the storage format of signal files: 16 bits, a gap is the lowest
// value.
const written = 16

// Encode turns rec into the files of a record called name: the header, a signal
// file of format 16 with the rhythm leads and those groups that last as long at
// a whole multiple of the rate, and an annotation file if there are marks. Each
// signal has the device's step as its gain; age and sex are header comments.
//
// It returns what the format could not hold. Errors are *ecg.FormatError.
func Encode(rec *ecg.Recording, name string) ([]File, []ecg.Note, error) {
	if err := loss.Writable(ecg.FormatWFDB, rec); err != nil {
		return nil, nil, err
	}
	if !recordName.MatchString(name) {
		return nil, nil, loss.Refuse(ecg.FormatWFDB, "record line", "%.64q is no record name: only letters, digits, - and _ are", name)
	}
	e := &encoder{rec: rec, name: name}
	e.collect()
	if len(e.tracks) > ecg.MaxLeads {
		return nil, nil, loss.Refuse(ecg.FormatWFDB, "record line", "%d signals, at most %d are written", len(e.tracks), ecg.MaxLeads)
	}
	signals, lines := e.signals()
	files := []File{{name + ".hea", []byte(e.header(lines))}, {name + ".dat", signals}}
	if len(rec.Annotations) > 0 {
		files = append(files, File{name + reference, e.annotations()})
	}
	e.losses()
	return files, e.notes, nil
}

// encoder holds one recording while it is written.
type encoder struct {
	rec    *ecg.Recording
	name   string
	tracks []track
	notes  loss.Notes
}

// collect lists the signals, leads first.
func (e *encoder) collect() {
	for _, l := range e.rec.Leads {
		e.tracks = append(e.tracks, track{l.Name, "uV", 1, l.Samples})
	}
	for i := range e.rec.Groups {
		g := &e.rec.Groups[i]
		perFrame := g.RateHz / e.rec.RateHz
		if g.Kind != ecg.KindRhythm || perFrame < 1 || perFrame > maxPerFrame || perFrame != math.Round(perFrame) || !e.lasts(g, int(perFrame)) {
			e.notes.Group(g, "a WFDB record holds signals that last as long as the rhythm, at a whole multiple of its rate")
			continue
		}
		for _, l := range g.Leads {
			unit := g.Unit
			if unit == "" {
				unit = "NU"
			}
			e.tracks = append(e.tracks, track{l.Name, unit, int(perFrame), l.Samples})
		}
	}
}

// lasts says whether all signals of g have perFrame samples for each of the
// rhythm's.
func (e *encoder) lasts(g *ecg.Group, perFrame int) bool {
	for _, l := range g.Leads {
		if len(l.Samples) != perFrame*e.rec.Samples() {
			return false
		}
	}
	return true
}

// signals writes the samples of all tracks, frame by frame, and the header line
// of each.
func (e *encoder) signals() (data []byte, lines []string) {
	counts := make([][]int16, len(e.tracks))
	total := 0
	for i, t := range e.tracks {
		scale := quant.WholeBase(t.samples)
		e.notes.Scale(t.name, scale)
		counts[i] = scale.Counts(t.samples, math.MinInt16)
		total += len(counts[i])
		lines = append(lines, e.line(t, scale, counts[i]))
	}
	data = make([]byte, 0, 2*total)
	for frame := range e.rec.Samples() {
		for i, t := range e.tracks {
			for _, v := range counts[i][frame*t.perFrame : (frame+1)*t.perFrame] {
				data = binary.LittleEndian.AppendUint16(data, uint16(v))
			}
		}
	}
	return data, lines
}

// line describes a signal: file, format, gain with baseline and unit, bits and
// zero of the converter, first value, checksum, block size and name.
func (e *encoder) line(t track, scale quant.Scale, counts []int16) string {
	format := strconv.Itoa(written)
	if t.perFrame > 1 {
		format += "x" + strconv.Itoa(t.perFrame)
	}
	perUnit, unit := 1/scale.Step, strings.Join(strings.Fields(t.unit), "_")
	if t.unit == "uV" {
		perUnit, unit = 1000/scale.Step, "mV"
	}
	sum := uint16(0)
	for _, v := range counts {
		sum += uint16(v)
	}
	return fmt.Sprintf("%s.dat %s %s(%d)/%s 16 0 %d %d 0 %s\n", e.name, format, strconv.FormatFloat(nice(perUnit), 'g', -1, 64),
		int(math.Round(-scale.Base/scale.Step)), unit, counts[0], int16(sum), loss.Line(t.name))
}

// nice rounds to 14 digits: 1000/4.88 has no more that mean anything.
func nice(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 14, 64), 64)
	if err != nil {
		return v
	}
	return out
}

// header puts the record line, the signal lines and the comments together.
func (e *encoder) header(lines []string) string {
	rec := e.rec
	record := fmt.Sprintf("%s %d %s %d", e.name, len(lines), strconv.FormatFloat(rec.RateHz, 'g', -1, 64), rec.Samples())
	if !rec.Start.IsZero() {
		record += rec.Start.Format(" 15:04:05.999999 02/01/2006")
		if !rec.LocalTime() {
			e.notes.Addf(ecg.NoteNotWritten, "the header's time has no zone: it is written as at the place of recording")
		}
	}
	var comments string
	if age, years := strings.CutSuffix(rec.Patient.Age, "Y"); years {
		if n := atoi(age); n > 0 {
			comments += "# age: " + strconv.Itoa(n) + "\n"
		}
	}
	if rec.Patient.Sex != "" {
		comments += "# sex: " + rec.Patient.Sex + "\n"
	}
	return record + "\n" + strings.Join(lines, "") + comments
}

// losses notes what no file of the record holds.
func (e *encoder) losses() {
	p := e.rec.Patient
	if p.ID != "" || p.Name != "" || p.BirthDate != "" {
		e.notes.Addf(ecg.NoteNotWritten, "a WFDB record carries no name, number or birth date of the patient")
	}
	if p.Age != "" && !strings.HasSuffix(p.Age, "Y") {
		e.notes.Addf(ecg.NoteNotWritten, "an age that is not in years was left out")
	}
	if e.rec.Device != (ecg.Device{}) {
		e.notes.Addf(ecg.NoteNotWritten, "the format has no place for the device")
	}
	if e.rec.Filters != (ecg.Filters{}) {
		e.notes.Addf(ecg.NoteNotWritten, "the format has no place for the device's filters")
	}
	e.notes.Measurements(e.rec)
	e.notes.Statements(e.rec)
}
