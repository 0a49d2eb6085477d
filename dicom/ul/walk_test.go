package ul

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// received are PDUs as a peer sends them, by the event they cause.
func received(t *testing.T) map[event][]byte {
	t.Helper()
	a := Associate{ProtocolVersion: 1, CalledAE: "HUB", CallingAE: "CT", ApplicationContext: ApplicationContext,
		Contexts: []Context{{ID: 1, AbstractSyntax: "1.2.840.10008.1.1", Syntaxes: []string{"1.2.840.10008.1.2"}}}}
	ac := a
	ac.Contexts = []Context{{ID: 1, Syntaxes: []string{"1.2.840.10008.1.2"}}}
	return map[event][]byte{
		evt3:  ac.append(nil, typeAssociateAC),
		evt4:  shortPDU(typeAssociateRJ, 1, 1, 7),
		evt6:  a.append(nil, typeAssociateRQ),
		evt10: unhex(t, "04 00 00 00 00 08 00 00 00 04 01 03 61 62"),
		evt12: shortPDU(typeReleaseRQ, 0, 0, 0),
		evt13: shortPDU(typeReleaseRP, 0, 0, 0),
		evt16: shortPDU(typeAbort, 0, AbortUser, 0),
		evt17: nil, // the transport closes
		evt19: unhex(t, "08 00 00 00 00 04 00 00 00 00"),
	}
}

// watched is a transport that tells whether it was closed by our side.
type watched struct {
	net.Conn
	closed bool
}

func (w *watched) Close() error { w.closed = true; return w.Conn.Close() }

// TestConnDoesWhatTheTableSays takes a Conn in each state in which something
// can be received through everything that can, and compares what it does with
// its transport and tells its user with the actions of Table 9-10.
func TestConnDoesWhatTheTableSays(t *testing.T) {
	t.Parallel()
	for s := sta2; s <= sta13; s++ {
		if s == sta4 { // there is no transport yet
			continue
		}
		for e, pdu := range received(t) {
			for _, requestor := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v %v requestor=%v", s, e, requestor), func(t *testing.T) {
					next, actions, ok := step(s, e, requestor)
					if !ok {
						t.Fatal("the table has no such cell")
					}
					here, there := net.Pipe()
					w := &watched{Conn: here}
					c := newConn(w, requestor, Timeouts{})
					c.state = s
					go func() {
						if there.Write(pdu); e == evt17 {
							there.Close()
						}
					}()
					sent := make(chan []byte, 1)
					if slices.Contains(actions, sendAbort) {
						go func() {
							b := make([]byte, pduHeaderLength+shortPDULength)
							io.ReadFull(there, b)
							sent <- b
						}()
					}
					err := receiveIn(c, s)
					if c.state != next || w.closed != slices.Contains(actions, closeTransport) {
						t.Errorf("in %v, want %v; transport closed: %v", c.state, next, w.closed)
					}
					if running := !c.artim.IsZero(); running != slices.Contains(actions, startARTIM) {
						t.Errorf("ARTIM runs: %v", running)
					}
					if slices.Contains(actions, sendAbort) {
						if b := <-sent; b[0] != byte(typeAbort) || b[8] != AbortProvider || b[9] != reasonOf(e) {
							t.Errorf("sent % x", b)
						}
					}
					if why := told(e, actions, err); why != "" {
						t.Errorf("%v, want %s", err, why)
					}
					here.Close()
					there.Close()
				})
			}
		}
	}
}

// receiveIn reads as the user of a Conn in state s does.
func receiveIn(c *Conn, s state) error {
	want := map[state]pduType{sta2: typeAssociateRQ, sta5: typeAssociateAC}[s]
	if s == sta2 || s == sta13 {
		c.artim = time.Now().Add(time.Hour)
		defer func() { // the test asks whether it was started, not whether it still runs
			if time.Until(c.artim) > time.Minute {
				c.artim = time.Time{}
			}
		}()
	}
	if want != 0 {
		_, err := c.associate(want)
		return err
	}
	_, err := c.advance(false)
	return err
}

func reasonOf(e event) byte {
	if e == evt19 {
		return ReasonUnrecognizedPDU
	}
	return ReasonUnexpectedPDU
}

// told compares what the user of a Conn hears with the primitive of the
// actions; it returns what should have been heard, "" if it was.
func told(e event, actions []action, err error) string {
	primitive := action(0)
	for _, a := range actions {
		if a >= indicateAssociate {
			primitive = a
		}
	}
	var aborted *AbortError
	var rejected *Reject
	var breach *ProtocolError
	for _, c := range []struct {
		when bool
		what string
		is   bool
	}{
		{e == evt17, "ErrClosed", errors.Is(err, ErrClosed)},
		{e == evt16, "the peer's abort", errors.As(err, &aborted) && aborted.Remote},
		{primitive == indicateAssociate || primitive == confirmAccepted || primitive == indicateData, "no error", err == nil},
		{primitive == indicateRelease, "a release request", err == ErrReleaseRequested},
		{primitive == confirmRelease, "the release", err == errReleased},
		{primitive == confirmRejected, "the refusal", errors.As(err, &rejected) && rejected.Reason == 7},
		{true, "a breach", errors.As(err, &breach)},
	} {
		if !c.when {
			continue
		}
		if c.is {
			return ""
		}
		return c.what
	}
	return ""
}
