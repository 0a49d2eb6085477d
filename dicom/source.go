package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// bufferSize is what a source reads at once: large enough for the header of
// most images, small enough to stay in a processor's cache while pixels pass.
const bufferSize = 32 << 10

// growStep bounds what is allocated on the word of a length alone.
const growStep = 1 << 20

// errEnd is the end of the bytes, met in the middle of something.
var errEnd = errors.New("end of data")

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// source reads a stream forwards and counts its bytes. A reader that can seek
// is sought over long values.
type source struct {
	r    io.Reader
	seek io.Seeker // nil if r cannot seek
	left int64     // bytes r still holds, if seek is set
	buf  *[bufferSize]byte
	pos  int // next unread byte of buf
	end  int // end of the filled part
	off  int64
	err  error // of r, sticky; io.EOF at its end
}

func newSource(r io.Reader) *source {
	s := &source{r: r, buf: buffers.Get().(*[bufferSize]byte)}
	if sk, ok := r.(io.Seeker); ok {
		s.learnSize(sk)
	}
	return s
}

// learnSize turns seeking on when the stream tells where it ends.
func (s *source) learnSize(sk io.Seeker) {
	here, err := sk.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	end, err := sk.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	if _, err := sk.Seek(here, io.SeekStart); err != nil {
		s.err = err
		return
	}
	s.seek, s.left = sk, end-here
}

func (s *source) close() {
	if s.buf != nil {
		buffers.Put(s.buf)
		s.buf = nil
	}
}

// known is the number of bytes left and whether that is known.
func (s *source) known() (int64, bool) {
	switch {
	case s.seek != nil:
		return int64(s.end-s.pos) + s.left, true
	case s.err != nil && s.fault() == errEnd:
		return int64(s.end - s.pos), true
	}
	return 0, false
}

// peek shows the next n bytes, or as many as there are. The slice is valid
// until the next call. n must not exceed bufferSize.
func (s *source) peek(n int) []byte {
	for s.end-s.pos < n && s.err == nil {
		s.fill()
	}
	return s.buf[s.pos:min(s.pos+n, s.end)]
}

func (s *source) fill() {
	if s.pos > 0 {
		s.end = copy(s.buf[:], s.buf[s.pos:s.end])
		s.pos = 0
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.left -= int64(n)
		s.err = err
		if n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// advance consumes n bytes that peek has shown.
func (s *source) advance(n int) {
	s.pos += n
	s.off += int64(n)
}

// fault is errEnd at the end of the stream, else the reader's own error.
func (s *source) fault() error {
	if s.err == nil || errors.Is(s.err, io.EOF) || errors.Is(s.err, io.ErrUnexpectedEOF) {
		return errEnd
	}
	return s.err
}

// skip passes over n bytes.
func (s *source) skip(n int64) error {
	for n > 0 {
		if have := int64(s.end - s.pos); have > 0 {
			step := min(have, n)
			s.advance(int(step))
			n -= step
			continue
		}
		if s.seek != nil && n > bufferSize && s.err == nil {
			if n > s.left {
				s.err = io.EOF
				return errEnd
			}
			if _, err := s.seek.Seek(n, io.SeekCurrent); err != nil {
				s.err = err
				return err
			}
			s.left -= n
			s.off += n
			return nil
		}
		if s.err != nil {
			return s.fault()
		}
		s.fill()
	}
	return nil
}

// read fills p.
func (s *source) read(p []byte) error {
	for len(p) > 0 {
		if s.end == s.pos {
			if s.err != nil {
				return s.fault()
			}
			s.fill()
			continue
		}
		n := copy(p, s.buf[s.pos:s.end])
		s.advance(n)
		p = p[n:]
	}
	return nil
}

// take returns the next n bytes in memory of their own. Where nobody knows
// that so many will come, it grows with those that do, in pieces: a slice that
// doubles would hold three times as much while it moves.
func (s *source) take(n int64) ([]byte, error) {
	if left, ok := s.known(); ok && n <= left || n <= growStep {
		p := make([]byte, n)
		return p, s.read(p)
	}
	var pieces [][]byte
	for left := n; left > 0; {
		piece := make([]byte, min(left, growStep))
		if err := s.read(piece); err != nil {
			return nil, err
		}
		pieces, left = append(pieces, piece), left-int64(len(piece))
	}
	return bytes.Join(pieces, nil), nil
}

// drain passes over the rest of the stream and returns its length.
func (s *source) drain() (int64, error) {
	var n int64
	for {
		if have := s.end - s.pos; have > 0 {
			s.advance(have)
			n += int64(have)
		} else if s.err != nil {
			if fault := s.fault(); fault != errEnd {
				return n, fault
			}
			return n, nil
		}
		if s.err == nil {
			s.fill()
		}
	}
}

// order is the byte order of a syntax.
func (t TransferSyntax) order() binary.ByteOrder {
	if t.BigEndian() {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
