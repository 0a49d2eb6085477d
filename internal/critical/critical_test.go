package critical

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestEveryStateAndEvent compares every state × event pair and who may, with
// a golden file, so that a changed clinical rule shows up in review.
func TestEveryStateAndEvent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range States {
		for _, e := range Events {
			next, err := After(s, e)
			if err != nil {
				if hub.KindOf(err) != hub.Conflict || next != s {
					t.Errorf("%s × %s: a refusal must be a Conflict that changes nothing, got %v, %s", s, e, err, next)
				}
				next = "refused"
			}
			fmt.Fprintf(&b, "%-10s %-9s %-10s %v\n", s, e, next, Who(e))
		}
	}
	const golden = "testdata/states.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table differs from %s; run go test -update and read the difference", golden)
	}
}

// place is a clinic and its centre, with one claimed ECG.
type place struct {
	*Service
	reader, reviewer, dispatcher, tech, clinician, other hub.Actor
	task                                                 hub.TaskID
}

const patientName = "欧阳小明"

func newPlace(t *testing.T) *place {
	t.Helper()
	d := hubtest.Open(t).DB
	p := &place{Service: &Service{DB: d, Rules: worklist.DefaultRules()}}
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		err := errors.Join(tx.InsertMember(&hub.Member{ID: "clinic", Code: "CLINIC1", Name: "青山镇卫生院", Phone: "0700-1"}),
			tx.InsertMember(&hub.Member{ID: "lead", Code: "LEAD", Name: "县医院", Phone: "0700-2"}))
		account := func(login, name string, role hub.Role, member hub.MemberID, rights ...hub.Right) hub.Actor {
			a := &hub.Account{ID: hub.AccountID("id-" + login), Member: member, Login: login, Name: name, Role: role, Rights: rights, Phone: "138-" + login, Active: true}
			err = errors.Join(err, tx.InsertAccount(a))
			return hub.Actor{Account: a.ID, Member: member, Role: role, Name: name}
		}
		p.reader, p.reviewer = account("reader", "林静", hub.Reader, "lead"), account("reviewer", "徐国栋", hub.Reviewer, "lead")
		p.dispatcher = account("dispatcher", "宋佳", hub.Dispatcher, "lead", hub.DutyDesk)
		p.tech, p.clinician = account("tech", "陈小梅", hub.Tech, "clinic"), account("clinician", "周建国", hub.Clinician, "clinic", hub.Head)
		row := &db.PatientRow{Patient: hub.Patient{ID: "p", Member: "clinic", LocalID: "P1", Name: patientName, Sex: "M", BirthDate: "1960-01-01"}}
		o := &hub.Order{ID: "o", Member: "clinic", Accession: "A", Origin: "entered", Patient: "p", Kind: hub.ECG, ItemName: "常规心电图", Priority: 3, CreatedAt: tx.Now()}
		if err = errors.Join(err, tx.InsertPatient(row), tx.InsertOrder(o)); err != nil {
			return err
		}
		task, err := worklist.Open(tx, p.tech, o, hub.Claimed, func(t *hub.Task) {
			t.Centre, t.Recording, t.Holder, t.Claim = "lead", "some", p.reader.Account, 1
		})
		if err == nil {
			p.task = task.ID
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) raise(t *testing.T) *View {
	t.Helper()
	v, err := p.Raise(t.Context(), p.reader, p.task, Finding{Items: []string{"e01"}, Text: "Ⅱ、Ⅲ、aVF 导联 ST 段弓背抬高"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// told returns the names of the events and audit records so far.
func (p *place) told(t *testing.T, id hub.CriticalID) (events, audited []string) {
	t.Helper()
	if _, _, err := p.DB.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := p.DB.Read(t.Context()).Events(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name, "critical.") {
			events = append(events, e.Name)
		}
	}
	records, err := p.DB.Read(t.Context()).AuditOf("critical/"+string(id), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		audited = append(audited, r.Action)
	}
	slices.Sort(audited)
	return events, audited
}

func TestFindingIsNotifiedReceivedHandledAndClosed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.raise(t)
	if v.State != hub.CriticalNotified || v.NotifiedAt == nil || v.Items[0] != "E01" || v.ItemNames[0] != "疑似急性心肌梗死（首次）" || v.Patient.Name != patientName {
		t.Fatalf("after the flag: %+v", v)
	}
	v, err := p.Receive(t.Context(), p.clinician, v.ID, Receipt{ReadBack: "急性心肌梗死，患者已留观"})
	if err != nil || v.State != hub.CriticalReceived || v.ReceivedBy != "周建国" || v.ReceivedAt == nil {
		t.Fatalf("receive: %v %+v", err, v)
	}
	if _, err := p.Receive(t.Context(), p.clinician, v.ID, Receipt{ReadBack: "急性心肌梗死，患者已留观"}); err != nil {
		t.Errorf("the same receipt again: %v", err)
	}
	if _, err := p.Receive(t.Context(), p.tech, v.ID, Receipt{ReadBack: "急性心肌梗死"}); hub.KindOf(err) != hub.Conflict {
		t.Errorf("somebody else's receipt afterwards: %v", err)
	}
	if _, err := p.Handle(t.Context(), p.clinician, v.ID, Handling{Outcome: "fine"}); hub.KindOf(err) != hub.Invalid {
		t.Errorf("an unknown outcome: %v", err)
	}
	if v, err = p.Handle(t.Context(), p.clinician, v.ID, Handling{Outcome: "ambulance", Text: "已呼叫 120"}); err != nil || v.State != hub.CriticalHandled {
		t.Fatalf("handle: %v %+v", err, v)
	}
	if v, err = p.Close(t.Context(), p.reader, v.ID); err != nil || v.State != hub.CriticalClosed || v.ClosedAt == nil {
		t.Fatalf("close: %v %+v", err, v)
	}
	events, audited := p.told(t, v.ID)
	want := []string{"critical.notified", "critical.received", "critical.handled", "critical.closed"}
	if !slices.Equal(events, want) {
		t.Errorf("events %v", events)
	}
	slices.Sort(want)
	if !slices.Equal(audited, want) {
		t.Errorf("audited %v", audited)
	}
}

func TestReadBackMustRepeatTheFinding(t *testing.T) {
	t.Parallel()
	c := &hub.Critical{Items: []string{"E01", "E03"}, Text: "Ⅱ、Ⅲ、aVF 导联 ST 段弓背抬高"}
	for text, want := range map[string]bool{
		"E01": true, "已收到 e01": true, "心肌梗死": true, "急性心梗，心肌": true, "室颤": true, "suspected MI": true, "aVF 抬高": true, "弓背抬高": true,
		"myocardial": false, "": false, "   ": false, "好的": false, "收到": false, "OK": false, "ok received": false, "已收到，知道了": false, "急性": false,
		"患者危急值收到": false,
	} {
		if got := readsBack(c, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if bare := (&hub.Critical{Text: "危急"}); !readsBack(bare, "危急") || readsBack(bare, "收到") {
		t.Error("a finding of general words must be repeated whole")
	}
}

func TestTelephoneReceiptNamesWhomAndWhichNumber(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.raise(t).ID
	for field, r := range map[string]Receipt{
		"phone": {ReadBack: "E01", By: "王护士"}, "by": {ReadBack: "E01", Phone: "0700-5550101"},
	} {
		_, err := p.Receive(t.Context(), p.dispatcher, id, r)
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Detail["field"] != field {
			t.Errorf("without %s: %v", field, err)
		}
	}
	v, err := p.Receive(t.Context(), p.dispatcher, id, Receipt{ReadBack: "心肌梗死", Phone: "0700-5550101", By: "王护士"})
	if err != nil || v.ReceivedBy != "王护士" || v.Phone != "0700-5550101" {
		t.Fatalf("%v %+v", err, v)
	}
}

func TestOnlyTheRolesOfTheRuleMayAct(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.raise(t).ID
	for name, act := range map[string]func() error{
		"tech flags":      func() error { _, err := p.Raise(t.Context(), p.tech, p.task, Finding{Text: "室颤"}); return err },
		"reviewer reads":  func() error { _, err := p.Receive(t.Context(), p.reviewer, id, Receipt{ReadBack: "E01"}); return err },
		"tech handles":    func() error { _, err := p.Handle(t.Context(), p.tech, id, Handling{Outcome: "reached"}); return err },
		"clinic closes":   func() error { _, err := p.Close(t.Context(), p.clinician, id); return err },
		"reader withdraw": func() error { _, err := p.Withdraw(t.Context(), p.reader, id, "误报"); return err },
	} {
		if err := act(); hub.KindOf(err) != hub.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Withdraw(t.Context(), p.reviewer, id, " "); hub.KindOf(err) != hub.Invalid {
		t.Errorf("a withdrawal without a reason: %v", err)
	}
	v, err := p.Withdraw(t.Context(), p.reviewer, id, "导联错接")
	if err != nil || v.State != hub.CriticalWithdrawn || v.Reason != "导联错接" {
		t.Fatalf("%v %+v", err, v)
	}
	if _, err := p.Receive(t.Context(), p.clinician, id, Receipt{ReadBack: "E01"}); hub.KindOf(err) != hub.Conflict {
		t.Errorf("receiving a withdrawn value: %v", err)
	}
}

func TestFindingThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, f := range []Finding{{}, {Text: "  "}, {Items: []string{"E99"}}, {Text: strings.Repeat("长", textMost+1)}} {
		if _, err := p.Raise(t.Context(), p.reader, p.task, f); hub.KindOf(err) != hub.Invalid {
			t.Errorf("%.20v: %v", f, err)
		}
	}
	first, again := p.raise(t), p.raise(t)
	if first.ID != again.ID {
		t.Error("the same finding twice opened two critical values")
	}
}

func TestNobodyReceivingTellsMorePeopleOnceEach(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Rules.CriticalRepeat, p.Rules.CriticalHead, p.Rules.CriticalDispatcher, p.Rules.CriticalDutyDesk = time.Millisecond, 2*time.Millisecond, 3*time.Millisecond, time.Hour
	p.Webhooks = []string{"http://127.0.0.1:1/hook"}
	id := p.raise(t).ID
	later(t, p.DB, 3*time.Millisecond)
	for range 3 {
		if err := p.Escalate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c, err := p.DB.Read(t.Context()).Critical(id)
	if err != nil || c.Step != 3 {
		t.Fatalf("%v, step %d", err, c.Step)
	}
	events, _ := p.told(t, id)
	if want := []string{"critical.notified", "critical.escalated", "critical.escalated", "critical.escalated"}; !slices.Equal(events, want) {
		t.Fatalf("events %v", events)
	}
	got := map[string]string{}
	for _, m := range messages(t, p.DB, p.Webhooks[0]) {
		var phones []string
		for _, who := range m.Contacts {
			phones = append(phones, who.Phone)
		}
		got[fmt.Sprint(m.Step, " ", m.To)] = strings.Join(phones, " ")
	}
	want := map[string]string{"0 clinic": "0700-1 138-clinician 138-tech", "1 clinic": "0700-1 138-clinician 138-tech", "2 clinic_head": "138-clinician",
		"3 dispatcher": "138-dispatcher"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("told %v", got)
	}
	if _, err := p.Receive(t.Context(), p.clinician, id, Receipt{ReadBack: "E01"}); err != nil {
		t.Fatal(err)
	}
	p.Rules.CriticalDutyDesk = time.Millisecond
	if err := p.Escalate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, _ = p.DB.Read(t.Context()).Critical(id); c.Step != 3 {
		t.Error("a received value went on escalating")
	}
}

// later waits until the database's clock is d further.
func later(t *testing.T, d *db.DB, wait time.Duration) {
	t.Helper()
	from := d.Read(t.Context()).Now()
	for d.Read(t.Context()).Now().Sub(from) <= wait {
		<-time.After(wait)
	}
}
