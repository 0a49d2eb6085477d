package arrive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// maxRetrieved is how many instances one retrieval may have.
const maxRetrieved = 100_000

// cancelGrace is how long the sub-operation that runs may go on after a cancel.
const cancelGrace = 2 * time.Second

// uniqueKeys are those that say what is retrieved at a level.
var uniqueKeys = map[level]dicom.Tag{patientLevel: dicom.PatientID, studyLevel: dicom.StudyInstanceUID,
	seriesLevel: dicom.SeriesInstanceUID, imageLevel: dicom.SOPInstanceUID}

// chosen finds the instances that a retrieval asks for, PS3.4 section
// C.4.2.1.4: by unique keys only.
func (n *Node) chosen(ctx context.Context, c *caller, q *dimse.Query) ([]*db.Found, dimse.Status) {
	p, status := planOf(q)
	if status.Code != dimse.Success {
		return nil, status
	}
	key := uniqueKeys[p.level]
	if keys := q.Identifier.Texts(key); len(keys) == 0 || slices.Contains(keys, "") || strings.ContainsAny(strings.Join(keys, ""), "*?") {
		return nil, dimse.Status{Code: dimse.IdentifierMismatch, Comment: "a retrieval needs the unique key of its level", Offending: []dicom.Tag{key}}
	}
	s := db.Search{Member: c.Member, Limit: n.mostRetrieved + 1}
	for _, tag := range uniqueKeys {
		if m, err := search.Match(tag, search.Attributes[tag].Field, q.Identifier.Texts(tag)); err == nil && !search.Universal(m) {
			s.Matches = append(s.Matches, m)
		}
	}
	list, err := n.DB.Read(ctx).SearchInstances(s)
	if err != nil {
		return nil, n.trouble("retrieve", err, dimse.UnableToCount, dimse.UnableToProcess)
	}
	if len(list) > n.mostRetrieved {
		return nil, dimse.Status{Code: dimse.UnableToCount, Comment: "too many instances: retrieve less at once"}
	}
	return list, dimse.Status{}
}

// Get sends instances on the association that asked, PS3.4 section C.4.3.
func (n *Node) Get(ctx context.Context, a *dimse.Association, q *dimse.Query, r *dimse.Retrieval) dimse.Status {
	c := n.caller(a)
	if !c.may(hub.RetrieveService) {
		return notAllowed
	}
	list, status := n.chosen(ctx, c, q)
	if status.Code != dimse.Success {
		return status
	}
	if err := n.retrieved(ctx, c, list, a.CallingAE); err != nil {
		return n.trouble("C-GET", err, dimse.UnableToPerform, dimse.UnableToProcess)
	}
	n.sendAll(ctx, list, r, func(i *hub.Instance) (dimse.Status, error) {
		ts, ok := kindOf(i).Best(r.Accepts)
		if !ok {
			return dimse.Status{}, errNotAccepted
		}
		data, err := n.As(ctx, i, ts)
		if err != nil {
			return dimse.Status{}, err
		}
		defer data.Close()
		return r.Store(ctx, i.Class, i.UID, ts, data)
	})
	return outcome(ctx, r)
}

var errNotAccepted = errors.New("the receiver takes neither the stored form nor a native one")

// kindOf is what a context has to carry of an instance.
func kindOf(i *hub.Instance) dimse.Kind {
	return dimse.Kind{SOPClassUID: i.Class, Syntax: dicom.TransferSyntax(i.Syntax)}
}

// sendAll performs the sub-operations and counts what became of them.
func (n *Node) sendAll(ctx context.Context, list []*db.Found, r *dimse.Retrieval, send func(*hub.Instance) (dimse.Status, error)) {
	r.Remaining = len(list)
	for _, row := range list {
		if ctx.Err() != nil {
			return
		}
		i := &row.Instance
		status, err := send(i)
		r.Remaining--
		switch {
		case err != nil || !status.OK():
			r.Failed++
			r.FailedUIDs = append(r.FailedUIDs, i.UID)
			n.Log.Warn("sub-operation failed", "instance", i.ID, "status", status.String(), "error", err)
		case status.Code == dimse.Success:
			r.Completed++
		default:
			r.Warning++
		}
		if r.Remaining > 0 && ctx.Err() == nil && r.Report() != nil {
			return
		}
	}
}

// outcome is the last status of a retrieval, PS3.4 Tables C.4-2 and C.4-3.
func outcome(ctx context.Context, r *dimse.Retrieval) dimse.Status {
	switch {
	case ctx.Err() != nil && r.Remaining > 0:
		return dimse.Status{Code: dimse.Canceled}
	case r.Failed > 0 && r.Completed+r.Warning == 0:
		return dimse.Status{Code: dimse.UnableToPerform, Comment: "no instance could be sent"}
	case r.Failed > 0 || r.Warning > 0:
		return dimse.Status{Code: dimse.SubOperationsFailed}
	}
	return dimse.Status{}
}

// retrieved writes down who takes which studies, before they leave.
func (n *Node) retrieved(ctx context.Context, c *caller, list []*db.Found, to string) error {
	if len(list) == 0 {
		return nil
	}
	return n.DB.Tx(ctx, func(tx *db.Tx) error {
		var last hub.StudyID
		for _, row := range list { // those of one study lie together
			if row.Study.ID == last {
				continue
			}
			last = row.Study.ID
			err := tx.Audit(c.Actor, hub.Record{Action: "study.retrieve", Object: "study/" + string(last), Patient: audit.Pseudonym(row.Study.Patient),
				OK: true, Reason: "to " + to})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// lenient is ctx that outlives a cancel by cancelGrace.
func lenient(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(cancelGrace):
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
