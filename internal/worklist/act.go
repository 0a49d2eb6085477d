package worklist

import (
	"context"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Service lets people and the clock act on tasks.
type Service struct {
	DB    *db.DB
	Rules Rules
}

// Params are what an action carries besides who and which task.
type Params struct {
	Reason   string `json:"reason"`
	Text     string `json:"text"`
	To       string `json:"to"` // login or id of an account
	Priority *int   `json:"priority"`
	Claim    int64  `json:"claim"`
	// Lock is the Transaction UID that a standard client claims under (PS3.4
	// section CC.2.1): what it does with the task later needs it.
	Lock string `json:"-"`
}

// ReturnReasons are the codes of the domain rules, section 8. Other words are
// kept as the text of "other".
var ReturnReasons = []string{"positioning", "exposure", "motion", "foreign_body", "coverage", "missing_series", "mismatch", "history", "ecg_defect", "duplicate", "other"}

// Do runs one action on a task in a transaction of its own and returns the
// task as it is afterwards. The caller has checked that the actor's role and
// scope allow it.
func (s *Service) Do(ctx context.Context, actor hub.Actor, id hub.TaskID, e Event, p Params) (*View, error) {
	var v *View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := s.act(tx, actor, t, e, p); err != nil {
			return err
		}
		v, err = Render(tx, t)
		return err
	})
	return v, err
}

func (s *Service) act(tx *db.Tx, actor hub.Actor, t *hub.Task, e Event, p Params) error {
	if _, err := After(t.State, e); err != nil && e != Claim && Repeated(t, e, actor) {
		return nil
	}
	if e == Submit && t.State == hub.Queued && t.LastEvent == string(Submit) && t.LastActor == hub.System.Account {
		return nil // the hub was quicker than the clinic's hand
	}
	switch e {
	case Submit:
		return s.Submit(tx, actor, t, p.Reason)
	case Claim:
		return s.claim(tx, actor, t, p.Lock)
	case Release:
		return s.release(tx, actor, t)
	case Escalate:
		return s.escalate(tx, actor, t, p)
	case Transfer:
		return s.transfer(tx, actor, t, p)
	case Return:
		return s.giveBack(tx, actor, t, p)
	case Resubmit:
		return s.resubmit(tx, actor, t)
	case Cancel:
		return s.cancel(tx, actor, t, p)
	case Acknowledge:
		return Move(tx, actor, t, Acknowledge, "", func(t *hub.Task) { t.TAck = tx.Now() })
	}
	_, err := After(t.State, e)
	return err
}

// claim takes a queued task for a reader: exactly one wins, the others get
// the holder's name. lock is noted with the claim if it is not "".
func (s *Service) claim(tx *db.Tx, actor hub.Actor, t *hub.Task, lock string) error {
	if t.State == hub.Claimed {
		if t.LeaseUntil.After(tx.Now()) {
			return claimed(tx, t)
		}
		if err := s.expire(tx, t); err != nil {
			return err
		}
	}
	if _, err := After(t.State, Claim); err != nil {
		return err
	}
	duty, err := tx.OnDuty(actor.Account, t.Kind)
	if err != nil {
		return err
	}
	if !duty {
		return hub.E(hub.Forbidden, "worklist.claim", "task.not_on_duty")
	}
	moved, err := s.taken(tx, t, actor.Member)
	if err != nil {
		return err
	}
	err = Move(tx, actor, t, Claim, "", func(t *hub.Task) {
		moved(t)
		s.holds(tx, actor.Account)(t)
	})
	if err != nil || lock == "" {
		return err
	}
	return tx.LockTask(t.ID, t.Claim, lock)
}

// holds makes an account the holder of a task, with a new claim number and
// lease.
func (s *Service) holds(tx *db.Tx, id hub.AccountID) func(*hub.Task) {
	return func(t *hub.Task) {
		t.Holder = id
		t.Claim++
		t.LeaseUntil = tx.Now().Add(s.Rules.Lease)
		if t.TClaim.IsZero() {
			t.TClaim = tx.Now()
		}
	}
}

func claimed(tx *db.Tx, t *hub.Task) error {
	e := hub.E(hub.Conflict, "worklist.claim", "task.claimed").With("claim", t.Claim)
	if a, err := tx.Account(t.Holder); err == nil {
		e.With("holder", a.Login).With("holder_name", a.Name)
	}
	return e
}

// Held checks that actor holds a claimed task under claim number n (0: any);
// a stale page must not write over the next reader.
func Held(tx *db.Tx, actor hub.Actor, t *hub.Task, n int64) error {
	if t.State != hub.Claimed {
		_, err := After(t.State, Release)
		if err == nil {
			err = hub.E(hub.Conflict, "worklist.Held", "task.wrong_state")
		}
		return err
	}
	if t.Holder != actor.Account || n != 0 && n != t.Claim {
		e := hub.E(hub.Conflict, "worklist.Held", "task.not_holder").With("claim", t.Claim)
		if a, err := tx.Account(t.Holder); err == nil {
			e.With("holder", a.Login)
		}
		return e
	}
	return nil
}

func (s *Service) release(tx *db.Tx, actor hub.Actor, t *hub.Task) error {
	if err := Held(tx, actor, t, 0); err != nil {
		return err
	}
	return Move(tx, actor, t, Release, "", letGo)
}

func letGo(t *hub.Task) { t.Holder, t.LeaseUntil = "", noTime }

func (s *Service) expire(tx *db.Tx, t *hub.Task) error {
	return Move(tx, hub.System, t, Expire, "lease", letGo)
}

// Renew extends the lease of a live page.
func (s *Service) Renew(ctx context.Context, actor hub.Actor, id hub.TaskID, claim int64) (*View, error) {
	var v *View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := Held(tx, actor, t, claim); err != nil {
			return err
		}
		t.LeaseUntil = tx.Now().Add(s.Rules.Lease)
		if _, err := tx.UpdateTask(t, t.State, t.Claim); err != nil {
			return err
		}
		v, err = Render(tx, t)
		return err
	})
	return v, err
}

// transfer hands a task to another reader: by its holder with a reason, or by
// a dispatcher (assigning it when it is queued).
func (s *Service) transfer(tx *db.Tx, actor hub.Actor, t *hub.Task, p Params) error {
	if strings.TrimSpace(p.Reason) == "" && t.State != hub.Queued {
		return hub.Field("worklist.transfer", "reason", "say why")
	}
	if Repeated(t, Transfer, actor) {
		if to, err := s.readerAt(tx, t.Centre, p.To); err == nil && (t.State == hub.Claimed && t.Holder == to.ID || t.State == hub.Written && t.Writer == to.ID) {
			return nil
		}
	}
	if actor.Role != hub.Dispatcher {
		if err := Held(tx, actor, t, 0); err != nil {
			return err
		}
	}
	centre := t.Centre
	if t.Offered != "" && actor.Member == t.Offered {
		centre = t.Offered
	}
	to, err := s.readerAt(tx, centre, p.To)
	if err != nil {
		return err
	}
	moved, err := s.taken(tx, t, centre)
	if err != nil {
		return err
	}
	return Move(tx, actor, t, Transfer, p.Reason, func(t *hub.Task) {
		if t.State == hub.Written {
			t.Writer = to.ID
			return
		}
		moved(t)
		s.holds(tx, to.ID)(t)
	})
}

// readerAt finds the account of a centre a task may be given to, by login or id.
func (s *Service) readerAt(tx *db.Tx, centre hub.MemberID, to string) (*hub.Account, error) {
	a, err := tx.AccountByLogin(to)
	if hub.KindOf(err) == hub.NotFound {
		a, err = tx.Account(hub.AccountID(to))
	}
	if err != nil {
		return nil, hub.Field("worklist.transfer", "to", "no such reader")
	}
	if a.Member != centre || !a.Active || a.Role != hub.Reader && a.Role != hub.Reviewer && a.Role != hub.Expert {
		return nil, hub.Field("worklist.transfer", "to", "not a reader of this centre")
	}
	return a, nil
}

// giveBack returns a study to the clinic; the due clock stops but for
// emergencies.
func (s *Service) giveBack(tx *db.Tx, actor hub.Actor, t *hub.Task, p Params) error {
	p.Reason, p.Text = strings.TrimSpace(p.Reason), strings.TrimSpace(p.Text)
	if p.Reason == "" {
		return hub.Field("worklist.return", "reason", "want a return reason").With("values", ReturnReasons)
	}
	if !slices.Contains(ReturnReasons, p.Reason) { // a reason in another system's words
		p.Reason, p.Text = "other", strings.TrimSuffix(p.Reason+": "+p.Text, ": ")
	}
	if p.Reason == "other" && p.Text == "" {
		return hub.Field("worklist.return", "text", "say what is wrong")
	}
	if t.State == hub.Claimed && actor.Role != hub.QC {
		if err := Held(tx, actor, t, 0); err != nil {
			return err
		}
	}
	now := tx.Now()
	if _, err := After(t.State, Return); err != nil {
		return err
	}
	r := &db.Return{ID: hub.NewID[string](), Task: t.ID, Reason: p.Reason, Text: p.Text, By: actor.Account, ReturnedAt: now}
	if err := tx.InsertReturn(r); err != nil {
		return err
	}
	return Move(tx, actor, t, Return, p.Reason, func(t *hub.Task) {
		letGo(t)
		t.TReturned = now
	})
}

// resubmit puts a returned task back into the queue with its first submission
// time and priority; the pause moves its due time.
func (s *Service) resubmit(tx *db.Tx, actor hub.Actor, t *hub.Task) error {
	if _, err := After(t.State, Resubmit); err != nil {
		return err
	}
	list, err := tx.Returns(t.ID)
	if err != nil {
		return err
	}
	now := tx.Now()
	if n := len(list); n > 0 {
		list[n-1].ResubmittedAt = now
		if err := tx.UpdateReturn(list[n-1]); err != nil {
			return err
		}
	}
	return Move(tx, actor, t, Resubmit, "", func(t *hub.Task) {
		if t.Priority > 1 {
			pause := now.Sub(t.TReturned)
			t.Paused += pause
			t.Due = t.Due.Add(pause)
		}
		t.TReturned = noTime
	})
}

func (s *Service) cancel(tx *db.Tx, actor hub.Actor, t *hub.Task, p Params) error {
	if strings.TrimSpace(p.Reason) == "" {
		return hub.Field("worklist.cancel", "reason", "say why")
	}
	reading := t.State == hub.Claimed || t.State == hub.Written
	if reading != (actor.Role == hub.Dispatcher) {
		if _, err := After(t.State, Cancel); err != nil {
			return err
		}
		return hub.E(hub.Forbidden, "worklist.cancel", "task.cancel_by_other")
	}
	if err := Move(tx, actor, t, Cancel, p.Reason, letGo); err != nil {
		return err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return err
	}
	o.Cancelled = true
	return tx.UpdateOrder(o)
}

// SetPriority changes a task's priority: a dispatcher may lower with a
// reason, a reader, tech or clinician may only raise.
func (s *Service) SetPriority(ctx context.Context, actor hub.Actor, id hub.TaskID, p Params) (*View, error) {
	if p.Priority == nil || *p.Priority < 0 || *p.Priority > 4 {
		return nil, hub.Field("worklist.SetPriority", "priority", "want 0 to 4")
	}
	return s.touch(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if *p.Priority == t.Priority {
			return nil
		}
		if *p.Priority > t.Priority && (actor.Role != hub.Dispatcher || strings.TrimSpace(p.Reason) == "") {
			return hub.E(hub.Forbidden, "worklist.SetPriority", "task.lower_priority")
		}
		o, err := tx.Order(t.Order)
		if err != nil {
			return err
		}
		return Touch(tx, actor, t, "task.priority", p.Reason, func(t *hub.Task) {
			s.Rules.Raise(t, o, *p.Priority, tx.Now())
			if *p.Priority > t.Priority {
				t.Priority = *p.Priority
				t.Due = s.Rules.Due(t, o).Add(t.Paused)
			}
		})
	})
}

// Waive lets an incomplete study be signed, with the reason on the report.
func (s *Service) Waive(ctx context.Context, actor hub.Actor, id hub.TaskID, p Params) (*View, error) {
	if strings.TrimSpace(p.Reason) == "" {
		return nil, hub.Field("worklist.Waive", "reason", "say why what is missing can be done without")
	}
	return s.touch(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.Complete || t.Waived != "" {
			return nil
		}
		return Touch(tx, actor, t, "task.waived", p.Reason, func(t *hub.Task) { t.Waived = p.Reason })
	})
}

// FirstImage notes when a reader first saw the study of a task.
func (s *Service) FirstImage(ctx context.Context, actor hub.Actor, id hub.TaskID) (*View, error) {
	return s.touch(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if !t.TFirstImage.IsZero() || t.Holder != actor.Account {
			return nil
		}
		return Touch(tx, actor, t, "task.opened", "", func(t *hub.Task) { t.TFirstImage = tx.Now() })
	})
}

func (s *Service) touch(ctx context.Context, id hub.TaskID, change func(*db.Tx, *hub.Task) error) (*View, error) {
	var v *View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := change(tx, t); err != nil {
			return err
		}
		v, err = Render(tx, t)
		return err
	})
	return v, err
}
