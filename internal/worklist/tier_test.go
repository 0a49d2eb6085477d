package worklist

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// tiers is a reading room below a city hospital with a reader of its own.
type tiers struct {
	*room
	city   hub.MemberID
	expert hub.Actor
}

func newTiers(t *testing.T) *tiers {
	t.Helper()
	r := &tiers{room: newRoom(t, 2), city: "city"}
	r.expert = hub.Actor{Account: "id-city", Member: r.city, Role: hub.Reader}
	r.write(t, func(tx *db.Tx) error {
		a := &hub.Account{ID: r.expert.Account, Member: r.city, Login: "city", Name: "city", Role: hub.Reader, Active: true}
		return errors.Join(tx.InsertMember(&hub.Member{ID: r.city, Code: "CITY", Name: "市医院"}), tx.InsertAccount(a),
			tx.InsertDuty(&hub.Duty{Account: a.ID, From: tx.Now().Add(-time.Hour)}), tx.InsertAgreement(&hub.Agreement{ID: "up", Source: r.lead, Centre: r.city, Fallback: true}))
	})
	return r
}

func (r *room) write(t *testing.T, fn func(*db.Tx) error) {
	t.Helper()
	if err := r.DB.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (r *room) pass(t *testing.T) {
	t.Helper()
	if err := r.Turn(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func (r *room) view(t *testing.T, id hub.TaskID) *View {
	t.Helper()
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

// heard lists the events of a task that a centre's screens get.
func (r *room) heard(t *testing.T, centre hub.MemberID, id hub.TaskID) []string {
	t.Helper()
	if _, _, err := r.DB.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := r.DB.Read(t.Context()).Events(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		if e.Centre == centre && e.Task == id {
			out = append(out, e.Name)
		}
	}
	return out
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// TestEmergencyNobodyClaimsIsOfferedToTheNextTier is S8 of the domain rules.
func TestEmergencyNobodyClaimsIsOfferedToTheNextTier(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	id := r.queued(t, 1)
	r.pass(t)
	if v := r.view(t, id); v.Offered != "" {
		t.Fatalf("offered to %s before the five minutes", v.Offered)
	}
	r.Rules.ClaimEmergency = time.Nanosecond
	r.pass(t)
	v := r.view(t, id)
	if v.Offered != "CITY" || v.Centre != "LEAD" || v.State != hub.Queued || v.TEscalated == nil {
		t.Fatalf("after the limit: %+v", v)
	}
	if up, down := r.heard(t, r.city, id), r.heard(t, r.lead, id); last(up) != "task.escalated" || last(down) != "task.escalated" {
		t.Fatalf("the city hears %v, the centre %v", up, down)
	}
	list, err := r.DB.Read(t.Context()).Tasks(db.TaskFilter{Centre: r.city, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("the city's queue holds %d tasks, %v", len(list), err)
	}
	r.must(t, r.expert, id, Claim, Params{})
	v = r.view(t, id)
	if v.Centre != "CITY" || v.HandedFrom != "LEAD" || v.Offered != "" || v.Holder != "city" {
		t.Fatalf("claimed by the city: %+v", v)
	}
	if down := r.heard(t, r.lead, id); last(down) != "task.claimed" {
		t.Fatalf("the centre hears %v: the task would stay on its screens", down)
	}
}

func TestOwnReaderMayStillClaimWhatIsOffered(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	id := r.queued(t, 0)
	r.Rules.ClaimGreen = time.Nanosecond
	r.pass(t)
	r.must(t, r.readers[0], id, Claim, Params{})
	if v := r.view(t, id); v.Centre != "LEAD" || v.Offered != "" || v.HandedFrom != "" {
		t.Fatalf("claimed at home: %+v", v)
	}
	if up := r.heard(t, r.city, id); last(up) != "task.claimed" {
		t.Fatalf("the city hears %v: the task would stay on its screens", up)
	}
	if _, err := r.Do(t.Context(), r.expert, id, Claim, Params{}); hub.CodeOf(err) != "task.claimed" {
		t.Fatalf("the city claims too: %v", err)
	}
}

func TestReaderRefersUpAndTheDraftStays(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	if _, err := r.Do(t.Context(), r.readers[1], id, Escalate, Params{Reason: "罕见"}); hub.CodeOf(err) != "task.not_holder" {
		t.Fatalf("somebody else hands it over: %v", err)
	}
	if _, err := r.Do(t.Context(), r.readers[0], id, Escalate, Params{}); hub.CodeOf(err) != "field.invalid" {
		t.Fatalf("without a reason: %v", err)
	}
	v := r.must(t, r.readers[0], id, Escalate, Params{Reason: "疑难，请上级会诊", To: "CITY"})
	if v.State != hub.Queued || v.Centre != "CITY" || v.HandedFrom != "LEAD" || v.Holder != "" {
		t.Fatalf("handed over: %+v", v)
	}
	again := r.must(t, r.readers[0], id, Escalate, Params{Reason: "疑难，请上级会诊"})
	if again.Centre != "CITY" {
		t.Fatalf("the same request again changes it: %+v", again)
	}
	if down := r.heard(t, r.lead, id); last(down) != "task.escalated" {
		t.Fatalf("the centre hears %v", down)
	}
	if _, err := r.Do(t.Context(), r.expert, id, Escalate, Params{Reason: "更上级"}); hub.CodeOf(err) != "route.no_next_tier" {
		t.Fatalf("there is nobody above the city: %v", err)
	}
	records, err := r.DB.Read(t.Context()).AuditOf("task/"+string(id), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if rec.Action == "task.escalate" && rec.Actor == r.readers[0].Account && rec.Reason != "" {
			return
		}
	}
	t.Error("the hand-over is not in the audit")
}

func TestDispatcherHandsOverWhatIsRead(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	id := r.queued(t, 3)
	r.must(t, r.readers[0], id, Claim, Params{})
	if v := r.must(t, r.dispatcher, id, Escalate, Params{Reason: "医师离岗"}); v.Centre != "CITY" || v.State != hub.Queued {
		t.Fatalf("got %+v", v)
	}
}

func TestTaskNobodyIsOnDutyForIsOfferedAtOnce(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	r.write(t, func(tx *db.Tx) error {
		for _, reader := range append(r.readers, r.dispatcher) {
			a, err := tx.Account(reader.Account)
			if err != nil {
				return err
			}
			a.Active = false
			if err := tx.UpdateAccount(a); err != nil {
				return err
			}
		}
		return nil
	})
	if v := r.view(t, r.queued(t, 3)); v.Offered != "CITY" {
		t.Fatalf("offered to %q", v.Offered)
	}
}

func TestTaskWithoutANextTierIsCalledOutOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1)
	id := r.queued(t, 1)
	r.Rules.ClaimEmergency = time.Nanosecond
	r.pass(t)
	r.pass(t)
	n := 0
	for _, name := range r.heard(t, r.lead, id) {
		if name == "task.unclaimed" {
			n++
		}
	}
	if v := r.view(t, id); n != 1 || v.Offered != "" {
		t.Fatalf("called out %d times, offered to %q", n, v.Offered)
	}
}

func TestExpiredAgreementIsNoWayUp(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	r.write(t, func(tx *db.Tx) error {
		return tx.UpdateAgreement(&hub.Agreement{ID: "up", Source: r.lead, Centre: r.city, Fallback: true, To: tx.Now().Add(-time.Hour)})
	})
	id := r.queued(t, 3)
	if _, err := r.Do(t.Context(), r.readers[0], id, Escalate, Params{Reason: "疑难"}); hub.CodeOf(err) != "route.no_next_tier" {
		t.Fatalf("got %v", err)
	}
}
