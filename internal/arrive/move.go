package arrive

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Move sends instances to a registered device of the caller's member, PS3.4
// section C.4.2.
func (n *Node) Move(ctx context.Context, a *dimse.Association, q *dimse.Query, r *dimse.Retrieval) dimse.Status {
	c := n.caller(a)
	if !c.may(hub.RetrieveService) {
		return notAllowed
	}
	to, err := n.destination(ctx, c.Member, q.Destination)
	if hub.KindOf(err) == hub.NotFound && err != nil {
		return dimse.Status{Code: dimse.UnknownMover, Comment: "the move destination is not registered with an address", Offending: []dicom.Tag{dicom.MoveDestination}}
	}
	if err != nil {
		return n.trouble("C-MOVE", err, dimse.UnableToPerform, dimse.UnableToProcess)
	}
	list, status := n.chosen(ctx, c, q)
	if status.Code != dimse.Success {
		return status
	}
	if err := n.retrieved(ctx, c, list, to.AETitle); err != nil {
		return n.trouble("C-MOVE", err, dimse.UnableToPerform, dimse.UnableToProcess)
	}
	work, cancel := lenient(ctx)
	defer cancel()
	line := &line{node: n, to: to, list: list}
	defer line.close()
	n.sendAll(ctx, list, r, func(i *hub.Instance) (dimse.Status, error) {
		peer, err := line.open(work, i)
		if err != nil {
			return dimse.Status{}, err
		}
		ts, ok := kindOf(i).Best(peer.Accepts)
		if !ok {
			return dimse.Status{}, errNotAccepted
		}
		data, err := n.As(work, i, ts)
		if err != nil {
			return dimse.Status{}, err
		}
		defer data.Close()
		status, err := peer.StoreFor(work, a.CallingAE, q.MessageID, i.Class, i.UID, ts, data)
		line.heard(err)
		return status, err
	})
	return outcome(ctx, r)
}

// destination finds a member's device that takes calls.
func (n *Node) destination(ctx context.Context, member hub.MemberID, title string) (*hub.Device, error) {
	d, err := n.DB.Read(ctx).DeviceByAE(title)
	if err == nil && (!d.Active || d.Member != member || d.Port == 0 || d.Address == "") {
		err = hub.E(hub.NotFound, "arrive.destination", "not_found")
	}
	return d, err
}

// call opens an association of the hub with a device.
func (n *Node) call(ctx context.Context, d *hub.Device, o dimse.DialOptions) (*dimse.Client, error) {
	o.CallingAE, o.CalledAE, o.Timeouts = n.AET, d.AETitle, n.waits
	if d.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.Address}
		if n.TLS != nil {
			o.TLS.Certificates, o.TLS.RootCAs = n.TLS.Certificates, n.TLS.ClientCAs
		}
	}
	return dimse.Dial(ctx, net.JoinHostPort(d.Address, strconv.Itoa(d.Port)), o)
}

// maxLost is how many associations in a row may break before a line is given up.
const maxLost = 3

var errLineLost = errors.New("the destination does not take calls")

// line is what connects a retrieval with its destination: an association, and
// another one when it breaks or lacks a context for what is next.
type line struct {
	node *Node
	to   *hub.Device
	list []*db.Found // what is to be sent
	peer *dimse.Client
	has  map[dimse.Kind]bool // proposed on peer
	lost int                 // associations that broke in a row
}

// open returns an association on which contexts for i were proposed.
func (l *line) open(ctx context.Context, i *hub.Instance) (*dimse.Client, error) {
	if l.peer != nil && l.has[kindOf(i)] {
		return l.peer, nil
	}
	l.close()
	if l.lost >= maxLost {
		return nil, errLineLost
	}
	var contexts []dimse.PresentationContext
	contexts, l.has = dimse.Offer(func(yield func(dimse.Kind) bool) {
		ok := yield(kindOf(i))
		for n := 0; ok && n < len(l.list); n++ {
			ok = yield(kindOf(&l.list[n].Instance))
		}
	})
	peer, err := l.node.call(ctx, l.to, dimse.DialOptions{Contexts: contexts})
	if err != nil {
		l.lost = maxLost // nobody is there: each further try would take as long
		return nil, err
	}
	l.peer = peer
	return peer, nil
}

// heard notes how a sub-operation ended: an error broke the association. Who
// was silent for as long as one may be is not called again: the requestor would
// wait as long once more.
func (l *line) heard(err error) {
	switch {
	case err == nil:
		l.lost = 0
		return
	case errors.Is(err, ul.ErrTimeout):
		l.lost = maxLost
	default:
		l.lost++
	}
	l.peer = nil
}

func (l *line) close() {
	if l.peer != nil {
		l.peer.Release() // what was sent is answered already
		l.peer = nil
	}
}
