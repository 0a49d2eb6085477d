package db

import "github.com/yuanzhen/yuanzhen/internal/hub"

// GiveStudy makes a study and the recordings in it a patient's.
func (tx *Tx) GiveStudy(id hub.StudyID, patient hub.PatientID) error {
	if _, err := tx.exec("UPDATE study SET patient = $1 WHERE id = $2", string(patient), string(id)); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE recording SET patient = $1 WHERE study = $2 AND study <> ''", string(patient), string(id))
	return err
}

// GiveRecording makes a recording a patient's.
func (tx *Tx) GiveRecording(id hub.RecordingID, patient hub.PatientID) error {
	_, err := tx.exec("UPDATE recording SET patient = $1 WHERE id = $2", string(patient), string(id))
	return err
}

// LeaveStudy makes a task no longer about a study.
func (tx *Tx) LeaveStudy(task hub.TaskID, study hub.StudyID) error {
	_, err := tx.exec("DELETE FROM task_study WHERE task = $1 AND study = $2", string(task), string(study))
	return err
}

// Touched returns the accounts that the audit names for any of the objects
// ("task/01j…"): whoever claimed, wrote, viewed or printed.
func (tx *Tx) Touched(objects []string) ([]*hub.Account, error) {
	if len(objects) == 0 {
		return nil, nil
	}
	var f filter
	f.add("object IN "+in(len(objects)), anys(objects)...)
	return accounts.all(tx, "WHERE id IN (SELECT actor FROM audit "+f.where()+") ORDER BY login", f.args...)
}
