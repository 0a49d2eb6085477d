package db

import (
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestCommitmentIsTakenByOneAndDroppedLongAfterItsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		commit(t, d, func(tx *Tx) error {
			c := &Commitment{ID: "c", Member: "m", Requestor: "CT1", Transaction: "1.2", Instances: []Promised{{"1.3", "1.4", 0}}, CreatedAt: tx.Now(), NextAt: tx.Now()}
			if err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M"}), tx.InsertCommitment(c)); err != nil {
				return err
			}
			due, err := tx.CommitmentsDue(10)
			if err != nil || len(due) != 1 {
				t.Fatalf("%d are due, %v", len(due), err)
			}
			mine, other := *due[0], *due[0]
			mine.NextAt, other.NextAt = tx.Now().Add(time.Minute), tx.Now().Add(time.Hour)
			if ok, err := tx.UpdateCommitment(&mine, due[0].NextAt); err != nil || !ok {
				t.Errorf("the first: %v, %v", ok, err)
			}
			if ok, err := tx.UpdateCommitment(&other, due[0].NextAt); err != nil || ok {
				t.Errorf("the second, at the same time: %v, %v", ok, err)
			}
			if due, err := tx.CommitmentsDue(10); err != nil || len(due) != 0 {
				t.Errorf("taken, %d are due, %v", len(due), err)
			}
			mine.Looked, mine.DoneAt = 1, tx.Now()
			if ok, err := tx.UpdateCommitment(&mine, mine.NextAt); err != nil || !ok {
				t.Errorf("done: %v, %v", ok, err)
			}
			if ok, err := tx.UpdateCommitment(&mine, mine.NextAt); err != nil || ok {
				t.Errorf("done, and taken: %v, %v", ok, err)
			}
			if err := tx.SweepCommitments(tx.Now().Add(-time.Minute)); err != nil {
				return err
			}
			kept, err := tx.CommitmentsOf("CT1", "1.2")
			if err != nil || len(kept) != 1 || kept[0].Looked != 1 {
				t.Errorf("kept %+v, %v", kept, err)
			}
			if err := tx.SweepCommitments(tx.Now().Add(time.Minute)); err != nil {
				return err
			}
			if kept, err := tx.CommitmentsOf("CT1", "1.2"); err != nil || len(kept) != 0 {
				t.Errorf("after the sweep %d, %v", len(kept), err)
			}
			return nil
		})
	})
}

func TestInstancesHereAreCountedInAnyNumber(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		commit(t, d, func(tx *Tx) error {
			at := tx.Now()
			err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M"}), tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}}))
			for _, study := range []string{"s1", "s2"} {
				err = errors.Join(err, tx.InsertStudy(&StudyRow{Study: hub.Study{ID: hub.StudyID(study), Member: "m", UID: study, Patient: "p", CreatedAt: at, LastAt: at}}),
					tx.InsertSeries(&hub.Series{ID: hub.SeriesID(study), Study: hub.StudyID(study), UID: study}))
			}
			var asked []string
			for i := range hereAtOnce + 10 {
				uid := "1.2." + itoa(i)
				asked = append(asked, uid, "9."+itoa(i))
				study := "s1"
				if i == 0 {
					study = "s2"
				}
				_, e := tx.InsertInstances(&hub.Instance{ID: hub.InstanceID(uid), Series: hub.SeriesID(study), Study: hub.StudyID(study), Member: "m", UID: uid,
					Digest: make([]byte, 32), CreatedAt: at})
				err = errors.Join(err, e)
			}
			if err != nil {
				return err
			}
			for n, want := range map[int]int{0: 0, 2: 0, 4: 1, 2 * hereAtOnce: hereAtOnce - 1, len(asked): hereAtOnce + 9} {
				if here, err := tx.InstancesHere("m", "s1", asked[:n]); err != nil || here != want {
					t.Errorf("of %d asked for %d are here, want %d (%v)", n, here, want, err)
				}
			}
			if here, err := tx.InstancesHere("other", "s1", asked); err != nil || here != 0 {
				t.Errorf("another member has %d, %v", here, err)
			}
			return nil
		})
	})
}
