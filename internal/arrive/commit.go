package arrive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// How commitments are looked after.
const (
	// sameLine is how long after N-ACTION a report goes out on the same
	// association: whoever wants it on another has released this one by then.
	sameLine = 500 * time.Millisecond
	// firstLook is how long the node that was asked has for its report.
	firstLook = time.Minute
	// firstRetry after a requestor that could not be reached, doubled up to
	// lastRetry.
	firstRetry = 10 * time.Second
	lastRetry  = time.Hour
	// giveUp is how long a requestor may be away.
	giveUp = 7 * 24 * time.Hour
	// patience is how often an object store may be away until a report says so.
	patience = 5
)

// promise is a commitment that this node looks after at once.
type promise struct {
	row   *db.Commitment
	assoc *dimse.Association // that asked, perhaps still open
	at    time.Time
}

// Action takes a request of storage commitment, PS3.4 section J.3.2: it is
// durable when the answer goes out, and looked after later.
func (n *Node) Action(ctx context.Context, a *dimse.Association, _, instance string, action uint16, d *dicom.Dataset) dimse.Status {
	c := n.caller(a)
	switch {
	case !c.may(hub.CommitService):
		return notAllowed
	case instance != dimse.CommitmentInstance:
		return dimse.Status{Code: dimse.NoSuchSOPInstance, Comment: "not the well-known instance"}
	case action != 1:
		return dimse.Status{Code: dimse.NoSuchActionType}
	case !dicom.ValidUID(d.Text(dicom.TransactionUID)):
		return dimse.Status{Code: dimse.InvalidArgument, Comment: "no Transaction UID", Offending: []dicom.Tag{dicom.TransactionUID}}
	}
	row := &db.Commitment{ID: hub.NewID[string](), Member: c.Member, Requestor: a.CallingAE, Transaction: d.Text(dicom.TransactionUID)}
	for _, item := range d.Items(dicom.ReferencedSOPSequence) {
		row.Instances = append(row.Instances, db.Promised{Class: item.Text(dicom.ReferencedSOPClassUID), UID: item.Text(dicom.ReferencedSOPInstanceUID)})
	}
	if len(row.Instances) == 0 {
		return dimse.Status{Code: dimse.InvalidArgument, Comment: "no instances to commit", Offending: []dicom.Tag{dicom.ReferencedSOPSequence}}
	}
	err := n.DB.Tx(ctx, func(tx *db.Tx) error {
		earlier, err := tx.CommitmentsOf(row.Requestor, row.Transaction)
		if err != nil {
			return err
		}
		row.CreatedAt, row.NextAt = tx.Now(), tx.Now().Add(firstLook)
		if slices.ContainsFunc(earlier, func(e *db.Commitment) bool { return !slices.Equal(e.Instances, row.Instances) }) {
			for i := range row.Instances { // another request under the same UID
				row.Instances[i].Reason = dimse.DuplicateTransaction
			}
		}
		return tx.InsertCommitment(row)
	})
	if err != nil {
		return n.trouble("N-ACTION", err, dimse.ResourceLimitation, dimse.ProcessingFailure)
	}
	select {
	case n.promises <- &promise{row, a, time.Now()}:
	default: // the periodic look finds it
	}
	return dimse.Status{}
}

// keep looks after one commitment: reads back, reports, and notes how it went.
func (n *Node) keep(ctx context.Context, p *promise) {
	row := p.row
	report, err := n.readBack(ctx, row)
	if err == nil {
		err = n.report(ctx, p, report)
	}
	if ctx.Err() != nil {
		return // looked after again when the hub is back
	}
	err = errors.Join(err, n.DB.Tx(ctx, func(tx *db.Tx) error {
		row.Tries++
		row.NextAt, row.Error = tx.Now().Add(min(firstRetry<<min(row.Tries, 10), lastRetry)), ""
		if err != nil {
			row.Error = err.Error()
		}
		if err == nil || tx.Now().Sub(row.CreatedAt) > giveUp {
			row.DoneAt = tx.Now()
		}
		return tx.UpdateCommitment(row)
	}))
	if err != nil {
		n.Log.Warn("storage commitment not reported", "commitment", row.ID, "requestor", row.Requestor, "tries", row.Tries, "error", err)
	}
}

// readBack proves each instance of a request by reading it, and makes the
// report. An error says that nothing can be said yet.
func (n *Node) readBack(ctx context.Context, row *db.Commitment) (dimse.Event, error) {
	e := dimse.Event{SOPClassUID: dimse.StorageCommitment, SOPInstanceUID: dimse.CommitmentInstance, Type: 1, Data: dicom.New()}
	var kept, failed []*dicom.Dataset
	for _, p := range row.Instances {
		reason := p.Reason
		if reason == 0 {
			var err error
			if reason, err = n.prove(ctx, row.Member, p); err != nil && row.Tries < patience {
				return e, err
			}
		}
		ref := dicom.New()
		ref.SetText(dicom.ReferencedSOPClassUID, some(p.Class)...)
		ref.SetText(dicom.ReferencedSOPInstanceUID, some(p.UID)...)
		if reason == 0 {
			kept = append(kept, ref)
			continue
		}
		ref.SetInts(dicom.FailureReason, int64(reason))
		failed = append(failed, ref)
	}
	e.Data.SetText(dicom.TransactionUID, row.Transaction)
	e.Data.SetText(dicom.RetrieveAETitle, n.AET)
	if len(kept) > 0 {
		e.Data.SetItems(dicom.ReferencedSOPSequence, kept...)
	}
	if len(failed) > 0 {
		e.Type = 2
		e.Data.SetItems(dicom.FailedSOPSequence, failed...)
	}
	return e, nil
}

// prove reads an instance back and compares it with what was received. It
// returns the reason of PS3.3 C.14.1.1 why it cannot be committed, 0 if it
// can. With an error the reason is that of a store that stays away.
func (n *Node) prove(ctx context.Context, member hub.MemberID, p db.Promised) (uint16, error) {
	i, err := n.DB.Read(ctx).InstanceByUID(member, p.UID)
	switch {
	case hub.KindOf(err) == hub.NotFound && err != nil:
		if !dimse.StorageSOPClass(p.Class) && dimse.ServiceName(p.Class) != "" {
			return dimse.SOPClassNotSupported, nil
		}
		return dimse.NoSuchSOPInstance, nil
	case err != nil:
		return dimse.ResourceLimitation, err
	case i.Class != p.Class:
		return dimse.ClassInstanceConflict, nil
	}
	r, err := n.Received(ctx, i)
	if err == nil {
		defer r.Close()
		sum := storage.NewHash()
		if _, err = io.Copy(sum, r); err == nil {
			if got := sum.Sum(); !bytes.Equal(got[:], i.Digest) {
				return dimse.ProcessingFailure, nil
			}
			return 0, nil
		}
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrCorrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
		n.Log.Error("an instance cannot be read back", "instance", i.ID, "error", err)
		return dimse.ProcessingFailure, nil
	}
	return dimse.ResourceLimitation, err
}

// report sends the report: on the association that asked while it is open,
// else on a new one to the requestor's registered address.
func (n *Node) report(ctx context.Context, p *promise, e dimse.Event) error {
	if p.assoc != nil {
		select {
		case <-time.After(time.Until(p.at.Add(sameLine))):
		case <-ctx.Done():
			return ctx.Err()
		}
		if n.caller(p.assoc) != nil {
			status, err := p.assoc.Report(ctx, e)
			if err == nil {
				return n.heard(p.row, status)
			}
		}
	}
	d, err := n.destination(ctx, p.row.Member, p.row.Requestor)
	if err != nil {
		return fmt.Errorf("requestor %s has no registered address: %w", p.row.Requestor, err)
	}
	c, err := n.call(ctx, d, dimse.DialOptions{
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StorageCommitment, Syntaxes: []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian}}},
		Roles:    []ul.Role{{SOPClass: dimse.StorageCommitment, SCP: true}},
	})
	if err != nil {
		return err
	}
	defer c.Release()
	status, err := c.EventReport(ctx, e)
	if err != nil {
		return err
	}
	return n.heard(p.row, status)
}

// heard notes what the requestor said: it has the report either way.
func (n *Node) heard(row *db.Commitment, status dimse.Status) error {
	if status.Code != dimse.Success {
		n.Log.Warn("storage commitment refused by its requestor", "commitment", row.ID, "requestor", row.Requestor, "status", status.String())
	}
	return nil
}
