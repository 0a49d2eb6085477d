package recognition

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// sealer keeps texts as they are: sealing has its own tests.
type sealer struct{}

func (sealer) Seal(plain []byte) []byte             { return plain }
func (sealer) Unseal(sealed []byte) ([]byte, error) { return sealed, nil }
func (sealer) IndexHash(n string) string {
	if n == "" {
		return ""
	}
	return "hash of " + n
}

type counter struct{ shown, decided int }

func (c *counter) Candidates(n int)                { c.shown += n }
func (c *counter) Decided(string, string, float64) { c.decided++ }

const (
	zhang = "11010519491231002X"
	li    = "440524188001010014"
)

// county is two clinics, their centre and a city hospital, with one issued CT
// of clinic A that is twelve days old.
type county struct {
	*Service
	orders *order.Service
	count  *counter
	doctor hub.Actor // at clinic B
	city   hub.Actor
	result *db.Result
}

func newCounty(t *testing.T) *county {
	t.Helper()
	d := hubtest.Open(t).DB
	c := &county{count: &counter{}, orders: &order.Service{DB: d, Sealer: sealer{}},
		doctor: hub.Actor{Account: "doctor", Member: "b", Role: hub.Clinician, Name: "周建国"}, city: hub.Actor{Account: "city", Member: "city", Role: hub.Clinician}}
	c.Service = &Service{DB: d, Hash: sealer{}.IndexHash, Orders: c.orders, Count: c.count}
	c.orders.Gate = c.Gate
	c.tx(t, func(tx *db.Tx) error {
		return errors.Join(tx.InsertMember(&hub.Member{ID: "a", Code: "CLINIC1", Name: "青山镇卫生院", Level: "township"}),
			tx.InsertMember(&hub.Member{ID: "b", Code: "CLINIC2", Name: "白石乡卫生院", Level: "township"}),
			tx.InsertMember(&hub.Member{ID: "city", Code: "CITY", Name: "市一院", Level: "city"}),
			SeedCatalogue(tx), SeedMarks(tx, []hub.MemberID{"a"}, tx.Now().AddDate(-1, 0, 0), tx.Now().AddDate(1, 0, 0)),
			c.issue(tx, "r", zhang, 12*24*time.Hour))
	})
	return c
}

func (c *county) tx(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := c.DB.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// issue makes an issued chest CT of clinic A with its images.
func (c *county) issue(tx *db.Tx, id, number string, ago time.Duration) error {
	now := tx.Now()
	p := &db.PatientRow{Patient: hub.Patient{ID: hub.PatientID("p-" + id), Member: "a", LocalID: "P-" + id, Name: "张三", Sex: "F", BirthDate: "1949-12-31"}, IDHash: sealer{}.IndexHash(number)}
	o := &hub.Order{ID: hub.OrderID("o-" + id), Member: "a", Accession: "A-" + id, Origin: "entered", Patient: p.ID, Kind: hub.Image, Item: "CT-CHEST", Modality: "CT", Priority: 3, CreatedAt: now}
	st := &db.StudyRow{Study: hub.Study{ID: hub.StudyID("s-" + id), Member: "a", UID: "1.2." + id, Patient: p.ID, Instances: 1, CreatedAt: now}}
	se := &hub.Series{ID: hub.SeriesID("e-" + id), Study: st.ID, UID: "1.2.3." + id, Modality: "CT"}
	in := &hub.Instance{ID: hub.InstanceID("i-" + id), Series: se.ID, Study: st.ID, Member: "a", UID: "1.2.3.4." + id, Object: "obj-" + id, Digest: []byte(id), CreatedAt: now}
	err := errors.Join(tx.InsertPatient(p), tx.InsertOrder(o), tx.InsertStudy(st), tx.InsertSeries(se))
	if _, e := tx.InsertInstances(in); errors.Join(err, e) != nil {
		return errors.Join(err, e)
	}
	task, err := worklist.Open(tx, hub.System, o, hub.Delivered, func(t *hub.Task) { t.Study, t.Report = st.ID, hub.ReportID(id) })
	if err != nil {
		return err
	}
	r := &hub.Report{ID: hub.ReportID(id), Version: 1, Task: task.ID, State: hub.ReportIssued, Findings: "右肺上叶结节", Impression: "右上肺结节", UpdatedAt: now}
	c.result = &db.Result{Report: r.ID, Task: task.ID, Member: "a", Patient: p.ID, IDHash: p.IDHash, Item: "CT-CHEST", Kind: hub.Image, Study: st.ID, ExamAt: now.Add(-ago), Grade: "A"}
	return errors.Join(tx.InsertReport(r), tx.PutResult(c.result))
}

func (c *county) look(t *testing.T, a hub.Actor, number string) []Candidate {
	t.Helper()
	list, err := c.Lookup(t.Context(), a, Wanted{IDNumber: number, Item: "CT-CHEST"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func ct(number string) hub.Order {
	return hub.Order{PatientName: "张三", IDNumber: number, Item: "CT-CHEST", Department: "内科", Doctor: "周建国", History: "咳嗽", Priority: 3}
}

func TestEligibleResultIsListedBeforeTheOrder(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	list := c.look(t, c.doctor, zhang)
	if len(list) != 1 {
		t.Fatalf("%d candidates", len(list))
	}
	got := list[0]
	if !got.Eligible || got.Cause != "" || got.AgeDays != 12 || got.Member != "CLINIC1" || got.Study != "1.2.r" || got.Mark != "医联体HR" || got.Impression != "右上肺结节" {
		t.Errorf("%+v", got)
	}
	if list := c.look(t, c.doctor, li); len(list) != 0 {
		t.Errorf("another person's results: %+v", list)
	}
	if c.count.shown != 1 {
		t.Errorf("%d counted as shown", c.count.shown)
	}
	if _, _, err := c.DB.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := c.DB.Read(t.Context()).AuditOf("item/CT-CHEST", 0, 10)
	if err != nil || len(records) != 2 || records[0].Action != "recognition.query" {
		t.Errorf("look-ups must be audited: %v %+v", err, records)
	}
}

func TestResultsThatDoNotCountSayWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause  string
		spoil  func(tx *db.Tx, r *db.Result) error
		asking string
	}{
		"mark ended before the exam": {NoMark, func(tx *db.Tx, r *db.Result) error {
			list, err := tx.Marks("a")
			for _, m := range list {
				m.To = r.ExamAt.Add(-time.Hour)
				err = errors.Join(err, tx.UpdateMark(m))
			}
			return err
		}, "b"},
		"image graded 废":    {LowGrade, func(tx *db.Tx, r *db.Result) error { r.Grade = "reject"; return tx.PutResult(r) }, "b"},
		"below the minimum": {LowGrade, func(tx *db.Tx, r *db.Result) error { r.Grade = "C"; return tx.PutResult(r) }, "b"},
		"scope too small": {ScopeTooSmall, func(tx *db.Tx, r *db.Result) error {
			list, err := tx.Marks("a")
			for _, m := range list {
				m.Scope = "county"
				err = errors.Join(err, tx.UpdateMark(m))
			}
			return err
		}, "city"},
		"images gone": {ObjectsGone, func(tx *db.Tx, r *db.Result) error { return tx.Tombstone("obj-r") }, "b"},
		"void":        {Voided, func(tx *db.Tx, r *db.Result) error { r.Void = true; return tx.PutResult(r) }, "b"},
		"out of date": {OutOfDate, func(tx *db.Tx, r *db.Result) error {
			r.ExamAt = tx.Now().Add(-30*24*time.Hour - time.Minute)
			return tx.PutResult(r)
		}, "b"},
		"item left the catalogue": {NotInCatalogue, func(tx *db.Tx, r *db.Result) error {
			item, err := tx.CatalogueItem(r.Item)
			if err != nil {
				return err
			}
			item.Active = false
			return tx.PutCatalogueItem(item)
		}, "b"},
		"ungraded still counts":     {"", func(tx *db.Tx, r *db.Result) error { r.Grade = ""; return tx.PutResult(r) }, "b"},
		"基本合格 counts as B":          {"", func(tx *db.Tx, r *db.Result) error { r.Grade = "fair"; return tx.PutResult(r) }, "b"},
		"alliance scope has no top": {"", func(*db.Tx, *db.Result) error { return nil }, "city"},
		"thirty days to the minute": {"", func(tx *db.Tx, r *db.Result) error {
			r.ExamAt = tx.Now().Add(-30*24*time.Hour + time.Minute)
			return tx.PutResult(r)
		}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := newCounty(t)
			at.tx(t, func(tx *db.Tx) error { return c.spoil(tx, at.result) })
			asking := at.doctor
			if c.asking == "city" {
				asking = at.city
			}
			list := at.look(t, asking, zhang)
			if len(list) != 1 || list[0].Cause != c.cause || list[0].Eligible != (c.cause == "") {
				t.Fatalf("want cause %q, got %+v", c.cause, list)
			}
			_, err := at.orders.Create(t.Context(), asking, ct(zhang), nil)
			if held := hub.CodeOf(err) == "recognition.decision_required"; held != (c.cause == "") {
				t.Errorf("the order was held up: %v (%v)", held, err)
			}
		})
	}
}

func TestOrderWaitsForADecisionWithReasonAndExplanation(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	_, err := c.orders.Create(t.Context(), c.doctor, ct(zhang), nil)
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || e.Kind != hub.Conflict || e.Code != "recognition.decision_required" || len(e.Detail["candidates"].([]Candidate)) != 1 {
		t.Fatalf("%v", err)
	}
	for name, d := range map[string]hub.Decision{
		"no reason":         {Decision: "decline", Explained: true},
		"a bare 6":          {Decision: "decline", Reason: "6", Explained: true},
		"not explained":     {Decision: "decline", Reason: "1"},
		"6e without words":  {Decision: "decline", Reason: "6e", Explained: true},
		"no such decision":  {Decision: "maybe", Reason: "1", Explained: true},
		"another candidate": {Candidate: "other", Decision: "decline", Reason: "1", Explained: true},
	} {
		if d.Candidate == "" {
			d.Candidate = "r"
		}
		if _, err := c.orders.Create(t.Context(), c.doctor, ct(zhang), []hub.Decision{d}); err == nil {
			t.Errorf("%s was let through", name)
		}
	}
	made, err := c.orders.Create(t.Context(), c.doctor, ct(zhang), []hub.Decision{{Candidate: "r", Decision: "decline", Reason: "1", Explained: true, Text: "咯血加重"}})
	if err != nil || made.Task == "" {
		t.Fatal(err)
	}
	list, err := c.DB.Read(t.Context()).Decisions("b", time.Time{}, 10)
	if err != nil || len(list) != 1 || list[0].Order != made.ID || list[0].Doctor != "doctor" || list[0].Item != "CT-CHEST" || list[0].Saved != 0 {
		t.Errorf("%v %+v", err, list)
	}
}

func TestRecognitionMakesNoOrderAndSavesThePriceOnce(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	c.tx(t, func(tx *db.Tx) error { return c.issue(tx, "r2", zhang, 3*24*time.Hour) })
	out, err := c.Decide(t.Context(), c.doctor, ct(zhang), []hub.Decision{{Candidate: "r", Decision: "recognise", Saved: 9999}, {Candidate: "r2", Decision: "recognise"}})
	if err != nil || out == nil || out.Saved != 220 || len(out.Quotes) != 2 {
		t.Fatalf("%v %+v", err, out)
	}
	stats, err := c.DB.Read(t.Context()).DecisionStats("b", time.Time{})
	if err != nil || len(stats) != 1 || stats[0].Count != 2 || stats[0].Saved != 220 {
		t.Errorf("%v %+v", err, stats)
	}
	if tasks, err := c.DB.Read(t.Context()).Tasks(db.TaskFilter{Member: "b", Limit: 10}); err != nil || len(tasks) != 0 {
		t.Errorf("%v, %d tasks", err, len(tasks))
	}
	_, err = c.Decide(t.Context(), c.doctor, ct(li), []hub.Decision{{Candidate: "r", Decision: "recognise"}})
	if hub.CodeOf(err) != "recognition.not_eligible" {
		t.Errorf("another person's result was recognised: %v", err)
	}
	if out, err := c.Decide(t.Context(), c.doctor, ct(zhang), []hub.Decision{{Candidate: "r", Decision: "decline"}}); out != nil || err != nil {
		t.Errorf("nothing to recognise: %v %v", out, err)
	}
}

func TestEmergencyIsOrderedFirst(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	o := ct(zhang)
	o.Visit = hub.Emergency
	made, err := c.orders.Create(t.Context(), c.doctor, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.DB.Read(t.Context()).Decisions("b", time.Time{}, 10)
	if err != nil || len(list) != 1 || list[0].Reason != "4" || list[0].Order != made.ID || list[0].Explained {
		t.Errorf("%v %+v", err, list)
	}
}

func TestPatientWithoutIDNumberIsFoundThroughTheReviewedLink(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	c.tx(t, func(tx *db.Tx) error {
		here := &db.PatientRow{Patient: hub.Patient{ID: "here", Member: "b", LocalID: "B7", Name: "张三"}}
		if err := tx.InsertPatient(here); err != nil {
			return err
		}
		person, err := tx.LinkPatient("p-r", "", "reviewed", "qc")
		if err == nil {
			_, err = tx.LinkPatient("here", person, "reviewed", "qc")
		}
		return err
	})
	list, err := c.Lookup(t.Context(), c.doctor, Wanted{LocalID: "B7", Item: "CT-CHEST"})
	if err != nil || len(list) != 1 || !list[0].Eligible {
		t.Errorf("%v %+v", err, list)
	}
	if list, err = c.Lookup(t.Context(), c.doctor, Wanted{LocalID: "P-r", Item: "CT-CHEST"}); err != nil || len(list) != 0 {
		t.Errorf("the other clinic's local id found somebody: %v %+v", err, list)
	}
}

func TestResultReportedElsewhereIsPriorAndCandidateWithoutTask(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	var task hub.TaskID
	c.tx(t, func(tx *db.Tx) error { // its images have come and opened a task
		if err := c.issue(tx, "x", "", 0); err != nil {
			return err
		}
		t, err := tx.Task(c.result.Task)
		if err != nil {
			return err
		}
		task = t.ID
		t.State, t.Report = hub.Queued, ""
		_, err = tx.UpdateTask(t, hub.Delivered, 0)
		return errors.Join(err, tx.JoinStudy(t.ID, t.Study))
	})
	sender := hub.Actor{Account: "his", Member: "a", Role: hub.Tech}
	in := Import{Order: ct(zhang), Institution: "省人民医院", Impression: "右上肺结节，较前相仿", SignedBy: "王主任", ExamAt: time.Now().Add(-48 * time.Hour), StudyUID: "1.2.x"}
	in.Order.LocalID, in.Order.Accession = "P-x", "HIS-77"
	out, err := c.Import(t.Context(), sender, in)
	if err != nil {
		t.Fatal(err)
	}
	read := c.DB.Read(t.Context())
	if got, err := read.Task(task); err != nil || got.State != hub.Cancelled {
		t.Errorf("%v, the task its images opened is %s", err, got.State)
	}
	if tasks, err := read.TasksOfOrder(out.Order); err != nil || len(tasks) != 0 {
		t.Errorf("%v, %d tasks", err, len(tasks))
	}
	list := c.look(t, c.doctor, zhang)
	if len(list) != 2 || list[0].Report != out.Report || !list[0].Imported || list[0].MemberName != "省人民医院" || !list[0].Eligible || list[0].Study != "1.2.x" {
		t.Errorf("%+v", list)
	}
	if _, err := c.Import(t.Context(), sender, in); hub.CodeOf(err) != "result.exists" {
		t.Errorf("the same accession number again: %v", err)
	}
	in.Accession, in.StudyUID = "HIS-78", ""
	if out, err = c.Import(t.Context(), sender, in); err != nil {
		t.Fatal(err)
	}
	for _, found := range c.look(t, c.doctor, zhang) {
		if found.Report == out.Report && found.Cause != ObjectsGone {
			t.Errorf("a result without images: %+v", found)
		}
	}
}

func TestImportRefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	sender := hub.Actor{Account: "his", Member: "a", Role: hub.Tech}
	good := Import{Order: ct(li), Institution: "省人民医院", Impression: "未见异常", SignedBy: "王主任", ExamAt: time.Now().Add(-time.Hour)}
	for field, spoil := range map[string]func(*Import){
		"institution": func(in *Import) { in.Institution = " " },
		"impression":  func(in *Import) { in.Impression = "" },
		"signed_by":   func(in *Import) { in.SignedBy = "" },
		"exam_at":     func(in *Import) { in.ExamAt = time.Now().AddDate(0, 0, 2) },
		"grade":       func(in *Import) { in.Grade = "Z" },
		"id_number":   func(in *Import) { in.IDNumber = "110105194912310021" },
		"study_uid":   func(in *Import) { in.StudyUID = "9.9" },
	} {
		in := good
		spoil(&in)
		_, err := c.Import(t.Context(), sender, in)
		if e, ok := errors.AsType[*hub.Error](err); !ok || e.Detail["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	other := good
	other.StudyUID = "1.2.r" // zhang's
	if _, err := c.Import(t.Context(), sender, other); hub.KindOf(err) != hub.Invalid {
		t.Errorf("another patient's study: %v", err)
	}
}

func TestItemOfAnOrderMadeFromObjects(t *testing.T) {
	t.Parallel()
	c := newCounty(t)
	tx := c.DB.Read(t.Context())
	for want, o := range map[string]hub.Order{
		"DX-CHEST": {Kind: hub.Image, Modality: "CR", BodyPart: "CHEST"}, "CT-HEAD": {Kind: hub.Image, Modality: "CT", BodyPart: "HEAD"},
		"ECG-12": {Kind: hub.ECG}, "ECG-HOLTER": {Kind: hub.Holter}, "MR-KNEE": {Item: "MR-KNEE"}, "": {Kind: hub.Image, Modality: "CT"},
	} {
		item, err := ItemOf(tx, &o)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if item != nil {
			got = item.Code
		}
		if got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

// BenchmarkLookup finds one person's results among 100,000 of others.
func BenchmarkLookup(b *testing.B) {
	d, err := db.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "hub.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	err = d.Tx(b.Context(), func(tx *db.Tx) error {
		err := errors.Join(tx.InsertMember(&hub.Member{ID: "a", Code: "A", Level: "county"}), SeedCatalogue(tx))
		for i := range 100_000 {
			r := &db.Result{Report: hub.ReportID(fmt.Sprint("r", i)), Member: "a", Patient: hub.PatientID(fmt.Sprint("p", i/5)), IDHash: fmt.Sprint("h", i/5),
				Item: "CT-CHEST", Kind: hub.Image, ExamAt: tx.Now().Add(-time.Duration(i%5) * 24 * time.Hour)}
			err = errors.Join(err, tx.PutResult(r))
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		list, err := Candidates(d.Read(b.Context()), Query{Receiver: "a", IDHash: "h777", Patients: []hub.PatientID{"p777"}, Item: "CT-CHEST"})
		if err != nil || len(list) != 5 {
			b.Fatal(err, len(list))
		}
	}
}
