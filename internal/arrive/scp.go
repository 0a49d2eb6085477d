// Package arrive is the first step: the hub as a DICOM node. An association
// is matched to a registered device and so to a member; each instance is
// streamed to intake, whose answer becomes the status of PS3.4 Annex B. It
// parses and keeps nothing itself.
package arrive

import (
	"context"
	"errors"
	"io"
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
)

// Node answers associations for the hub; it is a dimse.Handler.
type Node struct {
	DB     *db.DB
	Intake *intake.Intake
	AET    string
	Log    *slog.Logger
	// Open accepts every called and calling AE title: a calling title that is
	// a member's code stands for that member, any other for Fallback. The demo
	// sets it; a hub that serves patients never does.
	Open     bool
	Fallback string
	Opened   func(n int) // counts associations
	Answered func(status uint16)

	mu     sync.Mutex
	actors map[*dimse.Association]hub.Actor
}

// Accept finds the device that calls.
func (n *Node) Accept(ctx context.Context, a *dimse.Association) error {
	actor, err := n.caller(ctx, a)
	if err != nil {
		return err
	}
	n.mu.Lock()
	if n.actors == nil {
		n.actors = map[*dimse.Association]hub.Actor{}
	}
	n.actors[a] = actor
	n.mu.Unlock()
	n.Opened(1)
	return nil
}

func (n *Node) caller(ctx context.Context, a *dimse.Association) (hub.Actor, error) {
	tx := n.DB.Read(ctx)
	actor := hub.Actor{Role: "device", Name: a.CallingAE, IP: host(a.RemoteAddr), Client: a.ImplementationVersion}
	if n.Open {
		m, err := tx.MemberByCode(a.CallingAE)
		if hub.KindOf(err) == hub.NotFound {
			m, err = tx.MemberByCode(n.Fallback)
		}
		if err != nil {
			return actor, busy(err)
		}
		actor.Member, actor.Submits = m.ID, true
		return actor, nil
	}
	if !strings.EqualFold(a.CalledAE, n.AET) {
		return actor, &ul.Reject{Result: 1, Source: 1, Reason: 7} // called AE title not recognized, PS3.8 9.3.4
	}
	d, err := tx.DeviceByAE(a.CallingAE)
	if hub.KindOf(err) == hub.NotFound || err == nil && (!d.Active || d.Address != "" && d.Address != actor.IP) {
		n.Log.Warn("association refused: device not registered", "calling", a.CallingAE, "address", actor.IP)
		return actor, &ul.Reject{Result: 1, Source: 1, Reason: 3} // calling AE title not recognized
	}
	if err != nil {
		return actor, busy(err)
	}
	actor.Member, actor.Device, actor.Submits = d.Member, d.ID, d.AutoSubmit
	return actor, nil
}

// busy refuses for now, so that the modality tries again.
func busy(err error) error {
	return errors.Join(&ul.Reject{Result: 2, Source: 3, Reason: 1}, err)
}

func host(addr net.Addr) string {
	h, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return h
}

// Store hands one instance to intake.
func (n *Node) Store(ctx context.Context, a *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	n.mu.Lock()
	actor := n.actors[a]
	n.mu.Unlock()
	src := intake.Source{Actor: actor, Via: "cstore", Name: r.SOPInstanceUID, Class: r.SOPClassUID, UID: r.SOPInstanceUID}
	out, err := n.Intake.Instance(ctx, src, r.Data, r.Syntax)
	status := statusOf(out, err)
	n.Answered(status.Code)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		n.Log.Warn("C-STORE refused", "calling", a.CallingAE, "status", status.String(), "error", err)
	}
	return status
}

// statusOf is the status of PS3.4 B.2.3 for what intake says. A700 is for
// "try again" only.
func statusOf(out *intake.Outcome, err error) dimse.Status {
	if err == nil {
		if out.Result == intake.Conflict {
			return dimse.Status{Code: dimse.CoercionOfDataElements, Comment: "other bytes are stored under this UID; kept in quarantine"}
		}
		return dimse.Status{Code: dimse.Success}
	}
	comment := hub.CodeOf(err)
	switch comment {
	case "dicom.uid_differs", "dicom.class_differs":
		return dimse.Status{Code: dimse.DataSetMismatch, Comment: comment}
	case "dicom.unreadable", "dicom.identity":
		if e, ok := errors.AsType[*hub.Error](err); ok && e.Err != nil {
			comment = e.Err.Error()
		}
		return dimse.Status{Code: dimse.CannotUnderstand, Comment: clip(comment, 64)}
	}
	switch hub.KindOf(err) {
	case hub.Busy:
		return dimse.Status{Code: dimse.OutOfResources, Comment: "storage is not available now, send again later"}
	case hub.Forbidden:
		return dimse.Status{Code: dimse.NotAuthorized, Comment: comment}
	}
	return dimse.Status{Code: dimse.ProcessingFailure, Comment: clip(comment, 64)}
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// Closed notes what a device sent.
func (n *Node) Closed(a *dimse.Association, released bool, err error) {
	n.mu.Lock()
	actor := n.actors[a]
	delete(n.actors, a)
	n.mu.Unlock()
	n.Opened(-1)
	if actor.Device == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.DB.Tx(ctx, func(tx *db.Tx) error { return tx.SeenDevice(actor.Device) }); err != nil {
		n.Log.Error("device", "device", actor.Device, "error", err)
	}
}
