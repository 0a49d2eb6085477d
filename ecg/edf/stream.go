package edf

import (
	"io"
	"math"
	"sort"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Short records are read together, long ones one at a time up to a bound.
const (
	readBytes      = 256 << 10
	maxRecordBytes = 16 << 20
)

// maxGapShare bounds how much longer than what is recorded an interrupted
// recording may last.
const maxGapShare = 32

// Open reads the head of a file of size bytes; its samples are read when asked
// for. Signals of another rate or unit and the annotations are left out. Errors
// are *ecg.FormatError and those of r; that records of an interrupted recording
// (EDF+D) stand out of order is found when they are read.
func Open(r io.ReaderAt, size int64) (ecg.Stream, error) {
	if size > ecg.MaxStreamBytes {
		return nil, fail(0, "file", "%d bytes", size)
	}
	f, err := parse(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	case f.seconds == 0:
		return nil, fail(244, "duration of a record", "0")
	case f.recordBytes > maxRecordBytes:
		return nil, fail(256, "samples in a record", "a record of %d bytes", f.recordBytes)
	}
	first := f.onset(0)
	f.shift(max(first, 0))
	leads, err := f.choose()
	if err != nil {
		return nil, err
	}
	for _, s := range leads {
		f.rec.Leads = append(f.rec.Leads, ecg.Lead{Name: s.label})
	}
	f.rec.NameLeads()
	s := &stream{file: f, leads: leads, first: first, length: leads[0].samples * f.records,
		raw: make([]byte, max(1, readBytes/f.recordBytes)*f.recordBytes)}
	if f.gapped {
		return s, s.spread()
	}
	return s, nil
}

type stream struct {
	*file
	leads  []*signal
	first  float64 // second at which the first record starts
	length int     // samples of each lead
	raw    []byte  // whole records
}

func (s *stream) Head() *ecg.Recording { return s.rec }
func (s *stream) Samples() int         { return s.length }

func (s *stream) ReadAt(dst [][]float32, from int) error {
	if s.gapped {
		return s.readGapped(dst, from)
	}
	each, need := s.leads[0].samples, len(dst[0])
	for done := 0; done < need; {
		first, skip := (from+done)/each, (from+done)%each
		count := min((skip+need-done+each-1)/each, len(s.raw)/s.recordBytes)
		raw := s.raw[:count*s.recordBytes]
		if err := s.record(first, raw); err != nil {
			return err
		}
		for ; len(raw) > 0; raw, skip = raw[s.recordBytes:], 0 {
			n := min(each-skip, need-done)
			for i, lead := range s.leads {
				s.scale(lead, raw[lead.offset+skip*s.sampleBytes:], dst[i][done:done+n])
			}
			done += n
		}
	}
	return nil
}

// spread finds the length of an interrupted recording.
func (s *stream) spread() error {
	last, err := s.startOf(s.records-1, s.onset(s.records-1))
	if err != nil {
		return err
	}
	if recorded := s.length; last/maxGapShare > recorded {
		return fail(s.headerBytes, "records", "%d samples are spread over %d", recorded, last)
	}
	s.length = last + s.leads[0].samples
	if s.length > s.records*s.leads[0].samples {
		s.rec.Notef(ecg.NoteGap, "the recording was interrupted")
	}
	return nil
}

// startOf returns the sample at which record n stands that starts at second
// onset.
func (s *stream) startOf(n int, onset float64) (int, error) {
	after := onset - s.first
	if math.IsNaN(after) || after < 0 || after > maxOnset {
		return 0, fail(s.headerBytes+n*s.recordBytes, "time-keeping annotation", "record %d starts at %v s", n+1, onset)
	}
	return int(math.Round(after * s.rate(s.leads[0]))), nil
}

// readGapped reads records of which each says where it stands.
func (s *stream) readGapped(dst [][]float32, from int) error {
	for _, out := range dst {
		for i := range out {
			out[i] = float32(math.NaN())
		}
	}
	each, to := s.leads[0].samples, from+len(dst[0])
	var fault error
	n := sort.Search(s.records, func(n int) bool { // the first record that ends after from
		start, err := s.startOf(n, s.onset(n))
		if fault == nil {
			fault = err
		}
		return start+each > from
	})
	if fault != nil {
		return fault
	}
	end := 0 // of the record before
	for ; n < s.records; n += len(s.raw) / s.recordBytes {
		raw := s.raw[:min(len(s.raw), (s.records-n)*s.recordBytes)]
		if err := s.record(n, raw); err != nil {
			return err
		}
		for k := 0; len(raw) > 0; raw, k = raw[s.recordBytes:], k+1 {
			start, err := s.startOf(n+k, s.onsetIn(raw))
			if err == nil && start < end-1 { // onsets are rounded to some decimals
				err = fail(s.headerBytes+(n+k)*s.recordBytes, "time-keeping annotation", "record %d starts before the one before it ends", n+k+1)
			}
			if err != nil || start >= to {
				return err
			}
			end = start + each
			lo, hi := max(from, start), min(to, end, s.length)
			for i, lead := range s.leads {
				if lo < hi {
					s.scale(lead, raw[lead.offset+(lo-start)*s.sampleBytes:], dst[i][lo-from:hi-from])
				}
			}
		}
	}
	return nil
}
