package reassign

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Wanted is what somebody asks for: the order the objects belong to, or the
// right patient, for whom an order is then made. The centre may leave both
// out: it sees that the patient is wrong, the clinic knows who it was.
type Wanted struct {
	Order   hub.OrderID
	Patient *hub.Order // name, sex, birth date …; what it leaves out is the old order's exam
	Reason  string
}

// between are the states in which objects are with the centre, or have been.
var between = []hub.State{hub.Queued, hub.Claimed, hub.Returned, hub.Written, hub.Issued, hub.Delivered, hub.Acknowledged}

// atClinic reports which of the two sides of a re-assignment an actor is on:
// by role, because a hospital may read its own exams.
func atClinic(r hub.Role) bool { return r == hub.Tech || r == hub.Clinician }

// Ask stores that objects belong to somebody else. It changes nothing yet: a
// second person of the other side confirms. The caller has checked that the
// task is in the actor's scope.
func (s *Service) Ask(ctx context.Context, actor hub.Actor, id hub.TaskID, w Wanted) (*db.Reassignment, error) {
	const op = "reassign.Ask"
	if strings.TrimSpace(w.Reason) == "" {
		return nil, hub.Field(op, "reason", "say how it is known")
	}
	t, err := s.DB.Read(ctx).Task(id)
	if err != nil {
		return nil, err
	}
	if err := movable(t); err != nil {
		return nil, err
	}
	if w.Order == "" && w.Patient == nil && atClinic(actor.Role) {
		return nil, hub.Field(op, "order", "name the right order or the right patient")
	}
	if w.Order, err = s.orderFor(ctx, actor, t, w); err != nil {
		return nil, err
	}
	r := &db.Reassignment{ID: hub.NewID[string](), Task: id, To: w.Order, Reason: w.Reason, AskedBy: actor.Account}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := s.mayAsk(tx, t, w.Order); err != nil {
			return err
		}
		r.From, r.AskedAt = t.Order, tx.Now()
		if err := tx.InsertReassignment(r); err != nil {
			return err
		}
		return tell(tx, actor, "reassignment.asked", t, r, nil)
	})
	return r, err
}

func movable(t *hub.Task) error {
	if !slices.Contains(between, t.State) {
		return hub.E(hub.Conflict, "reassign.movable", "task.wrong_state").With("state", t.State).With("event", "reassign")
	}
	return nil
}

// mayAsk refuses a second request about a task while one is open, and an
// order that cannot take the objects ("" is named later).
func (s *Service) mayAsk(tx *db.Tx, t *hub.Task, to hub.OrderID) error {
	if err := movable(t); err != nil {
		return err
	}
	open, err := tx.Reassignments(t.Member, true)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.Task == t.ID {
			return hub.E(hub.Conflict, "reassign.Ask", "reassign.open").With("reassignment", r.ID)
		}
	}
	if to == "" {
		return nil
	}
	o, err := target(tx, t, to)
	if err != nil {
		return err
	}
	return whole(t, o)
}

// whole refuses an order that lacks what its reading needs before two people
// have spent their time on it.
func whole(t *hub.Task, o *hub.Order) error {
	if missing := worklist.Holding(o); len(missing) > 0 && t.Priority > 1 && o.Origin == "entered" {
		return hub.E(hub.Invalid, "reassign.whole", "submit.fields_missing").With("fields", missing)
	}
	return nil
}

// orderFor returns the order that is named, or makes one for the right
// patient with the exam that was done. The exam is done: nothing is left to
// recognise instead.
func (s *Service) orderFor(ctx context.Context, actor hub.Actor, t *hub.Task, w Wanted) (hub.OrderID, error) {
	if w.Order != "" || w.Patient == nil {
		return w.Order, nil
	}
	if !atClinic(actor.Role) {
		return "", hub.Field("reassign.orderFor", "patient_name", "the clinic names the patient")
	}
	old, err := s.DB.Read(ctx).Order(t.Order)
	if err != nil {
		return "", err
	}
	o := *w.Patient
	o.Visit, o.Priority, o.Kind = firstOf(o.Visit, old.Visit), t.Priority, old.Kind
	for _, f := range []struct {
		have *string
		fill string
	}{{&o.Item, old.Item}, {&o.ItemName, firstOf(old.ItemName, old.Modality, string(old.Kind))}, {&o.Modality, old.Modality}, {&o.BodyPart, old.BodyPart}, {&o.Laterality, old.Laterality},
		{&o.Method, old.Method}, {&o.Department, old.Department}, {&o.Doctor, firstOf(old.Doctor, actor.Name)}, {&o.Purpose, firstOf(old.Purpose, w.Reason)}} {
		if *f.have == "" {
			*f.have = f.fill
		}
	}
	made, err := (&order.Service{DB: s.Orders.DB, Sealer: s.Orders.Sealer}).Create(ctx, actor, o, nil)
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

func firstOf[T ~string](list ...T) T {
	for _, v := range list {
		if v != "" {
			return v
		}
	}
	return ""
}

// Confirm carries a request out, in one transaction: the objects become the
// right patient's, what was reported under the wrong one is void, a new task
// is queued, and everybody who read them is told. w names the order where the
// request does not.
func (s *Service) Confirm(ctx context.Context, actor hub.Actor, id string, w Wanted) (*db.Reassignment, error) {
	r, err := s.DB.Read(ctx).Reassignment(id)
	if err != nil {
		return nil, err
	}
	if r.To == "" {
		t, err := s.DB.Read(ctx).Task(r.Task)
		if err != nil {
			return nil, err
		}
		w.Reason = r.Reason
		if r.To, err = s.orderFor(ctx, actor, t, w); err != nil {
			return nil, err
		}
		if r.To == "" {
			return nil, hub.Field("reassign.Confirm", "order", "name the right order or the right patient")
		}
	}
	to := r.To
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := s.undecided(tx, actor, id, &r)
		if err != nil {
			return err
		}
		r.To = firstOf(r.To, to)
		if err := movable(t); err != nil {
			return err
		}
		return s.carryOut(tx, actor, t, r)
	})
	return r, err
}

// Refuse lets everything stand as it is.
func (s *Service) Refuse(ctx context.Context, actor hub.Actor, id, reason string) (*db.Reassignment, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, hub.Field("reassign.Refuse", "reason", "say why it is right as it is")
	}
	var r *db.Reassignment
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := s.undecided(tx, actor, id, &r)
		if err != nil {
			return err
		}
		r.Refused, r.ConfirmedBy, r.ConfirmedAt = true, actor.Account, tx.Now()
		if err := tx.UpdateReassignment(r); err != nil {
			return err
		}
		return tell(tx, actor, "reassignment.refused", t, r, nil)
	})
	return r, err
}

// undecided reads a request and its task for a decision by actor, who must be
// a second person, of the other side.
func (s *Service) undecided(tx *db.Tx, actor hub.Actor, id string, r **db.Reassignment) (*hub.Task, error) {
	const op = "reassign.undecided"
	var err error
	if *r, err = tx.Reassignment(id); err != nil {
		return nil, err
	}
	if !(*r).ConfirmedAt.IsZero() {
		return nil, hub.E(hub.Conflict, op, "reassign.decided")
	}
	asker, err := tx.Account((*r).AskedBy)
	if err != nil {
		return nil, err
	}
	if asker.ID == actor.Account || atClinic(asker.Role) == atClinic(actor.Role) {
		return nil, hub.E(hub.Forbidden, op, "reassign.same_side")
	}
	return tx.Task((*r).Task)
}

// tell stores an event for clinic and centre and the audit record beside it.
// told are the people who read the objects.
func tell(tx *db.Tx, actor hub.Actor, name string, t *hub.Task, r *db.Reassignment, told []*hub.Account) error {
	v, err := worklist.Render(tx, t)
	if err != nil {
		return err
	}
	logins := []string{}
	for _, a := range told {
		logins = append(logins, a.Login)
	}
	body, err := json.Marshal(map[string]any{"task": v, "reassignment": r.ID, "new_task": r.NewTask, "readers": logins})
	if err != nil {
		return err
	}
	if err := tx.Emit(hub.Event{Name: name, Member: t.Member, Centre: t.Centre, Task: t.ID, Body: body}); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: name, Object: "task/" + string(t.ID), OK: true, Reason: r.Reason,
		Before: "order/" + string(r.From), After: "order/" + string(r.To)})
}

// carryOut does what was confirmed.
func (s *Service) carryOut(tx *db.Tx, actor hub.Actor, t *hub.Task, r *db.Reassignment) error {
	o, err := target(tx, t, r.To)
	if err != nil {
		return err
	}
	h, err := headerOf(tx, t)
	if err != nil {
		return err
	}
	told, err := readers(tx, t)
	if err != nil {
		return err
	}
	list, err := give(tx, t, o)
	if err != nil {
		return err
	}
	fresh, err := s.reopen(tx, actor, t, o, r, h, list)
	if err != nil {
		return err
	}
	if err := s.end(tx, actor, t, r, fresh.ID); err != nil {
		return err
	}
	r.NewTask, r.ConfirmedBy, r.ConfirmedAt = fresh.ID, actor.Account, tx.Now()
	if err := tx.UpdateReassignment(r); err != nil {
		return err
	}
	for _, a := range told {
		err := tx.Audit(actor, hub.Record{Action: "reassign.told", Object: "account/" + string(a.ID), OK: true, Reason: "task/" + string(t.ID)})
		if err != nil {
			return err
		}
	}
	return tell(tx, actor, "task.reassigned", t, r, told)
}

// readers are the people who did or saw anything with the objects of t or its
// report: the audit names them.
func readers(tx *db.Tx, t *hub.Task) ([]*hub.Account, error) {
	objects := []string{"task/" + string(t.ID)}
	if t.Report != "" {
		objects = append(objects, "report/"+string(t.Report))
	}
	if t.Recording != "" {
		objects = append(objects, "recording/"+string(t.Recording))
	}
	list, err := tx.StudiesOf(t.ID)
	if err != nil {
		return nil, err
	}
	for _, study := range list {
		objects = append(objects, "study/"+string(study.ID))
	}
	return tx.Touched(objects)
}

// reopen queues the objects for the right order, at their first priority.
func (s *Service) reopen(tx *db.Tx, actor hub.Actor, t *hub.Task, o *hub.Order, r *db.Reassignment, h *header, list []*db.StudyRow) (*hub.Task, error) {
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil {
		return nil, err
	}
	if len(tasks) > 0 && tasks[0].State == hub.Draft { // what the order waited for has come
		if err := worklist.Move(tx, actor, tasks[0], worklist.Cancel, "reassigned", nil); err != nil {
			return nil, err
		}
	}
	warnings, err := carried(tx, t)
	if err != nil {
		return nil, err
	}
	fresh, err := worklist.Open(tx, actor, o, hub.Uploading, func(n *hub.Task) {
		n.Study, n.Recording, n.TExam, n.TUploadStart = t.Study, t.Recording, t.TExam, t.TUploadStart
		n.Alerts, n.Grade, n.Expected, n.Complete = t.Alerts, t.Grade, t.Expected, t.Complete
		n.Warnings, n.Priority = warnings, min(t.Priority, o.Priority)
		rewarn(n, h, o, r.Reason) // two people say that the header is wrong
		n.Warnings = append(n.Warnings, hub.Warning{Code: "reassigned_from", Values: map[string]string{"task": string(t.ID)}})
	})
	if err != nil {
		return nil, err
	}
	for _, study := range list {
		if err := tx.JoinStudy(fresh.ID, study.ID); err != nil {
			return nil, err
		}
	}
	return fresh, s.Work.Submit(tx, hub.System, fresh, "")
}

// carried are the warnings that go with the objects. A critical value told of
// the wrong patient stays open until people have answered it; the next reader
// learns of it, because it is true of somebody.
func carried(tx *db.Tx, t *hub.Task) ([]hub.Warning, error) {
	out := slices.Clone(t.Warnings)
	list, err := tx.CriticalsOfTask(t.ID)
	for _, c := range list {
		if c.State != hub.CriticalWithdrawn {
			out = append(out, hub.Warning{Code: "reassigned_critical", Values: map[string]string{"critical": string(c.ID)}})
		}
	}
	return out, err
}

// end makes the old task void with whatever was reported on it, or cancels it
// where nothing was; the order it had was not examined and waits again.
func (s *Service) end(tx *db.Tx, actor hub.Actor, t *hub.Task, r *db.Reassignment, fresh hub.TaskID) error {
	from := t.State
	mark := func(t *hub.Task) {
		t.Holder, t.LeaseUntil = "", noTime
		t.Warnings = append(t.Warnings, hub.Warning{Code: "reassigned_to", Values: map[string]string{"task": string(fresh)}})
	}
	if _, err := worklist.After(from, worklist.AskVoid); err != nil {
		if err := worklist.Move(tx, actor, t, worklist.Cancel, r.Reason, mark); err != nil {
			return err
		}
	} else {
		if err := worklist.Move(tx, actor, t, worklist.AskVoid, r.Reason, func(t *hub.Task) { t.Before = from }); err != nil {
			return err
		}
		if err := worklist.Move(tx, actor, t, worklist.ConfirmVoid, r.Reason, mark); err != nil {
			return err
		}
	}
	if t.Report != "" {
		if err := report.Void(tx, t); err != nil {
			return err
		}
	}
	return setFree(tx, actor, t.Order)
}
