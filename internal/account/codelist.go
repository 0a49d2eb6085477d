package account

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// The values of a catalogue item's and a mark's lists (domain rules, section 9).
var (
	scopes = []string{"alliance", "county", "city", "province", "national"}
	grades = []string{"A", "B", "C"}
)

const (
	maxDays  = 3650
	maxPrice = 1e6  // yuan
	maxText  = 4000 // characters of a template's text
)

// PutItem stores or replaces an item of the recognition catalogue. Only the
// lead hospital's administrators may.
func (s *Service) PutItem(ctx context.Context, actor hub.Actor, item *hub.CatalogueItem) error {
	const op = "account.PutItem"
	return s.codeList(ctx, actor, op, "catalogue.changed", "catalogue/"+item.Code, item, func(tx *db.Tx) error {
		switch {
		case !memberCode.MatchString(item.Code):
			return hub.Field(op, "code", "invalid")
		case !slices.Contains(kinds, item.Kind):
			return hub.Field(op, "kind", "unknown")
		case !slices.Contains(scopes, item.Scope):
			return hub.Field(op, "scope", "unknown")
		case !slices.Contains(grades, item.MinGrade):
			return hub.Field(op, "min_grade", "unknown")
		case item.Days < 0 || item.Days > maxDays:
			return hub.Field(op, "days", "out_of_range")
		case !(item.Price >= 0 && item.Price <= maxPrice):
			return hub.Field(op, "price", "out_of_range")
		}
		err := firstError(text(op, "name", item.Name, 1, maxName), text(op, "modality", item.Modality, 0, 16), text(op, "body_part", item.BodyPart, 0, 16))
		if err != nil {
			return err
		}
		return tx.PutCatalogueItem(item)
	})
}

// PutMark stores that a member passed the quality evaluation of an item, or
// sets another end for the mark with the same member, item and start; a zero
// From is now. Only the lead hospital's administrators may.
func (s *Service) PutMark(ctx context.Context, actor hub.Actor, m *hub.Mark) error {
	const op = "account.PutMark"
	return s.codeList(ctx, actor, op, "mark.changed", "member/"+string(m.Member), m, func(tx *db.Tx) error {
		if m.From.IsZero() {
			m.From = tx.Now()
		}
		m.From = m.From.Truncate(time.Millisecond) // as rows keep it
		if !slices.Contains(scopes, m.Scope) {
			return hub.Field(op, "scope", "unknown")
		}
		if !m.To.IsZero() && m.To.Before(m.From) {
			return hub.Field(op, "to", "before_from")
		}
		if err := text(op, "label", m.Label, 1, maxShort); err != nil {
			return err
		}
		if _, err := tx.CatalogueItem(m.Item); err != nil {
			return unknownAs(hub.Field(op, "item", "unknown"), err)
		}
		have, err := tx.Marks(m.Member)
		if err != nil {
			return err
		}
		write := tx.InsertMark
		if slices.ContainsFunc(have, func(h *hub.Mark) bool { return h.Item == m.Item && h.From.Equal(m.From) }) {
			write = tx.UpdateMark
		}
		return write(m)
	})
}

// AddTemplate gives the whole alliance a template or phrase and sets its id.
// Only the lead hospital's administrators may; readers keep their own.
func (s *Service) AddTemplate(ctx context.Context, actor hub.Actor, t *hub.Template) error {
	const op = "account.AddTemplate"
	t.ID, t.Owner = hub.NewID[string](), ""
	return s.codeList(ctx, actor, op, "template.created", "template/"+t.ID, t, func(tx *db.Tx) error {
		if !slices.Contains(kinds, t.Kind) {
			return hub.Field(op, "kind", "unknown")
		}
		err := firstError(text(op, "name", t.Name, 1, maxName), text(op, "modality", t.Modality, 0, 16), lines(op, "findings", t.Findings), lines(op, "impression", t.Impression))
		if err != nil {
			return err
		}
		return tx.InsertTemplate(t)
	})
}

// RemoveTemplate takes a template of the alliance away.
func (s *Service) RemoveTemplate(ctx context.Context, actor hub.Actor, id string) error {
	const op = "account.RemoveTemplate"
	return s.codeList(ctx, actor, op, "template.removed", "template/"+id, nil, func(tx *db.Tx) error {
		found, err := tx.DeleteTemplate(id, "")
		if err == nil && !found {
			err = hub.E(hub.NotFound, op, "not_found")
		}
		return err
	})
}

// codeList lets fn change a list of the alliance, with an audit record of the
// noun as fn leaves it (nil: it is gone).
func (s *Service) codeList(ctx context.Context, actor hub.Actor, op, action, object string, noun any, fn func(*db.Tx) error) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.managesAlliance(tx, actor, op); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		after := ""
		if noun != nil {
			after = digest(noun)
		}
		return tx.Audit(actor, hub.Record{Action: action, Object: object, OK: true, After: after})
	})
}

// lines checks text of several lines.
func lines(op, field, s string) error {
	switch {
	case utf8.RuneCountInString(s) > maxText:
		return hub.Field(op, field, "too_long")
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return hub.Field(op, field, "not_text")
	}
	return nil
}
