package db

import "github.com/yuanzhen/yuanzhen/internal/hub"

var reports = newTable[hub.Report]("report", 2, func(r *hub.Report) []column {
	return []column{{"id", &r.ID}, {"version", &r.Version}, {"task", &r.Task}, {"state", &r.State}, {"findings", &r.Findings},
		{"impression", &r.Impression}, {"recommendation", &r.Recommendation}, {"positive", flag{&r.Positive}}, {"critical", flag{&r.Critical}},
		{"grade", &r.Grade}, {"writer", &r.Writer}, {"reviewer", &r.Reviewer}, {"written_at", msec{&r.WrittenAt}}, {"signed_at", msec{&r.SignedAt}},
		{"reason", &r.Reason}, {"rejected", &r.Rejected}, {"submitted", &r.Submitted}, {"content", &r.Content}, {"hash", &r.Hash}, {"signature", &r.Signature},
		{"sign_key", &r.Key}, {"pdf", &r.PDF}, {"updated_at", msec{&r.UpdatedAt}}, {"claim", &r.Claim}}
})

var addenda = newTable[hub.Addendum]("addendum", 1, func(a *hub.Addendum) []column {
	return []column{{"id", &a.ID}, {"report", &a.Report}, {"version", &a.Version}, {"text", &a.Text}, {"by_account", &a.By},
		{"at", msec{&a.At}}, {"content", &a.Content}, {"hash", &a.Hash}, {"signature", &a.Signature}, {"sign_key", &a.Key}, {"pdf", &a.PDF}}
})

var templates = newTable[hub.Template]("template", 1, func(t *hub.Template) []column {
	return []column{{"id", &t.ID}, {"owner", &t.Owner}, {"kind", &t.Kind}, {"modality", &t.Modality}, {"name", &t.Name},
		{"findings", &t.Findings}, {"impression", &t.Impression}, {"phrase", flag{&t.Phrase}}}
})

// InsertReport stores a new version of a report.
func (tx *Tx) InsertReport(r *hub.Report) error { return reports.insert(tx, r) }

// UpdateReport writes a version back where it is not signed: a frozen version
// never changes. It reports whether it did.
func (tx *Tx) UpdateReport(r *hub.Report) (bool, error) {
	return reports.update(tx, r, "state IN ('draft','written')")
}

// VoidReport marks an issued version void; its content stays.
func (tx *Tx) VoidReport(id hub.ReportID, version int) error {
	_, err := tx.exec("UPDATE report SET state = 'void' WHERE id = $1 AND version = $2", string(id), version)
	return err
}

// SetReportPDF notes where the PDF of an issued version lies.
func (tx *Tx) SetReportPDF(id hub.ReportID, version int, key string) error {
	_, err := tx.exec("UPDATE report SET pdf = $1 WHERE id = $2 AND version = $3 AND pdf = ''", key, string(id), version)
	return err
}

// Report returns a version of a report.
func (tx *Tx) Report(id hub.ReportID, version int) (*hub.Report, error) {
	return reports.one(tx, "db.Report", "WHERE id = $1 AND version = $2", string(id), version)
}

// ReportVersions returns all versions, oldest first.
func (tx *Tx) ReportVersions(id hub.ReportID) ([]*hub.Report, error) {
	return reports.all(tx, "WHERE id = $1 ORDER BY version", string(id))
}

// InsertAddendum stores an addendum.
func (tx *Tx) InsertAddendum(a *hub.Addendum) error { return addenda.insert(tx, a) }

// Addenda returns a report's addenda, oldest first.
func (tx *Tx) Addenda(id hub.ReportID) ([]*hub.Addendum, error) {
	return addenda.all(tx, "WHERE report = $1 ORDER BY at, id", string(id))
}

// InsertTemplate stores a template or phrase.
func (tx *Tx) InsertTemplate(t *hub.Template) error { return templates.insert(tx, t) }

// Template returns the template with an id.
func (tx *Tx) Template(id string) (*hub.Template, error) {
	return templates.one(tx, "db.Template", "WHERE id = $1", id)
}

// Templates returns the alliance's templates and those of an owner, of one
// sort: phrases or whole templates.
func (tx *Tx) Templates(owner hub.AccountID, phrase bool) ([]*hub.Template, error) {
	return templates.all(tx, "WHERE (owner = '' OR owner = $1) AND phrase = $2 ORDER BY owner DESC, kind, modality, name", string(owner), bit(phrase))
}

// DeleteTemplate removes a template of an owner and reports whether it was there.
func (tx *Tx) DeleteTemplate(id string, owner hub.AccountID) (bool, error) {
	n, err := tx.exec("DELETE FROM template WHERE id = $1 AND owner = $2", id, string(owner))
	return n > 0, err
}
