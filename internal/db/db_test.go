package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest/pgtest"
)

// onEach runs a test on SQLite and, when YUANZHEN_TEST_POSTGRES names a server,
// on PostgreSQL in a schema of its own.
func onEach(t *testing.T, test func(*testing.T, *DB)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, opened(t, "sqlite:"+filepath.Join(t.TempDir(), "hub.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		address := os.Getenv("YUANZHEN_TEST_POSTGRES")
		if address == "" {
			t.Skip("no PostgreSQL (set YUANZHEN_TEST_POSTGRES)")
		}
		test(t, opened(t, pgtest.Schema(t, address)))
	})
}

func opened(t *testing.T, address string) *DB {
	t.Helper()
	d, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func commit(t *testing.T, d *DB, fn func(*Tx) error) {
	t.Helper()
	if err := d.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// fill puts a value of its own into every column, so that a column that is
// written or read in the wrong place is seen; over overrides those that a
// CHECK or a foreign key binds. Ids are the table's name.
func fill(t *testing.T, name string, columns []column, over map[string]string) {
	t.Helper()
	for i, c := range columns {
		text := fmt.Sprintf("%s-%d", c.name, i)
		if c.name == "id" || c.name == "code" && name == "catalogue" {
			text = name
		}
		if v, ok := over[c.name]; ok {
			text = v
		}
		switch at := c.at.(type) {
		case msec:
			*at.t = time.UnixMilli(1_700_000_000_000 + int64(i)).UTC()
		case span:
			*at.d = time.Duration(i+1) * time.Millisecond
		case flag:
			*at.b = true
		case words:
			*at.list = []string{text, "MR"}
		case raw:
			*at.b = []byte(`{"n":` + fmt.Sprint(i) + `}`)
		case js:
			fillJSON(reflect.ValueOf(at.v).Elem(), text)
		default:
			fillPlain(t, c, reflect.ValueOf(c.at).Elem(), text, i)
		}
	}
}

func fillPlain(t *testing.T, c column, v reflect.Value, text string, i int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(i + 5))
		if c.name == "priority" {
			v.SetInt(3)
		}
	case reflect.Float64:
		v.SetFloat(float64(i) + 0.5)
	case reflect.Slice:
		v.SetBytes([]byte{0, byte(i), 0xff})
	default:
		t.Fatalf("column %s: fill knows no %s", c.name, v.Type())
	}
}

// fillJSON sets the strings of a list or struct.
func fillJSON(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillJSON(v.Index(0), text)
	case reflect.Struct:
		for i := range v.NumField() {
			fillJSON(v.Field(i), text)
		}
	}
}

// keeps stores a filled row, reads it back and compares, changes it and does
// so again.
func keeps[T any](t *testing.T, tx *Tx, tbl table[T], over map[string]string) {
	t.Helper()
	v := new(T)
	fill(t, tbl.name, tbl.columns(v), over)
	if err := tbl.insert(tx, v); err != nil {
		t.Fatalf("%s: %v", tbl.name, err)
	}
	var where []string
	var key []any
	for i, c := range tbl.columns(v)[:tbl.keys] {
		where = append(where, fmt.Sprintf("%s = $%d", c.name, i+1))
		key = append(key, c.at)
	}
	same := func(step string) {
		t.Helper()
		got, err := tbl.one(tx, "test", "WHERE "+strings.Join(where, " AND "), key...)
		if err != nil {
			t.Fatalf("%s %s: %v", tbl.name, step, err)
		}
		if !reflect.DeepEqual(got, v) {
			t.Errorf("%s %s:\n got %+v\nwant %+v", tbl.name, step, got, v)
		}
	}
	same("stored")
	for _, c := range tbl.columns(v)[tbl.keys:] {
		if at, ok := c.at.(msec); ok {
			*at.t = time.Time{} // none, unlike the time 0
		}
	}
	if ok, err := tbl.update(tx, v, ""); err != nil || !ok {
		t.Fatalf("%s: update %v, %v", tbl.name, ok, err)
	}
	same("changed")
}

func TestEveryColumnOfEveryNounComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		commit(t, d, func(tx *Tx) error {
			m := map[string]string{"member": "member"}
			with := func(more ...string) map[string]string {
				out := map[string]string{"member": "member", "task": "task", "patient": "patient", "exam_order": "exam_order", "kind": "ecg"}
				for i := 0; i < len(more); i += 2 {
					out[more[i]] = more[i+1]
				}
				return out
			}
			keeps(t, tx, members, nil)
			keeps(t, tx, agreements, map[string]string{"source": "member", "centre": "member"})
			keeps(t, tx, accounts, with("role", "reader"))
			keeps(t, tx, duties, map[string]string{"account": "account"})
			keeps(t, tx, devices, m)
			keeps(t, tx, credentials, map[string]string{"account": "account", "kind": "token"})
			keeps(t, tx, patients, m)
			keeps(t, tx, orders, with("origin", "entered"))
			keeps(t, tx, studies, with())
			keeps(t, tx, serieses, map[string]string{"study": "study"})
			keeps(t, tx, instances, with("series", "series"))
			keeps(t, tx, recordings, with())
			keeps(t, tx, quarantines, with())
			keeps(t, tx, tasks, with("state", "claimed"))
			keeps(t, tx, returns, with())
			keeps(t, tx, reports, with("state", "draft"))
			keeps(t, tx, addenda, with())
			keeps(t, tx, templates, with())
			keeps(t, tx, criticals, with("state", "notified"))
			keeps(t, tx, outbox, nil)
			keeps(t, tx, catalogue, with())
			keeps(t, tx, marks, with("item", "catalogue"))
			keeps(t, tx, decisions, with("decision", "decline"))
			keeps(t, tx, results, with())
			keeps(t, tx, reassignments, with())
			keeps(t, tx, uploads, with("state", "open"))
			keeps(t, tx, uploadParts, map[string]string{"upload": "upload"})
			if err := tx.InsertBatch("batch", "member", "account", nil); err != nil {
				return err
			}
			keeps(t, tx, batchFiles, map[string]string{"batch": "batch", "state": "accepted"})
			return nil
		})
	})
}

// clinic stores what tasks stand on.
func clinic(t *testing.T, d *DB) {
	t.Helper()
	commit(t, d, func(tx *Tx) error {
		return errors.Join(
			tx.InsertMember(&hub.Member{ID: "m", Code: "CLINIC1", Name: "x"}),
			tx.InsertPatient(&PatientRow{Patient: hub.Patient{ID: "p", Member: "m", LocalID: "1"}, CreatedAt: tx.Now()}),
			tx.InsertOrder(&hub.Order{ID: "o", Member: "m", Accession: "A1", Origin: "entered", Patient: "p", Kind: hub.ECG, CreatedAt: tx.Now()}))
	})
}

func queuedTask(id hub.TaskID, priority int, due, submitted time.Time) *hub.Task {
	return &hub.Task{ID: id, State: hub.Queued, Kind: hub.ECG, Priority: priority, Due: due, TSubmit: submitted, Member: "m", Centre: "m", Order: "o", CreatedAt: submitted}
}

func TestOneOfManyClaimsWins(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		clinic(t, d)
		commit(t, d, func(tx *Tx) error { return tx.InsertTask(queuedTask("t", 3, tx.Now(), tx.Now())) })
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				err := d.Tx(context.Background(), func(tx *Tx) error {
					task, err := tx.Task("t")
					if err != nil || task.State != hub.Queued {
						return err
					}
					task.State, task.Holder, task.Claim = hub.Claimed, hub.AccountID(fmt.Sprint(i)), task.Claim+1
					ok, err := tx.UpdateTask(task, hub.Queued, task.Claim-1)
					if ok {
						won.Add(1)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d readers hold one task", won.Load())
		}
	})
}

func TestQueueIsReadInItsOrderPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		clinic(t, d)
		at := time.UnixMilli(1_700_000_000_000).UTC()
		commit(t, d, func(tx *Tx) error {
			return errors.Join(
				tx.InsertTask(queuedTask("routine", 3, at, at)),
				tx.InsertTask(queuedTask("later", 1, at.Add(2), at.Add(time.Second))),
				tx.InsertTask(queuedTask("first", 1, at, at)),
				tx.InsertTask(queuedTask("green", 0, at.Add(time.Hour), at)),
				tx.InsertTask(queuedTask("due-later", 1, at.Add(time.Minute), at)))
		})
		var got []string
		q := TaskFilter{Centre: "m", States: []hub.State{hub.Queued}, Limit: 2}
		for {
			list, err := d.Read(t.Context()).Tasks(q)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range list {
				got = append(got, string(task.ID))
			}
			if len(list) < q.Limit {
				break
			}
			after := CursorOf(list[len(list)-1])
			q.After = &after
		}
		if s := strings.Join(got, " "); s != "green first later due-later routine" {
			t.Errorf("order %s", s)
		}
	})
}

func TestFailedTransactionLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		wake := d.Wait()
		stop := errors.New("stop")
		err := d.Tx(t.Context(), func(tx *Tx) error {
			return errors.Join(tx.InsertMember(&hub.Member{ID: "m", Code: "X", Name: "x"}), tx.Emit(hub.Event{Name: "x", Body: []byte("{}")}), stop)
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if _, err := d.Read(t.Context()).Member("m"); hub.KindOf(err) != hub.NotFound {
			t.Errorf("member: %v", err)
		}
		select {
		case <-wake:
			t.Error("woke everybody for nothing")
		default:
		}
		commit(t, d, func(tx *Tx) error { return tx.SetSetting("still", "works") })
	})
}

func TestSealedNumbersHaveNoGapAndNeverChange(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		store := func(n int) {
			commit(t, d, func(tx *Tx) error {
				for range n {
					if err := errors.Join(tx.Emit(hub.Event{Name: "x", Body: []byte("{}")}), tx.Audit(hub.System, hub.Record{Action: "x", OK: true})); err != nil {
						return err
					}
				}
				return nil
			})
		}
		store(3)
		if events, err := d.Read(t.Context()).Events(0, 10); err != nil || len(events) != 0 {
			t.Fatalf("%d events can be read unsealed, %v", len(events), err)
		}
		if waiting, err := d.Read(t.Context()).Unsealed(); err != nil || waiting < 0 {
			t.Error(waiting, err)
		}
		store(2)
		var wg sync.WaitGroup // two nodes that both believe to lead
		for range 2 {
			wg.Go(func() {
				if _, _, err := d.Seal(context.Background()); err != nil && hub.KindOf(err) != hub.Conflict && !strings.Contains(err.Error(), "23505") {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		store(1)
		head, sealed, err := d.Seal(t.Context())
		if err != nil || sealed == 0 || head.Seq != 6 {
			t.Fatalf("%+v, %d, %v", head, sealed, err)
		}
		events, err := d.Read(t.Context()).Events(0, 10)
		if err != nil || len(events) != 6 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for i, e := range events {
			if e.Seq != int64(i)+1 {
				t.Errorf("event %d has number %d", i+1, e.Seq)
			}
		}
		records, err := d.Read(t.Context()).AuditAfter(0, 10)
		if err != nil || len(records) != 6 || records[5].Hash != head.Hash || records[5].PrevHash != records[4].Hash {
			t.Errorf("%d records, %v", len(records), err)
		}
	})
}

func TestStrangeTextsFromOutsideAreAudited(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		strange := hub.Actor{IP: "192.0.2.1", Client: "Mozilla\x00\xff\xfe" + strings.Repeat("诊", 400)}
		commit(t, d, func(tx *Tx) error { return tx.Audit(strange, hub.Record{Action: "login.failed", Reason: "a\x00b"}) })
		if _, _, err := d.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		records, err := d.Read(t.Context()).AuditAfter(0, 1)
		if err != nil || len(records) != 1 {
			t.Fatal(len(records), err)
		}
		r := records[0]
		if !strings.HasPrefix(r.Client, "Mozilla诊") || len(r.Client) > maxAuditText || r.Reason != "ab" || RecordHash(r) != r.Hash {
			t.Errorf("%+v", r)
		}
	})
}

func TestOneNodeLeadsUntilItsLeaseEnds(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		lead := func(node string, lease time.Duration) bool {
			t.Helper()
			ok, err := d.Lead(t.Context(), "job", node, lease)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !lead("a", time.Hour) || lead("b", time.Hour) || !lead("a", -time.Second) || !lead("b", time.Hour) || lead("a", time.Hour) {
			t.Error("leadership went to the wrong node")
		}
		if err := d.Resign(t.Context(), "b"); err != nil || !lead("a", time.Hour) {
			t.Error("a node that resigned still leads", err)
		}
	})
}

func TestClosedDatabaseAnswersWithAnError(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Tx(context.Background(), func(tx *Tx) error { return tx.SetSetting("a", "b") }); err == nil {
		t.Error("wrote into a closed database")
	}
	d.Close() // must not wait for ever
}

func TestAddressIsCheckedAndItsPasswordNotShown(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "mysql://u:secret@host/db", "postgres://u:secret@127.0.0.1:1/db?connect_timeout=1"} {
		_, err := Open(t.Context(), address)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
