package dicomwave

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
)

// chunkBytes is how much of the waveform data is read at a time, and keepBytes
// the longest value that is kept while the rest of the object is read.
const (
	chunkBytes = 256 << 10
	keepBytes  = 16 << 10
)

// Open reads the head of a DICOM file of size bytes; its samples are read when
// asked for. Errors are *ecg.FormatError and those of r.
func Open(r io.ReaderAt, size int64) (ecg.Stream, error) {
	file, err := dicom.Read(io.NewSectionReader(r, 0, size), dicom.Options{Keep: keepBytes})
	if err != nil {
		return nil, unread(err)
	}
	return Stream(file.Dataset, r)
}

// OpenDataset does as Open for a bare data set encoded in ts.
func OpenDataset(r io.ReaderAt, size int64, ts dicom.TransferSyntax) (ecg.Stream, error) {
	d, err := dicom.Parse(io.NewSectionReader(r, 0, size), ts, dicom.Options{Keep: keepBytes})
	if err != nil {
		return nil, unread(err)
	}
	return Stream(d, r)
}

// Stream gives the rhythm of a parsed object whose long values lie in r at their
// offsets. Derived groups, other units and annotations are left out. It refuses
// rhythms of several groups and samples whose bytes or sign bits have to be
// repaired, which only FromDataset does.
func Stream(d *dicom.Dataset, r io.ReaderAt) (ecg.Stream, error) {
	s := &stream{reader: reader{d: d, rec: &ecg.Recording{Format: ecg.FormatDICOM}}}
	s.readPatient()
	items, err := s.items()
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		g, err := s.readShape(item, i+1)
		if err != nil {
			return nil, err
		}
		if err := s.choose(g, r); err != nil {
			return nil, err
		}
	}
	if s.raw == nil {
		return nil, noSignal("no group holds a rhythm in volts")
	}
	s.readStart()
	s.rec.NameLeads()
	return s, nil
}

// Fill reads waveform data that were left in r, at their offsets, into d for
// FromDataset, up to ecg.MaxFileBytes of them. Errors are *ecg.FormatError and
// those of r.
func Fill(d *dicom.Dataset, r io.ReaderAt) error {
	left := int64(ecg.MaxFileBytes)
	for i, item := range d.Items(dicom.WaveformSequence) {
		e := item.Get(dicom.WaveformData)
		if e == nil || !e.Bulk {
			continue
		}
		field := fmt.Sprintf("multiplex group %d", i+1)
		if item.Syntax.Deflated() {
			return fail(field, "the waveform data of a deflated object are too long")
		}
		if left -= e.Length; left < 0 {
			return fail(field, "more than %d bytes of waveform data are read in parts only", ecg.MaxFileBytes)
		}
		raw := make([]byte, e.Length)
		if n, err := r.ReadAt(raw, e.Offset); n < len(raw) {
			return err
		}
		e.Raw, e.Bulk = raw, false
	}
	return nil
}

// stream is an object whose samples stay where they are.
type stream struct {
	reader
	raw    *raw
	data   io.ReaderAt // the waveform data
	leads  []column
	counts []int64 // of one lead, used again for the next
}

// column is one lead: its place among the channels and what it is.
type column struct {
	definition
	at int
}

// choose makes g the rhythm if it is the first in volts.
func (s *stream) choose(g shape, r io.ReaderAt) error {
	var leads []column
	for i, c := range g.definitions {
		if c.unit == "uV" {
			leads = append(leads, column{c, i})
		}
	}
	if g.kind != ecg.KindRhythm || len(leads) == 0 {
		return nil
	}
	if s.raw != nil {
		return fail(g.field, "the rhythm is in several groups, which is read only in objects that can be held whole")
	}
	w, element, err := s.readKind(g.item, g.field, len(g.definitions), g.samples)
	if err != nil {
		return err
	}
	length := int64(len(element.Raw))
	switch {
	case !element.Bulk:
		s.data = bytes.NewReader(element.Raw)
	case g.item.Syntax.Deflated():
		return fail(g.field, "a deflated object is read only when it can be held whole")
	default:
		length = element.Length
		s.data = io.NewSectionReader(r, element.Offset, length)
	}
	if element.VR == dicom.OW && w.bytes == 1 && g.item.Syntax.BigEndian() {
		return fail(g.field, "bytes in big-endian words are read only in objects that can be held whole")
	}
	if err := s.measure(w, length); err != nil {
		return err
	}
	s.raw, s.leads, s.rec.RateHz = w, leads, g.rateHz
	for _, l := range leads {
		s.rec.Leads = append(s.rec.Leads, ecg.Lead{Name: l.name})
	}
	return nil
}

// Head implements ecg.Stream.
func (s *stream) Head() *ecg.Recording { return s.rec }

// Samples implements ecg.Stream.
func (s *stream) Samples() int { return s.raw.samples }

// ReadAt implements ecg.Stream.
func (s *stream) ReadAt(dst [][]float32, from int) error {
	frame, need := s.raw.channels*s.raw.bytes, len(dst[0])
	step := max(chunkBytes/frame, 1)
	buffer := make([]byte, min(step, need)*frame)
	for done := 0; done < need; done += step {
		n := min(step, need-done)
		data := buffer[:n*frame]
		if read, err := s.data.ReadAt(data, int64(from+done)*int64(frame)); read < len(data) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		for i := range s.leads {
			if err := s.scale(dst[i][done:done+n], data, &s.leads[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// scale writes the samples of one lead in data to out.
func (s *stream) scale(out []float32, data []byte, c *column) error {
	half := int64(math.MaxInt64)
	if s.raw.narrow(c.stored) {
		half = 1 << (c.stored - 1)
	}
	if cap(s.counts) < len(out) {
		s.counts = make([]int64, len(out))
	}
	chunk, none := *s.raw, s.raw.noSample()
	chunk.data = data
	chunk.channel(c.at, s.counts[:len(out)])
	for k, v := range s.counts[:len(out)] {
		if v == none {
			out[k] = float32(math.NaN())
			continue
		}
		if v >= half {
			return fail(c.field, "samples pass the %d bits stated", c.stored)
		}
		out[k] = c.value(v)
	}
	return nil
}
