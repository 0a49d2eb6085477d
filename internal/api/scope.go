package api

import (
	"slices"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Groups of roles.
var (
	clinic   = []hub.Role{hub.Tech, hub.Clinician}
	reading  = []hub.Role{hub.Reader, hub.Reviewer, hub.Expert, hub.Dispatcher, hub.QC}
	clinical = slices.Concat(clinic, reading)
	managing = []hub.Role{hub.Admin, hub.SecAdmin}
)

func isClinic(r hub.Role) bool  { return slices.Contains(clinic, r) }
func isReading(r hub.Role) bool { return slices.Contains(reading, r) }

// outside is what lies outside a caller's scope: as if it were not there.
func outside(op string) error { return hub.E(hub.NotFound, op, "not_found") }

// seesTask reports whether a task is in the actor's scope: the own clinic's,
// or routed or offered to the own centre.
func seesTask(a hub.Actor, t *hub.Task) bool {
	return isClinic(a.Role) && t.Member == a.Member || isReading(a.Role) && a.Member != "" && (t.Centre == a.Member || t.Offered == a.Member)
}

// follows reports whether the actor may look at where a task went: it is in
// scope, or the own centre handed it over.
func follows(a hub.Actor, t *hub.Task) bool {
	return seesTask(a, t) || isReading(a.Role) && t.HandedFrom != "" && t.HandedFrom == a.Member
}

// task returns a task in the actor's scope.
func task(tx *db.Tx, a hub.Actor, id hub.TaskID) (*hub.Task, error) {
	t, err := tx.Task(id)
	if err != nil {
		return nil, err
	}
	if !seesTask(a, t) {
		return nil, outside("api.task")
	}
	return t, nil
}

// seesPatientOf reports whether a centre reads something of the patient, so
// that the patient's other exams in the alliance are priors.
func seesPatientOf(tx *db.Tx, a hub.Actor, id hub.PatientID) (bool, error) {
	if !isReading(a.Role) {
		return false, nil
	}
	p, err := tx.Patient(id)
	if err != nil {
		return false, err
	}
	ids := []hub.PatientID{id}
	if p.Person != "" {
		same, err := tx.PatientsOf(p.Person)
		if err != nil {
			return false, err
		}
		for _, other := range same {
			ids = append(ids, other.ID)
		}
	}
	tasks, err := tx.Tasks(db.TaskFilter{Centre: a.Member, Patients: ids, Limit: 1})
	return len(tasks) > 0, err
}

// SeesStudy reports whether a study is in the actor's scope: the own
// clinic's, routed to the own centre, or a prior of a patient read there.
func SeesStudy(tx *db.Tx, a hub.Actor, s *db.StudyRow) (bool, error) {
	switch {
	case isClinic(a.Role):
		if s.Member == a.Member {
			return true, nil
		}
		return seesShared(tx, a, s.Patient, func(r *db.Result) bool { return r.Study == s.ID })
	case isReading(a.Role) && s.Centre == a.Member:
		return true, nil
	}
	return seesPatientOf(tx, a, s.Patient)
}

// seesShared reports whether an issued result of a patient of another clinic
// may be shown to the actor's clinic: the person is a patient there too. What
// can be recognised is shown with its pictures (domain rules, section 9). is
// says which of the patient's results it is about.
func seesShared(tx *db.Tx, a hub.Actor, patient hub.PatientID, is func(*db.Result) bool) (bool, error) {
	if !isClinic(a.Role) {
		return false, nil
	}
	ids, err := samePerson(tx, patient)
	if err != nil || len(ids) < 2 {
		return false, err
	}
	own := false
	for _, id := range ids {
		p, err := tx.Patient(id)
		if err != nil {
			return false, err
		}
		own = own || p.Member == a.Member
	}
	if !own {
		return false, nil
	}
	results, err := tx.ResultsOfPatients([]hub.PatientID{patient}, "")
	for _, r := range results {
		if is(r) && !r.Void {
			return true, nil
		}
	}
	return false, err
}

// recording returns a recording in the actor's scope.
func recording(tx *db.Tx, a hub.Actor, id hub.RecordingID) (*hub.Recorded, error) {
	r, err := tx.Recording(id)
	if err != nil {
		return nil, err
	}
	if isClinic(a.Role) && r.Member == a.Member {
		return r, nil
	}
	if t, err := tx.TaskOfRecording(id); err == nil && seesTask(a, t) {
		return r, nil
	}
	ok, err := seesPatientOf(tx, a, r.Patient)
	if err == nil && !ok {
		ok, err = seesShared(tx, a, r.Patient, func(res *db.Result) bool { return res.Recording == r.ID })
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, outside("api.recording")
	}
	return r, nil
}

// seesEvent reports whether an event may be shown to the actor. Drafts and
// uploads are the clinic's own affair until they are submitted.
func seesEvent(a hub.Actor, e *hub.Event) bool {
	if isClinic(a.Role) {
		return e.Member == a.Member
	}
	return isReading(a.Role) && e.Centre != "" && e.Centre == a.Member
}
