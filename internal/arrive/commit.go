package arrive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	// commitLease is how long a node that looks after one may be silent before
	// another takes it over; longer than a report may take. At each third it is
	// renewed and what was read back kept.
	commitLease = 2 * time.Minute
	// firstRetry after a requestor that could not be reached, doubled up to
	// lastRetry.
	firstRetry = 10 * time.Second
	lastRetry  = time.Hour
	// giveUp is how long a requestor may be away.
	giveUp = 7 * 24 * time.Hour
	// patience is how often an object store may be away until a report says so.
	patience = 5
	// keepHeard is how long a request is known after its requestor heard.
	keepHeard = 30 * 24 * time.Hour
)

// asker is an open association that asked for a commitment.
type asker struct {
	*dimse.Association
	at time.Time
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
		row.CreatedAt, row.NextAt = tx.Now(), tx.Now().Add(n.lease)
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
	n.mu.Lock()
	n.asking[row.ID] = asker{a, time.Now()}
	n.mu.Unlock()
	select {
	case n.promises <- row:
	default: // the periodic look finds it
	}
	return dimse.Status{}
}

// errTaken says that a commitment is looked after elsewhere.
var errTaken = errors.New("another look after this commitment has begun")

// keep looks after one commitment: reads back, reports, and notes how it went.
// What was read back is not read again after an interruption.
func (n *Node) keep(ctx context.Context, row *db.Commitment) {
	err := n.hold(ctx, row)
	if err == nil {
		err = n.readBack(ctx, row)
	}
	if err == nil {
		err = n.report(ctx, row, n.reportOf(row))
	}
	if errors.Is(err, errTaken) {
		return
	}
	stopped := ctx.Err() != nil
	if failed := n.noted(context.WithoutCancel(ctx), row, err, stopped); failed != nil {
		n.Log.Error("storage commitment", "commitment", row.ID, "error", failed) // looked after again when the lease ends
	}
	if !row.DoneAt.IsZero() {
		n.forget(func(id string, _ asker) bool { return id == row.ID })
	}
	if err != nil && !stopped {
		n.Log.Warn("storage commitment not reported", "commitment", row.ID, "requestor", row.Requestor, "tries", row.Tries, "error", err)
	}
}

// hold takes a commitment or renews the lease on it, and keeps how far it is.
func (n *Node) hold(ctx context.Context, row *db.Commitment) error {
	return n.writeBack(ctx, row, func(now time.Time, c *db.Commitment) { c.NextAt = now.Add(n.lease) })
}

// writeBack writes a commitment as change leaves it. It returns errTaken when
// somebody else has it.
func (n *Node) writeBack(ctx context.Context, row *db.Commitment, change func(now time.Time, c *db.Commitment)) error {
	var after db.Commitment
	err := n.DB.Tx(ctx, func(tx *db.Tx) error {
		after = *row // as it is known: a transaction may be run again
		change(tx.Now(), &after)
		mine, err := tx.UpdateCommitment(&after, row.NextAt)
		if err == nil && !mine {
			err = errTaken
		}
		return err
	})
	if err == nil {
		*row = after
	}
	return err
}

// noted writes down how an attempt ended; stopped says that the hub stopped
// meanwhile and goes on when it is back.
func (n *Node) noted(ctx context.Context, row *db.Commitment, cause error, stopped bool) error {
	return n.writeBack(ctx, row, func(now time.Time, c *db.Commitment) {
		c.Error, c.NextAt = "", now
		switch {
		case stopped:
		case cause != nil:
			c.Error, c.NextAt = cause.Error(), now.Add(min(firstRetry<<min(c.Tries, 10), lastRetry))
			c.Tries++
			if now.Sub(c.CreatedAt) > giveUp {
				c.DoneAt = now
			}
		default:
			c.DoneAt = now
		}
	})
}

// readBack proves what has not been proved of a request, by reading it. An
// error says that not all can be said yet.
func (n *Node) readBack(ctx context.Context, row *db.Commitment) error {
	held := time.Now()
	beat := func() error {
		if time.Since(held) < n.lease/3 {
			return nil
		}
		held = time.Now()
		return n.hold(ctx, row)
	}
	for ; row.Looked < len(row.Instances); row.Looked++ {
		p := &row.Instances[row.Looked]
		if p.Reason != 0 {
			continue
		}
		reason, err := n.prove(ctx, row.Member, *p, beat)
		if err != nil && (row.Tries < patience || errors.Is(err, errTaken) || ctx.Err() != nil) {
			return err
		}
		p.Reason = reason
		if err := beat(); err != nil {
			return err
		}
	}
	return nil
}

// reportOf makes the report of a request that was read back.
func (n *Node) reportOf(row *db.Commitment) dimse.Event {
	e := dimse.Event{SOPClassUID: dimse.StorageCommitment, SOPInstanceUID: dimse.CommitmentInstance, Type: 1, Data: dicom.New()}
	var kept, failed []*dicom.Dataset
	for _, p := range row.Instances {
		ref := dicom.New()
		ref.SetText(dicom.ReferencedSOPClassUID, some(p.Class)...)
		ref.SetText(dicom.ReferencedSOPInstanceUID, some(p.UID)...)
		if p.Reason == 0 {
			kept = append(kept, ref)
			continue
		}
		ref.SetInts(dicom.FailureReason, int64(p.Reason))
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
	return e
}

// prove reads an instance back and compares it with what was received. It
// returns the reason of PS3.3 C.14.1.1 why it cannot be committed, 0 if it
// can. With an error the reason is that of a store that stays away. beat is
// called while it reads, and ends it with its error.
func (n *Node) prove(ctx context.Context, member hub.MemberID, p db.Promised, beat func() error) (uint16, error) {
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
		if _, err = io.Copy(sum, paced{r, beat}); err == nil {
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

// paced calls beat before each read.
type paced struct {
	io.Reader
	beat func() error
}

// Read implements io.Reader.
func (p paced) Read(b []byte) (int, error) {
	if err := p.beat(); err != nil {
		return 0, err
	}
	return p.Reader.Read(b)
}

// report sends the report: on the association that asked while it is open,
// else on a new one to the requestor's registered address.
func (n *Node) report(ctx context.Context, row *db.Commitment, e dimse.Event) error {
	n.mu.Lock()
	line, open := n.asking[row.ID]
	n.mu.Unlock()
	if open {
		select {
		case <-time.After(time.Until(line.at.Add(sameLine))):
		case <-ctx.Done():
			return ctx.Err()
		}
		if n.caller(line.Association) != nil {
			if status, err := line.Report(ctx, e); err == nil {
				return n.heard(row, status)
			}
		}
		if err := n.hold(ctx, row); err != nil {
			return err
		}
	}
	d, err := n.destination(ctx, row.Member, row.Requestor)
	if err != nil {
		return fmt.Errorf("requestor %s has no registered address: %w", row.Requestor, err)
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
	return n.heard(row, status)
}

// forget drops the associations of commitments that which names.
func (n *Node) forget(which func(commitment string, line asker) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.asking, which)
}

// heard notes what the requestor said: it has the report either way.
func (n *Node) heard(row *db.Commitment, status dimse.Status) error {
	if status.Code != dimse.Success {
		n.Log.Warn("storage commitment refused by its requestor", "commitment", row.ID, "requestor", row.Requestor, "status", status.String())
	}
	return nil
}
