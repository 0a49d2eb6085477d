package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var catalogue = newTable[hub.CatalogueItem]("catalogue", 1, func(c *hub.CatalogueItem) []column {
	return []column{{"code", &c.Code}, {"name", &c.Name}, {"kind", &c.Kind}, {"modality", &c.Modality}, {"body_part", &c.BodyPart},
		{"scope", &c.Scope}, {"days", &c.Days}, {"min_grade", &c.MinGrade}, {"price", &c.Price}, {"active", flag{&c.Active}}}
})

var marks = newTable[hub.Mark]("mark", 3, func(m *hub.Mark) []column {
	return []column{{"member", &m.Member}, {"item", &m.Item}, {"from_at", msec{&m.From}}, {"label", &m.Label}, {"scope", &m.Scope}, {"to_at", msec{&m.To}}}
})

var decisions = newTable[hub.Decision]("decision", 1, func(d *hub.Decision) []column {
	return []column{{"id", &d.ID}, {"candidate", &d.Candidate}, {"item", &d.Item}, {"member", &d.Member}, {"doctor", &d.Doctor},
		{"exam_order", &d.Order}, {"decision", &d.Decision}, {"reason", &d.Reason}, {"explained", flag{&d.Explained}}, {"text", &d.Text},
		{"saved", &d.Saved}, {"at", msec{&d.At}}}
})

// Result is an issued or imported result as the look-up at ordering sees it.
type Result struct {
	Report    hub.ReportID
	Task      hub.TaskID
	Member    hub.MemberID
	Centre    hub.MemberID
	Patient   hub.PatientID
	IDHash    string
	Item      string
	Kind      hub.TaskKind
	Study     hub.StudyID
	Recording hub.RecordingID
	ExamAt    time.Time
	Grade     string
	Void      bool
	Imported  string // JSON of a result reported elsewhere: institution, impression, signature; "" ours
}

var results = newTable[Result]("result", 1, func(r *Result) []column {
	return []column{{"report", &r.Report}, {"task", &r.Task}, {"member", &r.Member}, {"centre", &r.Centre}, {"patient", &r.Patient},
		{"id_hash", &r.IDHash}, {"item", &r.Item}, {"kind", &r.Kind}, {"study", &r.Study}, {"recording", &r.Recording},
		{"exam_at", msec{&r.ExamAt}}, {"grade", &r.Grade}, {"void", flag{&r.Void}}, {"imported", &r.Imported}}
})

// PutCatalogueItem stores or replaces an item of the catalogue.
func (tx *Tx) PutCatalogueItem(c *hub.CatalogueItem) error {
	if ok, err := catalogue.update(tx, c, ""); ok || err != nil {
		return err
	}
	return catalogue.insert(tx, c)
}

// Catalogue returns the items by code.
func (tx *Tx) Catalogue() ([]*hub.CatalogueItem, error) { return catalogue.all(tx, "ORDER BY code") }

// CatalogueItem returns the item with a code.
func (tx *Tx) CatalogueItem(code string) (*hub.CatalogueItem, error) {
	return catalogue.one(tx, "db.CatalogueItem", "WHERE code = $1", code)
}

// CatalogueItemFor returns the first active item of a kind, of images of a
// modality and body part.
func (tx *Tx) CatalogueItemFor(kind hub.TaskKind, modality, part string) (*hub.CatalogueItem, error) {
	const op = "db.CatalogueItemFor"
	if kind != hub.Image {
		return catalogue.one(tx, op, "WHERE active = 1 AND kind = $1 ORDER BY code LIMIT 1", string(kind))
	}
	return catalogue.one(tx, op, "WHERE active = 1 AND kind = $1 AND modality = $2 AND body_part = $3 ORDER BY code LIMIT 1", string(kind), modality, part)
}

// InsertMark stores a member's passed quality evaluation.
func (tx *Tx) InsertMark(m *hub.Mark) error { return marks.insert(tx, m) }

// UpdateMark writes a mark back: the end of its validity.
func (tx *Tx) UpdateMark(m *hub.Mark) error { _, err := marks.update(tx, m, ""); return err }

// Marks returns a member's marks, or all for "".
func (tx *Tx) Marks(member hub.MemberID) ([]*hub.Mark, error) {
	if member == "" {
		return marks.all(tx, "ORDER BY member, item, from_at")
	}
	return marks.all(tx, "WHERE member = $1 ORDER BY item, from_at", string(member))
}

// MarkAt returns the mark a member held for an item at a time; NotFound if none.
func (tx *Tx) MarkAt(member hub.MemberID, item string, at time.Time) (*hub.Mark, error) {
	return marks.one(tx, "db.MarkAt", "WHERE member = $1 AND item = $2 AND from_at <= $3 AND (to_at = 0 OR to_at > $3) ORDER BY from_at DESC LIMIT 1",
		string(member), item, millis(at))
}

// PutResult stores or replaces what the look-up knows of a result.
func (tx *Tx) PutResult(r *Result) error {
	if ok, err := results.update(tx, r, ""); ok || err != nil {
		return err
	}
	return results.insert(tx, r)
}

// Result returns the look-up's row of a report.
func (tx *Tx) Result(id hub.ReportID) (*Result, error) {
	return results.one(tx, "db.Result", "WHERE report = $1", string(id))
}

// IdentifyResults puts a patient's results under an ID number's hash.
func (tx *Tx) IdentifyResults(patient hub.PatientID, hash string) error {
	_, err := tx.exec("UPDATE result SET id_hash = $1 WHERE patient = $2", hash, string(patient))
	return err
}

// ResultsByIDHash returns a person's results by the ID number's hash, of one
// item ("" any), newest first.
func (tx *Tx) ResultsByIDHash(hash, item string) ([]*Result, error) {
	if hash == "" {
		return nil, nil
	}
	if item == "" {
		return results.all(tx, "WHERE id_hash = $1 AND id_hash <> '' ORDER BY exam_at DESC, report", hash)
	}
	return results.all(tx, "WHERE id_hash = $1 AND id_hash <> '' AND item = $2 ORDER BY exam_at DESC, report", hash, item)
}

// ResultsOfPatients returns patients' results of one item ("" any), newest first.
func (tx *Tx) ResultsOfPatients(ids []hub.PatientID, item string) ([]*Result, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var f filter
	f.add("patient IN "+in(len(ids)), anys(ids)...)
	if item != "" {
		f.add("item = ?", item)
	}
	return results.all(tx, f.where()+" ORDER BY exam_at DESC, report", f.args...)
}

// InsertDecision stores a recognition decision.
func (tx *Tx) InsertDecision(d *hub.Decision) error { return decisions.insert(tx, d) }

// Decisions returns a member's decisions since a time, newest first ("" all).
func (tx *Tx) Decisions(member hub.MemberID, since time.Time, limit int) ([]*hub.Decision, error) {
	var f filter
	f.add("at >= ?", millis(since))
	if member != "" {
		f.add("member = ?", string(member))
	}
	f.args = append(f.args, limit)
	return decisions.all(tx, f.where()+" ORDER BY at DESC, id DESC LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

// DecisionStat counts decisions that are alike.
type DecisionStat struct {
	Decision  string  `json:"decision"`
	Reason    string  `json:"reason"`
	Explained bool    `json:"explained"`
	Count     int     `json:"count"`
	Saved     float64 `json:"saved"` // yuan
}

// DecisionStats counts a member's decisions since a time ("" all members').
func (tx *Tx) DecisionStats(member hub.MemberID, since time.Time) ([]DecisionStat, error) {
	var f filter
	f.add("at >= ?", millis(since))
	if member != "" {
		f.add("member = ?", string(member))
	}
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT decision, reason, explained, count(*), sum(saved) FROM decision "+f.where()+
		" GROUP BY decision, reason, explained ORDER BY decision, reason, explained", f.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []DecisionStat{}
	for rows.Next() {
		var s DecisionStat
		if err := rows.Scan(&s.Decision, &s.Reason, flag{&s.Explained}, &s.Count, &s.Saved); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Retrievable reports whether the images of a study, or the tracing of a
// recording, are still there: rows name them and no object of theirs is on
// its way out.
func (tx *Tx) Retrievable(study hub.StudyID, recording hub.RecordingID) (bool, error) {
	query, id := `SELECT CASE WHEN EXISTS (SELECT 1 FROM instance i JOIN series s ON s.id = i.series WHERE s.study = $1)
		AND NOT EXISTS (SELECT 1 FROM series s JOIN instance i ON i.series = s.id JOIN tombstone d ON d.object = i.object WHERE s.study = $1)
		THEN 1 ELSE 0 END`, string(study)
	if study == "" {
		query, id = `SELECT count(*) FROM recording r WHERE r.id = $1 AND NOT EXISTS (SELECT 1 FROM tombstone d WHERE d.object = r.object)`, string(recording)
	}
	var n int
	err := tx.q.QueryRowContext(tx.ctx, query, id).Scan(&n)
	return n > 0, err
}

// Reassignment moves objects that belong to another patient or order: asked
// by one person, confirmed by another.
type Reassignment struct {
	ID          string        `json:"id"`
	Task        hub.TaskID    `json:"task"`
	From        hub.OrderID   `json:"from_order"`
	To          hub.OrderID   `json:"to_order"`
	Reason      string        `json:"reason"`
	AskedBy     hub.AccountID `json:"asked_by"`
	AskedAt     time.Time     `json:"asked_at"`
	ConfirmedBy hub.AccountID `json:"confirmed_by,omitempty"`
	ConfirmedAt time.Time     `json:"confirmed_at,omitzero"`
	Refused     bool          `json:"refused"`
	NewTask     hub.TaskID    `json:"new_task,omitempty"`
}

var reassignments = newTable[Reassignment]("reassignment", 1, func(r *Reassignment) []column {
	return []column{{"id", &r.ID}, {"task", &r.Task}, {"from_order", &r.From}, {"to_order", &r.To}, {"reason", &r.Reason},
		{"asked_by", &r.AskedBy}, {"asked_at", msec{&r.AskedAt}}, {"confirmed_by", &r.ConfirmedBy}, {"confirmed_at", msec{&r.ConfirmedAt}},
		{"refused", flag{&r.Refused}}, {"new_task", &r.NewTask}}
})

// InsertReassignment stores a request.
func (tx *Tx) InsertReassignment(r *Reassignment) error { return reassignments.insert(tx, r) }

// UpdateReassignment writes a request back.
func (tx *Tx) UpdateReassignment(r *Reassignment) error {
	_, err := reassignments.update(tx, r, "")
	return err
}

// Reassignment returns the request with an id.
func (tx *Tx) Reassignment(id string) (*Reassignment, error) {
	return reassignments.one(tx, "db.Reassignment", "WHERE id = $1"+tx.lock(), id)
}

// Reassignments returns the requests about tasks of a clinic or a centre,
// newest first; openOnly leaves out the decided ones.
func (tx *Tx) Reassignments(member hub.MemberID, openOnly bool) ([]*Reassignment, error) {
	var f filter
	f.add("task IN (SELECT id FROM task WHERE member = ? OR centre = ?)", string(member), string(member))
	if openOnly {
		f.add("confirmed_at = 0")
	}
	return reassignments.all(tx, f.where()+" ORDER BY asked_at DESC", f.args...)
}
