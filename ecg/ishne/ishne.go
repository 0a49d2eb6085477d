// Package ishne reads the Holter format of the International Society for Holter
// and Noninvasive Electrocardiology (Badilini 1998), which Holter recorders and
// the THEW database write. It is the step parse for such uploads: file bytes
// come in, an ecg.Recording goes out.
package ishne

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
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
	r       io.ReaderAt
	size    int64
	data    []byte // its beginning, up to maxHead bytes
	header  []byte
	rec     *ecg.Recording
	at      int // of the first sample
	samples int // of each lead
	scale   []float64
	raw     []byte // what was read last, used again
}

// maxHead bounds the header with its variable block.
const maxHead = 64 << 10

// Decode reads one ISHNE file. Errors are *ecg.FormatError. The result shares
// no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail(0, "file", "%d bytes", len(data))
	}
	f, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if f.samples*len(f.scale) > ecg.MaxSamples {
		return nil, fail(headerAt+4, "size of the ECG", "%d samples of %d leads, at most %d are read", f.samples, len(f.scale), ecg.MaxSamples)
	}
	return ecg.Window(f, 0, f.samples)
}

// Open reads the head of a file of size bytes; its samples are read when asked
// for. Errors are *ecg.FormatError and those of r.
func Open(r io.ReaderAt, size int64) (ecg.Stream, error) {
	if size > ecg.MaxStreamBytes {
		return nil, fail(0, "file", "%d bytes", size)
	}
	f, err := open(r, size)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func open(r io.ReaderAt, size int64) (*file, error) {
	f := &file{r: r, size: size, data: make([]byte, min(size, maxHead)), rec: &ecg.Recording{Format: ecg.FormatISHNE}}
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), f.data); err != nil {
		return nil, err
	}
	switch {
	case len(f.data) < headerAt+headerLength:
		return nil, fail(0, "file", "%d bytes", size)
	case string(f.data[:len(magic)]) != magic:
		return nil, fail(0, "magic number", "%.8q", f.data[:len(magic)])
	}
	f.header = f.data[headerAt : headerAt+headerLength]
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
	return f, nil
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
		return fail(headerAt+12, "offset of the ECG block", "%d in a file of %d bytes", f.at, f.size)
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

// readLeads reads what the header says of the interleaved 16-bit samples.
func (f *file) readLeads() error {
	count, rate := f.i16(146), f.i16(262)
	if count < 1 || count > maxLeads {
		return fail(headerAt+146, "number of leads", "%d", count)
	}
	if rate < 1 {
		return fail(headerAt+262, "sampling rate", "%d Hz", rate)
	}
	f.rec.RateHz = float64(rate)
	samples, stated := int(f.size-int64(f.at))/(2*count), f.i32(4)
	switch {
	case samples == 0:
		return fail(f.at, "ECG block", "it holds no sample")
	case stated == samples*count: // some writers count the samples of all leads
	case stated > 0 && stated < samples:
		samples = stated
	case stated != samples:
		f.rec.Notef(ecg.NoteLength, "the header states %d samples, the file holds %d", stated, samples)
	}
	f.samples = samples
	for i := range count {
		spec, nanovolts := f.i16(148+2*i), f.i16(196+2*i)
		if nanovolts <= 0 {
			return fail(headerAt+196+2*i, "amplitude resolution", "lead %d: %d nV", i+1, nanovolts)
		}
		name := fmt.Sprintf("lead %d", i+1)
		if spec > 0 && spec < len(leadNames) {
			name = leadNames[spec]
		}
		f.rec.Leads = append(f.rec.Leads, ecg.Lead{Name: name})
		f.scale = append(f.scale, float64(nanovolts)/1000)
	}
	return nil
}

// Head implements ecg.Stream.
func (f *file) Head() *ecg.Recording { return f.rec }

// Samples implements ecg.Stream.
func (f *file) Samples() int { return f.samples }

// ReadAt implements ecg.Stream.
func (f *file) ReadAt(dst [][]float32, from int) error {
	count, n := len(f.scale), len(dst[0])
	if cap(f.raw) < 2*count*n {
		f.raw = make([]byte, 2*count*n)
	}
	raw := f.raw[:2*count*n]
	if _, err := io.ReadFull(io.NewSectionReader(f.r, int64(f.at)+2*int64(count)*int64(from), int64(len(raw))), raw); err != nil {
		return err
	}
	for i, out := range dst {
		scale := f.scale[i]
		for k := range out {
			out[k] = float32(float64(int16(binary.LittleEndian.Uint16(raw[2*(k*count+i):]))) * scale)
		}
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
