package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/delivery"
	"github.com/yuanzhen/yuanzhen/internal/font"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// room is a reading centre with its clinic, on a database, a store and keys
// of its own.
type room struct {
	*Service
	t                                                *testing.T
	ring                                             *keys.Ring
	delivery                                         *delivery.Service
	tech, reader, other, alone, reviewer, second, qc hub.Actor
}

func newRoom(t *testing.T) *room {
	t.Helper()
	if _, err := font.SansSC(); errors.Is(err, font.ErrNotBuilt) {
		t.Skip("the report font is not built in: run make build")
	}
	stores := hubtest.Open(t)
	d, objects, ring := stores.DB, stores.Objects, stores.Keys
	log := slog.New(slog.DiscardHandler)
	r := &room{t: t, ring: ring, delivery: &delivery.Service{DB: d, Log: log}}
	r.Service = &Service{DB: d, Keys: ring, Objects: objects, Work: &worklist.Service{DB: d, Rules: worklist.DefaultRules()}, Log: log,
		Address: func() string { return "https://hub.example" },
		Trace:   func(context.Context, *hub.Recorded) (*ecg.Recording, error) { return heart(), nil }}
	must(t, d.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.InsertMember(&hub.Member{ID: "clinic", Code: "CLINIC1", Name: "青山镇中心卫生院"}),
			tx.InsertMember(&hub.Member{ID: "lead", Code: "LEAD", Name: "青山县人民医院"}),
			tx.InsertAgreement(&hub.Agreement{ID: "a", Source: "clinic", Centre: "lead"}))
	}))
	r.tech = r.account("tech", "clinic", hub.Tech, "")
	r.reader, r.other = r.account("reader", "lead", hub.Reader, "234"), r.account("other", "lead", hub.Reader, "233")
	r.alone = r.account("alone", "lead", hub.Reader, "233", hub.SignAlone)
	r.reviewer, r.second = r.account("reviewer", "lead", hub.Reviewer, "232"), r.account("second", "lead", hub.Reviewer, "231")
	r.qc = r.account("qc", "lead", hub.QC, "232")
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *room) account(login string, member hub.MemberID, role hub.Role, title string, rights ...hub.Right) hub.Actor {
	r.t.Helper()
	a := &hub.Account{ID: hub.AccountID("id-" + login), Member: member, Login: login, Name: "医师" + login, Role: role, Title: title, Rights: rights, Active: true}
	must(r.t, r.DB.Tx(r.t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.InsertAccount(a), tx.InsertDuty(&hub.Duty{Account: a.ID, From: tx.Now().Add(-time.Hour)}))
	}))
	return hub.Actor{Account: a.ID, Member: member, Role: role, Name: a.Name, Rights: rights}
}

// heart is ten seconds of twelve leads.
func heart() *ecg.Recording {
	rec := &ecg.Recording{RateHz: 500}
	for i, name := range ecg.StandardLeads() {
		samples := make([]float32, 5000)
		for n := range samples {
			samples[n] = float32(300 * math.Sin(float64(n)/50+float64(i)))
		}
		rec.Leads = append(rec.Leads, ecg.Lead{Name: name, Samples: samples})
	}
	return rec
}

// queued makes a submitted task of a kind and priority; change may be nil.
func (r *room) queued(kind hub.TaskKind, priority int, change func(*hub.Order)) hub.TaskID {
	r.t.Helper()
	var id hub.TaskID
	must(r.t, r.DB.Tx(r.t.Context(), func(tx *db.Tx) error {
		p := &db.PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: "clinic", LocalID: hub.NewID[string](), Name: "欧阳小明", Sex: "M", BirthDate: "1960-05-01"}, IDHash: "hash", CreatedAt: tx.Now()}
		o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: "clinic", Accession: "A1", Origin: "entered", Patient: p.ID, PatientName: p.Name, Sex: "M", BirthDate: p.BirthDate,
			Visit: hub.Outpatient, Department: "内科", Doctor: "周建国", Kind: kind, Item: "DX-CHEST", ItemName: "胸部正位", Modality: "DX", BodyPart: "CHEST", History: "咳嗽三天", Priority: priority, CreatedAt: tx.Now()}
		if change != nil {
			change(o)
		}
		must(r.t, errors.Join(tx.InsertPatient(p), tx.InsertOrder(o)))
		study := r.stored(tx, p)
		t, err := worklist.Open(tx, r.tech, o, hub.Uploading, func(t *hub.Task) {
			t.Study, t.TExam, t.Complete = study, tx.Now().Add(-time.Hour), true
			if kind == hub.ECG {
				t.Study, t.Recording = "", recorded(r.t, tx, p)
			}
		})
		if err != nil {
			return err
		}
		id = t.ID
		if kind != hub.ECG {
			must(r.t, tx.JoinStudy(id, study))
		}
		return r.Work.Submit(tx, r.tech, t, "")
	}))
	return id
}

// stored is a study of two instances.
func (r *room) stored(tx *db.Tx, p *db.PatientRow) hub.StudyID {
	id := hub.NewID[hub.StudyID]()
	must(r.t, tx.InsertStudy(&db.StudyRow{Study: hub.Study{ID: id, Member: "clinic", UID: "1.2." + string(id), Patient: p.ID, Instances: 2, CreatedAt: tx.Now(), LastAt: tx.Now()}}))
	must(r.t, tx.InsertSeries(&hub.Series{ID: hub.SeriesID(id), Study: id, UID: "1.3"}))
	for _, b := range []byte{2, 1} {
		_, err := tx.InsertInstances(&hub.Instance{ID: hub.NewID[hub.InstanceID](), Series: hub.SeriesID(id), Study: id, Member: "clinic", UID: string(id) + string('0'+b), Digest: bytes.Repeat([]byte{b}, 32), CreatedAt: tx.Now()})
		must(r.t, err)
	}
	return id
}

func recorded(t *testing.T, tx *db.Tx, p *db.PatientRow) hub.RecordingID {
	id := hub.NewID[hub.RecordingID]()
	must(t, tx.InsertRecording(&hub.Recorded{ID: id, Member: "clinic", Patient: p.ID, Format: "scp", Hub: []byte(`{"hr_bpm":72,"pr_ms":160}`), Digest: append([]byte(id), make([]byte, 6)...), CreatedAt: tx.Now()}))
	return id
}

var chest = Draft{Findings: "双肺纹理清晰，肺野内未见明确实变影。", Impression: "心、肺、膈未见明显异常。"}

func (r *room) claim(a hub.Actor, id hub.TaskID) int64 {
	r.t.Helper()
	v, err := r.Work.Do(r.t.Context(), a, id, worklist.Claim, worklist.Params{})
	must(r.t, err)
	return v.Claim
}

func (r *room) put(a hub.Actor, id hub.TaskID, d Draft) *View {
	r.t.Helper()
	v, err := r.Put(r.t.Context(), a, id, d)
	must(r.t, err)
	return v
}

// written is a task whose report waits for review.
func (r *room) written(kind hub.TaskKind) hub.TaskID {
	r.t.Helper()
	id := r.queued(kind, 3, nil)
	r.claim(r.reader, id)
	r.put(r.reader, id, chest)
	_, err := r.Submit(r.t.Context(), r.reader, id, 0)
	must(r.t, err)
	return id
}

func (r *room) task(id hub.TaskID) *hub.Task {
	r.t.Helper()
	t, err := r.DB.Read(r.t.Context()).Task(id)
	must(r.t, err)
	return t
}

func (r *room) versions(id hub.TaskID) []*hub.Report {
	r.t.Helper()
	list, err := r.DB.Read(r.t.Context()).ReportVersions(r.task(id).Report)
	must(r.t, err)
	return list
}

func (r *room) printed(id hub.TaskID, version int) []byte {
	r.t.Helper()
	body, err := r.Print(r.t.Context(), r.tech, r.task(id), version)
	must(r.t, err)
	defer body.Close()
	data, err := io.ReadAll(body)
	must(r.t, err)
	return data
}

func (r *room) acknowledged(id hub.TaskID) {
	r.t.Helper()
	_, err := r.delivery.Turn(r.t.Context())
	must(r.t, err)
	_, err = r.Work.Do(r.t.Context(), r.tech, id, worklist.Acknowledge, worklist.Params{})
	must(r.t, err)
}

func code(t *testing.T, err error, kind hub.Kind, want string) {
	t.Helper()
	if hub.CodeOf(err) != want || hub.KindOf(err) != kind {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// TestRoutineStudyGoesTheWholeWay is scenario S1.
func TestRoutineStudyGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	v, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	if v.State != hub.Issued {
		t.Fatalf("approved: %s", v.State)
	}
	r.acknowledged(id)
	task := r.task(id)
	if task.State != hub.Acknowledged || task.Due.Sub(task.TSubmit) != 2*time.Hour {
		t.Fatalf("state %s, due %s after submission", task.State, task.Due.Sub(task.TSubmit))
	}
	for name, at := range map[string]time.Time{"submit": task.TSubmit, "claim": task.TClaim, "written": task.TWritten, "signed": task.TSigned, "delivered": task.TDelivered, "ack": task.TAck} {
		if at.IsZero() {
			t.Errorf("t_%s is not set", name)
		}
	}
	if again, err := r.Approve(t.Context(), r.reviewer, id); err != nil || again.State != hub.Acknowledged {
		t.Fatalf("approving again: %v", err)
	}
	result, err := r.DB.Read(t.Context()).Result(task.Report)
	if err != nil || result.Item != "DX-CHEST" || result.IDHash != "hash" || result.Void {
		t.Fatalf("result for recognition: %+v, %v", result, err)
	}
	if _, err := r.Approve(t.Context(), r.second, id); hub.CodeOf(err) != "task.wrong_state" {
		t.Fatalf("a second approval by another doctor: %v", err)
	}
}

// TestNextReaderFindsTheDraftOfALostOne is scenario S4.
func TestNextReaderFindsTheDraftOfALostOne(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.queued(hub.Image, 3, nil)
	stale := r.claim(r.reader, id)
	d := chest
	d.Claim = stale
	first := r.put(r.reader, id, d)
	_, err := r.Work.Do(t.Context(), r.reader, id, worklist.Release, worklist.Params{})
	must(t, err)
	_, err = r.Put(t.Context(), r.reader, id, d)
	code(t, err, hub.Conflict, "task.not_holder")
	r.claim(r.other, id)
	got, err := r.Get(t.Context(), r.other, r.task(id), All, 0)
	must(t, err)
	if got.ID != first.ID || got.Impression != chest.Impression {
		t.Fatalf("the next reader sees %+v", got)
	}
	_, err = r.Put(t.Context(), r.reader, id, d)
	code(t, err, hub.Conflict, "task.not_holder")
	d.Impression = "另一版"
	_, err = r.Put(t.Context(), r.other, id, d)
	code(t, err, hub.Conflict, "task.not_holder") // the number of the claim before
	d.Claim = stale + 1
	r.put(r.other, id, d)
}

// TestWriterDoesNotApproveAlone is scenario S9.
func TestWriterDoesNotApproveAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reader, id)
	code(t, err, hub.Forbidden, "report.same_doctor")
	_, err = r.Approve(t.Context(), r.other, id)
	code(t, err, hub.Forbidden, "role.not_allowed")

	image := r.queued(hub.Image, 3, nil)
	r.claim(r.alone, image)
	r.put(r.alone, image, chest)
	_, err = r.Sign(t.Context(), r.alone, image)
	code(t, err, hub.Forbidden, "report.sign_alone") // the alliance allows it for ECGs
	trace := r.queued(hub.ECG, 1, nil)
	r.claim(r.reader, trace)
	r.put(r.reader, trace, Draft{Findings: "窦性心律", Impression: "正常心电图"})
	_, err = r.Sign(t.Context(), r.reader, trace)
	code(t, err, hub.Forbidden, "report.sign_alone")
	_, err = r.Work.Do(t.Context(), r.reader, trace, worklist.Release, worklist.Params{})
	must(t, err)
	r.claim(r.alone, trace)
	r.put(r.alone, trace, Draft{Findings: "窦性心律", Impression: "正常心电图"})
	v, err := r.Sign(t.Context(), r.alone, trace)
	if err != nil || v.State != hub.Issued || v.TWritten == nil || v.TSigned == nil {
		t.Fatalf("signed alone: %+v, %v", v, err)
	}
}

// TestRevisionIsANewVersion is scenario S10.
func TestRevisionIsANewVersion(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	r.acknowledged(id)
	_, err = r.Revise(t.Context(), r.reviewer, id, "")
	if hub.KindOf(err) != hub.Invalid {
		t.Fatalf("a revision without a reason: %v", err)
	}
	v, err := r.Revise(t.Context(), r.reviewer, id, "补充结节描述")
	if err != nil || v.State != hub.Claimed || v.Version != 2 || v.Holder != "reviewer" {
		t.Fatalf("revised: %+v, %v", v, err)
	}
	clinic, err := r.Get(t.Context(), r.tech, r.task(id), Signed, 0)
	if err != nil || clinic.Version != 1 || clinic.State != hub.ReportIssued {
		t.Fatalf("meanwhile the clinic sees %+v, %v", clinic, err)
	}
	d := chest
	d.Impression = "右肺上叶结节，建议复查。"
	r.put(r.reviewer, id, d)
	_, err = r.Submit(t.Context(), r.reviewer, id, 0)
	must(t, err)
	_, err = r.Approve(t.Context(), r.reviewer, id)
	code(t, err, hub.Forbidden, "report.same_doctor")
	_, err = r.Approve(t.Context(), r.second, id)
	must(t, err)
	if task := r.task(id); !task.TAck.IsZero() {
		t.Fatal("the clinic has to acknowledge again")
	}
	r.acknowledged(id)
	list := r.versions(id)
	if len(list) != 2 || list[0].State != hub.ReportIssued || list[0].Impression != chest.Impression || list[1].Impression != d.Impression {
		t.Fatalf("versions %+v", list)
	}
	for _, one := range list {
		must(t, Verify(r.ring, one))
	}
	verdict, err := r.Service.Verify(t.Context(), list[0].ID, list[0].Hash)
	if err != nil || !verdict.Genuine || verdict.State != "superseded" || verdict.Patient != "欧**明" {
		t.Fatalf("verdict on version 1: %+v, %v", verdict, err)
	}
}

func TestReviewersChangeIsShownToTheWriter(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	d := chest
	d.Impression = "心、肺未见明显异常。"
	r.put(r.reviewer, id, d)
	_, err := r.Put(t.Context(), r.second, id, d)
	code(t, err, hub.Conflict, "report.in_review")
	_, err = r.Recall(t.Context(), r.reader, id)
	code(t, err, hub.Conflict, "report.opened")
	_, err = r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	v, err := r.Get(t.Context(), r.reader, r.task(id), All, 0)
	must(t, err)
	if len(v.Diff) != 1 || v.Diff[0].Field != "impression" || v.Diff[0].Before != chest.Impression || v.Reviewer != "reviewer" || v.Writer != "reader" {
		t.Fatalf("the writer sees %+v", v)
	}
}

func TestRecallAndRejectionGiveTheTextBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	v, err := r.Recall(t.Context(), r.reader, id)
	if err != nil || v.State != hub.Claimed || v.Holder != "reader" {
		t.Fatalf("recalled: %+v, %v", v, err)
	}
	d := chest
	d.Claim = v.Claim
	r.put(r.reader, id, d)
	_, err = r.Submit(t.Context(), r.reader, id, 0)
	must(t, err)
	_, err = r.Reject(t.Context(), r.reviewer, id, " ")
	if hub.KindOf(err) != hub.Invalid {
		t.Fatalf("a rejection without a reason: %v", err)
	}
	v, err = r.Reject(t.Context(), r.reviewer, id, "请描述肋骨")
	if err != nil || v.State != hub.Claimed || v.Holder != "reader" {
		t.Fatalf("rejected: %+v, %v", v, err)
	}
	got, err := r.Get(t.Context(), r.reader, r.task(id), All, 0)
	if err != nil || got.Rejected != "请描述肋骨" || got.State != hub.ReportDraft {
		t.Fatalf("the writer sees %+v, %v", got, err)
	}
}

func TestRejectionOfAnAbsentWriterGoesToThePool(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	must(t, r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		a, err := tx.Account(r.reader.Account)
		if err != nil {
			return err
		}
		a.Active = false
		return tx.UpdateAccount(a)
	}))
	v, err := r.Reject(t.Context(), r.reviewer, id, "请描述肋骨")
	if err != nil || v.State != hub.Queued || v.Holder != "" {
		t.Fatalf("rejected: %+v, %v", v, err)
	}
}

func TestEmergencyGetsAPreliminaryReport(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	routine := r.queued(hub.Image, 3, nil)
	r.claim(r.reader, routine)
	r.put(r.reader, routine, chest)
	_, err := r.Preliminary(t.Context(), r.reader, routine)
	code(t, err, hub.Conflict, "report.not_emergency")

	id := r.queued(hub.Image, 1, nil)
	r.claim(r.reader, id)
	r.put(r.reader, id, chest)
	v, err := r.Preliminary(t.Context(), r.reader, id)
	if err != nil || v.State != hub.Written || v.TPrelim == nil || v.Version != 2 {
		t.Fatalf("preliminary: %+v, %v", v, err)
	}
	clinic, err := r.Get(t.Context(), r.tech, r.task(id), Signed, 0)
	if err != nil || clinic.State != hub.ReportPreliminary || clinic.Impression != chest.Impression {
		t.Fatalf("the clinic sees %+v, %v", clinic, err)
	}
	_, err = r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	clinic, err = r.Get(t.Context(), r.tech, r.task(id), Signed, 0)
	if err != nil || clinic.State != hub.ReportIssued || clinic.Version != 2 {
		t.Fatalf("then the clinic sees %+v, %v", clinic, err)
	}
	list := r.versions(id)
	must(t, Verify(r.ring, list[0]))
	if list[0].State != hub.ReportPreliminary || list[1].Content == nil || !bytes.Contains(list[1].Content, []byte(list[0].Hash)) {
		t.Fatal("the formal version names the hash of the preliminary one")
	}
}

func TestIncompleteStudyIsIssuedOnlyWhenWaived(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	must(t, r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		task, err := tx.Task(id)
		if err != nil {
			return err
		}
		task.Complete, task.Expected = false, 5
		_, err = tx.UpdateTask(task, task.State, task.Claim)
		return err
	}))
	_, err := r.Approve(t.Context(), r.reviewer, id)
	code(t, err, hub.Conflict, "task.incomplete")
	var e *hub.Error
	if !errors.As(err, &e) || e.Detail["arrived"] != 2 || e.Detail["expected"] != 5 {
		t.Fatalf("the refusal must name what arrived: %+v", e)
	}
	_, err = r.Work.Waive(t.Context(), r.reviewer, id, worklist.Params{Reason: "侧位可免"})
	must(t, err)
	_, err = r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
}

func TestEmptyImpressionAndResidueAreNotSent(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.queued(hub.Image, 3, nil)
	r.claim(r.reader, id)
	_, err := r.Submit(t.Context(), r.reader, id, 0)
	code(t, err, hub.Invalid, "report.empty")
	r.put(r.reader, id, Draft{Findings: "肺野清晰", Impression: "[左/右]肺炎症"})
	_, err = r.Submit(t.Context(), r.reader, id, 0)
	code(t, err, hub.Invalid, "report.residue")
	r.put(r.reader, id, Draft{Findings: "肺野清晰", Impression: "主动脉夹层"})
	v, err := r.Submit(t.Context(), r.reader, id, 0)
	must(t, err)
	if len(v.Warnings) != 1 || v.Warnings[0].Code != "report.critical" {
		t.Fatalf("warnings %+v", v.Warnings)
	}
	if again, err := r.Submit(t.Context(), r.reader, id, 0); err != nil || again.State != hub.Written {
		t.Fatalf("sent again: %v", err)
	}
}

func TestVoidNeedsTwoPeopleAndReachesRecognition(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	_, err = r.AskVoid(t.Context(), r.reviewer, id, "患者错误")
	must(t, err)
	v, err := r.RefuseVoid(t.Context(), r.qc, id, "核对无误")
	if err != nil || v.State != hub.Issued {
		t.Fatalf("refused: %+v, %v", v, err)
	}
	_, err = r.AskVoid(t.Context(), r.second, id, "患者错误")
	must(t, err)
	_, err = r.ConfirmVoid(t.Context(), r.qc, id, "")
	must(t, err)
	result, err := r.DB.Read(t.Context()).Result(r.task(id).Report)
	if err != nil || !result.Void {
		t.Fatalf("result %+v, %v", result, err)
	}
	clinic, err := r.Get(t.Context(), r.tech, r.task(id), Signed, 0)
	if err != nil || clinic.State != hub.ReportVoid || clinic.Impression != "" {
		t.Fatalf("the clinic sees %+v, %v", clinic, err)
	}
	_, err = r.Print(t.Context(), r.tech, r.task(id), 0)
	code(t, err, hub.Conflict, "report.void")
	must(t, Verify(r.ring, r.versions(id)[0])) // kept as signed
}

func TestAddendumLeavesTheVersionAsItIs(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	before := r.versions(id)[0]
	first, err := r.Add(t.Context(), r.reviewer, id, "已与既往片对比，无变化。")
	must(t, err)
	again, err := r.Add(t.Context(), r.reviewer, id, "已与既往片对比，无变化。")
	if err != nil || again.ID != first.ID {
		t.Fatalf("added twice: %+v, %v", again, err)
	}
	after := r.versions(id)[0]
	if !bytes.Equal(after.Content, before.Content) || after.PDF != before.PDF {
		t.Fatal("the issued version changed")
	}
	v, err := r.Get(t.Context(), r.tech, r.task(id), Signed, 0)
	if err != nil || len(v.Addenda) != 1 || v.Addenda[0].By != "医师reviewer" {
		t.Fatalf("the clinic sees %+v, %v", v, err)
	}
	list, err := r.DB.Read(t.Context()).Addenda(after.ID)
	must(t, err)
	must(t, r.ring.Verify(list[0].Key, message(schemaAddendum, list[0].Hash), list[0].Signature))
}

func TestSignatureBreaksWithAChangedByte(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	good := r.versions(id)[0]
	must(t, Verify(r.ring, good))
	if good.Key != r.ring.AccountKey(r.reviewer.Account).Public().ID {
		t.Fatalf("signed with %s, not the reviewer's key", good.Key)
	}
	for i := range good.Content {
		bad := *good
		bad.Content = bytes.Clone(good.Content)
		bad.Content[i] ^= 1
		if !errors.Is(Verify(r.ring, &bad), ErrChanged) {
			t.Fatalf("byte %d changed and it verifies", i)
		}
	}
	bad := *good
	bad.Impression += "。"
	if !errors.Is(Verify(r.ring, &bad), ErrChanged) {
		t.Fatal("the row's text changed and it verifies")
	}
	bad = *good
	bad.Key, bad.Signature = r.ring.AccountKey(r.reader.Account).Sign([]byte("other"))
	if Verify(r.ring, &bad) == nil {
		t.Fatal("another's signature verifies")
	}
}

func TestResidentDoesNotIssue(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	young := r.account("young", "lead", hub.Reviewer, "234")
	_, err := r.Approve(t.Context(), young, id)
	code(t, err, hub.Forbidden, "report.title")
}

func TestUnknownReportAndWrongHashLookTheSame(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	report := r.versions(id)[0]
	for _, ask := range [][2]string{{"nothing", report.Hash}, {string(report.ID), report.Hash[:8]}, {string(report.ID), ""}, {string(report.ID), report.Hash[1:] + "0"}} {
		v, err := r.Service.Verify(t.Context(), hub.ReportID(ask[0]), ask[1])
		if err != nil || *v != (Verdict{}) {
			t.Errorf("%v: %+v, %v", ask, v, err)
		}
	}
}

func TestOfTwoReviewersAtOnceOneIssues(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	results := make(chan error, 2)
	for _, a := range []hub.Actor{r.reviewer, r.second} {
		go func() {
			_, err := r.Approve(context.WithoutCancel(t.Context()), a, id)
			results <- err
		}()
	}
	issued := 0
	for range 2 {
		if err := <-results; err == nil {
			issued++
		} else if hub.KindOf(err) != hub.Conflict {
			t.Error(err)
		}
	}
	if issued != 1 {
		t.Fatalf("%d of 2 issued it", issued)
	}
	kept := 0
	must(t, r.Objects.List(t.Context(), "report/", func(storage.Key, int64, time.Time) error { kept++; return nil }))
	if kept != 1 {
		t.Fatalf("%d PDFs are kept, want the issued one", kept)
	}
	must(t, Verify(r.ring, r.versions(id)[0]))
}

func TestSignatureNamesEveryObject(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	var c Content
	must(t, json.Unmarshal(r.versions(id)[0].Content, &c))
	one, two := "blake3:"+strings.Repeat("01", 32), "blake3:"+strings.Repeat("02", 32)
	if len(c.Objects) != 2 || c.Objects[0] != one || c.Objects[1] != two {
		t.Fatalf("signed objects %v", c.Objects)
	}
}

func TestNothingIsIssuedWhenItsPDFCannotBeKept(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	must(t, r.Objects.Close())
	_, err := r.Approve(t.Context(), r.reviewer, id)
	code(t, err, hub.Busy, "store.unavailable")
	if task := r.task(id); task.State != hub.Written {
		t.Fatalf("the task is %s", task.State)
	}
}
