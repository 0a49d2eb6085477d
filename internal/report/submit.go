package report

import (
	"context"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Submit sends a claimed task's report for review. Doubts that do not block
// come back among the task's warnings.
func (s *Service) Submit(ctx context.Context, actor hub.Actor, id hub.TaskID, claim int64) (*worklist.View, error) {
	var doubts []Doubt
	v, err := s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.State == hub.Written && t.Writer == actor.Account {
			return nil // sent already
		}
		if err := worklist.Held(tx, actor, t, claim); err != nil {
			return err
		}
		r, found, err := checked(tx, t, "report.Submit")
		if err != nil {
			return err
		}
		doubts = found
		r.State, r.Writer, r.WrittenAt, r.Reviewer, r.Rejected, r.UpdatedAt = hub.ReportWritten, actor.Account, tx.Now(), "", "", tx.Now()
		if r.Submitted, err = kept(r); err != nil {
			return err
		}
		if ok, err := tx.UpdateReport(r); err != nil || !ok {
			return moved(err, "report.Submit")
		}
		return worklist.Move(tx, actor, t, worklist.Write, "", func(t *hub.Task) {
			letGo(t)
			t.Writer, t.Opened = actor.Account, false
			graded(t, r)
			if t.TSigned.IsZero() {
				t.TWritten = tx.Now()
			}
		})
	})
	if err != nil {
		return nil, err
	}
	v.Warnings = append(v.Warnings, warnings(doubts)...)
	return v, nil
}

// checked returns the version being written after the checks that block, with
// the doubts that do not.
func checked(tx *db.Tx, t *hub.Task, op string) (*hub.Report, []Doubt, error) {
	if t.Report == "" {
		return nil, nil, hub.E(hub.Invalid, op, "report.empty")
	}
	r, err := tx.Report(t.Report, t.Version)
	if err != nil {
		return nil, nil, err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, nil, err
	}
	doubts := Doubts(r, o)
	return r, doubts, blocked(op, doubts)
}

// graded takes over the grade a report gives its images or tracing.
func graded(t *hub.Task, r *hub.Report) {
	if r.Grade != "" {
		t.Grade = r.Grade
	}
}

func letGo(t *hub.Task) { t.Holder, t.LeaseUntil = "", noTime }

// hold gives a task to an account with a new claim and lease.
func (s *Service) hold(tx *db.Tx, t *hub.Task, id hub.AccountID) {
	t.Holder, t.LeaseUntil = id, tx.Now().Add(s.Work.Rules.Lease)
	t.Claim++
}

// Recall takes a written report back to its writer, as long as no reviewer
// has opened it.
func (s *Service) Recall(ctx context.Context, actor hub.Actor, id hub.TaskID) (*worklist.View, error) {
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.State == hub.Claimed && worklist.Repeated(t, worklist.Recall, actor) {
			return nil
		}
		if _, err := worklist.After(t.State, worklist.Recall); err != nil {
			return err
		}
		if t.Writer != actor.Account {
			return hub.E(hub.Conflict, "report.Recall", "task.not_holder").With("claim", t.Claim)
		}
		if t.Opened {
			return hub.E(hub.Conflict, "report.Recall", "report.opened")
		}
		if _, err := s.reopen(tx, t, ""); err != nil {
			return err
		}
		return worklist.Move(tx, actor, t, worklist.Recall, "", func(t *hub.Task) { s.hold(tx, t, actor.Account) })
	})
}

// reopen makes a written version a draft again.
func (s *Service) reopen(tx *db.Tx, t *hub.Task, rejected string) (*hub.Report, error) {
	r, err := tx.Report(t.Report, t.Version)
	if err != nil {
		return nil, err
	}
	r.State, r.Reviewer, r.Rejected, r.UpdatedAt, r.Claim = hub.ReportDraft, "", rejected, tx.Now(), t.Claim+1
	ok, err := tx.UpdateReport(r)
	if err != nil || !ok {
		return nil, moved(err, "report")
	}
	return r, nil
}

// Reject sends a written report back to its writer, with the reason; to the
// pool when the writer is off duty.
func (s *Service) Reject(ctx context.Context, actor hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
	reason = strings.TrimSpace(tidy(reason))
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if worklist.Repeated(t, worklist.Reject, actor) || worklist.Repeated(t, worklist.RejectPool, actor) {
			return nil
		}
		if _, err := worklist.After(t.State, worklist.Reject); err != nil {
			return err
		}
		if reason == "" {
			return hub.Field("report.Reject", "reason", "say what is to be changed")
		}
		writer := t.Writer
		there, err := tx.OnDuty(writer, t.Kind)
		if err != nil {
			return err
		}
		if a, err := tx.Account(writer); err != nil || !a.Active {
			there = false
		}
		if _, err := s.reopen(tx, t, reason); err != nil {
			return err
		}
		if !there {
			return worklist.Move(tx, actor, t, worklist.RejectPool, reason, letGo)
		}
		return worklist.Move(tx, actor, t, worklist.Reject, reason, func(t *hub.Task) { s.hold(tx, t, writer) })
	})
}
