package db

import (
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestWaitingAndOfferedTasksAreFound(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		err := d.Tx(t.Context(), func(tx *Tx) error {
			now := tx.Now()
			err := errors.Join(tx.InsertMember(&hub.Member{ID: "c", Code: "C"}), tx.InsertMember(&hub.Member{ID: "lead", Code: "LEAD"}), tx.InsertMember(&hub.Member{ID: "city", Code: "CITY"}),
				tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "c", LocalID: "1"}}),
				tx.InsertOrder(&hub.Order{ID: "o", Member: "c", Accession: "A", Origin: "draft", Patient: "p", Kind: hub.ECG}))
			for i, task := range []hub.Task{{ID: "green", Priority: 0, QueuedAt: now.Add(-3 * time.Minute)}, {ID: "routine", Priority: 3, QueuedAt: now.Add(-3 * time.Minute)},
				{ID: "told", Priority: 0}, {ID: "offered", Priority: 3, Offered: "city", QueuedAt: now}} {
				task.State, task.Kind, task.Member, task.Centre, task.Order, task.CreatedAt = hub.Queued, hub.ECG, "c", "lead", "o", now.Add(time.Duration(i))
				err = errors.Join(err, tx.InsertTask(&task))
			}
			return errors.Join(err, tx.InsertAccount(&hub.Account{ID: "a", Member: "lead", Login: "a", Role: hub.Reader, Active: true}),
				tx.InsertDuty(&hub.Duty{Account: "a", Kind: "ecg", From: now.Add(-time.Hour)}))
		})
		if err != nil {
			t.Fatal(err)
		}
		tx := d.Read(t.Context())
		waiting, err := tx.Unclaimed(ClaimLimits{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, 30 * time.Minute}, 10)
		if err != nil || len(waiting) != 1 || waiting[0].ID != "green" {
			t.Errorf("waiting too long: %v, %v", waiting, err)
		}
		for centre, want := range map[hub.MemberID]int{"lead": 4, "city": 1, "c": 0} {
			if list, err := tx.Tasks(TaskFilter{Centre: centre, Limit: 10}); err != nil || len(list) != want {
				t.Errorf("%s has %d tasks, want %d (%v)", centre, len(list), want, err)
			}
		}
		for kind, want := range map[hub.TaskKind]bool{hub.ECG: true, hub.Image: false} {
			if there, err := tx.Attended("lead", kind); err != nil || there != want {
				t.Errorf("%s attended: %v, %v", kind, there, err)
			}
		}
	})
}

func TestLinkOfAWrongNumberIsUndone(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		err := d.Tx(t.Context(), func(tx *Tx) error {
			if err := errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "M"}), tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}}),
				tx.PutResult(&Result{Report: "r", Member: "m", Patient: "p", Item: "i", Kind: hub.ECG})); err != nil {
				return err
			}
			if _, err := tx.LinkPatient("p", "", "id_number", "a"); err != nil {
				return err
			}
			if undone, err := tx.UnlinkPatient("p", "reviewed"); undone || err != nil {
				t.Errorf("a link of another reason was undone, %v", err)
			}
			if undone, err := tx.UnlinkPatient("p", "id_number"); !undone || err != nil {
				t.Errorf("the link stays, %v", err)
			}
			return tx.IdentifyResults("p", "hash")
		})
		if err != nil {
			t.Fatal(err)
		}
		tx := d.Read(t.Context())
		if p, err := tx.Patient("p"); err != nil || p.Person != "" {
			t.Errorf("joined to %q, %v", p.Person, err)
		}
		if list, err := tx.ResultsByIDHash("hash", ""); err != nil || len(list) != 1 {
			t.Errorf("%d results, %v", len(list), err)
		}
	})
}
