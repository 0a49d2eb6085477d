package reassign

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// alliance is a clinic and its centre on real rows and objects, with intake
// running.
type alliance struct {
	*Service
	intake                               *intake.Intake
	tech, clinician, reader, other, lead hub.Actor
}

func newAlliance(t *testing.T) *alliance {
	t.Helper()
	stores := hubtest.Open(t)
	d, objects, ring := stores.DB, stores.Objects, stores.Keys
	work := &worklist.Service{DB: d, Rules: worklist.DefaultRules()}
	a := &alliance{Service: &Service{DB: d, Work: work, Orders: &order.Service{DB: d, Sealer: ring}}}
	a.intake = intake.New(d, objects, work, ring, hubtest.Silent{}, slog.New(slog.DiscardHandler))
	must(t, d.Tx(t.Context(), func(tx *db.Tx) error {
		var errs []error
		for _, code := range []string{"clinic1", "clinic2", "lead"} {
			errs = append(errs, tx.InsertMember(&hub.Member{ID: hub.MemberID(code), Code: strings.ToUpper(code), Name: code}))
		}
		account := func(login string, role hub.Role, member hub.MemberID) hub.Actor {
			errs = append(errs, tx.InsertAccount(&hub.Account{ID: hub.AccountID("id-" + login), Member: member, Login: login, Name: login, Role: role, Active: true}),
				tx.InsertDuty(&hub.Duty{Account: hub.AccountID("id-" + login), From: tx.Now().Add(-time.Hour)}))
			return hub.Actor{Account: hub.AccountID("id-" + login), Member: member, Role: role, Name: login}
		}
		a.tech, a.clinician = account("tech", hub.Tech, "clinic1"), account("clinician", hub.Clinician, "clinic1")
		a.reader, a.lead = account("reader", hub.Reader, "lead"), account("reviewer", hub.Reviewer, "lead")
		a.other = account("other", hub.Tech, "clinic2")
		return errors.Join(append(errs, tx.InsertAgreement(&hub.Agreement{ID: "a", Source: "clinic1", Centre: "lead"}))...)
	}))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.intake.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// picture sends one CR image of a patient by an untrusted sender and returns
// its task.
func (a *alliance) picture(t *testing.T, name, id, accession string, order hub.OrderID) hub.TaskID {
	t.Helper()
	d := dicom.New()
	uid := "1.2." + strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, hub.NewID[string]()+hub.NewID[string]()), "0")
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.1")
	d.SetText(dicom.SOPInstanceUID, uid+".1.1")
	d.SetText(dicom.StudyInstanceUID, uid)
	d.SetText(dicom.SeriesInstanceUID, uid+".1")
	d.SetText(dicom.PatientName, name)
	d.SetText(dicom.PatientID, id)
	d.SetText(dicom.PatientSex, "F")
	d.SetText(dicom.PatientBirthDate, "19700102")
	d.SetText(dicom.AccessionNumber, accession)
	d.SetText(dicom.Modality, "CR")
	d.SetText(dicom.BodyPartExamined, "CHEST")
	var b bytes.Buffer
	must(t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	src := intake.Source{Actor: hub.Actor{Member: a.tech.Member, Role: "device"}, Via: "cstore", Order: order}
	out, err := a.intake.Instance(t.Context(), src, &b, dicom.ExplicitVRLittleEndian)
	must(t, err)
	return out.Task
}

// ordered makes a complete order of a chest X-ray.
func (a *alliance) ordered(t *testing.T, name, id string) *order.Made {
	t.Helper()
	made, err := a.Orders.Create(t.Context(), a.clinician, hub.Order{PatientName: name, Sex: "F", BirthDate: "1970-01-02", LocalID: id, ItemName: "胸部正位", Modality: "DX",
		BodyPart: "CHEST", Priority: 3, Department: "内科", Doctor: "周", Purpose: "咳嗽"}, nil)
	must(t, err)
	return made
}

func (a *alliance) task(t *testing.T, id hub.TaskID) *hub.Task {
	t.Helper()
	task, err := a.DB.Read(t.Context()).Task(id)
	must(t, err)
	return task
}

func (a *alliance) inbox(t *testing.T) []*Item {
	t.Helper()
	items, err := a.Inbox(t.Context(), a.tech.Member)
	must(t, err)
	return items
}

func TestPictureFirstWaitsWithTheRightOrderOnTop(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	fang := a.ordered(t, "王芳", "P1")
	a.ordered(t, "李雷", "P2")
	a.ordered(t, "王芬", "")
	id := a.picture(t, "Wang^Fang=王^芳", "P1", "", "")
	items := a.inbox(t)
	if len(items) != 1 || items[0].Task.ID != id || len(items[0].Suggestions) == 0 {
		t.Fatalf("got %+v", items)
	}
	first := items[0].Suggestions[0]
	if first.Order != fang.ID || !slices.Contains(first.Why, "name") || !slices.Contains(first.Why, "modality") || first.Score < 80 {
		t.Fatalf("got %+v", first)
	}
	for _, s := range items[0].Suggestions[1:] {
		if s.PatientName == "李雷" {
			t.Errorf("another patient is suggested: %+v", s)
		}
	}
	v, err := a.Match(t.Context(), a.tech, id, fang.ID)
	must(t, err)
	if v.ID != fang.Task || v.State != hub.Uploading || v.Patient.Name != "王芳" || v.Arrived != 1 || len(v.Warnings) != 0 {
		t.Fatalf("got %+v", v)
	}
	if len(a.inbox(t)) != 1 { // it waits for submit now, without suggestions
		t.Fatal("the matched study is not waiting for its submission")
	}
	if old := a.task(t, id); old.State != hub.Cancelled || old.Study != "" {
		t.Fatalf("got %+v", old)
	}
	v, err = a.Work.Do(t.Context(), a.tech, fang.Task, worklist.Submit, worklist.Params{})
	must(t, err)
	if v.State != hub.Queued || v.Centre != "LEAD" {
		t.Fatalf("got %+v", v)
	}
	read := a.DB.Read(t.Context())
	tasks, err := read.TasksOfStudy(a.task(t, fang.Task).Study)
	must(t, err)
	if len(tasks) != 1 || tasks[0].ID != fang.Task {
		t.Fatalf("the study belongs to %d tasks", len(tasks))
	}
}

func TestMatchedMismatchStillHasToBeAnswered(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	made := a.ordered(t, "李雷", "P2")
	id := a.picture(t, "王^芳", "P1", "", "")
	v, err := a.Match(t.Context(), a.tech, id, made.ID)
	must(t, err)
	if len(v.Warnings) != 1 || v.Warnings[0].Code != "identity.mismatch" {
		t.Fatalf("got %+v", v.Warnings)
	}
	_, err = a.Work.Do(t.Context(), a.tech, made.Task, worklist.Submit, worklist.Params{})
	if hub.CodeOf(err) != "submit.identity_mismatch" {
		t.Fatalf("got %v", err)
	}
	if _, err := a.Match(t.Context(), a.tech, made.Task, made.ID); hub.KindOf(err) != hub.Invalid {
		t.Fatalf("to its own order: %v", err)
	}
}

func TestWrongOrderGetsItsPlaceBackWhenItsPicturesGo(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	wrong, right := a.ordered(t, "李雷", "P2"), a.ordered(t, "王芳", "P1")
	id := a.picture(t, "王^芳", "P1", "", wrong.ID) // the wrong line of the worklist was chosen
	items := a.inbox(t)
	if len(items) != 1 || items[0].Suggestions[0].Order != right.ID {
		t.Fatalf("got %+v", items[0].Suggestions)
	}
	_, err := a.Match(t.Context(), a.tech, id, right.ID)
	must(t, err)
	tasks, err := a.DB.Read(t.Context()).TasksOfOrder(wrong.ID)
	must(t, err)
	if tasks[0].State != hub.Draft || tasks[0].Study != "" {
		t.Fatalf("the first patient's order waits as %+v", tasks[0])
	}
}

func TestECGFileIsMatchedToo(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	made, err := a.Orders.Create(t.Context(), a.clinician, hub.Order{PatientName: "测试", Sex: "M", BirthDate: "1970-01-01", LocalID: "T9", ItemName: "十二导联心电图", Kind: hub.ECG, Modality: "ECG",
		Priority: 3, Department: "内科", Doctor: "周", Purpose: "胸闷"}, nil)
	must(t, err)
	out, _, err := a.intake.Recording(t.Context(), intake.Source{Actor: a.tech, Via: "recording"}, demo.TraceFile("normal", 9))
	must(t, err)
	v, err := a.Match(t.Context(), a.tech, out.Task, made.ID)
	must(t, err)
	rec, err := a.DB.Read(t.Context()).Recording(out.Recording)
	must(t, err)
	o, err := a.DB.Read(t.Context()).Order(made.ID)
	must(t, err)
	if v.ID != made.Task || v.Recording != out.Recording || rec.Patient != o.Patient {
		t.Fatalf("got %+v, recording of %s", v, rec.Patient)
	}
	if now, err := a.DB.Read(t.Context()).TaskOfRecording(out.Recording); err != nil || now.ID != made.Task {
		t.Fatalf("the recording's task is %v, %v", now, err)
	}
}

// reported brings a task to where its report was signed, delivered and read
// at the clinic.
func (a *alliance) reported(t *testing.T, id hub.TaskID) hub.ReportID {
	t.Helper()
	must(t, a.DB.Tx(t.Context(), func(tx *db.Tx) error {
		task, err := tx.Task(id)
		if err != nil {
			return err
		}
		o, err := tx.Order(task.Order)
		if err != nil {
			return err
		}
		r := &hub.Report{ID: "r" + hub.ReportID(id), Task: id, Version: 1, State: hub.ReportIssued, Impression: "未见异常", Writer: a.reader.Account, Reviewer: a.lead.Account,
			Hash: "aa", Content: []byte("{}"), UpdatedAt: tx.Now()}
		return errors.Join(a.Work.Submit(tx, a.tech, task, ""), tx.InsertReport(r),
			tx.PutResult(&db.Result{Report: r.ID, Task: id, Member: task.Member, Patient: o.Patient, Item: "DR-CHEST", Kind: task.Kind, ExamAt: tx.Now()}),
			worklist.Move(tx, a.reader, task, worklist.Claim, "", func(t *hub.Task) { t.Holder, t.Claim = a.reader.Account, 1 }),
			worklist.Move(tx, a.reader, task, worklist.Write, "", nil),
			worklist.Move(tx, a.lead, task, worklist.Approve, "", func(t *hub.Task) { t.Holder, t.Report, t.Version = "", r.ID, 1 }),
			worklist.Move(tx, hub.System, task, worklist.Deliver, "", nil), worklist.Move(tx, a.clinician, task, worklist.Acknowledge, "", nil))
	}))
	return "r" + hub.ReportID(id)
}

// TestObjectsOfAnotherPatientFoundAfterIssue is scenario S17.
func TestObjectsOfAnotherPatientFoundAfterIssue(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	wrong, right := a.ordered(t, "李雷", "P2"), a.ordered(t, "王芳", "P1")
	id := a.picture(t, "李^雷", "P2", "", wrong.ID)
	rid := a.reported(t, id)
	study := a.task(t, id).Study
	hashes, err := a.DB.Read(t.Context()).StudyDigests(study)
	must(t, err)

	if _, err := a.Ask(t.Context(), a.tech, id, Wanted{Order: right.ID}); hub.KindOf(err) != hub.Invalid {
		t.Fatalf("without a reason: %v", err)
	}
	r, err := a.Ask(t.Context(), a.tech, id, Wanted{Order: right.ID, Reason: "两人同时检查，名单选错"})
	must(t, err)
	if _, err := a.Ask(t.Context(), a.reader, id, Wanted{Reason: "x"}); hub.CodeOf(err) != "reassign.open" {
		t.Fatalf("a second request: %v", err)
	}
	for _, same := range []hub.Actor{a.tech, a.clinician} {
		if _, err := a.Confirm(t.Context(), same, r.ID, Wanted{}); hub.CodeOf(err) != "reassign.same_side" {
			t.Fatalf("%s confirms: %v", same.Name, err)
		}
	}
	if s := a.task(t, id).State; s != hub.Acknowledged {
		t.Fatalf("one person alone made the task %s", s)
	}
	r, err = a.Confirm(t.Context(), a.lead, r.ID, Wanted{})
	must(t, err)
	if _, err := a.Confirm(t.Context(), a.reader, r.ID, Wanted{}); hub.CodeOf(err) != "reassign.decided" {
		t.Fatalf("twice: %v", err)
	}

	read := a.DB.Read(t.Context())
	old, fresh := a.task(t, id), a.task(t, r.NewTask)
	if old.State != hub.Void || fresh.State != hub.Queued || fresh.Order != right.ID || fresh.Study != study || fresh.Priority != 3 || fresh.Centre != "lead" {
		t.Fatalf("old %+v, new %+v", old, fresh)
	}
	if !warned(old, "reassigned_to", string(fresh.ID)) || !warned(fresh, "reassigned_from", string(id)) || !warned(fresh, "identity.mismatch", r.Reason) {
		t.Fatalf("old %v, new %v", old.Warnings, fresh.Warnings)
	}
	report, err := read.Report(rid, 1)
	must(t, err)
	result, err := read.Result(rid)
	must(t, err)
	if report.State != hub.ReportVoid || !result.Void {
		t.Fatalf("the report is %s, its result void: %v", report.State, result.Void)
	}
	row, err := read.Study(study)
	must(t, err)
	o, err := read.Order(right.ID)
	must(t, err)
	same, err := read.StudyDigests(study)
	must(t, err)
	if row.Patient != o.Patient || len(same) != len(hashes) || !bytes.Equal(same[0], hashes[0]) {
		t.Fatal("the study is not the right patient's, or its objects changed")
	}
	a.everybodyWasTold(t, id)
}

func warned(t *hub.Task, code, value string) bool {
	return slices.ContainsFunc(t.Warnings, func(w hub.Warning) bool {
		for _, v := range w.Values {
			if v == value {
				return w.Code == code
			}
		}
		return false
	})
}

// everybodyWasTold looks at the event and at the audit.
func (a *alliance) everybodyWasTold(t *testing.T, id hub.TaskID) {
	t.Helper()
	_, _, err := a.DB.Seal(t.Context())
	must(t, err)
	events, err := a.DB.Read(t.Context()).Events(0, 1000)
	must(t, err)
	found := false
	for _, e := range events {
		if e.Name != "task.reassigned" {
			continue
		}
		found = true
		if e.Member != "clinic1" || e.Centre != "lead" {
			t.Errorf("told %s and %s", e.Member, e.Centre)
		}
		for _, login := range []string{"reader", "reviewer", "clinician"} {
			if !strings.Contains(string(e.Body), `"`+login+`"`) {
				t.Errorf("%s read it and is not told", login)
			}
		}
	}
	if !found {
		t.Error("no event task.reassigned")
	}
	for _, login := range []string{"reader", "reviewer", "clinician"} {
		records, err := a.DB.Read(t.Context()).AuditOf("account/id-"+login, 0, 10)
		must(t, err)
		if !slices.ContainsFunc(records, func(r hub.Record) bool { return r.Action == "reassign.told" && r.Reason == "task/"+string(id) }) {
			t.Errorf("the audit does not say that %s was told", login)
		}
	}
}

func TestReaderWhoSeesAWrongPatientLeavesTheNameToTheClinic(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	wrong := a.ordered(t, "李雷", "P2")
	id := a.picture(t, "李^雷", "P2", "", wrong.ID)
	must(t, a.DB.Tx(t.Context(), func(tx *db.Tx) error {
		task, err := tx.Task(id)
		return errors.Join(err, a.Work.Submit(tx, a.tech, task, ""))
	}))
	r, err := a.Ask(t.Context(), a.reader, id, Wanted{Reason: "与既往影像不是同一人"})
	must(t, err)
	if _, err := a.Confirm(t.Context(), a.clinician, r.ID, Wanted{}); hub.KindOf(err) != hub.Invalid {
		t.Fatalf("nobody named the patient: %v", err)
	}
	r, err = a.Confirm(t.Context(), a.clinician, r.ID, Wanted{Patient: &hub.Order{PatientName: "赵敏", Sex: "F", BirthDate: "1988-08-08"}})
	must(t, err)
	old, fresh := a.task(t, id), a.task(t, r.NewTask)
	o, err := a.DB.Read(t.Context()).Order(fresh.Order)
	must(t, err)
	if old.State != hub.Cancelled || fresh.State != hub.Queued || o.PatientName != "赵敏" || o.BodyPart != "CHEST" {
		t.Fatalf("old %s, new %s for %+v", old.State, fresh.State, o)
	}
	waits, err := a.DB.Read(t.Context()).TasksOfOrder(wrong.ID)
	must(t, err)
	if waits[0].State != hub.Draft {
		t.Fatalf("the first patient was not examined, but the order is %s", waits[0].State)
	}
}

func TestRefusedReassignmentChangesNothing(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	wrong, right := a.ordered(t, "李雷", "P2"), a.ordered(t, "王芳", "P1")
	id := a.picture(t, "李^雷", "P2", "", wrong.ID)
	a.reported(t, id)
	r, err := a.Ask(t.Context(), a.clinician, id, Wanted{Order: right.ID, Reason: "怀疑"})
	must(t, err)
	r, err = a.Refuse(t.Context(), a.reader, r.ID, "与既往一致")
	must(t, err)
	if task := a.task(t, id); task.State != hub.Acknowledged || !r.Refused {
		t.Fatalf("got %+v, %+v", task, r)
	}
	if _, err := a.Ask(t.Context(), a.tech, id, Wanted{Order: right.ID, Reason: "again"}); err != nil {
		t.Fatalf("asking anew: %v", err)
	}
}

func TestOrderOfAnotherClinicIsNotThere(t *testing.T) {
	t.Parallel()
	a := newAlliance(t)
	id := a.picture(t, "王^芳", "P1", "", "")
	foreign, err := a.Orders.Create(t.Context(), a.other, hub.Order{PatientName: "王芳", Sex: "F", BirthDate: "1970-01-02", ItemName: "胸片", Priority: 3}, nil)
	must(t, err)
	if _, err := a.Match(t.Context(), a.tech, id, foreign.ID); hub.KindOf(err) != hub.NotFound {
		t.Fatalf("got %v", err)
	}
}

func TestSimilarNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"2611220001", "2611220001", true}, {"2611220001", "2611220007", true}, {"2611220001", "261122001", true}, {"0002611", "2611", true},
		{"2611220001", "2611230002", false}, {"12", "13", false}, {"", "", false}} {
		if got := similar(c.a, c.b); got != c.want {
			t.Errorf("%q %q: %v", c.a, c.b, got)
		}
	}
}
