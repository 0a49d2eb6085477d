// Package report is the step SIGN: a reader's draft under a claim, the checks
// before it is sent, review by a second doctor, the signature over canonical
// content, versions, addenda and the PDF. What comes in are texts and people;
// what goes out are signed versions that never change. It never makes a
// finding and never lets anybody but the holder of a claim write.
package report

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Signing is what the step needs of the key ring.
type Signing interface {
	AccountKey(hub.AccountID) keys.Signer
	Verifier
}

// Service writes, signs and shows reports. It is safe for concurrent use.
type Service struct {
	DB      *db.DB
	Keys    Signing
	Objects storage.Objects
	Work    *worklist.Service
	// Trace reads a recording's samples back, for the page with the ECG.
	Trace func(ctx context.Context, r *hub.Recorded) (*ecg.Recording, error)
	// Address is where the QR code leads, such as https://hub.example, without
	// a slash at its end.
	Address func() string
	Log     *slog.Logger

	press press
}

// Draft is what a writer fills in. Claim is the number of the claim it is
// written under; 0 leaves out that check.
type Draft struct {
	Findings       string `json:"findings"`
	Impression     string `json:"impression"`
	Recommendation string `json:"recommendation"`
	Positive       bool   `json:"positive"`
	Critical       bool   `json:"critical"`
	Grade          string `json:"grade"`
	Claim          int64  `json:"claim"`
}

// maxText bounds each text of a report, in characters.
const maxText = 20000

// grades an exam may be given: of images, of ECGs.
var grades = []string{"", "A", "B", "C", "reject", "ok", "fair", "poor"}

func (d *Draft) check(op string) error {
	for name, text := range map[string]*string{"findings": &d.Findings, "impression": &d.Impression, "recommendation": &d.Recommendation} {
		*text = tidy(*text)
		if utf8.RuneCountInString(*text) > maxText {
			return hub.Field(op, name, "at most 20,000 characters")
		}
	}
	if !slices.Contains(grades, d.Grade) {
		return hub.Field(op, "grade", "want A, B, C, reject, or ok, fair, poor for an ECG")
	}
	return nil
}

// tidy makes lines end in a line feed and drops control characters, which
// neither a page nor a database shows.
func tidy(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\t':
			return ' '
		case r < 0x20 && r != '\n' || r == 0x7f || r == 0xfeff:
			return -1
		}
		return r
	}, s)
}

// Put stores the draft of a claimed task, or a reviewer's change to a written
// one. The first makes the report; its id stays over all versions. Errors:
// Conflict task.not_holder for a stale claim, Conflict report.in_review while
// another reviewer edits.
func (s *Service) Put(ctx context.Context, actor hub.Actor, id hub.TaskID, d Draft) (*View, error) {
	if err := d.check("report.Put"); err != nil {
		return nil, err
	}
	var v *View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		r, err := s.writable(tx, actor, t, d.Claim)
		if err != nil {
			return err
		}
		if err := s.write(tx, actor, t, r, d); err != nil {
			return err
		}
		v, err = render(tx, t, r)
		return err
	})
	return v, err
}

// writable returns the version actor may write in now, making the first.
func (s *Service) writable(tx *db.Tx, actor hub.Actor, t *hub.Task, claim int64) (*hub.Report, error) {
	switch {
	case t.State == hub.Written && reviews(actor, t):
		r, err := tx.Report(t.Report, t.Version)
		if err != nil {
			return nil, err
		}
		if err := s.reviewedByOther(tx, actor, r); err != nil {
			return nil, err
		}
		return r, markOpened(tx, actor, t)
	case t.State == hub.Queued:
		return nil, hub.E(hub.Conflict, "report.Put", "task.not_holder").With("claim", t.Claim)
	}
	if err := worklist.Held(tx, actor, t, claim); err != nil {
		return nil, err
	}
	if t.Report != "" {
		return tx.Report(t.Report, t.Version)
	}
	r := &hub.Report{ID: hub.NewID[hub.ReportID](), Task: t.ID, Version: 1, State: hub.ReportDraft, Writer: actor.Account, UpdatedAt: tx.Now(), Claim: t.Claim}
	if err := tx.InsertReport(r); err != nil {
		return nil, err
	}
	return r, worklist.Touch(tx, actor, t, "report.draft", "", func(t *hub.Task) { t.Report, t.Version = r.ID, r.Version })
}

// reviews reports whether actor may review what t's writer has sent.
func reviews(actor hub.Actor, t *hub.Task) bool {
	return actor.Role == hub.Reviewer && actor.Account != t.Writer
}

// reviewedByOther refuses while another reviewer has edited within a lease's
// time: nobody signs a text that somebody is changing.
func (s *Service) reviewedByOther(tx *db.Tx, actor hub.Actor, r *hub.Report) error {
	if r.Reviewer == "" || r.Reviewer == actor.Account || tx.Now().Sub(r.UpdatedAt) > s.Work.Rules.Lease {
		return nil
	}
	e := hub.E(hub.Conflict, "report", "report.in_review")
	if a, err := tx.Account(r.Reviewer); err == nil {
		e.With("holder", a.Login).With("holder_name", a.Name)
	}
	return e
}

func (s *Service) write(tx *db.Tx, actor hub.Actor, t *hub.Task, r *hub.Report, d Draft) error {
	now := tx.Now()
	if t.State == hub.Claimed {
		if r.Claim != t.Claim || r.Writer != actor.Account { // the next to write under this claim
			if err := tx.Audit(actor, hub.Record{Action: "report.write", Object: "report/" + string(r.ID), OK: true}); err != nil {
				return err
			}
		}
		r.Writer, r.Claim = actor.Account, t.Claim
		t.LeaseUntil = now.Add(s.Work.Rules.Lease)
		if ok, err := tx.UpdateTask(t, t.State, t.Claim); err != nil || !ok {
			return moved(err, "report.Put")
		}
	} else {
		r.Reviewer = actor.Account
	}
	r.Findings, r.Impression, r.Recommendation = d.Findings, d.Impression, d.Recommendation
	r.Positive, r.Critical, r.Grade, r.UpdatedAt = d.Positive, d.Critical, d.Grade, now
	if ok, err := tx.UpdateReport(r); err != nil || !ok {
		return moved(err, "report.Put")
	}
	return nil
}

// moved is the error of an update that found its row changed, or failed.
func moved(err error, op string) error {
	if err != nil {
		return err
	}
	return hub.E(hub.Conflict, op, "task.wrong_state")
}

// markOpened notes that a reviewer has seen the written report: its writer
// cannot recall it any more.
func markOpened(tx *db.Tx, actor hub.Actor, t *hub.Task) error {
	if t.State != hub.Written || t.Opened || !reviews(actor, t) {
		return nil
	}
	return worklist.Touch(tx, actor, t, "report.opened", "", func(t *hub.Task) { t.Opened = true })
}

// Opened notes that a reviewer has a written report open.
func (s *Service) Opened(ctx context.Context, actor hub.Actor, id hub.TaskID) (*worklist.View, error) {
	return s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error {
		return markOpened(tx, actor, t)
	})
}

// run changes one task in a transaction and returns it as it then is.
func (s *Service) run(ctx context.Context, id hub.TaskID, change func(*db.Tx, *hub.Task) error) (*worklist.View, error) {
	var v *worklist.View
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := change(tx, t); err != nil {
			return err
		}
		v, err = worklist.Render(tx, t)
		return err
	})
	return v, err
}

// texts are the parts of a version that a reviewer may change.
type texts struct {
	Findings       string `json:"findings"`
	Impression     string `json:"impression"`
	Recommendation string `json:"recommendation"`
	Positive       bool   `json:"positive"`
	Critical       bool   `json:"critical"`
	Grade          string `json:"grade"`
}

func textsOf(r *hub.Report) texts {
	return texts{r.Findings, r.Impression, r.Recommendation, r.Positive, r.Critical, r.Grade}
}

// kept writes the texts as they were sent for review.
func kept(r *hub.Report) (string, error) {
	b, err := json.Marshal(textsOf(r))
	return string(b), err
}
