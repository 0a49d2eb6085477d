package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var tasks = newTable[hub.Task]("task", 1, func(t *hub.Task) []column {
	return []column{{"id", &t.ID}, {"state", &t.State}, {"before_void", &t.Before}, {"kind", &t.Kind}, {"modality", &t.Modality},
		{"priority", &t.Priority}, {"due", msec{&t.Due}}, {"paused_ms", span{&t.Paused}}, {"member", &t.Member}, {"centre", &t.Centre},
		{"offered", &t.Offered}, {"handed_from", &t.HandedFrom}, {"queued_at", msec{&t.QueuedAt}}, {"t_escalated", msec{&t.TEscalated}},
		{"exam_order", &t.Order}, {"study", &t.Study}, {"recording", &t.Recording}, {"report", &t.Report}, {"version", &t.Version},
		{"holder", &t.Holder}, {"claim", &t.Claim}, {"lease_until", msec{&t.LeaseUntil}}, {"writer", &t.Writer}, {"opened", flag{&t.Opened}},
		{"expected", &t.Expected}, {"complete", flag{&t.Complete}}, {"waived", &t.Waived}, {"warnings", js{&t.Warnings}},
		{"alerts", js{&t.Alerts}}, {"grade", &t.Grade}, {"auto_submit", flag{&t.AutoSubmit}}, {"settle_at", msec{&t.SettleAt}},
		{"marks", js{&t.Marks}}, {"warned", &t.Warned}, {"next_mark", msec{&t.NextMark}}, {"last_event", &t.LastEvent}, {"last_actor", &t.LastActor},
		{"t_exam", msec{&t.TExam}}, {"t_upload_start", msec{&t.TUploadStart}}, {"t_submit", msec{&t.TSubmit}}, {"t_claim", msec{&t.TClaim}},
		{"t_first_image", msec{&t.TFirstImage}}, {"t_prelim", msec{&t.TPrelim}}, {"t_written", msec{&t.TWritten}}, {"t_signed", msec{&t.TSigned}},
		{"t_delivered", msec{&t.TDelivered}}, {"t_ack", msec{&t.TAck}}, {"t_returned", msec{&t.TReturned}}, {"created_at", msec{&t.CreatedAt}}}
})

// InsertTask stores a new task.
func (tx *Tx) InsertTask(t *hub.Task) error { return tasks.insert(tx, t) }

// Task returns the task with an id, locked for the rest of the transaction.
func (tx *Tx) Task(id hub.TaskID) (*hub.Task, error) {
	return tasks.one(tx, "db.Task", "WHERE id = $1"+tx.lock(), string(id))
}

// UpdateTask writes t back where its row is still in state from under claim
// number claim, and reports whether it was: two nodes cannot both win.
func (tx *Tx) UpdateTask(t *hub.Task, from hub.State, claim int64) (bool, error) {
	return tasks.update(tx, t, "state = $1 AND claim = $2", string(from), claim)
}

// TasksOfStudy returns the tasks about a study, newest first.
func (tx *Tx) TasksOfStudy(id hub.StudyID) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE id IN (SELECT task FROM task_study WHERE study = $1) ORDER BY created_at DESC, id DESC", string(id))
}

// JoinStudy makes a study one of those a task is about.
func (tx *Tx) JoinStudy(task hub.TaskID, study hub.StudyID) error {
	_, err := tx.exec("INSERT INTO task_study (task, study) VALUES ($1, $2) ON CONFLICT (task, study) DO NOTHING", string(task), string(study))
	return err
}

// StudiesOf returns the studies a task is about, in the order they arrived.
func (tx *Tx) StudiesOf(task hub.TaskID) ([]*StudyRow, error) {
	return studies.all(tx, "WHERE id IN (SELECT study FROM task_study WHERE task = $1) ORDER BY id", string(task))
}

// TasksOfOrder returns the tasks of an order, newest first.
func (tx *Tx) TasksOfOrder(id hub.OrderID) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE exam_order = $1 ORDER BY created_at DESC, id DESC", string(id))
}

// TaskOfRecording returns the newest task about a recording.
func (tx *Tx) TaskOfRecording(id hub.RecordingID) (*hub.Task, error) {
	return tasks.one(tx, "db.TaskOfRecording", "WHERE recording = $1 AND recording <> '' ORDER BY created_at DESC, id DESC LIMIT 1", string(id))
}

// TaskOfReport returns the task a report belongs to.
func (tx *Tx) TaskOfReport(id hub.ReportID) (*hub.Task, error) {
	return tasks.one(tx, "db.TaskOfReport", "WHERE report = $1 AND report <> '' ORDER BY created_at DESC LIMIT 1", string(id))
}

// Settled returns tasks whose settle time has passed.
func (tx *Tx) Settled(limit int) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE settle_at > 0 AND settle_at <= $1 ORDER BY settle_at LIMIT 0+$2", millis(tx.Now()), limit)
}

// LeaseExpired returns claimed tasks whose lease has passed.
func (tx *Tx) LeaseExpired(limit int) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE lease_until > 0 AND lease_until <= $1 AND state = 'claimed' ORDER BY lease_until LIMIT 0+$2", millis(tx.Now()), limit)
}

// Undelivered returns issued tasks that still have to reach the clinic.
func (tx *Tx) Undelivered(limit int) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE state = 'issued' ORDER BY id LIMIT 0+$1", limit)
}

// Crossing returns tasks whose next deadline mark has passed.
func (tx *Tx) Crossing(limit int) ([]*hub.Task, error) {
	return tasks.all(tx, "WHERE next_mark > 0 AND next_mark <= $1 ORDER BY next_mark LIMIT 0+$2", millis(tx.Now()), limit)
}

// ExtendSettle moves the settle time of a study's open tasks.
func (tx *Tx) ExtendSettle(study hub.StudyID, at time.Time) error {
	_, err := tx.exec(`UPDATE task SET settle_at = $1 WHERE id IN (SELECT task FROM task_study WHERE study = $2)
		AND state IN ('draft','uploading','queued','claimed','returned')`, millis(at), string(study))
	return err
}

// TaskFilter selects tasks; empty fields do not restrict.
type TaskFilter struct {
	Member    hub.MemberID // of the clinic
	Centre    hub.MemberID // reading centre, or offered to it
	States    []hub.State
	Kind      hub.TaskKind
	Priority  *int
	Study     hub.StudyID
	StudyUID  string
	Order     hub.OrderID
	Accession string
	Patients  []hub.PatientID
	Holder    hub.AccountID
	Since     time.Time // made then or later
	After     *TaskCursor
	Limit     int
}

// TaskCursor is a place in the queue's order.
type TaskCursor struct {
	Priority int
	Due      int64
	TSubmit  int64
	ID       string
}

// Tasks returns the tasks a filter selects in queue order: priority, due
// time, submission, id. Open ones come with their due time; 0 sorts last.
func (tx *Tx) Tasks(q TaskFilter) ([]*hub.Task, error) {
	var f filter
	if q.Member != "" {
		f.add("task.member = ?", string(q.Member))
	}
	if q.Centre != "" {
		if err := tx.ofCentre(&f, q.Centre); err != nil {
			return nil, err
		}
	}
	if len(q.States) > 0 {
		f.add("task.state IN "+in(len(q.States)), anys(q.States)...)
	}
	if q.Kind != "" {
		f.add("task.kind = ?", string(q.Kind))
	}
	if q.Priority != nil {
		f.add("task.priority = ?", *q.Priority)
	}
	if q.Study != "" {
		f.add("task.id IN (SELECT task FROM task_study WHERE study = ?)", string(q.Study))
	}
	if q.StudyUID != "" {
		f.add("task.id IN (SELECT task FROM task_study JOIN study ON study.id = task_study.study WHERE study.uid = ?)", q.StudyUID)
	}
	if q.Order != "" {
		f.add("task.exam_order = ?", string(q.Order))
	}
	if q.Accession != "" {
		f.add("task.exam_order IN (SELECT id FROM exam_order WHERE accession = ?)", q.Accession)
	}
	if len(q.Patients) > 0 {
		f.add("task.exam_order IN (SELECT id FROM exam_order WHERE patient IN "+in(len(q.Patients))+")", anys(q.Patients)...)
	}
	if q.Holder != "" {
		f.add("task.holder = ?", string(q.Holder))
	}
	if !q.Since.IsZero() {
		f.add("task.created_at >= ?", millis(q.Since))
	}
	if c := q.After; c != nil {
		f.add("(task.priority, task.due, task.t_submit, task.id) > (?, ?, ?, ?)", c.Priority, c.Due, c.TSubmit, c.ID)
	}
	f.args = append(f.args, q.Limit)
	return tasks.all(tx, f.where()+" ORDER BY task.priority, task.due, task.t_submit, task.id LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

// ofCentre selects a centre's tasks. Those that are offered to it are rare and
// cost the queue its index, so they are asked for only when there are any.
func (tx *Tx) ofCentre(f *filter, centre hub.MemberID) error {
	var offers int
	err := tx.q.QueryRowContext(tx.ctx, "SELECT count(*) FROM task WHERE offered = $1 AND offered <> ''", string(centre)).Scan(&offers)
	switch {
	case err != nil:
		return err
	case offers > 0:
		f.add("(task.centre = ? OR task.offered = ? AND task.offered <> '')", string(centre), string(centre))
	default:
		f.add("task.centre = ?", string(centre))
	}
	return nil
}

// ClaimLimits is how long tasks of each priority may wait for a claim.
type ClaimLimits [5]time.Duration

// Unclaimed returns queued tasks that have waited longer than their limit, at
// most limit of each priority. Each priority is a range of an index: a long
// queue that is in time costs nothing.
func (tx *Tx) Unclaimed(limits ClaimLimits, limit int) ([]*hub.Task, error) {
	var out []*hub.Task
	for priority, d := range limits {
		late, err := tasks.all(tx, "WHERE state = 'queued' AND priority = $1 AND queued_at > 0 AND queued_at <= $2 ORDER BY queued_at LIMIT 0+$3",
			priority, millis(tx.Now().Add(-d)), limit)
		if err != nil {
			return nil, err
		}
		out = append(out, late...)
	}
	return out, nil
}

// CursorOf is the place of t in the queue's order.
func CursorOf(t *hub.Task) TaskCursor {
	return TaskCursor{t.Priority, millis(t.Due), millis(t.TSubmit), string(t.ID)}
}

// Return is one return of a task to the clinic.
type Return struct {
	ID            string
	Task          hub.TaskID
	Reason, Text  string
	By            hub.AccountID
	ReturnedAt    time.Time
	ResubmittedAt time.Time
}

var returns = newTable[Return]("task_return", 1, func(r *Return) []column {
	return []column{{"id", &r.ID}, {"task", &r.Task}, {"reason", &r.Reason}, {"text", &r.Text}, {"by_account", &r.By},
		{"returned_at", msec{&r.ReturnedAt}}, {"resubmitted_at", msec{&r.ResubmittedAt}}}
})

// InsertReturn stores a return.
func (tx *Tx) InsertReturn(r *Return) error { return returns.insert(tx, r) }

// UpdateReturn writes a return back.
func (tx *Tx) UpdateReturn(r *Return) error { _, err := returns.update(tx, r, ""); return err }

// Returns gives a task's returns, oldest first.
func (tx *Tx) Returns(id hub.TaskID) ([]*Return, error) {
	return returns.all(tx, "WHERE task = $1 ORDER BY id", string(id))
}

// QueueStat is one line of the queue's state, for metrics.
type QueueStat struct {
	Centre   hub.MemberID
	Kind     hub.TaskKind
	Priority int
	State    hub.State
	Count    int
	Oldest   time.Time // earliest submission
}

// QueueStats counts open tasks by centre, kind, priority and state.
func (tx *Tx) QueueStats() ([]QueueStat, error) {
	rows, err := tx.q.QueryContext(tx.ctx, `SELECT centre, kind, priority, state, count(*), min(t_submit) FROM task
		WHERE state IN ('queued','claimed','written','returned') GROUP BY centre, kind, priority, state`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []QueueStat
	for rows.Next() {
		var s QueueStat
		if err := rows.Scan(&s.Centre, &s.Kind, &s.Priority, &s.State, &s.Count, msec{&s.Oldest}); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
