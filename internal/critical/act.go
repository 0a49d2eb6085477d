package critical

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Outcomes of a handled critical value.
var Outcomes = []string{"reached", "not_reached", "referred", "ambulance", "refused"}

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
		return nil, hub.Field(op, "outcome", "want an outcome").With("values", Outcomes)
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
