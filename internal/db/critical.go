package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var criticals = newTable[hub.Critical]("critical", 1, func(c *hub.Critical) []column {
	return []column{{"id", &c.ID}, {"task", &c.Task}, {"member", &c.Member}, {"centre", &c.Centre}, {"state", &c.State}, {"items", js{&c.Items}},
		{"text", &c.Text}, {"found_by", &c.FoundBy}, {"found_at", msec{&c.FoundAt}}, {"notified_at", msec{&c.NotifiedAt}},
		{"received_by", &c.ReceivedBy}, {"received_at", msec{&c.ReceivedAt}}, {"read_back", &c.ReadBack}, {"phone", &c.Phone},
		{"handled_by", &c.HandledBy}, {"handled_at", msec{&c.HandledAt}}, {"outcome", &c.Outcome}, {"handling", &c.Handling},
		{"closed_at", msec{&c.ClosedAt}}, {"reason", &c.Reason}, {"step", &c.Step}}
})

// InsertCritical stores a new critical value.
func (tx *Tx) InsertCritical(c *hub.Critical) error { return criticals.insert(tx, c) }

// Critical returns the critical value with an id, locked.
func (tx *Tx) Critical(id hub.CriticalID) (*hub.Critical, error) {
	return criticals.one(tx, "db.Critical", "WHERE id = $1"+tx.lock(), string(id))
}

// UpdateCritical writes c back where its row is still in state from.
func (tx *Tx) UpdateCritical(c *hub.Critical, from hub.CriticalState) (bool, error) {
	return criticals.update(tx, c, "state = $1", string(from))
}

// Criticals returns critical values, newest first: of a clinic and of a
// centre ("" any), in the given states (none: all).
func (tx *Tx) Criticals(member, centre hub.MemberID, states []hub.CriticalState, limit int) ([]*hub.Critical, error) {
	var f filter
	if member != "" {
		f.add("member = ?", string(member))
	}
	if centre != "" {
		f.add("centre = ?", string(centre))
	}
	if len(states) > 0 {
		f.add("state IN "+in(len(states)), anys(states)...)
	}
	f.args = append(f.args, limit)
	return criticals.all(tx, f.where()+" ORDER BY found_at DESC, id DESC LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

// CriticalsOfTask returns a task's critical values, oldest first.
func (tx *Tx) CriticalsOfTask(id hub.TaskID) ([]*hub.Critical, error) {
	return criticals.all(tx, "WHERE task = $1 ORDER BY found_at, id", string(id))
}

// Unreceived returns notified critical values, oldest first.
func (tx *Tx) Unreceived(limit int) ([]*hub.Critical, error) {
	return criticals.all(tx, "WHERE state = 'notified' ORDER BY found_at LIMIT 0+$1", limit)
}

// Escalating returns notified critical values of which fewer than steps
// escalation steps are done, oldest first.
func (tx *Tx) Escalating(steps, limit int) ([]*hub.Critical, error) {
	return criticals.all(tx, "WHERE state = 'notified' AND step < $1 ORDER BY found_at LIMIT 0+$2", steps, limit)
}

// Outgoing is a message that leaves the hub, retried until answered.
type Outgoing struct {
	ID        string
	Kind      string
	Target    string
	Body      string
	CreatedAt time.Time
	NextAt    time.Time
	Tries     int
	DoneAt    time.Time
	Error     string
}

var outbox = newTable[Outgoing]("outbox", 1, func(o *Outgoing) []column {
	return []column{{"id", &o.ID}, {"kind", &o.Kind}, {"target", &o.Target}, {"body", &o.Body}, {"created_at", msec{&o.CreatedAt}},
		{"next_at", msec{&o.NextAt}}, {"tries", &o.Tries}, {"done_at", msec{&o.DoneAt}}, {"error", &o.Error}}
})

// InsertOutgoing stores a message to send.
func (tx *Tx) InsertOutgoing(o *Outgoing) error { return outbox.insert(tx, o) }

// UpdateOutgoing writes a message back.
func (tx *Tx) UpdateOutgoing(o *Outgoing) error { _, err := outbox.update(tx, o, ""); return err }

// OutgoingTo returns the messages to one target whose time has come, oldest
// first.
func (tx *Tx) OutgoingTo(target string, limit int) ([]*Outgoing, error) {
	return outbox.all(tx, "WHERE done_at = 0 AND target = $1 AND next_at <= $2 ORDER BY created_at, id LIMIT 0+$3", target, millis(tx.Now()), limit)
}
