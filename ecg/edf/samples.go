package edf

import (
	"bytes"
	"io"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// readSamples scales the samples of all records; in EDF+D records stand where
// their annotations say, with gaps between them.
func (f *file) readSamples() error {
	if f.seconds == 0 { // only annotations
		return nil
	}
	starts, err := f.recordStarts()
	if err != nil {
		return err
	}
	total, stored := 0, 0
	for i := range f.signals {
		s := &f.signals[i]
		if s.annotation {
			continue
		}
		last := math.Round(starts[f.records-1] * f.rate(s))
		stored += s.samples * f.records
		if total += int(last) + s.samples; !axis.Fits(total, stored) {
			return fail(-1, "records", "%d samples make %d with their gaps", stored, total)
		}
		s.values = make([]float32, int(last)+s.samples)
		if f.gapped {
			for k := range s.values {
				s.values[k] = float32(math.NaN())
			}
		}
	}
	record := make([]byte, f.recordBytes)
	for n, start := range starts {
		if err := f.record(n, record); err != nil {
			return err
		}
		for i := range f.signals {
			if s := &f.signals[i]; !s.annotation {
				f.scale(s, record[s.offset:], s.values[int(math.Round(start*f.rate(s))):][:s.samples])
			}
		}
	}
	return nil
}

// record reads records from n on.
func (f *file) record(n int, into []byte) error {
	_, err := io.ReadFull(io.NewSectionReader(f.r, int64(f.headerBytes)+int64(n)*int64(f.recordBytes), int64(len(into))), into)
	return err
}

// scale writes the samples of s that raw begins with to out.
func (f *file) scale(s *signal, raw []byte, out []float32) {
	for k := range out {
		var v int32
		if f.sampleBytes == 2 {
			v = int32(int16(raw[2*k]) | int16(raw[2*k+1])<<8)
		} else {
			v = int32(uint32(raw[3*k])<<8|uint32(raw[3*k+1])<<16|uint32(raw[3*k+2])<<24) >> 8
		}
		out[k] = float32(float64(v)*s.scale + s.base)
	}
}

// maxOnset is the latest second after the first at which a record may start.
const maxOnset = 1e7

// recordStarts returns the second at which each record starts, from the first
// on. Contiguous files need no more than the fraction in the first annotation.
func (f *file) recordStarts() ([]float64, error) {
	starts := make([]float64, f.records)
	first := f.onset(0)
	f.shift(max(first, 0))
	for n := range starts {
		if !f.gapped {
			starts[n] = float64(n) * f.seconds
			continue
		}
		onset := f.onset(n)
		if math.IsNaN(onset) || n > 0 && onset-first < starts[n-1]+f.seconds*(1-1e-6) || onset-first > maxOnset {
			return nil, fail(f.headerBytes+n*f.recordBytes, "time-keeping annotation", "record %d starts at %v s", n+1, onset)
		}
		starts[n] = onset - first
		if n > 0 && starts[n] > starts[n-1]+f.seconds*(1+1e-6) {
			f.rec.Notef(ecg.NoteGap, "the recording was interrupted")
		}
	}
	return starts, nil
}

// maxMark is the most bytes of an annotation signal that are looked at for the
// time-keeping annotation, which stands first.
const maxMark = 64

// onset returns the second at which record n starts; NaN if it does not say.
func (f *file) onset(n int) float64 {
	s := f.timekeeper()
	if s == nil {
		return math.NaN()
	}
	text := make([]byte, min(s.samples*f.sampleBytes, maxMark))
	at := int64(f.headerBytes) + int64(n)*int64(f.recordBytes) + int64(s.offset)
	if _, err := io.ReadFull(io.NewSectionReader(f.r, at, int64(len(text))), text); err != nil {
		return math.NaN()
	}
	return onsetOf(text)
}

// onsetIn returns the same of a record that was read.
func (f *file) onsetIn(record []byte) float64 {
	s := f.timekeeper()
	if s == nil {
		return math.NaN()
	}
	return onsetOf(record[s.offset:][:min(s.samples*f.sampleBytes, maxMark)])
}

// timekeeper is the first annotation signal, nil if there is none.
func (f *file) timekeeper() *signal {
	for i := range f.signals {
		if f.signals[i].annotation {
			return &f.signals[i]
		}
	}
	return nil
}

// onsetOf reads the time-keeping annotation: "+12.5" before the byte 20.
func onsetOf(text []byte) float64 {
	end := bytes.IndexByte(text, endOfPart)
	if end < 0 || end > 32 {
		return math.NaN()
	}
	if v, ok := number(string(text[:end])); ok {
		return v
	}
	return math.NaN()
}
