// Package arrive is the first step: the hub as a DICOM node. An association
// is matched to a registered device and so to a member. Each instance is
// streamed to intake, whose answer becomes the status of PS3.4 Annex B; queries
// and retrievals see the studies of that member and no others; the modality
// worklist is made of its orders; performed steps say when a study is whole;
// commitments are given for what has been read back. It parses and keeps no
// object itself.
package arrive

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Node answers associations for the hub; it is a dimse.Handler of every
// service.
type Node struct {
	DB      *db.DB
	Objects storage.Objects
	Intake  *intake.Intake
	Work    *worklist.Service
	Settled *settle.Store // gives instances in other transfer syntaxes; the hub has one, so that its bounds hold
	AET     string
	Log     *slog.Logger
	// Open accepts every called and calling AE title: a calling title that is
	// a member's code stands for that member, any other for Fallback. The demo
	// sets it; a hub that serves patients never does.
	Open     bool
	Fallback string
	// TLS is what the node shows on TLS associations, nil without.
	TLS      *tls.Config
	Opened   func(n int) // counts associations
	Answered func(status uint16)
	// Silent hears now and then, on the leading node, how many devices of each
	// member have been silent for longer than they may.
	Silent func(map[hub.MemberID]int)

	mu      sync.Mutex // guards callers and asking
	callers map[*dimse.Association]*caller
	asking  map[string]asker // by commitment

	seen sightings

	mostMatches, mostRetrieved int // maxMatches and maxRetrieved, less in tests

	waits    ul.Timeouts         // of associations that the node opens; zero but in tests
	lease    time.Duration       // commitLease, less in tests
	promises chan *db.Commitment // to look after at once
}

// New returns a Node on d, its objects, intake and queue; the exported fields
// are then set before it is used.
func New(d *db.DB, objects storage.Objects, in *intake.Intake, work *worklist.Service) *Node {
	log := slog.New(slog.DiscardHandler)
	return &Node{DB: d, Objects: objects, Intake: in, Work: work, Settled: settle.New(d, objects, nil, log, 0), Log: log, Opened: func(int) {}, Answered: func(uint16) {}, Silent: func(map[hub.MemberID]int) {},
		mostMatches: maxMatches, mostRetrieved: maxRetrieved,
		callers: map[*dimse.Association]*caller{}, asking: map[string]asker{}, lease: commitLease, promises: make(chan *db.Commitment, 64)}
}

var (
	_ dimse.Handler   = (*Node)(nil)
	_ dimse.Finder    = (*Node)(nil)
	_ dimse.Retriever = (*Node)(nil)
	_ dimse.Performer = (*Node)(nil)
)

// caller is who opened an association.
type caller struct {
	hub.Actor
	device *hub.Device // nil where none is registered
	clock  skew        // of the objects it sends
}

// may tells whether the caller's device may use a service.
func (c *caller) may(s hub.Service) bool { return c != nil && (c.device == nil || c.device.May(s)) }

// Accept finds the device that calls.
func (n *Node) Accept(ctx context.Context, a *dimse.Association) error {
	c, err := n.find(ctx, a)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.callers[a] = c
	n.mu.Unlock()
	n.Opened(1)
	return nil
}

func (n *Node) caller(a *dimse.Association) *caller {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.callers[a]
}

func (n *Node) find(ctx context.Context, a *dimse.Association) (*caller, error) {
	tx := n.DB.Read(ctx)
	c := &caller{Actor: hub.Actor{Role: "device", Name: a.CallingAE, IP: host(a.RemoteAddr), Client: a.ImplementationVersion}}
	d, err := tx.DeviceByAE(a.CallingAE)
	if err != nil && hub.KindOf(err) != hub.NotFound {
		return nil, busy(err)
	}
	if n.Open && (err != nil || !d.Active) {
		m, err := tx.MemberByCode(a.CallingAE)
		if hub.KindOf(err) == hub.NotFound && err != nil {
			m, err = tx.MemberByCode(n.Fallback)
		}
		if err != nil {
			return nil, busy(err)
		}
		c.Member, c.Submits = m.ID, true
		return c, nil
	}
	if why := n.refusal(ctx, a, d, c.IP); why != "" {
		n.Log.Warn("association refused", "reason", why, "calling", a.CallingAE, "address", c.IP)
		n.refused(a, d, c.IP, why)
		if why == hub.RefusedCalled {
			return nil, ul.RejectCalledAE
		}
		return nil, ul.RejectCallingAE
	}
	c.Member, c.Device, c.Submits, c.device = d.Member, d.ID, d.AutoSubmit || n.Open, d
	return c, nil
}

// refusal is why an association of a device, nil for an unknown one, is not
// accepted; "" if it is.
func (n *Node) refusal(ctx context.Context, a *dimse.Association, d *hub.Device, ip string) hub.Refusal {
	switch {
	case !n.Open && !strings.EqualFold(a.CalledAE, n.AET):
		return hub.RefusedCalled
	case d == nil:
		return hub.RefusedUnknown
	case !d.Active:
		return hub.RefusedInactive
	case !n.Open && d.Address != "" && !calls(ctx, d.Address, ip):
		return hub.RefusedAddress
	case !shows(a, d.Certificate):
		return hub.RefusedCertificate
	}
	return ""
}

// calls tells whether a device registered at a host calls from an address.
func calls(ctx context.Context, registered, ip string) bool {
	if registered == ip {
		return true
	}
	if net.ParseIP(registered) != nil {
		return net.ParseIP(registered).Equal(net.ParseIP(ip))
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := net.DefaultResolver.LookupHost(ctx, registered)
	if err != nil {
		return false
	}
	for _, address := range list {
		if net.ParseIP(address).Equal(net.ParseIP(ip)) {
			return true
		}
	}
	return false
}

// shows tells whether the peer has proved to hold the certificate of a
// fingerprint; "" asks for none.
func shows(a *dimse.Association, fingerprint string) bool {
	if fingerprint == "" {
		return true
	}
	if a.TLS == nil || len(a.TLS.PeerCertificates) == 0 {
		return false
	}
	sum := sha256.Sum256(a.TLS.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:]) == fingerprint
}

// busy refuses for now, so that the modality tries again.
func busy(err error) error { return errors.Join(ul.RejectCongestion, err) }

func host(addr net.Addr) string {
	h, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return h
}

// Closed notes what was seen of a device.
func (n *Node) Closed(a *dimse.Association, released bool, err error) {
	n.mu.Lock()
	c := n.callers[a]
	delete(n.callers, a)
	n.mu.Unlock()
	n.forget(func(_ string, line asker) bool { return line.Association == a })
	n.Opened(-1)
	if c == nil || c.Device == "" {
		return
	}
	n.seen.of(c.Device, func(s *sighting) {
		s.at = time.Now()
		if offset, ok := c.clock.least(); ok {
			s.skews = append(s.skews, offset.Milliseconds())
		}
		if err != nil && !released {
			s.fault("aborted", err.Error())
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.write(ctx); err != nil {
		n.Log.Error("device", "device", c.Device, "error", err)
	}
}

// notAllowed is the answer to a device that may not use a service.
var notAllowed = dimse.Status{Code: dimse.NotAuthorized, Comment: "this device may not use the service"}

// trouble is what a failure of the hub itself becomes: busy says "try again"
// where the service has a status for it.
func (n *Node) trouble(service string, err error, busy, other uint16) dimse.Status {
	n.Log.Error(service, "error", err)
	if hub.KindOf(err) == hub.Busy {
		return dimse.Status{Code: busy, Comment: "not available now, try again later"}
	}
	return dimse.Status{Code: other, Comment: "the hub could not process the request"}
}
