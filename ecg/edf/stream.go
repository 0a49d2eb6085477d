package edf

import (
	"io"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Short records are read together, long ones one at a time up to a bound.
const (
	readBytes      = 256 << 10
	maxRecordBytes = 16 << 20
)

// Open reads the head of a file of size bytes; its samples are read when asked
// for. Signals of another rate or unit are left out. Recordings with
// interruptions (EDF+D) are refused: where their samples belong is known only
// after reading them all. Errors are *ecg.FormatError and those of r.
func Open(r io.ReaderAt, size int64) (ecg.Stream, error) {
	if size > ecg.MaxStreamBytes {
		return nil, fail(0, "file", "%d bytes", size)
	}
	f, err := parse(r, size)
	if err != nil {
		return nil, err
	}
	switch {
	case f.gapped:
		return nil, fail(192, "reserved", "an interrupted recording of %d bytes is too long to be read", size)
	case f.seconds == 0:
		return nil, fail(244, "duration of a record", "0")
	case f.recordBytes > maxRecordBytes:
		return nil, fail(256, "samples in a record", "a record of %d bytes", f.recordBytes)
	}
	f.shift(max(f.onset(0), 0))
	leads, err := f.choose()
	if err != nil {
		return nil, err
	}
	for _, s := range leads {
		f.rec.Leads = append(f.rec.Leads, ecg.Lead{Name: s.label})
	}
	f.rec.NameLeads()
	return &stream{file: f, leads: leads, raw: make([]byte, max(1, readBytes/f.recordBytes)*f.recordBytes)}, nil
}

type stream struct {
	*file
	leads []*signal
	raw   []byte // whole records
}

func (s *stream) Head() *ecg.Recording { return s.rec }
func (s *stream) Samples() int         { return s.leads[0].samples * s.records }

func (s *stream) ReadAt(dst [][]float32, from int) error {
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
