package recognition

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Candidate is an existing result that might be recognised instead of
// repeating the exam.
type Candidate struct {
	Report     hub.ReportID    `json:"report"`
	Study      string          `json:"study"` // Study Instance UID, "" for a recording
	Recording  hub.RecordingID `json:"recording"`
	Item       string          `json:"item"`
	ItemName   string          `json:"item_name"`
	Kind       hub.TaskKind    `json:"kind"`
	Member     string          `json:"member"`
	MemberName string          `json:"member_name"` // who made the exam
	ExamAt     time.Time       `json:"exam_at"`
	AgeDays    int             `json:"age_days"`
	Mark       string          `json:"mark"`
	Eligible   bool            `json:"eligible"`
	Cause      string          `json:"cause"` // why it is not eligible, one of Causes
	Findings   string          `json:"findings"`
	Impression string          `json:"impression"`
	Imported   bool            `json:"imported"` // reported elsewhere

	patient hub.PatientID
}

// Why a result is not eligible (domain rules, section 9).
const (
	NotInCatalogue = "not_in_catalogue"
	Voided         = "void"
	NoMark         = "no_mark"      // no passed quality evaluation at the time of the exam
	ScopeTooSmall  = "scope"        // the mark or the item does not reach the receiving institution
	LowGrade       = "grade"        // image quality below the item's minimum
	OutOfDate      = "out_of_date"  // older than the item's validity
	ObjectsGone    = "objects_gone" // images or tracing cannot be shown
)

// Causes lists them.
var Causes = []string{NotInCatalogue, Voided, NoMark, ScopeTooSmall, LowGrade, OutOfDate, ObjectsGone}

// candidatesMost bounds a look-up; the newest come first.
const candidatesMost = 50

// Query says whose results of which item are looked for, and who would
// recognise them.
type Query struct {
	Receiver hub.MemberID
	IDHash   string          // of the ID number; "" not known
	Patients []hub.PatientID // patients reviewed to be the same person
	Item     string          // code
}

// Candidates returns a person's results of an item, newest first, each with
// its eligibility for the receiver now.
func Candidates(tx *db.Tx, q Query) ([]Candidate, error) {
	rows, err := results(tx, q)
	if err != nil || len(rows) == 0 {
		return []Candidate{}, err
	}
	item, err := ItemOf(tx, &hub.Order{Item: q.Item})
	if err != nil {
		return nil, err
	}
	receiver, err := tx.Member(q.Receiver)
	if err != nil {
		return nil, err
	}
	out := make([]Candidate, 0, len(rows))
	for _, r := range rows {
		c, err := describe(tx, r, item)
		if err != nil {
			return nil, err
		}
		mark, err := MarkFor(tx, r.Member, r.Item, r.ExamAt)
		if err != nil {
			return nil, err
		}
		if mark != nil {
			c.Mark = mark.Label
		}
		if c.Cause, err = cause(tx, r, item, mark, receiver); err != nil {
			return nil, err
		}
		c.Eligible = c.Cause == ""
		out = append(out, c)
	}
	return out, nil
}

// results joins what the ID number finds and what reviewed links find.
func results(tx *db.Tx, q Query) ([]*db.Result, error) {
	if q.Item == "" {
		return nil, nil
	}
	rows, err := tx.ResultsByIDHash(q.IDHash, q.Item)
	if err != nil {
		return nil, err
	}
	linked, err := tx.ResultsOfPatients(q.Patients, q.Item)
	if err != nil {
		return nil, err
	}
	for _, r := range linked {
		if !slices.ContainsFunc(rows, func(have *db.Result) bool { return have.Report == r.Report }) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *db.Result) int { return b.ExamAt.Compare(a.ExamAt) })
	return rows[:min(len(rows), candidatesMost)], nil
}

// cause says why a result does not count for the receiver, "" if it does.
func cause(tx *db.Tx, r *db.Result, item *hub.CatalogueItem, mark *hub.Mark, receiver *hub.Member) (string, error) {
	void, err := voided(tx, r)
	if err != nil {
		return "", err
	}
	age := tx.Now().Sub(r.ExamAt)
	switch {
	case item == nil || !item.Active:
		return NotInCatalogue, nil
	case void:
		return Voided, nil
	case mark == nil:
		return NoMark, nil
	case !reaches(mark.Scope, receiver.Level) || !reaches(item.Scope, receiver.Level):
		return ScopeTooSmall, nil
	case r.Grade != "" && grades[r.Grade] < grades[item.MinGrade]:
		return LowGrade, nil
	case age > time.Duration(item.Days)*24*time.Hour || item.Days == 0:
		return OutOfDate, nil
	}
	there, err := tx.Retrievable(r.Study, r.Recording)
	if err == nil && !there {
		return ObjectsGone, nil
	}
	return "", err
}

// voided reports a result that is void or about to be.
func voided(tx *db.Tx, r *db.Result) (bool, error) {
	if r.Void || r.Task == "" {
		return r.Void, nil
	}
	t, err := tx.Task(r.Task)
	if err != nil {
		return false, err
	}
	return t.State == hub.Void || t.State == hub.VoidPending, nil
}

// grades order image and ECG grades: 合格 counts as A, 基本合格 as B.
var grades = map[string]int{"A": 4, "ok": 4, "B": 3, "fair": 3, "C": 2, "reject": 1, "poor": 1}

// reach is how far up a scope goes; level where an institution stands.
var (
	reach = map[string]int{"county": 1, "city": 2, "province": 3, "national": 4}
	level = map[string]int{"village": 1, "township": 1, "county": 1, "city": 2, "province": 3}
)

// reaches reports whether a scope covers an institution of a level. Every
// member is covered by the alliance's own scope.
func reaches(scope, of string) bool {
	return scope == "alliance" || reach[scope] > 0 && reach[scope] >= level[of]
}

// describe shows a result: its report's last issued text, or what came with
// it from elsewhere.
func describe(tx *db.Tx, r *db.Result, item *hub.CatalogueItem) (Candidate, error) {
	c := Candidate{Report: r.Report, Recording: r.Recording, Item: r.Item, Kind: r.Kind, ExamAt: r.ExamAt, AgeDays: max(0, int(tx.Now().Sub(r.ExamAt)/(24*time.Hour))),
		Imported: r.Imported != "", patient: r.Patient}
	if item != nil {
		c.ItemName = item.Name
	}
	m, err := tx.Member(r.Member)
	if err != nil {
		return c, err
	}
	c.Member, c.MemberName = m.Code, m.Name
	if r.Study != "" {
		s, err := tx.Study(r.Study)
		if err != nil && hub.KindOf(err) != hub.NotFound {
			return c, err
		}
		if err == nil {
			c.Study = s.UID
		}
	}
	if c.Imported {
		var told Elsewhere
		if err := json.Unmarshal([]byte(r.Imported), &told); err != nil {
			return c, err
		}
		c.MemberName, c.Findings, c.Impression = told.Institution, told.Findings, told.Impression
		return c, nil
	}
	versions, err := tx.ReportVersions(r.Report)
	for _, v := range versions {
		if v.State == hub.ReportIssued {
			c.Findings, c.Impression = v.Findings, v.Impression
		}
	}
	return c, err
}

// samePerson returns the patients that a reviewed link makes one person with
// the given one.
func samePerson(tx *db.Tx, p *db.PatientRow) ([]hub.PatientID, error) {
	ids := []hub.PatientID{p.ID}
	if p.Person == "" {
		return ids, nil
	}
	linked, err := tx.PatientsOf(p.Person)
	for _, other := range linked {
		if other.ID != p.ID {
			ids = append(ids, other.ID)
		}
	}
	return ids, err
}
