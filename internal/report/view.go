package report

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// View is one version as clients see it; people stand by login and name.
type View struct {
	ID             hub.ReportID    `json:"id"`
	Task           hub.TaskID      `json:"task"`
	Version        int             `json:"version"`
	State          hub.ReportState `json:"state"`
	Findings       string          `json:"findings"`
	Impression     string          `json:"impression"`
	Recommendation string          `json:"recommendation"`
	Positive       bool            `json:"positive"`
	Critical       bool            `json:"critical"`
	Grade          string          `json:"grade"`
	Writer         string          `json:"writer"`
	WriterName     string          `json:"writer_name"`
	Reviewer       string          `json:"reviewer"` // who issued it
	ReviewerName   string          `json:"reviewer_name"`
	WrittenAt      *time.Time      `json:"written_at"`
	SignedAt       *time.Time      `json:"signed_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	Reason         string          `json:"reason"`   // of a revision
	Rejected       string          `json:"rejected"` // why the reviewer sent it back
	Hash           string          `json:"hash"`
	Key            string          `json:"key"`
	Warnings       []hub.Warning   `json:"warnings"`
	Diff           []Change        `json:"diff"` // the writer's text beside what it became
	Addenda        []*AddendumView `json:"addenda"`
}

// render joins what a client needs of a version.
func render(tx *db.Tx, t *hub.Task, r *hub.Report) (*View, error) {
	v := &View{ID: r.ID, Task: r.Task, Version: r.Version, State: r.State, Findings: r.Findings, Impression: r.Impression, Recommendation: r.Recommendation,
		Positive: r.Positive, Critical: r.Critical, Grade: r.Grade, WrittenAt: when(r.WrittenAt), SignedAt: when(r.SignedAt), UpdatedAt: r.UpdatedAt,
		Reason: r.Reason, Rejected: r.Rejected, Hash: r.Hash, Key: r.Key, Warnings: []hub.Warning{}, Addenda: []*AddendumView{}}
	writer, err := tx.Account(r.Writer)
	if err != nil {
		return nil, err
	}
	v.Writer, v.WriterName = writer.Login, writer.Name
	if v.Diff, err = changes(r); err != nil {
		return nil, err
	}
	if r.Hash == "" {
		return v, draftWarnings(tx, t, r, v)
	}
	if r.Reviewer != "" {
		a, err := tx.Account(r.Reviewer)
		if err != nil {
			return nil, err
		}
		v.Reviewer, v.ReviewerName = a.Login, a.Name
	}
	list, err := addenda(tx, r)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		av, err := addendumView(tx, a)
		if err != nil {
			return nil, err
		}
		v.Addenda = append(v.Addenda, av)
	}
	return v, nil
}

func draftWarnings(tx *db.Tx, t *hub.Task, r *hub.Report, v *View) error {
	o, err := tx.Order(t.Order)
	if err == nil {
		v.Warnings = warnings(Doubts(r, o))
	}
	return err
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Sight is how much of a report somebody may see.
type Sight int

const (
	// Signed: what has gone out, to the clinic and to readers of other centres.
	Signed Sight = iota
	// All: drafts too, in the reading centre.
	All
)

// shows reports whether a version is in sight.
func (s Sight) shows(r *hub.Report) bool { return s == All || r.Hash != "" }

// pick is the version to show: the one asked for, else in sight All the one
// being written or last issued, else the newest issued, else the newest
// preliminary one. NotFound when none is in sight.
func pick(versions []*hub.Report, sight Sight, version int) (*hub.Report, error) {
	var found *hub.Report
	rank := func(r *hub.Report) int {
		if sight == All || r.State != hub.ReportPreliminary {
			return 1
		}
		return 0
	}
	for _, r := range versions {
		if !sight.shows(r) || version > 0 && r.Version != version {
			continue
		}
		if found == nil || rank(r) >= rank(found) {
			found = r
		}
	}
	if found == nil {
		return nil, hub.E(hub.NotFound, "report", "not_found")
	}
	return found, nil
}

// Get returns a version of t's report (0: the one that counts). A reviewer
// who gets a written report has opened it; seeing a signed one is audited. The
// caller has checked t's scope.
func (s *Service) Get(ctx context.Context, actor hub.Actor, t *hub.Task, sight Sight, version int) (*View, error) {
	read := s.DB.Read(ctx)
	versions, err := read.ReportVersions(t.Report)
	if err != nil {
		return nil, err
	}
	r, err := pick(versions, sight, version)
	if err != nil {
		return nil, err
	}
	opens := sight == All && t.State == hub.Written && !t.Opened && reviews(actor, t)
	if opens || r.Hash != "" {
		err := s.DB.Tx(ctx, func(tx *db.Tx) error {
			now, err := tx.Task(t.ID)
			if err != nil {
				return err
			}
			if opens {
				if err := markOpened(tx, actor, now); err != nil {
					return err
				}
			}
			return tx.Audit(actor, hub.Record{Action: "report.view", Object: "report/" + string(r.ID), OK: true})
		})
		if err != nil {
			return nil, err
		}
	}
	return render(s.DB.Read(ctx), t, hideVoid(r, sight))
}

// hideVoid empties a void version for who sees what went out: it may be about
// another patient.
func hideVoid(r *hub.Report, sight Sight) *hub.Report {
	if r.State != hub.ReportVoid || sight == All {
		return r
	}
	empty := *r
	empty.Findings, empty.Impression, empty.Recommendation, empty.Submitted = "", "", "", ""
	return &empty
}

// Versions returns the versions of t's report that are in sight, oldest first.
func (s *Service) Versions(ctx context.Context, t *hub.Task, sight Sight) ([]*View, error) {
	tx := s.DB.Read(ctx)
	versions, err := tx.ReportVersions(t.Report)
	if err != nil {
		return nil, err
	}
	list := []*View{}
	for _, r := range versions {
		if !sight.shows(r) {
			continue
		}
		v, err := render(tx, t, hideVoid(r, sight))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
