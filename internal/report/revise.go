package report

import (
	"context"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Revise opens the next version of an issued report under the reviser's
// claim, with the issued text to start from. The issued version stays valid
// until the next is issued, by the same rule of two doctors.
func (s *Service) Revise(ctx context.Context, actor hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
	reason = strings.TrimSpace(tidy(reason))
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.State == hub.Claimed && worklist.Repeated(t, worklist.Revise, actor) {
			return nil
		}
		if _, err := worklist.After(t.State, worklist.Revise); err != nil {
			return err
		}
		if reason == "" {
			return hub.Field("report.Revise", "reason", "say why the issued report is changed")
		}
		old, err := tx.Report(t.Report, t.Version)
		if err != nil {
			return err
		}
		r := &hub.Report{ID: old.ID, Task: t.ID, Version: old.Version + 1, State: hub.ReportDraft, Findings: old.Findings, Impression: old.Impression,
			Recommendation: old.Recommendation, Positive: old.Positive, Critical: old.Critical, Grade: old.Grade, Writer: actor.Account, Reason: reason,
			UpdatedAt: tx.Now(), Claim: t.Claim + 1}
		if err := tx.InsertReport(r); err != nil {
			return err
		}
		return worklist.Move(tx, actor, t, worklist.Revise, reason, func(t *hub.Task) {
			s.hold(tx, t, actor.Account)
			t.Version, t.Opened = r.Version, false
			t.Warned = 100 // the limit was for the first report
		})
	})
}

// AskVoid asks for an issued report to be declared void.
func (s *Service) AskVoid(ctx context.Context, actor hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
	reason = strings.TrimSpace(tidy(reason))
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.State == hub.VoidPending && worklist.Repeated(t, worklist.AskVoid, actor) {
			return nil
		}
		if _, err := worklist.After(t.State, worklist.AskVoid); err != nil {
			return err
		}
		if reason == "" {
			return hub.Field("report.AskVoid", "reason", "say why the report is wrong as a whole")
		}
		from := t.State
		return worklist.Move(tx, actor, t, worklist.AskVoid, reason, func(t *hub.Task) { t.Before = from })
	})
}

// ConfirmVoid declares every signed version void, as somebody else asked for.
// They stay, with their signatures.
func (s *Service) ConfirmVoid(ctx context.Context, actor hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if t.State == hub.Void && worklist.Repeated(t, worklist.ConfirmVoid, actor) {
			return nil
		}
		if err := worklist.Move(tx, actor, t, worklist.ConfirmVoid, reason, nil); err != nil {
			return err
		}
		return Void(tx, t)
	})
}

// Void marks all signed versions of a task's report and its result void. The
// caller has moved the task.
func Void(tx *db.Tx, t *hub.Task) error {
	versions, err := tx.ReportVersions(t.Report)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.Hash == "" {
			continue
		}
		if err := tx.VoidReport(v.ID, v.Version); err != nil {
			return err
		}
	}
	result, err := tx.Result(t.Report)
	if hub.KindOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	result.Void = true
	return tx.PutResult(result)
}

// RefuseVoid lets an issued report stand as it was.
func (s *Service) RefuseVoid(ctx context.Context, actor hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		if worklist.Repeated(t, worklist.RefuseVoid, actor) {
			return nil
		}
		return worklist.Move(tx, actor, t, worklist.RefuseVoid, reason, nil)
	})
}

// Appendix is the content of an addendum, signed by itself and bound to the
// version it is appended to.
type Appendix struct {
	Schema    string       `json:"schema"`
	Algorithm string       `json:"algorithm"`
	ID        string       `json:"id"`
	Report    hub.ReportID `json:"report"`
	Version   int          `json:"version"`
	To        string       `json:"to"`       // the version's hash
	Previous  string       `json:"previous"` // the addendum's before, "" none
	Text      string       `json:"text"`
	By        Signature    `json:"by"`
}

// AddendumView is an addendum as clients see it.
type AddendumView struct {
	ID      string    `json:"id"`
	Report  string    `json:"report"`
	Version int       `json:"version"`
	Text    string    `json:"text"`
	By      string    `json:"by"` // name
	Login   string    `json:"login"`
	At      time.Time `json:"at"`
	Hash    string    `json:"hash"`
	Key     string    `json:"key"`
}

// Add appends a signed addendum to an issued report; its versions stay as they
// are and the clinic is told. The same text by the same doctor again changes
// nothing.
func (s *Service) Add(ctx context.Context, actor hub.Actor, id hub.TaskID, text string) (*AddendumView, error) {
	text = strings.TrimSpace(tidy(text))
	if text == "" || len([]rune(text)) > maxText {
		return nil, hub.Field("report.Add", "text", "want 1 to 20,000 characters")
	}
	read := s.DB.Read(ctx)
	t, err := read.Task(id)
	if err != nil {
		return nil, err
	}
	if _, err := worklist.After(t.State, worklist.Add); err != nil {
		return nil, err
	}
	r, err := read.Report(t.Report, t.Version)
	if err != nil {
		return nil, err
	}
	if err := titled(read, actor); err != nil {
		return nil, err
	}
	list, err := addenda(read, r)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if a.By == actor.Account && a.Text == text {
			return addendumView(read, a)
		}
	}
	return s.add(ctx, actor, t, r, list, text, read.Now())
}

func (s *Service) add(ctx context.Context, actor hub.Actor, t *hub.Task, r *hub.Report, before []*hub.Addendum, text string, at time.Time) (*AddendumView, error) {
	read := s.DB.Read(ctx)
	by, err := signature(read, actor.Account, at)
	if err != nil {
		return nil, err
	}
	a := &hub.Addendum{ID: hub.NewID[string](), Report: r.ID, Version: r.Version, Text: text, By: actor.Account, At: at}
	content := Appendix{Schema: schemaAddendum, Algorithm: algorithm, ID: a.ID, Report: r.ID, Version: r.Version, To: r.Hash, Text: text, By: by}
	if n := len(before); n > 0 {
		content.Previous = before[n-1].Hash
	}
	if a.Content, a.Hash, err = sealed(content); err != nil {
		return nil, err
	}
	a.Key, a.Signature = s.Keys.AccountKey(actor.Account).Sign(message(schemaAddendum, a.Hash))
	if a.PDF, err = s.reprint(ctx, r, append(before, a)); err != nil {
		return nil, err
	}
	var v *AddendumView
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		now, err := tx.Task(t.ID)
		if err != nil {
			return err
		}
		list, err := addenda(tx, r)
		if err != nil {
			return err
		}
		if now.Version != r.Version || len(list) != len(before) {
			return hub.E(hub.Conflict, "report.Add", "report.changing")
		}
		if err := tx.InsertAddendum(a); err != nil {
			return err
		}
		if err := worklist.Move(tx, actor, now, worklist.Add, "", nil); err != nil {
			return err
		}
		v, err = addendumView(tx, a)
		return err
	})
	if err != nil {
		s.drop(ctx, a.PDF)
	}
	return v, err
}

// addenda are those of one version, oldest first.
func addenda(tx *db.Tx, r *hub.Report) ([]*hub.Addendum, error) {
	all, err := tx.Addenda(r.ID)
	var list []*hub.Addendum
	for _, a := range all {
		if a.Version == r.Version {
			list = append(list, a)
		}
	}
	return list, err
}

func addendumView(tx *db.Tx, a *hub.Addendum) (*AddendumView, error) {
	by, err := tx.Account(a.By)
	if err != nil {
		return nil, err
	}
	return &AddendumView{ID: a.ID, Report: string(a.Report), Version: a.Version, Text: a.Text, By: by.Name, Login: by.Login, At: a.At, Hash: a.Hash, Key: a.Key}, nil
}
