package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// PatientRow is a patient as stored: ID number and telephone sealed, the ID
// number's keyed hash beside them.
type PatientRow struct {
	hub.Patient
	IDHash      string
	IDSealed    []byte
	PhoneSealed []byte
	CreatedAt   time.Time
}

var patients = newTable[PatientRow]("patient", 1, func(p *PatientRow) []column {
	return []column{{"id", &p.ID}, {"member", &p.Member}, {"local_id", &p.LocalID}, {"name", &p.Name}, {"sex", &p.Sex},
		{"birth_date", &p.BirthDate}, {"age", &p.Age}, {"id_type", &p.IDType}, {"id_hash", &p.IDHash}, {"id_sealed", &p.IDSealed},
		{"phone_sealed", &p.PhoneSealed}, {"person", &p.Person}, {"created_at", msec{&p.CreatedAt}}}
})

// InsertPatient stores a new patient.
func (tx *Tx) InsertPatient(p *PatientRow) error { return patients.insert(tx, p) }

// UpdatePatient writes a patient back.
func (tx *Tx) UpdatePatient(p *PatientRow) error { _, err := patients.update(tx, p, ""); return err }

// Patient returns the patient with an id.
func (tx *Tx) Patient(id hub.PatientID) (*PatientRow, error) {
	return patients.one(tx, "db.Patient", "WHERE id = $1", string(id))
}

// PatientByLocalID returns a member's patient by its local id.
func (tx *Tx) PatientByLocalID(member hub.MemberID, local string) (*PatientRow, error) {
	return patients.one(tx, "db.PatientByLocalID", "WHERE member = $1 AND local_id = $2", string(member), local)
}

// PatientsByIDHash returns every member's patients with an ID number's hash.
func (tx *Tx) PatientsByIDHash(hash string) ([]*PatientRow, error) {
	return patients.all(tx, "WHERE id_hash = $1 AND id_hash <> '' ORDER BY created_at", hash)
}

// PatientsOf returns the patients linked to a person.
func (tx *Tx) PatientsOf(person string) ([]*PatientRow, error) {
	return patients.all(tx, "WHERE person = $1 AND person <> ''", person)
}

// UnlinkPatient takes a patient away from the person it was joined to for a
// reason, and reports whether it was; the link stays as history.
func (tx *Tx) UnlinkPatient(id hub.PatientID, basis string) (bool, error) {
	n, err := tx.exec(`UPDATE patient_link SET undone_at = $1 WHERE patient = $2 AND basis = $3 AND undone_at = 0
		AND person = (SELECT person FROM patient WHERE patient.id = $2)`, millis(tx.Now()), string(id), basis)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.exec("UPDATE patient SET person = '' WHERE id = $1", string(id))
	return err == nil, err
}

// LinkPatient joins a patient to a person ("" makes a new one) and keeps why;
// it returns the person.
func (tx *Tx) LinkPatient(id hub.PatientID, person, basis string, by hub.AccountID) (string, error) {
	if person == "" {
		person = hub.NewID[string]()
		if _, err := tx.exec("INSERT INTO person (id, created_at) VALUES ($1, $2)", person, millis(tx.Now())); err != nil {
			return "", err
		}
	}
	if _, err := tx.exec("UPDATE patient SET person = $1 WHERE id = $2", person, string(id)); err != nil {
		return "", err
	}
	_, err := tx.exec("INSERT INTO patient_link (id, patient, person, basis, by_account, at) VALUES ($1, $2, $3, $4, $5, $6)",
		hub.NewID[string](), string(id), person, basis, string(by), millis(tx.Now()))
	return person, err
}
