package worklist

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// room is a reading room with its clinic, on a database of its own.
type room struct {
	*Service
	clinic, lead hub.MemberID
	readers      []hub.Actor
	tech         hub.Actor
	dispatcher   hub.Actor
}

func newRoom(t *testing.T, readers int) *room {
	t.Helper()
	d := hubtest.Open(t).DB
	r := &room{Service: &Service{DB: d, Rules: DefaultRules()}, clinic: "clinic", lead: "lead"}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		err := errors.Join(tx.InsertMember(&hub.Member{ID: r.clinic, Code: "CLINIC1", Name: "卫生院"}), tx.InsertMember(&hub.Member{ID: r.lead, Code: "LEAD", Name: "县医院"}),
			tx.InsertAgreement(&hub.Agreement{ID: "a", Source: r.clinic, Centre: r.lead}))
		account := func(login string, role hub.Role, member hub.MemberID) hub.Actor {
			a := &hub.Account{ID: hub.AccountID("id-" + login), Member: member, Login: login, Name: login, Role: role, Active: true}
			err = errors.Join(err, tx.InsertAccount(a), tx.InsertDuty(&hub.Duty{Account: a.ID, From: tx.Now().Add(-time.Hour)}))
			return hub.Actor{Account: a.ID, Member: member, Role: role}
		}
		for i := range readers {
			r.readers = append(r.readers, account("reader"+string(rune('a'+i/26))+string(rune('a'+i%26)), hub.Reader, r.lead))
		}
		r.tech, r.dispatcher = account("tech", hub.Tech, r.clinic), account("dispatcher", hub.Dispatcher, r.lead)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// queued makes a submitted ECG task of a priority.
func (r *room) queued(t *testing.T, priority int) hub.TaskID {
	t.Helper()
	var id hub.TaskID
	err := r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		p := &db.PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: r.clinic, Name: "张三"}}
		p.LocalID = string(p.ID)
		o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: r.clinic, Accession: "A", Origin: "draft", Patient: p.ID, Kind: hub.ECG, Priority: priority, CreatedAt: tx.Now()}
		if err := errors.Join(tx.InsertPatient(p), tx.InsertOrder(o)); err != nil {
			return err
		}
		task, err := Open(tx, r.tech, o, hub.Uploading, func(t *hub.Task) { t.Recording = "some" })
		if err != nil {
			return err
		}
		id = task.ID
		return r.Submit(tx, r.tech, task, "")
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (r *room) must(t *testing.T, a hub.Actor, id hub.TaskID, e Event, p Params) *View {
	t.Helper()
	v, err := r.Do(t.Context(), a, id, e, p)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	return v
}

func TestOfFiftyReadersOneWinsTheClaim(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 50)
	id := r.queued(t, 3)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won, refused := 0, 0
	for _, reader := range r.readers {
		wg.Go(func() {
			_, err := r.Do(context.Background(), reader, id, Claim, Params{})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case hub.KindOf(err) == hub.Conflict && hub.CodeOf(err) == "task.claimed":
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || refused != 49 {
		t.Fatalf("%d won, %d refused", won, refused)
	}
	if _, _, err := r.DB.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := r.DB.Read(t.Context()).AuditOf("task/"+string(id), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	claims := 0
	for _, rec := range records {
		if rec.Action == "task.claim" {
			claims++
		}
	}
	if claims != 1 {
		t.Fatalf("%d claim records in the audit", claims)
	}
}

func TestClaimIsRefusedEvenToItsHolder(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	_, err := r.Do(t.Context(), r.readers[0], id, Claim, Params{})
	if hub.CodeOf(err) != "task.claimed" {
		t.Fatalf("got %v", err)
	}
	var e *hub.Error
	if !errors.As(err, &e) || e.Detail["holder"] != "readeraa" || e.Detail["claim"] != int64(1) {
		t.Fatalf("the refusal must name holder and claim: %+v", e)
	}
}

func TestLostBrowserGivesStudyBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 2)
	r.Rules.Lease = -time.Millisecond // over when it begins
	id := r.queued(t, 3)
	first := r.must(t, r.readers[0], id, Claim, Params{})
	if err := r.Turn(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	second := r.must(t, r.readers[1], id, Claim, Params{})
	if second.Claim != first.Claim+1 {
		t.Fatalf("claim number %d follows %d", second.Claim, first.Claim)
	}
	if _, err := r.Renew(t.Context(), r.readers[0], id, first.Claim); hub.CodeOf(err) != "task.not_holder" {
		t.Fatalf("the stale page could renew: %v", err)
	}
}

// TestReturnedTimeDoesNotCount is scenario S6: returned 25 min after submit,
// resubmitted 60 min later, limit 120: due 180 min after submit.
func TestReturnedTimeDoesNotCount(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	r.Rules.ECGRoutine = 120 * time.Minute
	id := r.queued(t, 3)
	v := r.must(t, r.readers[0], id, Return, Params{Reason: "ecg_defect", Text: "V3"})
	if v.State != hub.Returned || v.Returned == nil || v.Returned.Reason != "ecg_defect" {
		t.Fatalf("got %+v", v)
	}
	shift(t, r, id, -60*time.Minute)
	again := r.must(t, r.tech, id, Resubmit, Params{})
	if again.State != hub.Queued || again.Priority != 3 {
		t.Fatalf("got %+v", again)
	}
	got := again.Due.Sub(*again.TSubmit).Round(time.Minute)
	if got != 180*time.Minute {
		t.Fatalf("due %s after submission, want 180 min", got)
	}
}

// shift moves a task's return into the past.
func shift(t *testing.T, r *room, id hub.TaskID, by time.Duration) {
	t.Helper()
	err := r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		task, err := tx.Task(id)
		if err != nil {
			return err
		}
		task.TReturned = task.TReturned.Add(by)
		_, err = tx.UpdateTask(task, task.State, task.Claim)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEmergencyClockDoesNotPause(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	id := r.queued(t, 1)
	before := r.must(t, r.readers[0], id, Return, Params{Reason: "history"})
	shift(t, r, id, -time.Hour)
	after := r.must(t, r.tech, id, Resubmit, Params{})
	if !after.Due.Equal(*before.Due) {
		t.Fatalf("due moved from %s to %s", before.Due, after.Due)
	}
}

func TestRepeatedReleaseIsNoError(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 2)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	r.must(t, r.readers[0], id, Release, Params{})
	r.must(t, r.readers[0], id, Release, Params{})
	if _, err := r.Do(t.Context(), r.readers[1], id, Release, Params{}); hub.CodeOf(err) != "task.wrong_state" {
		t.Fatalf("somebody else's release of a queued task: %v", err)
	}
}

func TestQueueIsInOrderOfPriorityThenDueTime(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	routine, green, urgent := r.queued(t, 3), r.queued(t, 0), r.queued(t, 2)
	list, err := r.DB.Read(t.Context()).Tasks(db.TaskFilter{Centre: r.lead, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := []hub.TaskID{green, urgent, routine}
	for i, task := range list {
		if task.ID != want[i] {
			t.Fatalf("place %d holds priority %d", i, task.Priority)
		}
	}
	next, err := r.DB.Read(t.Context()).Tasks(db.TaskFilter{Centre: r.lead, Limit: 10, After: new(db.CursorOf(list[0]))})
	if err != nil || len(next) != 2 || next[0].ID != urgent {
		t.Fatalf("after the first come %v, %v", next, err)
	}
}

func TestWorkingHoursSkipNightsAndWeekends(t *testing.T) {
	t.Parallel()
	friday := time.Date(2026, 11, 20, 16, 0, 0, 0, china)
	got := DefaultRules().addWorking(friday, 4*time.Hour)
	if want := time.Date(2026, 11, 23, 10, 0, 0, 0, china); !got.Equal(want) {
		t.Fatalf("got %s, want %s", got.In(china), want)
	}
}

func TestDispatcherAssignsAndHandsOver(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 2)
	id := r.queued(t, 3)
	v := r.must(t, r.dispatcher, id, Transfer, Params{To: "readeraa"})
	if v.State != hub.Claimed || v.Holder != "readeraa" {
		t.Fatalf("got %+v", v)
	}
	v = r.must(t, r.readers[0], id, Transfer, Params{To: "readerab", Reason: "lunch"})
	if v.Holder != "readerab" || v.Claim != 2 {
		t.Fatalf("got %+v", v)
	}
	if _, err := r.Do(t.Context(), r.readers[1], id, Transfer, Params{To: "tech", Reason: "x"}); hub.KindOf(err) != hub.Invalid {
		t.Fatalf("a technician may not be given a task to read: %v", err)
	}
}

func TestRepeatedTransferAndSubmitChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 2)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	first := r.must(t, r.readers[0], id, Transfer, Params{To: "readerab", Reason: "lunch"})
	if again := r.must(t, r.readers[0], id, Transfer, Params{To: "readerab", Reason: "lunch"}); again.Holder != "readerab" || again.Claim != first.Claim {
		t.Errorf("a repeated transfer made claim %d of %s", again.Claim, again.Holder)
	}
	settled := r.settling(t, func(o *hub.Order) {
		o.Department, o.Doctor, o.Item, o.History = "内科", "周建国", "ECG-12", "胸闷"
	})
	before := r.turn(t, settled)
	if before.State != hub.Queued {
		t.Fatalf("a settled study of a trusted device is %s", before.State)
	}
	if after := r.must(t, r.tech, settled, Submit, Params{}); !after.TSubmit.Equal(*before.TSubmit) {
		t.Error("the clinic's own submit, a moment later, counted anew")
	}
}

func TestStudyOfAnUnfinishedOrderSettlesAndWaits(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	id := r.settling(t, func(*hub.Order) {})
	if v := r.turn(t, id); v.State != hub.Uploading || !v.Complete {
		t.Fatalf("the study is %s, complete: %v", v.State, v.Complete)
	}
	if left, err := r.DB.Read(t.Context()).Settled(10); err != nil || len(left) != 0 {
		t.Errorf("the clock would come back to %d settled studies for ever, %v", len(left), err)
	}
}

func TestReturnInOtherWordsKeepsThem(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	v := r.must(t, r.readers[0], id, Return, Params{Reason: "导联脱落", Text: "V3"})
	if v.Returned == nil || v.Returned.Reason != "other" || v.Returned.Text != "导联脱落: V3" {
		t.Errorf("got %+v", v.Returned)
	}
}

// settling makes a task whose study of a trusted device has just settled.
func (r *room) settling(t *testing.T, fill func(*hub.Order)) hub.TaskID {
	t.Helper()
	var id hub.TaskID
	err := r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		p := &db.PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: r.clinic, Name: "张三", Sex: "M", BirthDate: "1980-01-01"}}
		p.LocalID = string(p.ID)
		o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: r.clinic, Accession: "A", Origin: "entered", Patient: p.ID, Kind: hub.ECG, Priority: 3, CreatedAt: tx.Now()}
		fill(o)
		if err := errors.Join(tx.InsertPatient(p), tx.InsertOrder(o)); err != nil {
			return err
		}
		task, err := Open(tx, r.tech, o, hub.Uploading, func(t *hub.Task) {
			t.Recording, t.AutoSubmit, t.SettleAt = "some", true, tx.Now().Add(-time.Second)
		})
		id = task.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// turn lets the clock turn once and returns the task.
func (r *room) turn(t *testing.T, id hub.TaskID) *View {
	t.Helper()
	if err := r.Turn(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	tx := r.DB.Read(t.Context())
	task, err := tx.Task(id)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Render(tx, task)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOverdueIsNoticedOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	r.Rules.ECGRoutine = -time.Millisecond // due before it is queued
	r.queued(t, 3)
	for range 3 {
		if err := r.Turn(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.DB.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := r.DB.Read(t.Context()).Events(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
		if e.Name == "task.overdue" {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d overdue events", n)
	}
}
