package ul

import (
	"errors"
	"io"
	"sync"
	"time"
)

// Receive buffers. An association that waits for its next message holds the
// small one only; the large one is taken from the pool while a message arrives.
const (
	smallBuffer = 4 << 10
	largeBuffer = 128 << 10
)

var largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

// MinRate is how many bytes a second of a message have to come on average, once
// Timeouts.Read is spent: a peer that sends a byte now and then is let go.
const MinRate = 1 << 10

// input is the receiving half of a Conn.
type input struct {
	small   [smallBuffer]byte
	large   *[largeBuffer]byte // nil while idle
	unread  []byte             // received and not consumed, within small or large
	pduLeft int                // bytes of the P-DATA-TF that are not consumed
	pdvLeft int                // bytes of the fragment that are not consumed
	credit  time.Duration      // how long more bytes of the message may be waited for
	readErr error              // sticky
}

func (in *input) free() {
	if in.large != nil {
		largeBuffers.Put(in.large)
		in.large = nil
	}
	in.unread = nil
	if in.readErr == nil {
		in.readErr = ErrClosed
	}
}

// fill receives at least one byte behind unread, which must be shorter than
// smallBuffer. idle tells that a new message is waited for.
func (c *Conn) fill(idle bool) error {
	if c.large != nil && idle && len(c.unread) == 0 {
		largeBuffers.Put(c.large)
		c.large = nil
	}
	if c.large == nil && !idle {
		c.large = largeBuffers.Get().(*[largeBuffer]byte)
	}
	buf := c.small[:]
	if c.large != nil {
		buf = c.large[:]
	}
	have := copy(buf, c.unread)
	began := c.arm(idle)
	for {
		n, err := c.nc.Read(buf[have:])
		if n > 0 {
			if !idle {
				c.credit = min(c.timeouts.Read, c.credit-time.Since(began)+time.Duration(n)*time.Second/MinRate)
			}
			c.unread = buf[:have+n]
			return nil
		}
		if err != nil {
			c.unread = buf[:have]
			return err
		}
	}
}

// arm sets the deadline of the read that follows: the ARTIM timer if it runs,
// else Idle or what is left of Read. A deadline still good for three quarters is
// left alone. It returns when the read begins.
func (c *Conn) arm(idle bool) (now time.Time) {
	now = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = idle
	wait := max(c.credit, 0)
	if idle {
		wait = c.idleWait()
	}
	by := now.Add(wait)
	if idle && c.busy {
		by = farOff
	}
	if !c.artim.IsZero() {
		by = c.artim
	}
	if early := by.Sub(c.readBy); early < 0 || early > wait/4 {
		c.readBy = by
		c.nc.SetReadDeadline(by)
	}
	return now
}

// need consumes n bytes, n being less than smallBuffer. They stay valid until
// the next call. An error of io.EOF says that not one byte came.
func (c *Conn) need(n int, idle bool) ([]byte, error) {
	for len(c.unread) < n {
		began := len(c.unread) > 0
		if err := c.fill(idle && !began); err != nil {
			if began && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	b := c.unread[:n]
	c.unread = c.unread[n:]
	return b, nil
}

// body reads n bytes into memory that grows as they arrive, not as claimed.
func (c *Conn) body(n int) ([]byte, error) {
	b := make([]byte, 0, min(n, smallBuffer))
	for len(b) < n {
		if len(c.unread) == 0 {
			if err := c.fill(false); err != nil {
				return nil, err
			}
		}
		k := min(n-len(b), len(c.unread))
		b = append(b, c.unread[:k]...)
		c.unread = c.unread[k:]
	}
	return b, nil
}

// Await waits, at most Timeouts.Idle, for the first fragment of the next
// message. Its errors are those of Next.
func (c *Conn) Await() (PDV, error) {
	c.credit = c.timeouts.Read
	return c.next(true)
}

// Next returns the next fragment of the message under way; what is left of the
// current one is passed over. It returns ErrReleaseRequested, or an error after
// which the association is over: *AbortError (the peer's), *ProtocolError
// (answered by an A-ABORT), ErrTimeout (the same) or ErrClosed.
func (c *Conn) Next() (PDV, error) { return c.next(false) }

func (c *Conn) next(idle bool) (PDV, error) {
	if c.readErr == nil {
		v, err := c.advance(idle)
		if err == nil {
			return v, nil
		}
		c.readErr = err
	}
	return PDV{}, c.readErr
}

func (c *Conn) advance(idle bool) (PDV, error) {
	for c.pdvLeft > 0 {
		if _, err := c.Fragment(c.pdvLeft); err != nil {
			return PDV{}, err
		}
	}
	for c.pduLeft == 0 {
		if err := c.nextPDU(idle); err != nil {
			return PDV{}, err
		}
	}
	if c.pduLeft < pdvHeaderLength {
		return PDV{}, c.violated(invalid("%d stray bytes after the last PDV of a PDU", c.pduLeft))
	}
	b, err := c.need(pdvHeaderLength, false)
	if err != nil {
		return PDV{}, c.lost(err)
	}
	v, err := parsePDV(b, c.pduLeft)
	if err != nil {
		return PDV{}, c.violated(err)
	}
	c.pdvLeft = v.Length
	c.pduLeft -= pdvHeaderLength + v.Length
	return v, nil
}

// Fragment returns bytes of the current PDV, as many as have arrived but no
// more than limit, valid until the next call of a reading method; io.EOF after
// its last byte.
func (c *Conn) Fragment(limit int) ([]byte, error) {
	if c.readErr != nil {
		return nil, c.readErr
	}
	if c.pdvLeft == 0 {
		return nil, io.EOF
	}
	if len(c.unread) == 0 {
		if err := c.fill(false); err != nil {
			c.readErr = c.lost(err)
			return nil, c.readErr
		}
	}
	n := min(c.pdvLeft, len(c.unread), limit)
	b := c.unread[:n]
	c.unread = c.unread[n:]
	c.pdvLeft -= n
	return b, nil
}
