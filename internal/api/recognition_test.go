package api

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
)

const residentID = "11010519491231002X"

// withRecognition lets the hospital recognise results; it has an ECG of
// CLINIC1, issued twelve hours ago, of the person with residentID.
func withRecognition(t *testing.T) (h *hospital, report string) {
	h = newHospital(t)
	h.s.Recognition = &recognition.Service{DB: h.s.DB, Hash: h.s.Keys.IndexHash, Orders: h.s.Orders, Count: h.s.Metrics}
	h.s.Orders.Gate = h.s.Recognition.Gate
	var clinic hub.MemberID
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		m, err := tx.MemberByCode("CLINIC1")
		clinic = m.ID
		return errors.Join(err, recognition.SeedCatalogue(tx), recognition.SeedMarks(tx, []hub.MemberID{m.ID}, tx.Now().AddDate(-1, 0, 0), tx.Now().AddDate(1, 0, 0)))
	}))
	made := h.ok("clinician1", "POST", "/api/v1/orders", ecgOrder())
	row := h.ok("tech1", "POST", "/api/v1/recordings?order="+made["id"].(string), demo.TraceFile("normal", 7))
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		o, err := tx.Order(hub.OrderID(made["id"].(string)))
		if err != nil {
			return err
		}
		return tx.PutResult(&db.Result{Report: "issued", Task: hub.TaskID(row["task"].(string)), Member: clinic, Patient: o.Patient, IDHash: h.s.Keys.IndexHash(residentID),
			Item: "ECG-12", Kind: hub.ECG, Recording: hub.RecordingID(row["id"].(string)), ExamAt: tx.Now().Add(-12 * time.Hour), Grade: "ok"})
	}))
	return h, "issued"
}

func ecgOrder() map[string]any {
	return map[string]any{"patient_name": "张三", "id_number": residentID, "item": "ECG-12", "department": "内科", "doctor": "周建国", "history": "胸闷"}
}

func with(m map[string]any, key string, value any) map[string]any {
	m[key] = value
	return m
}

func TestOrderOfWhatExistsElsewhereNeedsADecision(t *testing.T) {
	t.Parallel()
	h, report := withRecognition(t)
	found := h.ok("clinician2", "POST", "/api/v1/recognition/candidates", map[string]any{"id_number": residentID, "item": "ECG-12"})["items"].([]any)
	if len(found) != 1 || found[0].(map[string]any)["eligible"] != true || found[0].(map[string]any)["member"] != "CLINIC1" {
		t.Fatalf("found %v", found)
	}
	v := h.refused("clinician2", "POST", "/api/v1/orders", ecgOrder(), 409, "recognition.decision_required")
	if c := v["candidates"].([]any)[0].(map[string]any); c["report"] != report || c["age_days"] != 0.0 || c["mark"] != "医联体HR" {
		t.Fatalf("candidates %v", v["candidates"])
	}
	decline := []map[string]any{{"candidate": report, "decision": "decline", "reason": "1"}}
	h.refused("clinician2", "POST", "/api/v1/orders", with(ecgOrder(), "decisions", decline), 400, "field.invalid")
	decline[0]["explained"] = true
	if made := h.ok("clinician2", "POST", "/api/v1/orders", with(ecgOrder(), "decisions", decline)); made["task"] == "" {
		t.Fatalf("made %v", made)
	}
	accept := []map[string]any{{"candidate": report, "decision": "recognise"}}
	if saved := h.ok("clinician2", "POST", "/api/v1/orders", with(ecgOrder(), "decisions", accept)); saved["recognised"] != true || saved["saved"] != 25.0 || saved["task"] != nil {
		t.Errorf("recognised %v", saved)
	}
	if orders := h.ok("clinician2", "POST", "/api/v1/orders/search", nil)["items"].([]any); len(orders) != 1 {
		t.Errorf("%d orders", len(orders))
	}
	sum := h.ok("regulator", "GET", "/api/v1/recognition/summary", nil)
	if sum["recognised"] != 1.0 || sum["declined"] != 1.0 || sum["explained"] != 1.0 || sum["saved"] != 25.0 || sum["reasons"].(map[string]any)["1"] != 1.0 {
		t.Errorf("summary %v", sum)
	}
	if own := h.ok("clinician3", "GET", "/api/v1/recognition/summary", nil); own["recognised"] != 0.0 {
		t.Errorf("another clinic's summary %v", own)
	}
}

func TestResultThatDoesNotCountSaysWhyInWords(t *testing.T) {
	t.Parallel()
	h, report := withRecognition(t)
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		r, err := tx.Result(hub.ReportID(report))
		r.ExamAt = tx.Now().AddDate(0, 0, -2)
		return errors.Join(err, tx.PutResult(r))
	}))
	found := h.ok("clinician2", "POST", "/api/v1/recognition/candidates", map[string]any{"id_number": residentID, "item": "ECG-12"})["items"].([]any)
	if c := found[0].(map[string]any); c["eligible"] != false || c["cause"] != "out_of_date" || c["cause_text"] != "超过互认有效期" {
		t.Errorf("found %v", found)
	}
	h.ok("clinician2", "POST", "/api/v1/orders", ecgOrder())
	h.refused("clinician2", "POST", "/api/v1/recognition/decisions", map[string]any{"id_number": residentID, "item": "ECG-12",
		"decisions": []map[string]any{{"candidate": report, "decision": "recognise"}}}, 409, "recognition.not_eligible")
	h.refused("reader1", "POST", "/api/v1/recognition/candidates", map[string]any{"id_number": residentID, "item": "ECG-12"}, 403, "role.not_allowed")
}

func TestImportedResultIsSeenByItsClinicOnly(t *testing.T) {
	t.Parallel()
	h, _ := withRecognition(t)
	in := map[string]any{"patient_name": "张三", "id_number": residentID, "item": "CT-CHEST", "institution": "省人民医院", "impression": "右上肺结节", "signed_by": "王主任",
		"exam_at": time.Now().Add(-48 * time.Hour).Format(time.RFC3339)}
	made := h.ok("tech1", "POST", "/api/v1/results", in)
	path := "/api/v1/results/" + made["report"].(string)
	if v := h.ok("clinician1", "GET", path, nil); v["member_name"] != "省人民医院" || v["impression"] != "右上肺结节" || v["item_name"] != "胸部CT平扫" {
		t.Errorf("got %v", v)
	}
	h.refused("clinician2", "GET", path, nil, 404, "not_found")
	task := h.ok("tech1", "GET", "/api/v1/tasks", nil)["items"].([]any)[0].(map[string]any)["id"].(string)
	h.ok("tech1", "POST", "/api/v1/tasks/"+task+"/submit", map[string]any{"reason": "机器未录入患者信息"})
	priors := h.ok("reader1", "GET", "/api/v1/tasks/"+task+"/priors", nil)["items"].([]any)
	if len(priors) != 1 || priors[0].(map[string]any)["member_name"] != "省人民医院" {
		t.Errorf("priors %v", priors)
	}
	h.ok("reader1", "GET", path, nil) // a prior of a patient who is read there
}

func TestEveryCauseHasItsSentences(t *testing.T) {
	t.Parallel()
	for _, cause := range recognition.Causes {
		if m := recognitionMessages["recognition.cause."+cause]; m[0] == "" || m[1] == "" {
			t.Errorf("%s has no sentences", cause)
		}
	}
}

// image is a small CT image of a series, as a device of CLINIC1 sends it.
func (h *hospital) image(study, series, number, accession, patient string) {
	h.t.Helper()
	d := dicom.New()
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: "1.2.840.10008.5.1.4.1.1.2", dicom.SOPInstanceUID: series + "." + number, dicom.StudyInstanceUID: study,
		dicom.SeriesInstanceUID: series, dicom.PatientName: "Zhang^San", dicom.PatientID: patient, dicom.AccessionNumber: accession, dicom.Modality: "CT"} {
		d.SetText(tag, text)
	}
	var b bytes.Buffer
	must(h.t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	actor, _, err := h.s.Accounts.Authenticate(h.t.Context(), h.accounts["tech1"].Token)
	must(h.t, err)
	_, err = h.s.Intake.Instance(h.t.Context(), intake.Source{Actor: actor, Via: "cstore"}, &b, dicom.ExplicitVRLittleEndian)
	must(h.t, err)
}

// TestExamReadElsewhereOpensNoTask is S18 of the domain rules: whenever its
// objects come, before the result, after it, or both.
func TestExamReadElsewhereOpensNoTask(t *testing.T) {
	t.Parallel()
	h, _ := withRecognition(t)
	before := len(items(h.ok("tech1", "GET", "/api/v1/tasks", nil)))
	in := map[string]any{"patient_name": "张三", "sex": "M", "birth_date": "1970-01-01", "patient_id": "E1", "accession": "IMP1", "item": "CT-CHEST", "institution": "省人民医院",
		"impression": "右上肺结节", "signed_by": "王主任", "exam_at": time.Now().Add(-48 * time.Hour).Format(time.RFC3339)}
	report := h.ok("tech1", "POST", "/api/v1/results", in)["report"].(string)
	h.image("1.2.9", "1.2.9.1", "1", "IMP1", "E1")
	h.image("1.2.9", "1.2.9.2", "1", "IMP1", "E1")
	if n := len(items(h.ok("tech1", "GET", "/api/v1/tasks", nil))); n != before {
		t.Errorf("images of an exam that was read elsewhere opened %d tasks", n-before)
	}
	r, err := h.s.DB.Read(t.Context()).Result(hub.ReportID(report))
	must(t, err)
	study, err := h.s.DB.Read(t.Context()).StudyByUID(h.member("CLINIC1"), "1.2.9")
	must(t, err)
	if r.Study != study.ID {
		t.Errorf("the result knows study %q, want %q", r.Study, study.ID)
	}

	h.image("1.2.8", "1.2.8.1", "1", "", "E2")
	in["patient_id"], in["accession"], in["study_uid"] = "E2", "IMP2", "1.2.8"
	h.ok("tech1", "POST", "/api/v1/results", in)
	h.image("1.2.8", "1.2.8.2", "1", "", "E2")
	for _, task := range items(h.ok("tech1", "GET", "/api/v1/tasks?study=1.2.8", nil)) {
		if task["state"] != "cancelled" {
			t.Errorf("a late series has a task that is %v", task["state"])
		}
	}
}

func TestTracingReadElsewhereOpensNoTask(t *testing.T) {
	t.Parallel()
	h, _ := withRecognition(t)
	before := len(items(h.ok("tech1", "GET", "/api/v1/tasks", nil)))
	made := h.ok("tech1", "POST", "/api/v1/results", map[string]any{"patient_name": "张三", "sex": "M", "birth_date": "1970-01-01", "patient_id": "E1", "item": "ECG-12", "institution": "省人民医院",
		"impression": "窦性心律", "signed_by": "王主任", "exam_at": time.Now().Add(-time.Hour).Format(time.RFC3339)})
	v := h.ok("tech1", "POST", "/api/v1/recordings?order="+made["order"].(string), demo.TraceFile("normal", 8))
	if v["task"] != "" || len(items(h.ok("tech1", "GET", "/api/v1/tasks", nil))) != before {
		t.Errorf("it opened task %v", v["task"])
	}
	r, err := h.s.DB.Read(t.Context()).Result(hub.ReportID(made["report"].(string)))
	must(t, err)
	if string(r.Recording) != v["id"] {
		t.Errorf("the result knows recording %q, want %v", r.Recording, v["id"])
	}
}
