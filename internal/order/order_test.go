package order

import (
	"errors"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// desk is where two clinics enter orders.
type desk struct {
	*Service
	one, two hub.Actor
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	stores := hubtest.Open(t)
	hubtest.Must(t, stores.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.InsertMember(&hub.Member{ID: "one", Code: "CLINIC1"}), tx.InsertMember(&hub.Member{ID: "two", Code: "CLINIC2"}))
	}))
	return &desk{Service: &Service{DB: stores.DB, Sealer: stores.Keys}, one: hub.Actor{Account: "a1", Member: "one", Role: hub.Tech}, two: hub.Actor{Account: "a2", Member: "two", Role: hub.Tech}}
}

// wang is a complete routine order. The ID number is the standard's example.
func wang() hub.Order {
	return hub.Order{PatientName: "王秀芳", IDNumber: "11010519491231002x", LocalID: "P1", ItemName: "胸部正位DR", Modality: "DX", BodyPart: "CHEST",
		Department: "全科", Doctor: "周建国", History: "咳嗽", Phone: "13800000000", Priority: 3}
}

func (d *desk) enter(t *testing.T, actor hub.Actor, o hub.Order) *Made {
	t.Helper()
	made, err := d.Create(t.Context(), actor, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestResidentIDNumberFillsInSexAndBirthDate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	made := d.enter(t, d.one, wang())
	o, err := d.Get(t.Context(), d.one, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if o.Sex != "F" || o.BirthDate != "1949-12-31" || o.IDNumber != "11010519491231002X" || o.Phone != "13800000000" {
		t.Fatalf("got %+v", o)
	}
	if _, err := d.Get(t.Context(), d.two, made.ID); hub.KindOf(err) != hub.NotFound {
		t.Fatalf("another clinic reads the order: %v", err)
	}
}

func TestIDNumberIsUnreadableInRows(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.enter(t, d.one, wang())
	p, err := d.DB.Read(t.Context()).PatientByLocalID("one", "P1")
	if err != nil {
		t.Fatal(err)
	}
	if p.IDHash == "" || string(p.IDSealed) == "11010519491231002X" || len(p.IDSealed) == 0 {
		t.Fatalf("stored as %q, %q", p.IDHash, p.IDSealed)
	}
}

func TestWhatCannotBeRightNamesItsField(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for field, spoil := range map[string]func(*hub.Order){
		"id_number":    func(o *hub.Order) { o.IDNumber = "110105194912310021" },
		"birth_date":   func(o *hub.Order) { o.BirthDate = "1950-01-01" },
		"sex":          func(o *hub.Order) { o.Sex = "M" },
		"patient_name": func(o *hub.Order) { o.PatientName = "王^秀芳" },
		"visit":        func(o *hub.Order) { o.Visit = "party" },
		"priority":     func(o *hub.Order) { o.Priority = 7 },
		"item":         func(o *hub.Order) { o.ItemName = "" },
		"accession":    func(o *hub.Order) { o.Accession = "12345678901234567" },
	} {
		o := wang()
		spoil(&o)
		_, err := d.Create(t.Context(), d.one, o, nil)
		var e *hub.Error
		if !errors.As(err, &e) || e.Kind != hub.Invalid || e.Detail["field"] != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestSamePersonAtTwoClinicsIsLinkedByIDNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.enter(t, d.one, wang())
	d.enter(t, d.two, wang()) // the same local ID at another clinic proves nothing, the ID number does
	read := d.DB.Read(t.Context())
	a, errA := read.PatientByLocalID("one", "P1")
	b, errB := read.PatientByLocalID("two", "P1")
	if errA != nil || errB != nil || a.ID == b.ID || a.Person == "" || a.Person != b.Person {
		t.Fatalf("patients %+v and %+v, %v, %v", a, b, errA, errB)
	}
}

func TestLocalIDOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.enter(t, d.one, wang())
	other := wang()
	other.PatientName, other.IDNumber, other.Sex, other.BirthDate = "李四", "", "M", "1980-01-01"
	_, err := d.Create(t.Context(), d.one, other, nil)
	var e *hub.Error
	if !errors.As(err, &e) || e.Detail["field"] != "patient_id" {
		t.Fatalf("got %v", err)
	}
}

func TestEmergencyOwesTheRest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	made := d.enter(t, d.one, hub.Order{Visit: hub.Emergency, Symptom: "胸痛", Kind: hub.ECG, Priority: 3})
	if len(made.Owed) == 0 {
		t.Fatal("nothing is owed")
	}
	o, err := d.Complete(t.Context(), d.one, made.ID, func(o *hub.Order) error {
		o.PatientName, o.Sex, o.BirthDate, o.Department, o.Doctor, o.ItemName = "张三", "M", "1970-01-01", "急诊科", "周建国", "十二导联心电图"
		return nil
	})
	if err != nil || len(o.Owed) != 0 || o.Priority != 1 {
		t.Fatalf("got %+v, %v", o, err)
	}
}

func TestAccessionNumbersAreUniqueInTheAlliance(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	seen := map[string]bool{}
	for _, actor := range []hub.Actor{d.one, d.two, d.one, d.two} {
		number := d.enter(t, actor, wang()).Accession
		if seen[number] || len(number) > 16 {
			t.Fatalf("accession number %q again, or too long", number)
		}
		seen[number] = true
	}
}

func (d *desk) patient(t *testing.T, id hub.PatientID) *db.PatientRow {
	t.Helper()
	p, err := d.DB.Read(t.Context()).Patient(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) complete(t *testing.T, actor hub.Actor, id hub.OrderID, change func(*hub.Order)) *hub.Order {
	t.Helper()
	o, err := d.Complete(t.Context(), actor, id, func(o *hub.Order) error { change(o); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestIDNumberAddedLaterFindsThePersonAndTheResults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.enter(t, d.one, wang())
	known, err := d.Get(t.Context(), d.one, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	emergency := d.enter(t, d.two, hub.Order{Visit: hub.Emergency, Symptom: "胸痛", Kind: hub.ECG})
	o, err := d.Get(t.Context(), d.two, emergency.ID)
	if err != nil {
		t.Fatal(err)
	}
	// Its ECG is read and issued before anybody knows who it was.
	result := &db.Result{Report: "r1", Member: "two", Patient: o.Patient, Item: "ECG-12", Kind: hub.ECG, ExamAt: o.CreatedAt}
	if err := d.DB.Tx(t.Context(), func(tx *db.Tx) error { return tx.PutResult(result) }); err != nil {
		t.Fatal(err)
	}
	d.complete(t, d.two, emergency.ID, func(o *hub.Order) {
		o.PatientName, o.IDNumber, o.Department, o.Doctor, o.ItemName = "王秀芳", wang().IDNumber, "急诊科", "周建国", "十二导联心电图"
	})
	a, b := d.patient(t, known.Patient), d.patient(t, o.Patient)
	if a.Person == "" || a.Person != b.Person {
		t.Errorf("the patients are %q and %q, want one person", a.Person, b.Person)
	}
	if list, err := d.DB.Read(t.Context()).ResultsByIDHash(b.IDHash, ""); err != nil || len(list) != 1 {
		t.Errorf("the ID number finds %d results, %v", len(list), err)
	}

	// The card was somebody else's.
	d.complete(t, d.two, emergency.ID, func(o *hub.Order) {
		o.PatientName, o.IDNumber, o.Sex, o.BirthDate = "李大爷", "440524188001010014", "", ""
	})
	b = d.patient(t, o.Patient)
	if b.Person != "" || b.IDHash == a.IDHash {
		t.Errorf("another ID number leaves the patient joined to %q", b.Person)
	}
	read := d.DB.Read(t.Context())
	old, errOld := read.ResultsByIDHash(a.IDHash, "")
	now, errNow := read.ResultsByIDHash(b.IDHash, "")
	if errOld != nil || errNow != nil || len(old) != 0 || len(now) != 1 {
		t.Errorf("the first number finds %d results, the right one %d (%v, %v)", len(old), len(now), errOld, errNow)
	}
}
