package critical

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Limits are how long each step may take, counted from the finding.
type Limits struct {
	Notify  time.Duration
	Receive time.Duration
	Handle  time.Duration
}

// DefaultLimits are those of the domain rules, section 7.
func DefaultLimits() Limits {
	return Limits{Notify: 5 * time.Minute, Receive: 10 * time.Minute, Handle: 30 * time.Minute}
}

// Service runs the loop.
type Service struct {
	DB       *db.DB
	Rules    worklist.Rules // when who else is told
	Limits   Limits
	Webhooks []string // addresses each notice is posted to
}

// textMost bounds, in characters, each text of the loop.
const textMost = 1000

// Outcomes of a handled critical value.
var Outcomes = []string{"reached", "not_reached", "referred", "ambulance", "refused"}

// Finding is what a reader flags.
type Finding struct {
	Items []string `json:"items"`
	Text  string   `json:"text"`
}

// Receipt is how the clinic received it. With Phone, the centre notes whom it
// told by telephone and what that person read back.
type Receipt struct {
	ReadBack string `json:"read_back"`
	Phone    string `json:"phone"`
	By       string `json:"by"`
}

// Handling is what the clinic did.
type Handling struct {
	Outcome string `json:"outcome"`
	Text    string `json:"text"`
}

// Raise starts the loop for a task: found and notified in one transaction,
// with the messages that leave the hub. The same finding again by the same
// account returns the critical value that is open already.
func (s *Service) Raise(ctx context.Context, actor hub.Actor, id hub.TaskID, f Finding) (*View, error) {
	const op = "critical.Raise"
	if err := allowed(op, actor, Flag); err != nil {
		return nil, err
	}
	codes, err := check(op, &f)
	if err != nil {
		return nil, err
	}
	var v *View
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if t.Centre == "" || t.State == hub.Cancelled || t.State == hub.Void {
			return hub.E(hub.Conflict, op, "critical.no_reading").With("state", t.State)
		}
		open, err := tx.CriticalsOfTask(id)
		if err != nil {
			return err
		}
		for _, c := range open {
			if c.FoundBy == actor.Account && c.Text == f.Text && slices.Equal(c.Items, codes) && slices.Contains(Unfinished, c.State) {
				v, err = s.Render(tx, c)
				return err
			}
		}
		now := tx.Now()
		c := &hub.Critical{ID: hub.NewID[hub.CriticalID](), Task: t.ID, Member: t.Member, Centre: t.Centre, Items: codes, Text: f.Text,
			FoundBy: actor.Account, FoundAt: now, NotifiedAt: now}
		if c.State, err = After(none, Flag); err != nil {
			return err
		}
		if err := tx.InsertCritical(c); err != nil {
			return err
		}
		if v, err = s.tell(tx, actor, c, names[Flag], "", nil); err != nil {
			return err
		}
		return s.post(tx, v, notice{Event: names[Flag], To: clinicAgain})
	})
	return v, err
}

// check refuses a finding that says nothing and returns its items' codes as
// the list has them.
func check(op string, f *Finding) ([]string, error) {
	f.Text = strings.TrimSpace(f.Text)
	if len(f.Items) == 0 && f.Text == "" {
		return nil, hub.Field(op, "items", "choose an item of the list or describe the finding")
	}
	if err := short(op, "text", f.Text); err != nil {
		return nil, err
	}
	codes := []string{}
	for _, code := range f.Items {
		it, ok := Find(code)
		if !ok {
			return nil, hub.Field(op, "items", "an item is not on the list of critical values")
		}
		if !slices.Contains(codes, it.Code) {
			codes = append(codes, it.Code)
		}
	}
	return codes, nil
}

func short(op, field, text string) error {
	if utf8.RuneCountInString(text) > textMost {
		return hub.Field(op, field, "at most 1000 characters")
	}
	return nil
}

func allowed(op string, actor hub.Actor, e Event) error {
	if !slices.Contains(who[e], actor.Role) {
		return hub.E(hub.Forbidden, op, "role.not_allowed").With("role", actor.Role)
	}
	return nil
}

// Receive notes that the clinic has the finding: read back by a person of the
// clinic, or by telephone to the centre.
func (s *Service) Receive(ctx context.Context, actor hub.Actor, id hub.CriticalID, r Receipt) (*View, error) {
	const op = "critical.Receive"
	e := Receive
	r.ReadBack, r.Phone, r.By = strings.TrimSpace(r.ReadBack), strings.TrimSpace(r.Phone), strings.TrimSpace(r.By)
	by := actor.Name
	if !slices.Contains(who[Receive], actor.Role) {
		e, by = Phone, r.By
	}
	if err := allowed(op, actor, e); err != nil {
		return nil, err
	}
	if e == Phone && r.Phone == "" {
		return nil, hub.Field(op, "phone", "which number was called")
	}
	if e == Phone && r.By == "" {
		return nil, hub.Field(op, "by", "who was told")
	}
	for field, text := range map[string]string{"read_back": r.ReadBack, "phone": r.Phone, "by": r.By} {
		if err := short(op, field, text); err != nil {
			return nil, err
		}
	}
	return s.move(ctx, actor, id, e, "", func(c *hub.Critical, now time.Time) error {
		if !readsBack(c, r.ReadBack) {
			return hub.E(hub.Invalid, op, "critical.read_back").With("field", "read_back")
		}
		c.ReceivedBy, c.ReceivedAt, c.ReadBack = by, now, r.ReadBack
		if e == Phone {
			c.Phone = r.Phone
		}
		return nil
	}, func(c *hub.Critical) bool { return c.ReadBack == r.ReadBack && c.ReceivedBy == by })
}

// Handle records what the clinic did.
func (s *Service) Handle(ctx context.Context, actor hub.Actor, id hub.CriticalID, h Handling) (*View, error) {
	const op = "critical.Handle"
	if err := allowed(op, actor, Handle); err != nil {
		return nil, err
	}
	h.Text = strings.TrimSpace(h.Text)
	if !slices.Contains(Outcomes, h.Outcome) {
		return nil, hub.Field(op, "outcome", "want one of "+strings.Join(Outcomes, ", "))
	}
	if err := short(op, "text", h.Text); err != nil {
		return nil, err
	}
	return s.move(ctx, actor, id, Handle, "", func(c *hub.Critical, now time.Time) error {
		c.HandledBy, c.HandledAt, c.Outcome, c.Handling = actor.Name, now, h.Outcome, h.Text
		return nil
	}, func(c *hub.Critical) bool {
		return c.HandledBy == actor.Name && c.Outcome == h.Outcome && c.Handling == h.Text
	})
}

// Close ends the loop.
func (s *Service) Close(ctx context.Context, actor hub.Actor, id hub.CriticalID) (*View, error) {
	if err := allowed("critical.Close", actor, Close); err != nil {
		return nil, err
	}
	return s.move(ctx, actor, id, Close, "", func(c *hub.Critical, now time.Time) error {
		c.ClosedAt = now
		return nil
	}, func(c *hub.Critical) bool { return c.State == hub.CriticalClosed })
}

// Withdraw takes a critical value back, with a reason the clinic is told.
func (s *Service) Withdraw(ctx context.Context, actor hub.Actor, id hub.CriticalID, reason string) (*View, error) {
	const op = "critical.Withdraw"
	if err := allowed(op, actor, Withdraw); err != nil {
		return nil, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, hub.Field(op, "reason", "say why")
	}
	if err := short(op, "reason", reason); err != nil {
		return nil, err
	}
	return s.move(ctx, actor, id, Withdraw, reason, func(c *hub.Critical, now time.Time) error {
		c.Reason, c.ClosedAt = reason, now
		return nil
	}, func(c *hub.Critical) bool { return c.State == hub.CriticalWithdrawn && c.Reason == reason })
}

// move lets e happen in one transaction with its event and audit record. A
// request that was answered before (repeated says so) returns the value as it
// is.
func (s *Service) move(ctx context.Context, actor hub.Actor, id hub.CriticalID, e Event, reason string,
	change func(*hub.Critical, time.Time) error, repeated func(*hub.Critical) bool) (*View, error) {
	var v *View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		c, err := tx.Critical(id)
		if err != nil {
			return err
		}
		from := c.State
		next, err := After(from, e)
		if err != nil && repeated(c) {
			v, err = s.Render(tx, c)
			return err
		}
		if err != nil {
			return err
		}
		if err := change(c, tx.Now()); err != nil {
			return err
		}
		c.State = next
		ok, err := tx.UpdateCritical(c, from)
		if err != nil {
			return err
		}
		if !ok {
			return hub.E(hub.Conflict, "critical.move", "critical.wrong_state").With("state", from)
		}
		if v, err = s.tell(tx, actor, c, names[e], reason, nil); err != nil || e != Withdraw {
			return err
		}
		return s.post(tx, v, notice{Event: names[e], To: clinicAgain})
	})
	return v, err
}

// tell stores the event for screens and the audit record of a change.
func (s *Service) tell(tx *db.Tx, actor hub.Actor, c *hub.Critical, name, reason string, more map[string]any) (*View, error) {
	v, err := s.Render(tx, c)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"critical": v, "task": v.of}
	for k, value := range more {
		body[k] = value
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	if err := tx.Emit(hub.Event{Name: name, Member: c.Member, Centre: c.Centre, Task: c.Task, Body: text}); err != nil {
		return nil, err
	}
	return v, tx.Audit(actor, hub.Record{Action: name, Object: "critical/" + string(c.ID), Patient: string(v.patient), OK: true, Reason: reason,
		After: string(c.State)})
}
