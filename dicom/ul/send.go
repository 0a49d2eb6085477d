package ul

import (
	"fmt"
	"io"
	"sync"
)

// sendBuffer holds a command and a fragment of DefaultMaxPDU.
const sendBuffer = DefaultMaxPDU + 4<<10

// dataHeader is the length of the headers before the payload of a P-DATA-TF
// with one PDV.
const dataHeader = pduHeaderLength + pdvHeaderLength

var sendBuffers = sync.Pool{New: func() any { return new([sendBuffer]byte) }}

// Send sends one message on a context: a command set and, if data is not nil,
// the data set read from it to its end. An answer without a data set is one
// write; a data set goes out in writes of about DefaultMaxPDU bytes, the
// command with the first of them. If data fails, the association is aborted,
// because half a message cannot be taken back.
func (c *Conn) Send(contextID byte, command []byte, data io.Reader) error {
	most := (c.peerMax - pdvHeaderLength) &^ 1 // fragments have an even length, PS3.8 section 9.3.5.1
	out := c.scratch[:0]
	for rest := command; ; {
		n := min(len(rest), most)
		at := len(out)
		out = append(append(out, make([]byte, dataHeader)...), rest[:n]...)
		rest = rest[n:]
		putDataHeader(out[at:], contextID, true, len(rest) == 0, n)
		if len(rest) == 0 {
			break
		}
	}
	c.scratch = out[:0]
	if data == nil {
		_, err := c.fire(evt9, out)
		return err
	}
	buf := sendBuffers.Get().(*[sendBuffer]byte)
	defer sendBuffers.Put(buf)
	if len(out) > sendBuffer-DefaultMaxPDU {
		if _, err := c.fire(evt9, out); err != nil {
			return err
		}
		out = nil
	}
	return c.sendData(contextID, data, buf[:], copy(buf[:], out), most)
}

// sendData sends a data set in fragments of at most most bytes through buf,
// of which n bytes are taken already.
func (c *Conn) sendData(contextID byte, data io.Reader, buf []byte, n, most int) error {
	most = min(most, DefaultMaxPDU-dataHeader)
	src := source{r: data}
	for last := false; !last; {
		fragment := buf[n+dataHeader:]
		k, err := src.read(fragment[:min(most, len(fragment)&^1)])
		if err != nil {
			c.Abort(AbortUser, ReasonNotSpecified)
			return fmt.Errorf("data set to send: %w", err)
		}
		last = src.ended
		putDataHeader(buf[n:], contextID, false, last, k)
		n += dataHeader + k
		if last || len(buf)-n < dataHeader+min(most, 16<<10) {
			if _, err := c.fire(evt9, buf[:n]); err != nil {
				return err
			}
			n = 0
		}
	}
	return nil
}

// source reads whole fragments and looks one byte ahead, because the last
// fragment has to say that it is the last.
type source struct {
	r     io.Reader
	ahead [1]byte
	have  int
	ended bool
}

// read fills p as far as there are bytes and notes whether more follow.
func (s *source) read(p []byte) (int, error) {
	n := copy(p, s.ahead[:s.have])
	s.have = 0
	m, err := s.full(p[n:])
	if err == nil && !s.ended {
		s.have, err = s.full(s.ahead[:])
	}
	return n + m, err
}

// full is io.ReadFull that can tell the end from a source that itself fails
// with io.ErrUnexpectedEOF.
func (s *source) full(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := s.r.Read(p[n:])
		n += m
		if err == io.EOF {
			s.ended = true
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
