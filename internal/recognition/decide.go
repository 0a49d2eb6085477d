package recognition

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Reasons are the codes for repeating an exam in spite of an eligible result
// (domain rules, section 9).
var Reasons = []string{"1", "2", "3", "4", "5", "6a", "6b", "6c", "6d", "6e"}

const (
	recognise = "recognise"
	decline   = "decline"
	emergency = "4"  // 急诊、急救
	otherNeed = "6e" // wants words
	textMost  = 500  // characters of a decision's text
)

// Gate holds an order up until every eligible result is declined with a
// reason; it is an order.Gate. An emergency is never held up: reason 4 is
// filled in.
func (s *Service) Gate(tx *db.Tx, actor hub.Actor, o *hub.Order, _ string, given []hub.Decision) error {
	const op = "recognition.Gate"
	list, _, err := s.eligible(tx, actor, o)
	if err != nil || len(list) == 0 {
		return err
	}
	var made []hub.Decision
	for _, c := range list {
		i := slices.IndexFunc(given, func(d hub.Decision) bool { return d.Candidate == c.Report })
		switch {
		case i >= 0 && given[i].Decision == recognise:
			return hub.E(hub.Conflict, op, "recognition.recognised").With("candidates", list)
		case i >= 0:
			if err := check(op, &given[i]); err != nil {
				return err
			}
			made = append(made, given[i])
		case o.Visit == hub.Emergency || o.Priority <= 1:
			made = append(made, hub.Decision{Candidate: c.Report, Decision: decline, Reason: emergency})
		default:
			s.Count.Candidates(len(list))
			return hub.E(hub.Conflict, op, "recognition.decision_required").With("candidates", list)
		}
	}
	for i := range made {
		made[i].Order = o.ID
		if err := s.keep(tx, actor, &made[i], list); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a decline without what the rule asks for.
func check(op string, d *hub.Decision) error {
	d.Text = strings.TrimSpace(d.Text)
	switch {
	case d.Decision != recognise && d.Decision != decline:
		return hub.Field(op, "decision", "want recognise or decline")
	case utf8.RuneCountInString(d.Text) > textMost:
		return hub.Field(op, "text", "at most 500 characters")
	case d.Decision == recognise:
		return nil
	case !slices.Contains(Reasons, d.Reason):
		return hub.Field(op, "reason", "want a legal reason").With("values", Reasons)
	case d.Reason == otherNeed && d.Text == "":
		return hub.Field(op, "text", "say which need")
	case !d.Explained:
		return hub.Field(op, "explained", "tell the patient why the exam is repeated, and say so here")
	}
	return nil
}

// keep stores a decision with its audit record.
func (s *Service) keep(tx *db.Tx, actor hub.Actor, d *hub.Decision, list []Candidate) error {
	i := slices.IndexFunc(list, func(c Candidate) bool { return c.Report == d.Candidate })
	d.ID, d.Item, d.Member, d.Doctor, d.At = hub.NewID[string](), list[i].Item, actor.Member, actor.Account, tx.Now()
	if d.Decision == recognise {
		d.Reason, d.Explained = "", false
	}
	if err := tx.InsertDecision(d); err != nil {
		return err
	}
	s.Count.Decided(d.Decision, d.Reason, d.Saved)
	return tx.Audit(actor, hub.Record{Action: "recognition." + d.Decision, Object: "report/" + string(d.Candidate), Patient: audit.Pseudonym(list[i].patient), OK: true, Reason: d.Reason})
}

// Recognised is the answer to a recognition: no order was made.
type Recognised struct {
	Recognised bool     `json:"recognised"`
	Saved      float64  `json:"saved"` // yuan
	Quotes     []string `json:"quotes"`
}

// china is the time zone of what people read.
var china = time.FixedZone("CST", 8*3600)

// quote is the sentence for the medical record.
func (c *Candidate) quote() string {
	return fmt.Sprintf("互认引用：%s %s %s（%s），报告意见：%s", c.MemberName, c.ExamAt.In(china).Format("2006-01-02"), c.ItemName, c.Mark, c.Impression)
}

// Decide stores the decisions about an exam that at least one result is
// recognised for, so that no order is made; it returns nil when the
// decisions recognise none. The price is saved once.
func (s *Service) Decide(ctx context.Context, actor hub.Actor, o hub.Order, given []hub.Decision) (*Recognised, error) {
	const op = "recognition.Decide"
	if !slices.ContainsFunc(given, func(d hub.Decision) bool { return d.Decision == recognise }) {
		return nil, nil
	}
	var out *Recognised
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		list, item, err := s.eligible(tx, actor, &o)
		if err != nil {
			return err
		}
		out = &Recognised{Recognised: true, Quotes: []string{}}
		for i := range given {
			d := given[i]
			if err := check(op, &d); err != nil {
				return err
			}
			at := slices.IndexFunc(list, func(c Candidate) bool { return c.Report == d.Candidate })
			if at < 0 {
				return hub.E(hub.Conflict, op, "recognition.not_eligible").With("candidates", list).With("candidate", d.Candidate)
			}
			d.Saved = 0
			if d.Decision == recognise {
				if out.Saved == 0 {
					d.Saved = item.Price
				}
				out.Saved = item.Price
				out.Quotes = append(out.Quotes, list[at].quote())
			}
			if err := s.keep(tx, actor, &d, list); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
