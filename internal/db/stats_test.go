package db

import (
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestCountsOfAPeriodLeaveOutWhatLiesBesideIt(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
		exec := func(tx *Tx, query string, args ...any) {
			t.Helper()
			if _, err := tx.exec(query, args...); err != nil {
				t.Fatal(err)
			}
		}
		commit(t, d, func(tx *Tx) error {
			exec(tx, "INSERT INTO member (id, code, name) VALUES ('m', 'CLINIC1', 'x')")
			exec(tx, "INSERT INTO patient (id, member, local_id, created_at) VALUES ('p', 'm', '1', 1)")
			exec(tx, "INSERT INTO exam_order (id, member, accession, origin, patient, kind, created_at) VALUES ('o', 'm', 'a', 'entered', 'p', 'ecg', 1)")
			for i, c := range []struct {
				submit, signed time.Time
				state          hub.State
			}{
				{now.Add(-2 * time.Hour), now.Add(-100 * time.Minute), hub.Delivered},
				{now.Add(-2 * time.Hour), now.Add(-10 * time.Minute), hub.Delivered}, // after it was due
				{now.Add(-2 * time.Hour), time.Time{}, hub.Returned},
				{now.Add(-48 * time.Hour), time.Time{}, hub.Queued},
			} {
				exec(tx, `INSERT INTO task (id, state, kind, priority, member, exam_order, t_submit, t_signed, due, created_at) VALUES ($1, $2, 'ecg', 3, 'm', 'o', $3, $4, $5, 1)`,
					itoa(i), string(c.state), millis(c.submit), millis(c.signed), millis(c.submit.Add(time.Hour)))
			}
			exec(tx, `INSERT INTO decision (id, candidate, item, member, doctor, decision, saved, at) VALUES ('d', 'r', 'i', 'm', 'x', 'recognise', 65.5, $1)`, millis(now))
			exec(tx, `INSERT INTO critical (id, task, member, centre, state, found_by, found_at, notified_at) VALUES ('c', '0', 'm', 'm', 'closed', 'x', $1, $1)`, millis(now))
			return nil
		})
		tx, from, to := d.Read(t.Context()), now.Add(-24*time.Hour), now.Add(time.Hour)
		tasks, err := tx.TaskCounts(from, to)
		if err != nil || len(tasks) != 1 || tasks[0] != (TaskCount{Member: "CLINIC1", Kind: "ecg", Submitted: 3, Reported: 2}) {
			t.Errorf("got %+v, %v", tasks, err)
		}
		if timely, err := tx.TimelyTasks(from, to); err != nil || timely != (Timely{Due: 2, InTime: 1}) {
			t.Errorf("got %+v, %v", timely, err)
		}
		if list, saved, err := tx.DecisionCounts(from, to); err != nil || saved != 65.5 || len(list) != 1 || list[0] != (NamedCount{"recognise", 1}) {
			t.Errorf("got %+v %v, %v", list, saved, err)
		}
		if list, err := tx.CriticalCounts(to, to.Add(time.Hour)); err != nil || list == nil || len(list) != 0 {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}
