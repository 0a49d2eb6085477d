package ul

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Timeouts bound every wait. Zero fields take the defaults named here.
type Timeouts struct {
	// ARTIM of PS3.8 section 9.1.4: from the transport's opening to a whole
	// A-ASSOCIATE-RQ, and from our last PDU to the transport's closing. 10 s.
	ARTIM time.Duration
	// Idle is the wait for the next message of an association. 60 s.
	Idle time.Duration
	// Read is the wait for more bytes within a message, a PDU or a release, not
	// counting what bytes have come, at 1 KiB a second. 10 s.
	Read time.Duration
	// Write is the wait for the peer to take what we send. 10 s.
	Write time.Duration
}

// WithDefaults fills in the zero fields.
func (t Timeouts) WithDefaults() Timeouts {
	for _, f := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&t.ARTIM, 10 * time.Second}, {&t.Idle, time.Minute}, {&t.Read, 10 * time.Second}, {&t.Write, 10 * time.Second}} {
		if *f.d <= 0 {
			*f.d = f.def
		}
	}
	return t
}

// drainWait is how long an idle association, or a peer that should close its
// side, is waited for once Drain was called.
const drainWait = time.Second

// maxLinger bounds what is read and thrown away after our last PDU, in bytes.
const maxLinger = 256 << 20

// ErrReleaseRequested is returned by Next and Await when the peer asked to
// release the association: answer with Released, then Close.
var ErrReleaseRequested = errors.New("association release requested by the peer")

// ErrTimeout is in the chain of errors that a timer of Timeouts caused.
var ErrTimeout = errors.New("upper layer: the peer was silent for too long")

// ErrClosed is in the chain of errors that the transport's closing caused.
var ErrClosed = errors.New("upper layer: connection closed")

// Conn is one side of an association. One goroutine reads (Await, Next,
// Fragment) and one writes (Send); they may be the same. Abort, Drain and Kill
// may be called from any goroutine at any time.
type Conn struct {
	nc        net.Conn
	requestor bool
	timeouts  Timeouts
	peerMax   int // longest P-DATA-TF the peer takes, without its header

	mu       sync.Mutex // guards the fields below
	state    state
	artim    time.Time // when the ARTIM timer expires, zero while stopped
	draining bool
	waiting  bool      // the reader waits for a new message
	busy     bool      // an operation of ours runs: the peer rightly is silent
	readBy   time.Time // the read deadline in force

	wmu     sync.Mutex // serialises writes of whole PDUs
	writeBy time.Time
	scratch []byte // of Send, for messages without a data set

	input
}

// fire takes one event through Table 9-10 and performs its actions. out is the
// PDU of the primitive that caused the event, or the A-ABORT to send if the
// event leads to one; nil stands for "unexpected PDU". The primitive to issue
// to the local user is returned, 0 if there is none.
func (c *Conn) fire(e event, out []byte) (action, error) {
	c.mu.Lock()
	was := c.state
	next, actions, ok := step(was, e, c.requestor)
	c.state = next
	c.mu.Unlock()
	if !ok {
		return 0, fmt.Errorf("upper layer: %v has no place in %v: %w", e, was, ErrClosed)
	}
	var primitive action
	var err error
	for _, a := range actions {
		switch a {
		case openTransport: // done by Dial, which then fires evt2
		case sendPDU:
			err = c.write(out)
		case sendAbort:
			if out == nil {
				out = shortPDU(typeAbort, 0, AbortProvider, ReasonUnexpectedPDU)
			}
			err = c.write(out)
		case startARTIM:
			c.setARTIM(time.Now().Add(c.timeouts.ARTIM))
		case stopARTIM:
			c.setARTIM(time.Time{})
		case closeTransport:
			c.nc.Close()
		default:
			primitive = a
		}
	}
	return primitive, err
}

func (c *Conn) setARTIM(t time.Time) {
	c.mu.Lock()
	c.artim = t
	c.mu.Unlock()
}

// write sends whole PDUs in one call of the transport.
func (c *Conn) write(b []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if now := time.Now(); c.writeBy.Sub(now) < c.timeouts.Write*3/4 {
		c.writeBy = now.Add(c.timeouts.Write)
		if err := c.nc.SetWriteDeadline(c.writeBy); err != nil {
			return fmt.Errorf("%w: %w", ErrClosed, err)
		}
	}
	if _, err := c.nc.Write(b); err != nil {
		return transportError(err)
	}
	return nil
}

// transportError tells a timer from a lost connection.
func transportError(err error) error {
	var t interface{ Timeout() bool }
	if errors.As(err, &t) && t.Timeout() {
		return ErrTimeout
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}

// lost ends the association after a failed read: a timer (evt18, or an abort
// of ours) or the transport's closing (evt17).
func (c *Conn) lost(err error) error {
	if err = transportError(err); errors.Is(err, ErrTimeout) {
		c.mu.Lock()
		s := c.state
		c.mu.Unlock()
		if s == sta2 || s == sta13 {
			c.fire(evt18, nil)
		} else {
			c.Abort(AbortProvider, ReasonNotSpecified)
		}
		return err
	}
	c.fire(evt17, nil)
	return err
}

// violated aborts the association because of what the peer sent.
func (c *Conn) violated(err error) error {
	reason := ReasonNotSpecified
	var p *ProtocolError
	if errors.As(err, &p) {
		reason = p.Reason
	}
	c.fire(evt19, shortPDU(typeAbort, 0, AbortProvider, reason))
	return err
}

// Abort sends an A-ABORT. Close follows when the caller reads no more.
func (c *Conn) Abort(source, reason byte) {
	c.fire(evt15, shortPDU(typeAbort, 0, source, reason))
}

// Drain asks the association to end soon: once idle it is aborted within a
// second.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if by := time.Now().Add(drainWait); c.waiting && !c.busy && c.readBy.After(by) {
		c.readBy = by
		c.nc.SetReadDeadline(by)
	}
}

// Busy says that an operation runs, or no longer runs, during which the peer
// has nothing to send: the idle deadline then does not count.
func (c *Conn) Busy(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = on
	if !c.waiting {
		return
	}
	c.readBy = farOff
	if !on {
		c.readBy = time.Now().Add(c.idleWait())
	}
	c.nc.SetReadDeadline(c.readBy)
}

// farOff is the deadline of a wait that nothing but the transport ends.
var farOff = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// idleWait is how long a new message may be waited for; c.mu is held.
func (c *Conn) idleWait() time.Duration {
	if c.draining {
		return drainWait
	}
	return c.timeouts.Idle
}

// Kill closes the transport at once, whatever is under way, after an A-ABORT
// if the peer takes one without delay.
func (c *Conn) Kill() {
	c.nc.SetWriteDeadline(time.Now().Add(drainWait / 10))
	c.Abort(AbortProvider, ReasonNotSpecified)
	c.nc.Close()
}

// Close ends the transport and gives the buffers back. If our last PDU was an
// answer or an abort, it first waits, at most ARTIM, for the peer to close, so
// that a reset does not overtake that PDU. Only the reader may call it.
func (c *Conn) Close() error {
	c.mu.Lock()
	lingering := c.state == sta13
	c.mu.Unlock()
	if lingering {
		c.linger()
	}
	c.input.free()
	if err := c.nc.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("upper layer: %w", err)
	}
	return nil
}

// linger is Sta13. What the peer still sends is not looked at: after an invalid
// PDU nobody knows where the next one would begin.
func (c *Conn) linger() {
	if h, ok := c.nc.(interface{ CloseWrite() error }); ok {
		h.CloseWrite()
	}
	c.mu.Lock()
	by := c.artim
	if c.waiting = true; c.draining {
		by = time.Now().Add(drainWait)
	}
	c.readBy = by
	c.nc.SetReadDeadline(by)
	c.mu.Unlock()
	_, err := io.CopyN(io.Discard, c.nc, maxLinger)
	if err == nil || errors.Is(transportError(err), ErrTimeout) {
		c.fire(evt18, nil)
		return
	}
	c.fire(evt17, nil)
}
