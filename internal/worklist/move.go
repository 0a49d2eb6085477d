package worklist

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Move lets event e happen to t: it checks the table, applies change (may be
// nil), and writes row, event and audit record. t was read in this
// transaction. A row that moved meanwhile is a Conflict.
func Move(tx *db.Tx, actor hub.Actor, t *hub.Task, e Event, reason string, change func(*hub.Task)) error {
	from, claim, concerned := t.State, t.Claim, audience(t)
	next, err := After(from, e)
	if err != nil {
		return err
	}
	if next == before {
		next = t.Before
	}
	t.State, t.LastEvent, t.LastActor = next, string(e), actor.Account
	if change != nil {
		change(t)
	}
	waits(tx, t, from, e)
	t.NextMark = nextMark(t)
	ok, err := tx.UpdateTask(t, from, claim)
	if err != nil {
		return err
	}
	if !ok {
		return hub.E(hub.Conflict, "worklist.Move", "task.wrong_state").With("state", from).With("event", e)
	}
	if err := emit(tx, names[e], t, concerned); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: "task." + string(e), Object: "task/" + string(t.ID), OK: true, Reason: reason,
		Before: string(from), After: string(next)})
}

// Touch writes a change of t that is no transition, with its event and audit
// record.
func Touch(tx *db.Tx, actor hub.Actor, t *hub.Task, name, reason string, change func(*hub.Task)) error {
	concerned := audience(t)
	change(t)
	t.NextMark = nextMark(t)
	ok, err := tx.UpdateTask(t, t.State, t.Claim)
	if err != nil {
		return err
	}
	if !ok {
		return hub.E(hub.Conflict, "worklist.Touch", "task.wrong_state").With("state", t.State)
	}
	if err := emit(tx, name, t, concerned); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: name, Object: "task/" + string(t.ID), OK: true, Reason: reason})
}

// waits keeps since when a task waits for a claim.
func waits(tx *db.Tx, t *hub.Task, from hub.State, e Event) {
	switch {
	case t.State != hub.Queued:
		t.QueuedAt, t.Offered = noTime, ""
	case from != hub.Queued || e == Escalate:
		t.QueuedAt = tx.Now()
	}
}

// Emit stores the event that t is as it is now, for screens.
func Emit(tx *db.Tx, name string, t *hub.Task) error { return emit(tx, name, t, nil) }

// emit is Emit; a centre the task concerned before hears of it as well, or it
// would stay on its screens.
func emit(tx *db.Tx, name string, t *hub.Task, before []hub.MemberID) error {
	v, err := Render(tx, t)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"task": v})
	if err != nil {
		return err
	}
	if err := tx.Emit(hub.Event{Name: name, Member: t.Member, Centre: t.Centre, Task: t.ID, Body: body}); err != nil {
		return err
	}
	told := []hub.MemberID{t.Centre}
	for _, centre := range append(audience(t), before...) {
		if centre == "" || slices.Contains(told, centre) {
			continue
		}
		told = append(told, centre)
		if err := tx.Emit(hub.Event{Name: name, Centre: centre, Task: t.ID, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// Repeated reports whether actor's last action on t was e: the same request
// again succeeds without change.
func Repeated(t *hub.Task, e Event, actor hub.Actor) bool {
	return t.LastEvent == string(e) && t.LastActor == actor.Account && actor.Account != ""
}

// Open makes a task for an order, as draft or, when objects are arriving, as
// uploading.
func Open(tx *db.Tx, actor hub.Actor, o *hub.Order, state hub.State, change func(*hub.Task)) (*hub.Task, error) {
	now := tx.Now()
	t := &hub.Task{ID: hub.NewID[hub.TaskID](), State: state, Kind: o.Kind, Modality: o.Modality, Priority: o.Priority,
		Member: o.Member, Order: o.ID, CreatedAt: now}
	if state == hub.Uploading {
		t.TUploadStart = now
	}
	if change != nil {
		change(t)
	}
	if err := tx.InsertTask(t); err != nil {
		return nil, err
	}
	name := "task.draft"
	if state == hub.Uploading {
		name = names[Upload]
	}
	if err := Emit(tx, name, t); err != nil {
		return nil, err
	}
	return t, tx.Audit(actor, hub.Record{Action: "order.create", Object: "task/" + string(t.ID), Patient: audit.Pseudonym(o.Patient), OK: true, After: string(state)})
}

// Route finds the centre that reads a source's exams of a kind: the first
// valid agreement. Without one there is no routing.
func Route(tx *db.Tx, source hub.MemberID, kind hub.TaskKind) (hub.MemberID, error) {
	list, err := tx.Agreements(source)
	if err != nil {
		return "", err
	}
	for _, a := range list {
		if !a.Fallback && covers(a, kind, tx.Now()) {
			return a.Centre, nil
		}
	}
	return "", hub.E(hub.Conflict, "worklist.Route", "route.no_agreement").With("kind", kind)
}

func covers(a *hub.Agreement, kind hub.TaskKind, now time.Time) bool {
	if now.Before(a.From) || !a.To.IsZero() && now.After(a.To) {
		return false
	}
	if len(a.Kinds) == 0 {
		return true
	}
	for _, k := range a.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}
