package arrive

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// order stores an order with its draft task.
func (h *clinic) order(t *testing.T, member hub.MemberID, accession, name, modality string) *hub.Order {
	t.Helper()
	o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: member, Accession: accession, Origin: "entered", Visit: hub.Outpatient, Kind: hub.Image,
		Modality: modality, ItemName: "胸部CT平扫", Department: "内科", Doctor: "赵医生", History: "咳嗽三天", Purpose: "排除肺炎", Priority: 1, Pacemaker: true, Pregnancy: "no"}
	h.tx(t, func(tx *db.Tx) error {
		p := &db.PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: member, LocalID: "P" + accession, Name: name, Sex: "M", BirthDate: "1980-02-03"}, CreatedAt: tx.Now()}
		o.Patient, o.CreatedAt = p.ID, tx.Now()
		if err := errors.Join(tx.InsertPatient(p), tx.InsertOrder(o)); err != nil {
			return err
		}
		_, err := worklist.Open(tx, hub.System, o, hub.Draft, nil)
		return err
	})
	return o
}

// scheduled asks for the worklist with keys of the scheduled step, and returns
// the accession numbers.
func (h *clinic) scheduled(t *testing.T, c *dimse.Client, charset string, step []string, pairs ...string) []*dicom.Dataset {
	t.Helper()
	id := identifier("", append([]string{"AccessionNumber", "", "PatientName", "", "StudyInstanceUID", "", "RequestedProcedurePriority", "", "PregnancyStatus", "", "MedicalAlerts", ""}, pairs...)...)
	id.SetText(dicom.SpecificCharacterSet, some(charset)...)
	item := identifier("", append([]string{"Modality", "", "ScheduledStationAETitle", "", "ScheduledProcedureStepStartDate", "", "ScheduledProcedureStepDescription", ""}, step...)...)
	item.Delete(dicom.SpecificCharacterSet)
	id.SetItems(dicom.ScheduledProcedureStepSequence, item)
	var list []*dicom.Dataset
	status, err := c.Find(t.Context(), dimse.ModalityWorklist, id, func(s dimse.Status, d *dicom.Dataset) error {
		if s.Code != dimse.Pending {
			t.Errorf("%v", s)
		}
		list = append(list, d)
		return nil
	})
	if err != nil || status.Code != dimse.Success {
		t.Fatalf("%v, %v", status, err)
	}
	return list
}

func accessions(list []*dicom.Dataset) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Text(dicom.AccessionNumber))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestWorklistOffersTheClinicsOrdersToItsDevices(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.order(t, h.one, "A1", "王小明", "CT")
	h.order(t, h.one, "A2", "李雷", "DX")
	h.order(t, h.other, "B1", "韩梅梅", "CT")
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: "d7", Member: h.one, AETitle: "DR1", Kind: "DX", Active: true})
	})
	today := time.Now().In(china).Format("20060102")
	yesterday := time.Now().In(china).AddDate(0, 0, -1).Format("20060102")
	c := h.dial(t, "CT1", dimse.ModalityWorklist)
	for _, q := range []struct {
		step, pairs []string
		want        string
	}{
		{nil, nil, "A1 A2"},
		{[]string{"Modality", "CT"}, nil, "A1"},
		{[]string{"Modality", "CT", "ScheduledProcedureStepStartDate", today}, nil, "A1"},
		{[]string{"ScheduledProcedureStepStartDate", yesterday + "-" + yesterday}, nil, ""},
		{[]string{"ScheduledProcedureStepStartDate", yesterday + "-" + today}, nil, "A1 A2"},
		{[]string{"ScheduledStationAETitle", "CT1"}, nil, "A1"},
		{[]string{"ScheduledStationAETitle", "DR1"}, nil, "A2"},
		{nil, []string{"AccessionNumber", "A2"}, "A2"},
		{nil, []string{"PatientName", "王*"}, "A1"},
		{nil, []string{"PatientID", "PA?"}, "A1 A2"},
		{nil, []string{"PatientID", "PA1", "PatientName", "李*"}, ""},
	} {
		id := h.scheduled(t, c, "ISO_IR 192", q.step, q.pairs...)
		if got := accessions(id); got != q.want {
			t.Errorf("%q %q: %q, want %q", q.step, q.pairs, got, q.want)
		}
	}
}

func TestWorklistItemSaysWhatTheModalityNeeds(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	o := h.order(t, h.one, "A1", "王小明", "CT")
	c := h.dial(t, "CT1", dimse.ModalityWorklist)
	for charset, want := range map[string]string{"": "GB18030", "GB18030": "GB18030", "ISO_IR 192": "ISO_IR 192", "ISO_IR 100": "GB18030"} {
		list := h.scheduled(t, c, charset, nil)
		if len(list) != 1 {
			t.Fatalf("%q: %d items", charset, len(list))
		}
		d := list[0]
		step := d.Items(dicom.ScheduledProcedureStepSequence)[0]
		if d.Text(dicom.SpecificCharacterSet) != want || d.Text(dicom.PatientName) != "王小明" || step.Text(dicom.ScheduledProcedureStepDescription) != "胸部CT平扫" {
			t.Errorf("asked in %q: %q %q in %q", charset, d.Text(dicom.PatientName), step.Text(dicom.ScheduledProcedureStepDescription), d.Text(dicom.SpecificCharacterSet))
		}
		if d.Text(dicom.StudyInstanceUID) != StudyUID(o.ID) || !dicom.ValidUID(d.Text(dicom.StudyInstanceUID)) || d.Text(dicom.RequestedProcedurePriority) != "STAT" ||
			d.Text(dicom.PregnancyStatus) != "1" || d.Text(dicom.MedicalAlerts) != "心脏起搏器" || step.Text(dicom.ScheduledStationAETitle) != "CT1" {
			t.Errorf("item %v", d.Elements)
		}
		if step.Get(dicom.ScheduledProcedureStepID) != nil || d.Get(dicom.PatientID) != nil {
			t.Error("it says what nobody asked for")
		}
	}
}

// performed is the data set of a performed step's N-CREATE.
func performed(study, accession string) *dicom.Dataset {
	d := identifier("", "PerformedProcedureStepStatus", "IN PROGRESS", "PerformedStationAETitle", "CT1")
	d.SetItems(dicom.ScheduledStepAttributesSequence, identifier("", "StudyInstanceUID", study, "AccessionNumber", accession))
	return d
}

// made is the data set of its last N-SET.
func made(state string, uids ...string) *dicom.Dataset {
	d := identifier("", "PerformedProcedureStepStatus", state)
	var refs []*dicom.Dataset
	for _, uid := range uids {
		refs = append(refs, identifier("", "ReferencedSOPClassUID", ctClass, "ReferencedSOPInstanceUID", uid))
	}
	series := identifier("", "SeriesInstanceUID", "1.1.1")
	series.SetItems(dicom.ReferencedImageSequence, refs...)
	d.SetItems(dicom.PerformedSeriesSequence, series)
	return d
}

// task returns the task of a study.
func (h *clinic) task(t *testing.T, uid string) *hub.Task {
	t.Helper()
	tx := h.DB.Read(t.Context())
	study, err := tx.StudyByUID(h.one, uid)
	if err != nil {
		t.Fatal(err)
	}
	list, err := tx.TasksOfStudy(study.ID)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d tasks, %v", len(list), err)
	}
	return list[0]
}

func TestCompletedStepSendsTheWholeStudyToItsReaders(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.order(t, h.one, "A1", "王小明", "CT")
	c := h.dial(t, "CT1", dimse.PerformedStep)
	if status, err := c.Create(t.Context(), dimse.PerformedStep, "1.5.1", performed("1.1", "A1")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-CREATE: %v, %v", status, err)
	}
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.1", "A1", "王小明", "PA1", "20260101", ""})
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.1", made("COMPLETED", "1.1.1.1", "1.1.1.2")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-SET: %v, %v", status, err)
	}
	if task := h.task(t, "1.1"); task.Expected != 2 || task.Complete || task.State != hub.Uploading {
		t.Errorf("one of two is here: %s, expected %d, complete %v", task.State, task.Expected, task.Complete)
	}
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.2", "A1", "王小明", "PA1", "20260101", ""})
	eventually(t, "the study is queued", func() bool {
		task := h.task(t, "1.1")
		return task.State == hub.Queued && task.Complete && task.Expected == 2 && task.Centre == "lead"
	})
	for _, state := range []string{"IN PROGRESS", "COMPLETED"} {
		if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.1", made(state)); err != nil || status.Code != dimse.ProcessingFailure || status.ErrorID != 0xA710 || !strings.Contains(status.Comment, "no longer be updated") {
			t.Errorf("%s after the end: %v, %v", state, status, err)
		}
	}
}

func TestStepThatNamesFewerThanCameIsCompleteWithAllThatCame(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	c := h.dial(t, "CT1", dimse.PerformedStep)
	if status, err := c.Create(t.Context(), dimse.PerformedStep, "1.5.1", performed("1.1", "A1")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-CREATE: %v, %v", status, err)
	}
	for _, uid := range []string{"1.1.1.1", "1.1.1.2", "1.1.1.3"} {
		h.send(t, "CT1", image{"1.1", "1.1.1", uid, "A1", "王小明", "PA1", "20260101", ""})
	}
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.1", made("COMPLETED", "1.1.1.2")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-SET: %v, %v", status, err)
	}
	if task := h.task(t, "1.1"); task.State != hub.Queued || !task.Complete || task.Expected != 3 {
		t.Errorf("%s, expected %d, complete %v", task.State, task.Expected, task.Complete)
	}
}

func TestStepsWithoutObjectsHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.1", "A1", "王小明", "PA1", "20260101", ""})
	h.tx(t, func(tx *db.Tx) error {
		for n := range 2*lookMost + 1 {
			s := &db.PerformedStep{ID: hub.NewID[string](), Member: h.one, UID: "1.5." + strconv.Itoa(n), State: completed, StudyUID: "9." + strconv.Itoa(n),
				Unsettled: true, CreatedAt: tx.Now(), ChangedAt: tx.Now()}
			if n == 2*lookMost {
				s.StudyUID, s.Instances = "1.1", []string{"1.1.1.1"}
			}
			if err := tx.InsertPerformedStep(s); err != nil {
				return err
			}
		}
		return nil
	})
	eventually(t, "the study with objects is queued", func() bool { return h.task(t, "1.1").State == hub.Queued })
}

// eventually waits for what the hub does by itself within seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not within 20 s: %s", what)
		case <-tick.C:
		}
	}
}

func TestDiscontinuedStepWarnsTheReader(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	c := h.dial(t, "CT1", dimse.PerformedStep)
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.1", "A1", "王小明", "PA1", "20260101", ""})
	c.Create(t.Context(), dimse.PerformedStep, "1.5.1", performed("1.1", "A1"))
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.1", made("DISCONTINUED")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-SET: %v, %v", status, err)
	}
	task := h.task(t, "1.1")
	if !slices.ContainsFunc(task.Warnings, func(w hub.Warning) bool { return w.Code == "exam.discontinued" }) {
		t.Errorf("warnings %v", task.Warnings)
	}
}

func TestPerformedStepIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	c := h.dial(t, "CT1", dimse.PerformedStep)
	without := func(tag dicom.Tag) *dicom.Dataset {
		d := performed("1.1", "")
		d.Delete(tag)
		return d
	}
	state, schedule := dicom.PerformedProcedureStepStatus, dicom.ScheduledStepAttributesSequence
	noStudy, empty := performed("1.1", ""), performed("1.1", "")
	noStudy.Items(schedule)[0].Delete(dicom.StudyInstanceUID)
	empty.SetText(state)
	for name, q := range map[string]struct {
		d    *dicom.Dataset
		uid  string
		code uint16
		tag  dicom.Tag
	}{
		"no state":           {without(state), "1.5.2", dimse.MissingAttribute, state},
		"an empty state":     {empty, "1.5.2", dimse.MissingValue, state},
		"no schedule":        {without(schedule), "1.5.3", dimse.MissingAttribute, schedule},
		"ended already":      {made("COMPLETED"), "1.5.4", dimse.InvalidAttributeValue, state},
		"no study":           {noStudy, "1.5.5", dimse.MissingAttribute, dicom.StudyInstanceUID},
		"an empty study":     {performed("", ""), "1.5.5", dimse.MissingValue, dicom.StudyInstanceUID},
		"a study that isn't": {performed("../x", ""), "1.5.5", dimse.InvalidAttributeValue, dicom.StudyInstanceUID},
		"no UID":             {performed("1.1", ""), "x", dimse.InvalidSOPInstance, 0},
		"a UID of ours":      {performed("1.1", ""), "", dimse.Success, 0},
		"as it should be":    {performed("1.1", ""), "1.5.6", dimse.Success, 0},
	} {
		status, err := c.Create(t.Context(), dimse.PerformedStep, q.uid, q.d)
		if err != nil || status.Code != q.code || q.tag != 0 && !slices.Equal(status.Offending, []dicom.Tag{q.tag}) {
			t.Errorf("%s: %v about %v, %v; want %04X about %v", name, status, status.Offending, err, q.code, q.tag)
		}
	}
	if status, err := c.Create(t.Context(), dimse.PerformedStep, "1.5.6", performed("1.1", "")); err != nil || status.Code != dimse.DuplicateSOPInstance {
		t.Errorf("twice: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.9", made("COMPLETED")); err != nil || status.Code != dimse.NoSuchSOPInstance {
		t.Errorf("unknown: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.6", made("FINISHED")); err != nil || status.Code != dimse.InvalidAttributeValue {
		t.Errorf("a state nobody knows: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.6", empty); err != nil || status.Code != dimse.MissingValue {
		t.Errorf("no state any more: %v, %v", status, err)
	}
	other := h.dial(t, "CT2", dimse.PerformedStep)
	if status, err := other.Set(t.Context(), dimse.PerformedStep, "1.5.6", made("COMPLETED")); err != nil || status.Code != dimse.NoSuchSOPInstance {
		t.Errorf("another clinic's: %v, %v", status, err)
	}
}

func TestStoreAnswersWithTheStandardsStatus(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	good := image{"1.1", "1.1.1", "1.1.1.1", "A1", "王小明", "P1", "20260101", ""}
	other := good
	other.name = "李雷"
	noUID := good.dataset()
	noUID.Delete(dicom.SOPInstanceUID)
	badStudy := good.dataset()
	badStudy.SetRaw(dicom.StudyInstanceUID, dicom.UI, []byte("../../etc "))
	whole := encoded(t, good.dataset(), dicom.ExplicitVRLittleEndian)
	const secondary = "1.2.840.10008.5.1.4.1.1.7"
	c := h.dial(t, "CT1", ctClass, secondary)
	for _, q := range []struct {
		name  string
		class string
		uid   string
		data  []byte
		code  uint16
		tag   dicom.Tag
	}{
		{"stored", ctClass, "1.1.1.1", whole, dimse.Success, 0},
		{"again", ctClass, "1.1.1.1", whole, dimse.Success, 0},
		{"other bytes under its UID", ctClass, "1.1.1.1", encoded(t, other.dataset(), dicom.ExplicitVRLittleEndian), dimse.CoercionOfDataElements, dicom.SOPInstanceUID},
		{"another UID than announced", ctClass, "1.1.1.2", whole, dimse.DataSetMismatch, dicom.SOPInstanceUID},
		{"another class than announced", secondary, "1.1.1.1", whole, dimse.DataSetMismatch, dicom.SOPClassUID},
		{"cut off", ctClass, "1.1.1.1", whole[:len(whole)-4], dimse.CannotUnderstand, 0},
		{"no UID", ctClass, "1.1.1.3", encoded(t, noUID, dicom.ExplicitVRLittleEndian), dimse.CannotUnderstand, dicom.SOPInstanceUID},
		{"a path as UID", ctClass, "1.1.1.1", encoded(t, badStudy, dicom.ExplicitVRLittleEndian), dimse.CannotUnderstand, dicom.StudyInstanceUID},
		{"a path announced", ctClass, "../x", whole, dimse.InvalidSOPInstance, dicom.AffectedSOPInstanceUID},
		{"no data set", ctClass, "1.1.1.1", nil, dimse.CannotUnderstand, 0},
	} {
		status, err := c.Store(t.Context(), q.class, q.uid, dicom.ExplicitVRLittleEndian, bytes.NewReader(q.data))
		if err != nil || status.Code != q.code || len(status.Comment) > 64 || status.Code != dimse.Success && status.Comment == "" {
			t.Errorf("%s: %v, %v; want %04X", q.name, status, err, q.code)
		}
		if q.tag != 0 && !slices.Equal(status.Offending, []dicom.Tag{q.tag}) {
			t.Errorf("%s: offending %v, want %v", q.name, status.Offending, q.tag)
		}
	}
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: "d8", Member: h.one, AETitle: "WS", Active: true, Services: []hub.Service{hub.QueryService}})
	})
	ws := h.dial(t, "WS", ctClass)
	if status, err := ws.Store(t.Context(), ctClass, "1.1.1.1", dicom.ExplicitVRLittleEndian, bytes.NewReader(whole)); err != nil || status.Code != dimse.NotAuthorized {
		t.Errorf("a device that may not store: %v, %v", status, err)
	}
	h.Objects.Close()
	if status, err := c.Store(t.Context(), ctClass, "1.1.1.9", dicom.ExplicitVRLittleEndian, bytes.NewReader(whole)); err != nil || status.Code != dimse.OutOfResources {
		t.Errorf("no store: %v, %v", status, err)
	}
}
