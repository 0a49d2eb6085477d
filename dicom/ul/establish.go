package ul

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// minPeerMax is the shortest P-DATA-TF that holds two bytes of payload.
const minPeerMax = pdvHeaderLength + 2

func newConn(nc net.Conn, requestor bool, t Timeouts) *Conn {
	t = t.WithDefaults()
	return &Conn{nc: nc, requestor: requestor, timeouts: t, state: sta1, peerMax: DefaultMaxPDU, input: input{credit: t.Read}}
}

// setPeerMax notes the maximum length a peer receives; 0 is no limit. The
// absurdly short is refused by its user, see TooShort.
func (c *Conn) setPeerMax(n uint32) {
	if n == 0 || n > MaxDataLength {
		n = MaxDataLength
	}
	c.peerMax = int(n)
}

// TooShort tells that the peer receives PDUs of n bytes at most and no data
// fits in them.
func TooShort(n uint32) bool { return n != 0 && n < minPeerMax }

// Accept waits, at most Timeouts.ARTIM, for the A-ASSOCIATE-RQ on a transport
// that was just opened. The caller answers with Conn.Accept or Conn.Reject.
// The Conn is returned with an error too, to be closed; errors are those of
// Next, and io.EOF is in the chain if the peer closed without a word.
func Accept(nc net.Conn, t Timeouts) (*Conn, *Associate, error) {
	c := newConn(nc, false, t)
	c.fire(evt5, nil)
	rq, err := c.associate(typeAssociateRQ)
	return c, rq, err
}

// Accept answers rq with an A-ASSOCIATE-AC. Of ac the contexts, the maximum
// length and what concerns the implementation are used.
func (c *Conn) Accept(rq, ac *Associate) error {
	out := *ac
	out.ApplicationContext = ApplicationContext
	out.titles = rq.titles
	_, err := c.fire(evt7, out.append(nil, typeAssociateAC))
	return err
}

// Reject answers with an A-ASSOCIATE-RJ.
func (c *Conn) Reject(r *Reject) error {
	_, err := c.fire(evt8, shortPDU(typeAssociateRJ, r.Result, r.Source, r.Reason))
	return err
}

// Released answers ErrReleaseRequested with an A-RELEASE-RP.
func (c *Conn) Released() error {
	_, err := c.fire(evt14, shortPDU(typeReleaseRP, 0, 0, 0))
	return err
}

// Dial opens a transport to addr, with TLS if conf is not nil, and an
// association on it as rq proposes. The answer holds the accepted contexts. A
// refusal is a *Reject in the chain of the error.
func Dial(ctx context.Context, addr string, rq *Associate, conf *tls.Config, t Timeouts) (*Conn, *Associate, error) {
	c := newConn(nil, true, t)
	c.fire(evt1, nil)
	nc, err := dialTransport(ctx, addr, conf)
	if err != nil {
		return nil, nil, fmt.Errorf("upper layer: %w", err)
	}
	c.nc = nc
	stop := context.AfterFunc(ctx, c.Kill)
	defer stop()
	ac, err := c.request(rq)
	if err != nil {
		c.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, nil, fmt.Errorf("association with %s: %w", addr, err)
	}
	return c, ac, nil
}

func (c *Conn) request(rq *Associate) (*Associate, error) {
	out := *rq
	out.ProtocolVersion, out.ApplicationContext = 1, ApplicationContext
	if _, err := c.fire(evt2, out.append(nil, typeAssociateRQ)); err != nil {
		return nil, err
	}
	ac, err := c.associate(typeAssociateAC)
	if err != nil {
		return nil, err
	}
	if TooShort(ac.MaxPDU) {
		c.Abort(AbortProvider, ReasonInvalidPDUParameter)
		return nil, invalid("peer receives %d bytes at most", ac.MaxPDU)
	}
	return ac, nil
}

func dialTransport(ctx context.Context, addr string, conf *tls.Config) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if conf == nil {
		return d.DialContext(ctx, "tcp", addr)
	}
	return (&tls.Dialer{NetDialer: d, Config: conf}).DialContext(ctx, "tcp", addr)
}

// Release asks the peer to release the association, waits for its consent,
// answers a release of the peer that crossed ours (Sta9, Sta11), and closes
// the transport.
func (c *Conn) Release() error {
	defer c.Close()
	c.credit = c.timeouts.Read
	if _, err := c.fire(evt11, shortPDU(typeReleaseRQ, 0, 0, 0)); err != nil {
		return err
	}
	for {
		// Sta7 still takes data (AR-6), which nobody waits for any more.
		_, err := c.advance(false)
		switch {
		case err == nil:
		case err == errReleased:
			return nil
		case err == ErrReleaseRequested:
			if err := c.Released(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}
