// Package contec reads the files of Contec ECG90A electrocardiographs, which
// have no published description. It is the step parse for such uploads: file
// bytes come in, an ecg.Recording goes out.
//
// The layout was found by others from files and their exports: a header, samples
// of the leads II, III and V1 to V6 side by side, a trailer. The header states
// neither rate nor scale; both are the model's and noted as assumed.
package contec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Layout of the file and what the model does with the signal.
const (
	headerLength  = 43
	trailerLength = 37
	stored        = 8 // leads
	frameLength   = 2 * stored
	zero          = 2048   // of the converter
	leadOff       = 0x6800 // the value of an electrode without contact
	highest       = 4095   // 12 bits
)

// Decode reads one file. Errors are *ecg.FormatError. The result shares no
// memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes || ecg.Detect(data) != ecg.FormatContec {
		return nil, fail(0, "file", "%d bytes without the layout of an ECG90A", len(data))
	}
	body := data[headerLength:]
	frames := (len(body) - trailerLength) / frameLength
	switch {
	case frames < 1:
		return nil, fail(headerLength, "samples", "there are none")
	case (len(body)-trailerLength)%frameLength != 0:
		return nil, fail(headerLength, "samples", "%d bytes are no whole number of samples and a trailer", len(body))
	case frames*(stored+4) > ecg.MaxSamples:
		return nil, fail(headerLength, "samples", "%d of each lead, at most %d are read", frames, ecg.MaxSamples/(stored+4))
	}
	known := dialect.Named(dialect.ContecECG90A)
	rec := &ecg.Recording{Format: ecg.FormatContec, RateHz: known.RateHz, Device: ecg.Device{Manufacturer: known.Vendor, Model: known.Model}}
	columns, err := read(body, frames, known.Microvolts)
	if err != nil {
		return nil, err
	}
	rec.Leads = twelve(columns)
	known.Assume(rec)
	rec.Notef(ecg.NoteDialect, "the file holds II, III and V1 to V6; I, aVR, aVL and aVF were computed")
	readHeader(rec, data[:headerLength])
	for _, l := range rec.Leads {
		if allGaps(l.Samples) {
			rec.Notef(ecg.NoteLeadOff, "the device marked lead %s as off", l.Name)
		}
	}
	rec.NameLeads()
	return rec, nil
}

func fail(at int, field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatContec, Offset: int64(at), Field: field, Reason: fmt.Sprintf(format, args...)}
}

func text(raw []byte) string {
	raw, _, _ = bytes.Cut(raw, []byte{0})
	out, _ := charset.Guess(raw)
	return strings.TrimSpace(out)
}

// read returns the stored leads in µV, [lead][sample].
func read(body []byte, frames int, microvolts float64) ([stored][]float32, error) {
	var out [stored][]float32
	for i := range out {
		out[i] = make([]float32, frames)
	}
	for k := range frames {
		for i := range out {
			at := k*frameLength + 2*i
			switch v := binary.LittleEndian.Uint16(body[at:]); {
			case v == leadOff:
				out[i][k] = float32(math.NaN())
			case v > highest:
				return out, fail(headerLength+at, "samples", "%d is more than 12 bits hold", v)
			default:
				out[i][k] = float32(float64(int(v)-zero) * microvolts)
			}
		}
	}
	return out, nil
}

// twelve makes the standard leads of II, III and V1 to V6: I = II − III and
// what Goldberger made of them.
func twelve(columns [stored][]float32) []ecg.Lead {
	two, three := columns[0], columns[1]
	mix := func(a, b float32) []float32 {
		out := make([]float32, len(two))
		for i := range out {
			out[i] = a*two[i] + b*three[i]
		}
		return out
	}
	limb := [][]float32{mix(1, -1), two, three, mix(-1, 0.5), mix(0.5, -1), mix(0.5, 0.5)}
	var leads []ecg.Lead
	for i, name := range ecg.StandardLeads() {
		lead := ecg.Lead{Name: name}
		if i < len(limb) {
			lead.Samples = limb[i]
		} else {
			lead.Samples = columns[i-4]
		}
		leads = append(leads, lead)
	}
	return leads
}

func allGaps(samples []float32) bool {
	for _, v := range samples {
		if v == v {
			return false
		}
	}
	return true
}

// readHeader reads the case number, the time and the patient: a name of eight
// bytes, sex and age.
func readHeader(rec *ecg.Recording, head []byte) {
	rec.Patient.Name = text(head[32:40])
	rec.Patient.Sex = map[byte]string{0: "F", 1: "M"}[head[40]]
	if years := head[41]; years > 0 && years <= 150 {
		rec.Patient.Age = fmt.Sprintf("%03dY", years)
	}
	if start, _, ok := stamp.Parse(text(head[10:30])); ok {
		rec.Start = start
		rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
	}
}
