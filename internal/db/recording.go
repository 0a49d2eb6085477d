package db

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// raw keeps JSON as it is.
type raw struct{ b *json.RawMessage }

func (r raw) Scan(src any) error {
	var s sql.NullString
	err := s.Scan(src)
	*r.b = json.RawMessage(s.String)
	return err
}

var recordings = newTable[hub.Recorded]("recording", 1, func(r *hub.Recorded) []column {
	return []column{{"id", &r.ID}, {"member", &r.Member}, {"patient", &r.Patient}, {"study", &r.Study}, {"instance", &r.Instance},
		{"format", &r.Format}, {"leads", js{&r.Leads}}, {"rate_hz", &r.RateHz}, {"samples", &r.Samples}, {"start_at", msec{&r.Start}},
		{"head", &r.Head}, {"object", &r.Object}, {"off", &r.Offset}, {"len", &r.Length}, {"digest", &r.Digest}, {"device", raw{&r.Device}},
		{"hub", raw{&r.Hub}}, {"quality", raw{&r.Quality}}, {"notes", raw{&r.Notes}}, {"imprint", &r.Imprint}, {"name", &r.Name}, {"corrects", &r.Corrects}, {"created_at", msec{&r.CreatedAt}}}
})

// InsertRecording stores a new recording.
func (tx *Tx) InsertRecording(r *hub.Recorded) error { return recordings.insert(tx, r) }

// UpdateRecording writes a recording back.
func (tx *Tx) UpdateRecording(r *hub.Recorded) error {
	_, err := recordings.update(tx, r, "")
	return err
}

// Recording returns the recording with an id.
func (tx *Tx) Recording(id hub.RecordingID) (*hub.Recorded, error) {
	return recordings.one(tx, "db.Recording", "WHERE id = $1", string(id))
}

// RecordingByDigest returns a member's recording of the same bytes.
func (tx *Tx) RecordingByDigest(member hub.MemberID, digest []byte) (*hub.Recorded, error) {
	return recordings.one(tx, "db.RecordingByDigest", "WHERE member = $1 AND digest = $2", string(member), digest)
}

// RecordingOfInstance returns the recording made from a DICOM instance.
func (tx *Tx) RecordingOfInstance(id hub.InstanceID) (*hub.Recorded, error) {
	return recordings.one(tx, "db.RecordingOfInstance", "WHERE instance = $1 AND instance <> ''", string(id))
}

// Correction returns the recording that repeats a defective one.
func (tx *Tx) Correction(of hub.RecordingID) (*hub.Recorded, error) {
	return recordings.one(tx, "db.Correction", "WHERE corrects = $1 AND corrects <> '' ORDER BY created_at, id LIMIT 1", string(of))
}

// RecordingsOfPatients returns patients' recordings, newest first.
func (tx *Tx) RecordingsOfPatients(ids []hub.PatientID) ([]*hub.Recorded, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var f filter
	f.add("patient IN "+in(len(ids)), anys(ids)...)
	return recordings.all(tx, f.where()+" ORDER BY start_at DESC, id DESC", f.args...)
}

var quarantines = newTable[hub.Quarantined]("quarantine", 1, func(q *hub.Quarantined) []column {
	return []column{{"id", &q.ID}, {"member", &q.Member}, {"code", &q.Code}, {"reason", &q.Reason}, {"name", &q.Name}, {"source", &q.Source},
		{"head", &q.Head}, {"object", &q.Object}, {"off", &q.Offset}, {"len", &q.Length}, {"digest", &q.Digest}, {"created_at", msec{&q.CreatedAt}},
		{"resolved_at", msec{&q.Resolved}}}
})

// InsertQuarantined stores something that could not be taken in.
func (tx *Tx) InsertQuarantined(q *hub.Quarantined) error { return quarantines.insert(tx, q) }

// Quarantined returns the entry with an id.
func (tx *Tx) Quarantined(id hub.QuarantineID) (*hub.Quarantined, error) {
	return quarantines.one(tx, "db.Quarantined", "WHERE id = $1", string(id))
}

// UpdateQuarantined writes an entry back.
func (tx *Tx) UpdateQuarantined(q *hub.Quarantined) error {
	_, err := quarantines.update(tx, q, "")
	return err
}

// Quarantine returns a member's open entries, newest first ("" all members).
func (tx *Tx) Quarantine(member hub.MemberID, limit int) ([]*hub.Quarantined, error) {
	var f filter
	f.add("resolved_at = 0")
	if member != "" {
		f.add("member = ?", string(member))
	}
	f.args = append(f.args, limit)
	return quarantines.all(tx, f.where()+" ORDER BY created_at DESC, id DESC LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

// Value writes the JSON, {} for none.
func (r raw) Value() (driver.Value, error) {
	if len(*r.b) == 0 {
		return "{}", nil
	}
	return string(*r.b), nil
}

// Measured is what a device and the hub measured on a recording.
type Measured struct {
	Device, Hub json.RawMessage
	At          time.Time // when it came
}

// EachMeasured calls fn for the newest recordings read in a centre on which the
// device stated measurements, one at a time: thousands are looked at.
func (tx *Tx) EachMeasured(centre hub.MemberID, limit int, fn func(*Measured)) error {
	rows, err := tx.q.QueryContext(tx.ctx, `SELECT device, hub, created_at FROM recording WHERE device NOT LIKE '%"measurements":{}%'
		AND id IN (SELECT recording FROM task WHERE centre = $1 AND recording <> '') ORDER BY created_at DESC, id DESC LIMIT 0+$2`, string(centre), limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m Measured
		if err := rows.Scan(raw{&m.Device}, raw{&m.Hub}, msec{&m.At}); err != nil {
			return err
		}
		fn(&m)
	}
	return rows.Err()
}
