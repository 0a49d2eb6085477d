// Package xmlecg holds what the readers of vendors' XML have in common: opening
// a document, numbers, runs of samples and the error they all return.
package xmlecg

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// Document is one document while it is read into Rec.
type Document struct {
	Root *xmltree.Node
	Rec  *ecg.Recording
	room int // samples that may still be read
}

// Open parses data, whose root element must be called root. Errors are
// *ecg.FormatError.
func Open(format ecg.Format, root string, data []byte) (*Document, error) {
	d := &Document{Rec: &ecg.Recording{Format: format}, room: ecg.MaxSamples}
	if len(data) > ecg.MaxFileBytes {
		return nil, d.Fail(nil, "document", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	tree, set, guessed, err := xmltree.Parse(data)
	if err != nil {
		out := &ecg.FormatError{Format: format, Offset: -1, Field: "XML", Reason: err.Error()}
		var at *xmltree.Error
		if errors.As(err, &at) {
			out.Offset, out.Reason = at.Offset, at.Reason
		}
		return nil, out
	}
	if tree.Name != root {
		return nil, d.Fail(tree, "document", "the root element is <%.64s>, not <%s>", tree.Name, root)
	}
	if guessed {
		d.Rec.Notef(ecg.NoteCharset, "the text is not of the declared character set and was taken for %s", set)
	}
	d.Root = tree
	return d, nil
}

// Fail makes the error for a fault at an element; nil stands for none.
func (d *Document) Fail(at *xmltree.Node, field, format string, args ...any) error {
	out := &ecg.FormatError{Format: d.Rec.Format, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
	if at != nil {
		out.Offset = at.Offset
	}
	return out
}

// NoSignal is the error of a document without a rhythm.
func (d *Document) NoSignal(field string) error {
	return &ecg.FormatError{Format: d.Rec.Format, Offset: -1, Field: field,
		Reason: "the document has no rhythm waveform", Err: ecg.ErrNoSignal}
}

// Number reads a finite number.
func Number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// Positive reads a number above zero and at most most.
func Positive(text string, most float64) (float64, bool) {
	v, ok := Number(text)
	return v, ok && v > 0 && v <= most
}

// MaxRateHz is the highest sampling rate a document may state.
const MaxRateHz = 1e6

// List reads samples written as numbers with commas, semicolons or white space
// between, and multiplies them by scale. An empty field is an error.
func (d *Document) List(at *xmltree.Node, field string, scale float64) ([]float32, error) {
	text := at.Bytes()
	var out []float32
	for i := 0; i < len(text); {
		c := text[i]
		if c <= ' ' || c == ',' || c == ';' {
			i++
			continue
		}
		end := i
		for end < len(text) && text[end] > ' ' && text[end] != ',' && text[end] != ';' {
			end++
		}
		v, ok := integer(text[i:end])
		if !ok {
			if v, ok = Number(string(text[i:end])); !ok {
				return nil, d.Fail(at, field, "sample %d is %.16q", len(out)+1, text[i:end])
			}
		}
		if d.room--; d.room < 0 {
			return nil, d.Fail(at, field, "more than %d samples", ecg.MaxSamples)
		}
		out = append(out, float32(v*scale))
		i = end
	}
	return out, nil
}

// integer reads a short whole number: nearly all are.
func integer(text []byte) (float64, bool) {
	sign, v := 1, 0
	if len(text) > 1 && text[0] == '-' {
		sign, text = -1, text[1:]
	}
	if len(text) > 9 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return float64(sign * v), true
}

// Int16 decodes base64 of 16-bit numbers, least significant byte first.
func (d *Document) Int16(at *xmltree.Node, field string, text []byte) ([]int16, error) {
	compact := make([]byte, 0, len(text))
	for _, b := range text {
		if b > ' ' {
			compact = append(compact, b)
		}
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(compact)))
	n, err := base64.StdEncoding.Decode(raw, compact)
	if err != nil || n%2 != 0 {
		return nil, d.Fail(at, field, "%d bytes of base64 are damaged", len(text))
	}
	if d.room -= n / 2; d.room < 0 {
		return nil, d.Fail(at, field, "more than %d samples", ecg.MaxSamples)
	}
	out := make([]int16, n/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return out, nil
}

// Start sets the start of the recording from a text stamp.Parse reads; an
// impossible one is noted, none is not.
func (d *Document) Start(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	start, zoned, ok := stamp.Parse(text)
	if !ok {
		d.Rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	d.Rec.Start = start
	if !zoned {
		d.Rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
	}
}

// Birth sets the birth date from a text stamp.Day reads; an impossible one is
// noted, none is not.
func (d *Document) Birth(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	if d.Rec.Patient.BirthDate = stamp.Day(text); d.Rec.Patient.BirthDate == "" {
		d.Rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
	}
}

// Sex reads the ways documents write it; "" for others.
func Sex(text string) string {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "m", "male", "男":
		return "M"
	case "f", "w", "female", "女":
		return "F"
	}
	return ""
}

// Age writes a whole number of years, or of another unit's letter, as DICOM
// does; "" if it is none.
func Age(text, letter string) string {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 999 {
		return ""
	}
	return fmt.Sprintf("%03d%s", n, letter)
}

// Measured stores a device's number unless it is none: an angle is a number to
// ±360, all else one above zero.
func (d *Document) Measured(key, text string) {
	v, ok := Number(text)
	angle := strings.HasSuffix(key, "_deg")
	if ok && (angle && v >= -360 && v <= 360 || !angle && v > 0 && v < 1e5) {
		d.Rec.SetMeasurement(key, v)
	}
}

// Level checks that all leads have as many samples as the first; a lead that
// does not, cannot be put in time.
func (d *Document) Level(at *xmltree.Node, leads []ecg.Lead) error {
	for _, l := range leads {
		if len(l.Samples) != len(leads[0].Samples) {
			return d.Fail(at, "samples", "lead %.16q has %d, lead %.16q %d", l.Name, len(l.Samples), leads[0].Name, len(leads[0].Samples))
		}
	}
	return nil
}
