// Package ishne reads the Holter format of the International Society for Holter
// and Noninvasive Electrocardiology (Badilini 1998), which Holter recorders and
// the THEW database write. It is the step parse for such uploads: file bytes
// come in, an ecg.Recording goes out.
package ishne

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Layout of the file: magic, checksum, header; offsets below count from the
// start of the header.
const (
	magic        = "ISHNE1.0"
	headerAt     = len(magic) + 2
	headerLength = 512
	maxLeads     = 12
	unknown      = -9 // of any number
)

// file is one file while it is read.
type file struct {
	data   []byte
	header []byte
	rec    *ecg.Recording
	at     int // of the first sample
}

// Decode reads one ISHNE file. Errors are *ecg.FormatError. The result shares
// no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	f := &file{data: data, rec: &ecg.Recording{Format: ecg.FormatISHNE}}
	switch {
	case len(data) > ecg.MaxFileBytes || len(data) < headerAt+headerLength:
		return nil, fail(0, "file", "%d bytes", len(data))
	case string(data[:len(magic)]) != magic:
		return nil, fail(0, "magic number", "%.8q", data[:len(magic)])
	}
	f.header = data[headerAt : headerAt+headerLength]
	if err := f.locate(); err != nil {
		return nil, err
	}
	if err := f.readLeads(); err != nil {
		return nil, err
	}
	f.readPatient()
	f.readStart()
	f.rec.Device.Model = f.text(222, 40)
	f.rec.NameLeads()
	return f.rec, nil
}

func fail(at int, field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatISHNE, Offset: int64(at), Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (f *file) i32(at int) int { return int(int32(binary.LittleEndian.Uint32(f.header[at:]))) }
func (f *file) i16(at int) int { return int(int16(binary.LittleEndian.Uint16(f.header[at:]))) }

func (f *file) text(at, width int) string {
	raw, _, _ := strings.Cut(string(f.header[at:at+width]), "\x00")
	text, set := charset.Guess([]byte(raw))
	if set != charset.ASCII {
		f.rec.Notef(ecg.NoteCharset, "text was taken for %s", set)
	}
	return strings.TrimSpace(text)
}

// locate finds the samples: the offset in the header counts from the start of
// the file, whatever the variable block before them says.
func (f *file) locate() error {
	extra, extraAt := f.i32(0), f.i32(8)
	f.at = f.i32(12)
	if f.at < headerAt+headerLength || f.at > len(f.data) {
		return fail(headerAt+12, "offset of the ECG block", "%d in a file of %d bytes", f.at, len(f.data))
	}
	if extra < 0 || extra > 0 && (extraAt != headerAt+headerLength || extraAt+extra > f.at) {
		return fail(headerAt, "variable-length block", "%d bytes at %d, samples at %d", extra, extraAt, f.at)
	}
	end := headerAt + headerLength + max(extra, 0)
	if stated := binary.LittleEndian.Uint16(f.data[len(magic):]); checksum(f.data[headerAt:end]) != stated {
		f.rec.Notef(ecg.NoteChecksum, "the checksum of the header does not match its bytes")
	}
	return nil
}

// checksum is CRC-CCITT, start value FFFF, over header and variable block.
func checksum(data []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range data {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// leadNames are the lead specifications from 1 on.
var leadNames = [...]string{1: "bipolar", "X", "Y", "Z", "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "ES", "AS", "AI"}

// readLeads reads the interleaved 16-bit samples.
func (f *file) readLeads() error {
	count, rate := f.i16(146), f.i16(262)
	if count < 1 || count > maxLeads {
		return fail(headerAt+146, "number of leads", "%d", count)
	}
	if rate < 1 {
		return fail(headerAt+262, "sampling rate", "%d Hz", rate)
	}
	f.rec.RateHz = float64(rate)
	samples, stated := (len(f.data)-f.at)/(2*count), f.i32(4)
	switch {
	case samples == 0:
		return fail(f.at, "ECG block", "it holds no sample")
	case samples*count > ecg.MaxSamples:
		return fail(headerAt+4, "size of the ECG", "%d samples of %d leads, at most %d are read", samples, count, ecg.MaxSamples)
	case stated == samples*count: // some writers count the samples of all leads
	case stated > 0 && stated < samples:
		samples = stated
	case stated != samples:
		f.rec.Notef(ecg.NoteLength, "the header states %d samples, the file holds %d", stated, samples)
	}
	for i := range count {
		spec, nanovolts := f.i16(148+2*i), f.i16(196+2*i)
		if nanovolts <= 0 {
			return fail(headerAt+196+2*i, "amplitude resolution", "lead %d: %d nV", i+1, nanovolts)
		}
		name := fmt.Sprintf("lead %d", i+1)
		if spec > 0 && spec < len(leadNames) {
			name = leadNames[spec]
		}
		lead := ecg.Lead{Name: name, Samples: make([]float32, samples)}
		scale := float64(nanovolts) / 1000
		for k := range lead.Samples {
			raw := int16(binary.LittleEndian.Uint16(f.data[f.at+2*(k*count+i):]))
			lead.Samples[k] = float32(float64(raw) * scale)
		}
		f.rec.Leads = append(f.rec.Leads, lead)
	}
	return nil
}

func (f *file) readPatient() {
	p := &f.rec.Patient
	known := func(text string) string { // names that recorders write for none
		if strings.EqualFold(text, "none") || strings.EqualFold(text, "unknown") {
			return ""
		}
		return text
	}
	p.ID = known(f.text(98, 20))
	p.Name = strings.TrimSpace(known(f.text(58, 40)) + " " + known(f.text(18, 40)))
	p.Sex = map[int]string{1: "M", 2: "F"}[f.i16(118)]
	if day, month, year := f.i16(122), f.i16(124), f.i16(126); year != unknown && year != 0 {
		if p.BirthDate = stamp.Date(year, month, day); p.BirthDate == "" {
			f.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
}

func (f *file) readStart() {
	day, month, year := f.i16(128), f.i16(130), f.i16(132)
	if year == unknown || year == 0 {
		return
	}
	start, ok := stamp.Time(year, month, day, f.i16(140), f.i16(142), float64(f.i16(144)))
	if !ok {
		f.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	f.rec.Start = start
	f.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
}
