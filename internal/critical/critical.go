package critical

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Service runs the loop.
type Service struct {
	DB       *db.DB
	Rules    worklist.Rules // how long each step may take, and when who else is told
	Webhooks []string       // addresses each notice is posted to
}

// textMost bounds, in characters, each text of the loop.
const textMost = 1000

// Finding is what a reader flags.
type Finding struct {
	Items []string `json:"items"`
	Text  string   `json:"text"`
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
	return v, tx.Audit(actor, hub.Record{Action: name, Object: "critical/" + string(c.ID), Patient: audit.Pseudonym(v.patient), OK: true, Reason: reason,
		After: string(c.State)})
}
