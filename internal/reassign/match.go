package reassign

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var noTime time.Time

// Match puts the objects of an inbox task under an order of the same clinic
// and returns that order's task, which is then submitted as any other. A draft
// order that stood for the objects is cancelled; an entered one waits for its
// own pictures again.
//
// Errors: Conflict "task.wrong_state" when the objects were submitted
// meanwhile; Invalid for an order of another kind; NotFound.
func (s *Service) Match(ctx context.Context, actor hub.Actor, id hub.TaskID, to hub.OrderID) (*worklist.View, error) {
	var v *worklist.View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if t.State != hub.Uploading {
			return hub.E(hub.Conflict, "reassign.Match", "task.wrong_state").With("state", t.State).With("event", "match")
		}
		o, err := target(tx, t, to)
		if err != nil {
			return err
		}
		joined, err := s.join(tx, actor, t, o)
		if err != nil {
			return err
		}
		v, err = worklist.Render(tx, joined)
		return err
	})
	return v, err
}

// target finds the order objects of t are to stand under.
func target(tx *db.Tx, t *hub.Task, to hub.OrderID) (*hub.Order, error) {
	const op = "reassign.target"
	o, err := tx.Order(to)
	switch {
	case hub.KindOf(err) == hub.NotFound || err == nil && o.Member != t.Member:
		return nil, hub.E(hub.NotFound, op, "not_found")
	case err != nil:
		return nil, err
	case o.ID == t.Order:
		return nil, hub.Field(op, "order", "the objects stand under this order already")
	case o.Cancelled || o.Origin == "imported":
		return nil, hub.Field(op, "order", "is cancelled or was reported elsewhere")
	case !sameKind(t.Kind, o.Kind):
		return nil, hub.Field(op, "order", "asks for another kind of exam")
	}
	return o, nil
}

// join moves the objects of t to the task of o that waits for them.
func (s *Service) join(tx *db.Tx, actor hub.Actor, t *hub.Task, o *hub.Order) (*hub.Task, error) {
	h, err := headerOf(tx, t)
	if err != nil {
		return nil, err
	}
	list, err := give(tx, t, o)
	if err != nil {
		return nil, err
	}
	moved := *t // what the objects are, before t lets them go
	for _, study := range list {
		if err := tx.LeaveStudy(t.ID, study.ID); err != nil {
			return nil, err
		}
	}
	if err := s.letGo(tx, actor, t); err != nil {
		return nil, err
	}
	rewarn(&moved, h, o, "")
	into, err := s.receive(tx, actor, &moved, o)
	if err != nil {
		return nil, err
	}
	for _, study := range list {
		if err := tx.JoinStudy(into.ID, study.ID); err != nil {
			return nil, err
		}
		if err := tx.RouteStudy(study.ID, into.Centre); err != nil {
			return nil, err
		}
	}
	// Screens learn of it with the studies in place.
	if err := worklist.Emit(tx, "task.matched", into); err != nil {
		return nil, err
	}
	return into, tx.Audit(actor, hub.Record{Action: "study.match", Object: "task/" + string(into.ID), Patient: audit.Pseudonym(o.Patient), OK: true,
		Before: "order/" + string(moved.Order), After: "order/" + string(o.ID)})
}

// letGo ends the task that stood for the objects so far.
func (s *Service) letGo(tx *db.Tx, actor hub.Actor, t *hub.Task) error {
	err := worklist.Move(tx, actor, t, worklist.Cancel, "matched", func(t *hub.Task) {
		t.Study, t.Recording, t.SettleAt = "", "", noTime
	})
	if err != nil {
		return err
	}
	return setFree(tx, actor, t.Order)
}

// setFree says what becomes of an order whose objects were not its own: a
// draft made from them ends with them, an entered one waits again.
func setFree(tx *db.Tx, actor hub.Actor, id hub.OrderID) error {
	o, err := tx.Order(id)
	if err != nil {
		return err
	}
	if o.Origin == "draft" {
		o.Cancelled = true
		return tx.UpdateOrder(o)
	}
	_, err = worklist.Open(tx, actor, o, hub.Draft, nil)
	return err
}

// receive gives the objects of moved to the newest task of o that can still
// take some, or to a new one.
func (s *Service) receive(tx *db.Tx, actor hub.Actor, moved *hub.Task, o *hub.Order) (*hub.Task, error) {
	take := func(t *hub.Task) {
		if t.Study == "" {
			t.Study = moved.Study
		}
		if t.Recording == "" {
			t.Recording = moved.Recording
		}
		if t.TExam.IsZero() {
			t.TExam = moved.TExam
		}
		if t.TUploadStart.IsZero() {
			t.TUploadStart = moved.TUploadStart
		}
		t.Expected += moved.Expected
		t.Complete, t.SettleAt = moved.Complete, moved.SettleAt
		t.Alerts = append(t.Alerts, moved.Alerts...)
		if t.Grade == "" {
			t.Grade = moved.Grade
		}
		t.Warnings = append(t.Warnings, moved.Warnings...)
		if moved.Priority < t.Priority {
			s.Work.Rules.Raise(t, o, moved.Priority, tx.Now())
		}
	}
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil {
		return nil, err
	}
	if len(tasks) > 0 {
		switch t := tasks[0]; t.State {
		case hub.Draft:
			return t, worklist.Move(tx, actor, t, worklist.Upload, "matched", take)
		case hub.Uploading, hub.Queued, hub.Returned:
			return t, worklist.Touch(tx, actor, t, "task.arrived", "matched", take)
		}
	}
	return worklist.Open(tx, actor, o, hub.Uploading, take)
}
