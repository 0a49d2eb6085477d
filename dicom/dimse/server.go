package dimse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// StoreRequest is one C-STORE, PS3.7 section 9.1.1. The UIDs are what the
// command says: not checked against the data set, nor for their form.
type StoreRequest struct {
	SOPClassUID    string
	SOPInstanceUID string
	Syntax         dicom.TransferSyntax
	Priority       uint16 // 0 medium, 1 high, 2 low
	MoveOriginator string // AE title behind a C-MOVE, "" without one
	MessageID      uint16
	// Data is the data set as sent, to be read before Store returns. An error
	// with io.ErrUnexpectedEOF in its chain says that the association broke.
	// It is an io.WriterTo that spares io.Copy its buffer.
	Data io.Reader
}

// Handler decides about associations and takes instances. Its methods are
// called by many associations at once, but within one association in order,
// and return soon after their context ends, which it does when Serve must.
type Handler interface {
	// Accept decides about an association before it is answered. A *Reject in
	// the chain of its error refuses as it says; any other error refuses
	// without a reason; nil accepts.
	Accept(ctx context.Context, a *Association) error
	// Store takes one instance. It reads r.Data to its end, or returns a
	// failure early, after which the rest is passed over. Success or a warning
	// means: durable. If the association breaks meanwhile nobody hears the
	// status.
	Store(ctx context.Context, a *Association, r *StoreRequest) Status
	// Closed tells that an accepted association has ended: released is false
	// and err says why if it was aborted, lost or timed out.
	Closed(a *Association, released bool, err error)
}

// Defaults of Server.
const (
	DefaultMaxAssociations = 512
	DefaultGrace           = 10 * time.Second
)

// Server is an SCP of Verification and Storage. Its fields are not to be
// changed once Serve was called.
type Server struct {
	// AETitle is the called title we answer to; "" leaves that to the Handler.
	AETitle string
	Handler Handler
	// TLS, if not nil, is spoken on every connection.
	TLS *tls.Config
	// MaxAssociations is how many are open at once, further ones being refused
	// as temporary; 0 is DefaultMaxAssociations.
	MaxAssociations int
	// RefuseUnknown refuses abstract syntaxes that are no known storage class,
	// such as a manufacturer's own, which are otherwise taken as storage.
	RefuseUnknown bool
	// MaxPDU is the advertised maximum length in bytes; 0 is ul.DefaultMaxPDU.
	MaxPDU uint32
	// Timeouts bound every wait for a peer; zero fields have defaults.
	Timeouts ul.Timeouts
	// Grace is how long running associations may go on after Serve's context
	// ended; 0 is DefaultGrace.
	Grace time.Duration
	// Log takes one line for each association that ended badly; nil is none.
	Log *slog.Logger
}

func (s *Server) maxPDU() uint32 {
	if s.MaxPDU == 0 {
		return ul.DefaultMaxPDU
	}
	return s.MaxPDU
}

func (s *Server) maxAssociations() int {
	if s.MaxAssociations == 0 {
		return DefaultMaxAssociations
	}
	return s.MaxAssociations
}

func (s *Server) grace() time.Duration {
	if s.Grace == 0 {
		return DefaultGrace
	}
	return s.Grace
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// errStopping is the cause of contexts that Serve cancels at the end of Grace.
var errStopping = errors.New("dimse: the server is stopping")

// Serve answers associations on l until ctx ends, then stops softly: nothing
// new is accepted, associations that pause for a second are aborted, running
// ones go on for Grace and are aborted then. It closes l, waits for every
// goroutine it started, and returns nil after such a stop.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	hard, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(nil)
	p := &peers{server: s}
	stop := context.AfterFunc(ctx, func() {
		l.Close()
		p.drain()
	})
	err := s.acceptAll(ctx, hard, l, p)
	if stop() {
		l.Close()
		p.drain()
	}
	done := make(chan struct{})
	go func() {
		p.wg.Wait()
		close(done)
	}()
	grace := time.NewTimer(s.grace())
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		kill(errStopping)
		p.kill()
		<-done
	}
	return err
}

// acceptAll takes connections until ctx ends or the listener fails. A want of
// file descriptors and the like passes, so it is waited out.
func (s *Server) acceptAll(ctx, hard context.Context, l net.Listener, p *peers) error {
	const pause = 100 * time.Millisecond
	for {
		nc, err := l.Accept()
		if err == nil {
			p.admit(hard, nc)
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("dimse: %w", err)
		}
		s.log().Warn("dicom connection not accepted", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
