package db

import (
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestImagesAreRetrievableUntilOneOfThemGoes(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		see := func(want bool, study hub.StudyID, recording hub.RecordingID) {
			t.Helper()
			got, err := d.Read(t.Context()).Retrievable(study, recording)
			if err != nil || got != want {
				t.Errorf("study %q, recording %q: %v %v", study, recording, got, err)
			}
		}
		write := func(fn func(*Tx) error) {
			t.Helper()
			if err := d.Tx(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *Tx) error {
			now := tx.Now()
			err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M", Name: "m"}),
				tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}, CreatedAt: now}),
				tx.InsertStudy(&StudyRow{Study: hub.Study{ID: "s", Member: "m", UID: "1.2", Patient: "p", CreatedAt: now}}),
				tx.InsertSeries(&hub.Series{ID: "e", Study: "s", UID: "1.3"}))
			for _, id := range []hub.InstanceID{"i1", "i2"} {
				_, e := tx.InsertInstances(&hub.Instance{ID: id, Series: "e", Study: "s", Member: "m", UID: "1.4." + string(id), Object: "object " + string(id), Digest: []byte{1}, CreatedAt: now})
				err = errors.Join(err, e)
			}
			return errors.Join(err, tx.InsertRecording(&hub.Recorded{ID: "r", Member: "m", Patient: "p", Format: "scp-ecg", Object: "tracing", Digest: []byte{2}, CreatedAt: now}))
		})
		see(true, "s", "")
		see(true, "", "r")
		see(false, "other", "")
		see(false, "", "")
		write(func(tx *Tx) error { return errors.Join(tx.Tombstone("object i2"), tx.Tombstone("tracing")) })
		see(false, "s", "")
		see(false, "", "r")
	})
}

func TestDecisionsAreCountedByReason(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		err := d.Tx(t.Context(), func(tx *Tx) error {
			var err error
			for i, one := range []hub.Decision{
				{Member: "a", Decision: "recognise", Saved: 220}, {Member: "a", Decision: "decline", Reason: "1", Explained: true},
				{Member: "a", Decision: "decline", Reason: "1", Explained: true}, {Member: "b", Decision: "decline", Reason: "4"},
				{Member: "a", Decision: "recognise", Saved: 25, At: tx.Now().AddDate(0, -2, 0)},
			} {
				one.ID, one.Candidate, one.Item, one.Doctor = string(rune('0'+i)), "r", "CT-CHEST", "d"
				if one.At.IsZero() {
					one.At = tx.Now()
				}
				err = errors.Join(err, tx.InsertDecision(&one))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		read := d.Read(t.Context())
		own, err := read.DecisionStats("a", read.Now().Add(-time.Hour))
		want := []DecisionStat{{"decline", "1", true, 2, 0}, {"recognise", "", false, 1, 220}}
		if err != nil || len(own) != 2 || own[0] != want[0] || own[1] != want[1] {
			t.Errorf("%v %+v", err, own)
		}
		if all, err := read.DecisionStats("", time.Time{}); err != nil || len(all) != 3 || all[2].Saved != 245 {
			t.Errorf("%v %+v", err, all)
		}
	})
}

func TestEscalationLooksOnlyAtWhatStillHasSteps(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		err := d.Tx(t.Context(), func(tx *Tx) error {
			now := tx.Now()
			err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M", Name: "m"}), tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}, CreatedAt: now}),
				tx.InsertOrder(&hub.Order{ID: "o", Member: "m", Origin: "draft", Patient: "p", Kind: hub.ECG, CreatedAt: now}),
				tx.InsertTask(&hub.Task{ID: "t", State: hub.Queued, Kind: hub.ECG, Member: "m", Order: "o", CreatedAt: now}))
			for _, c := range []hub.Critical{{ID: "done", State: hub.CriticalNotified, Step: 4}, {ID: "new", State: hub.CriticalNotified}, {ID: "got", State: hub.CriticalReceived}} {
				c.Task, c.Member, c.Centre, c.FoundBy, c.FoundAt, c.NotifiedAt = "t", "m", "m", "a", now, now
				err = errors.Join(err, tx.InsertCritical(&c))
			}
			for _, o := range []Outgoing{{ID: "1", Target: "x"}, {ID: "2", Target: "y"}, {ID: "3", Target: "x", NextAt: now.Add(time.Hour)}, {ID: "4", Target: "x", DoneAt: now}} {
				if o.Kind, o.CreatedAt = "critical", now; o.NextAt.IsZero() {
					o.NextAt = now
				}
				err = errors.Join(err, tx.InsertOutgoing(&o))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		read := d.Read(t.Context())
		if list, err := read.Escalating(4, 10); err != nil || len(list) != 1 || list[0].ID != "new" {
			t.Errorf("%v, %d to escalate", err, len(list))
		}
		if list, err := read.OutgoingTo("x", 10); err != nil || len(list) != 1 || list[0].ID != "1" {
			t.Errorf("%v, %d due", err, len(list))
		}
	})
}
