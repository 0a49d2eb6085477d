package report

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var noTime time.Time

// Approve issues a written report as its reviewer, with the reviewer's key.
// Errors: Forbidden report.same_doctor for the writer, Conflict
// task.incomplete while objects are missing, Busy report.no_font.
func (s *Service) Approve(ctx context.Context, actor hub.Actor, id hub.TaskID) (*worklist.View, error) {
	return s.issue(ctx, actor, id, worklist.Approve)
}

// Sign issues a claimed task's report by its reader alone, where the reader
// has that right for the kind.
func (s *Service) Sign(ctx context.Context, actor hub.Actor, id hub.TaskID) (*worklist.View, error) {
	return s.issue(ctx, actor, id, worklist.Sign)
}

// Preliminary sends an emergency's preliminary report to the clinic at once;
// the review follows.
func (s *Service) Preliminary(ctx context.Context, actor hub.Actor, id hub.TaskID) (*worklist.View, error) {
	return s.issue(ctx, actor, id, worklist.Preliminary)
}

// signTries is how often a signature is made anew when objects or texts
// changed while its PDF was drawn.
const signTries = 3

var errStale = errors.New("task or report changed while it was being signed")

// issue draws and stores the PDF before the transaction that signs: a crash
// leaves an object without a row, never an issued report without its PDF.
func (s *Service) issue(ctx context.Context, actor hub.Actor, id hub.TaskID, e worklist.Event) (*worklist.View, error) {
	for try := 1; ; try++ {
		read := s.DB.Read(ctx)
		p, err := s.prepare(read, actor, id, e, read.Now())
		if err != nil {
			return nil, err
		}
		if p.done {
			return worklist.Render(read, p.task)
		}
		if p.pdf, err = s.store(ctx, p.content, p.hash, nil); err != nil {
			return nil, err
		}
		v, err := s.run(ctx, id, func(tx *db.Tx, t *hub.Task) error { return s.freeze(tx, actor, t, e, p) })
		if err == nil && !p.done {
			return v, nil
		}
		s.drop(ctx, p.pdf)
		if err == nil {
			return v, nil // the same request came twice at once
		}
		if !errors.Is(err, errStale) {
			return nil, err
		}
		if try == signTries {
			return nil, hub.Wrap(hub.Conflict, "report.issue", "report.changing", err)
		}
	}
}

// plan is a signature about to be made.
type plan struct {
	task    *hub.Task
	report  *hub.Report
	content *Content
	text    []byte // canonical
	hash    string
	at      time.Time
	pdf     string // storage key
	done    bool   // by this actor before
}

// prepare checks that actor may sign now and gathers what is signed.
func (s *Service) prepare(tx *db.Tx, actor hub.Actor, id hub.TaskID, e worklist.Event, at time.Time) (*plan, error) {
	t, err := tx.Task(id)
	if err != nil {
		return nil, err
	}
	p := &plan{task: t, at: at}
	if p.done, err = signedBefore(tx, actor, t, e); err != nil || p.done {
		return p, err
	}
	if err := s.maySign(tx, actor, t, e); err != nil {
		return nil, err
	}
	if p.report, _, err = checked(tx, t, "report."+string(e)); err != nil {
		return nil, err
	}
	if e == worklist.Approve {
		if actor.Account == p.report.Writer && !signsAlone(actor, t.Kind) { // the text's author, whoever answers for it now
			return nil, hub.E(hub.Forbidden, "report.approve", "report.same_doctor")
		}
		err = s.reviewedByOther(tx, actor, p.report)
	} else {
		p.report.Writer, p.report.WrittenAt = actor.Account, at
	}
	if err != nil {
		return nil, err
	}
	if p.content, err = content(tx, t, p.report, actor.Account, becomes(e), at); err != nil {
		return nil, err
	}
	p.text, p.hash, err = sealed(p.content)
	return p, err
}

// becomes is the state a version gets by an event.
func becomes(e worklist.Event) hub.ReportState {
	if e == worklist.Preliminary {
		return hub.ReportPreliminary
	}
	return hub.ReportIssued
}

// signedBefore reports whether actor did e to the task as it is: the same
// request again changes nothing. Delivery may have followed meanwhile.
func signedBefore(tx *db.Tx, actor hub.Actor, t *hub.Task, e worklist.Event) (bool, error) {
	if e == worklist.Preliminary {
		return t.State == hub.Written && worklist.Repeated(t, e, actor), nil
	}
	switch t.State {
	case hub.Issued, hub.Delivered, hub.Acknowledged:
		r, err := tx.Report(t.Report, t.Version)
		if err != nil {
			return false, err
		}
		return r.Reviewer == actor.Account, nil
	}
	return false, nil
}

// maySign refuses who or what may not be signed by e.
func (s *Service) maySign(tx *db.Tx, actor hub.Actor, t *hub.Task, e worklist.Event) error {
	if _, err := worklist.After(t.State, e); err != nil {
		return err
	}
	var err error
	switch e {
	case worklist.Approve:
		err = mayApprove(actor, t)
	case worklist.Sign:
		if err = worklist.Held(tx, actor, t, 0); err == nil && !signsAlone(actor, t.Kind) {
			err = hub.E(hub.Forbidden, "report.sign", "report.sign_alone")
		}
	case worklist.Preliminary:
		if err = worklist.Held(tx, actor, t, 0); err == nil {
			err = mayPreliminary(tx, actor, t)
		}
	}
	if err != nil || e == worklist.Preliminary {
		return err
	}
	if !t.Complete && t.Waived == "" {
		return incomplete(tx, t)
	}
	return titled(tx, actor)
}

// mayApprove is the rule of two doctors; a writer who may sign alone is the
// exception it allows.
func mayApprove(actor hub.Actor, t *hub.Task) error {
	switch {
	case actor.Account == t.Writer && signsAlone(actor, t.Kind):
		return nil
	case actor.Account == t.Writer:
		return hub.E(hub.Forbidden, "report.approve", "report.same_doctor")
	case actor.Role != hub.Reviewer:
		return hub.E(hub.Forbidden, "report.approve", "role.not_allowed").With("role", actor.Role)
	}
	return nil
}

// signsAlone reports whether actor may issue a kind without a second doctor:
// ECGs by the general right, any kind by the right that names it.
func signsAlone(actor hub.Actor, k hub.TaskKind) bool {
	named := actor
	named.Rights = nil
	for _, r := range actor.Rights {
		if r != hub.SignAlone || k == hub.ECG {
			named.Rights = append(named.Rights, r)
		}
	}
	return named.Can(hub.SignAlone, k)
}

// mayPreliminary: emergencies only, by every reader and by whom the right is
// given, and not once a formal report stands.
func mayPreliminary(tx *db.Tx, actor hub.Actor, t *hub.Task) error {
	if actor.Role != hub.Reader && !actor.Can(hub.SignPreliminary, t.Kind) {
		return hub.E(hub.Forbidden, "report.preliminary", "role.not_allowed").With("role", actor.Role)
	}
	if t.Priority > 1 {
		return hub.E(hub.Conflict, "report.preliminary", "report.not_emergency").With("priority", t.Priority)
	}
	if t.Report == "" {
		return nil // the check that follows says that nothing is written
	}
	versions, err := tx.ReportVersions(t.Report)
	for _, v := range versions {
		if v.State == hub.ReportIssued {
			return hub.E(hub.Conflict, "report.preliminary", "report.formal_exists")
		}
	}
	return err
}

func incomplete(tx *db.Tx, t *hub.Task) error {
	v, err := worklist.Render(tx, t)
	if err != nil {
		return err
	}
	return hub.E(hub.Conflict, "report.issue", "task.incomplete").With("arrived", v.Arrived).With("expected", v.Expected)
}

// attending is the title code (GB/T 8561) of an attending doctor 主治医师;
// lower codes rank higher.
const attending = "233"

// titled refuses a doctor whose stated title ranks below attending.
func titled(tx *db.Tx, actor hub.Actor) error {
	a, err := tx.Account(actor.Account)
	if err != nil {
		return err
	}
	if a.Title > attending {
		return hub.E(hub.Forbidden, "report.issue", "report.title")
	}
	return nil
}

// freeze writes the signed version, if all is still as it was prepared.
func (s *Service) freeze(tx *db.Tx, actor hub.Actor, t *hub.Task, e worklist.Event, p *plan) error {
	again, err := s.prepare(tx, actor, t.ID, e, p.at)
	if err != nil {
		return err
	}
	if p.done = again.done; p.done {
		return nil
	}
	if !bytes.Equal(again.text, p.text) {
		return errStale
	}
	r := again.report
	r.State, r.SignedAt, r.Content, r.Hash, r.PDF, r.UpdatedAt = becomes(e), p.at, p.text, p.hash, p.pdf, tx.Now()
	r.Key, r.Signature = s.Keys.AccountKey(actor.Account).Sign(message(schemaReport, p.hash))
	r.Reviewer = actor.Account
	if e == worklist.Preliminary {
		r.Reviewer = ""
	}
	if ok, err := tx.UpdateReport(r); err != nil || !ok {
		return moved(err, "report.issue")
	}
	if e == worklist.Preliminary {
		return s.movePreliminary(tx, actor, t, r)
	}
	return moveIssued(tx, actor, t, r, e)
}

func moveIssued(tx *db.Tx, actor hub.Actor, t *hub.Task, r *hub.Report, e worklist.Event) error {
	err := worklist.Move(tx, actor, t, e, "", func(t *hub.Task) {
		letGo(t)
		graded(t, r)
		t.Writer = r.Writer
		if t.TSigned.IsZero() {
			t.TSigned = r.SignedAt
			if t.TWritten.IsZero() {
				t.TWritten = r.SignedAt
			}
		}
		t.TDelivered, t.TAck = noTime, noTime
	})
	if err != nil {
		return err
	}
	if err := signedRecord(tx, actor, r); err != nil {
		return err
	}
	return putResult(tx, t, r)
}

// movePreliminary leaves the preliminary version as it went out and goes on
// in the next, which the reviewer issues.
func (s *Service) movePreliminary(tx *db.Tx, actor hub.Actor, t *hub.Task, r *hub.Report) error {
	next := *r
	next.Version, next.State, next.SignedAt, next.Content, next.Hash, next.Signature, next.Key, next.PDF = r.Version+1, hub.ReportWritten, noTime, nil, "", nil, "", ""
	var err error
	if next.Submitted, err = kept(r); err != nil {
		return err
	}
	if err := tx.InsertReport(&next); err != nil {
		return err
	}
	err = worklist.Move(tx, actor, t, worklist.Preliminary, "", func(t *hub.Task) {
		letGo(t)
		graded(t, r)
		t.Writer, t.Opened, t.Version, t.TWritten = actor.Account, false, next.Version, r.SignedAt
		if t.TPrelim.IsZero() {
			t.TPrelim = r.SignedAt
		}
	})
	if err != nil {
		return err
	}
	return signedRecord(tx, actor, r)
}

// signedRecord audits a signature with the content's hash.
func signedRecord(tx *db.Tx, actor hub.Actor, r *hub.Report) error {
	return tx.Audit(actor, hub.Record{Action: "report.sign", Object: "report/" + string(r.ID), OK: true, After: r.Hash})
}

// putResult tells the look-up at ordering of an issued result.
func putResult(tx *db.Tx, t *hub.Task, r *hub.Report) error {
	o, err := tx.Order(t.Order)
	if err != nil {
		return err
	}
	p, err := tx.Patient(o.Patient)
	if err != nil {
		return err
	}
	return tx.PutResult(&db.Result{Report: r.ID, Task: t.ID, Member: t.Member, Centre: t.Centre, Patient: p.ID, IDHash: p.IDHash, Item: o.Item,
		Kind: t.Kind, Study: t.Study, Recording: t.Recording, ExamAt: examDay(t).UTC(), Grade: t.Grade})
}
