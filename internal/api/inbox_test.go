package api

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
)

// newInbox is a hospital whose tech1 is trusted with nothing: what it sends
// waits for a person.
func newInbox(t *testing.T) *hospital {
	h := newUploads(t)
	h.s.Reassign = &reassign.Service{DB: h.s.DB, Work: h.s.Work, Orders: h.s.Orders}
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		a, err := tx.AccountByLogin("tech1")
		if err != nil {
			return err
		}
		a.AutoSubmit = false
		return tx.UpdateAccount(a)
	}))
	return h
}

func (h *hospital) order(name, id string) map[string]any {
	h.t.Helper()
	return h.ok("clinician1", "POST", "/api/v1/orders", map[string]any{"patient_name": name, "sex": "M", "birth_date": "1970-01-01", "patient_id": id, "kind": "ecg", "modality": "ECG",
		"item_name": "十二导联心电图", "department": "内科", "doctor": "周建国", "purpose": "胸闷"})
}

func TestInboxOffersTheOrderAndMatchesIt(t *testing.T) {
	t.Parallel()
	h := newInbox(t)
	made := h.order("测试", "T11")
	waiting := h.ecg("tech1", "normal", 11)["task"].(string)
	items := h.ok("clinician1", "GET", "/api/v1/inbox", nil)["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("got %v", items)
	}
	first := items[0].(map[string]any)["suggestions"].([]any)[0].(map[string]any)
	if first["order"] != made["id"] || first["patient_name"] != "测试" || len(first["why"].([]any)) == 0 {
		t.Fatalf("got %v", first)
	}
	body := map[string]any{"order": made["id"]}
	h.refused("tech2", "POST", "/api/v1/inbox/"+waiting+"/match", body, 404, "not_found")
	h.refused("reader1", "POST", "/api/v1/inbox/"+waiting+"/match", body, 403, "role.not_allowed")
	task := h.ok("tech1", "POST", "/api/v1/inbox/"+waiting+"/match", body)
	if task["id"] != made["task"] || task["recording"] == "" || task["state"] != "uploading" {
		t.Fatalf("got %v", task)
	}
	if task = h.ok("tech1", "POST", "/api/v1/tasks/"+task["id"].(string)+"/submit", nil); task["state"] != "queued" {
		t.Fatalf("got %v", task)
	}
	h.refused("tech1", "POST", "/api/v1/inbox/"+waiting+"/match", body, 409, "task.wrong_state")
	if items := h.ok("tech1", "GET", "/api/v1/inbox", nil)["items"].([]any); len(items) != 0 {
		t.Fatalf("still waiting: %v", items)
	}
}

func TestReassignmentNeedsBothSides(t *testing.T) {
	t.Parallel()
	h := newInbox(t)
	wrong, right := h.order("测试", "T12"), h.order("王强", "T99")
	id := h.ecg("tech1", "normal", 12)["task"].(string)
	h.ok("tech1", "POST", "/api/v1/inbox/"+id+"/match", map[string]any{"order": wrong["id"]})
	id = wrong["task"].(string)
	h.ok("tech1", "POST", "/api/v1/tasks/"+id+"/submit", nil)
	ask := map[string]any{"order": right["id"], "reason": "名单选错"}
	h.refused("tech2", "POST", "/api/v1/tasks/"+id+"/reassign", ask, 404, "not_found")
	h.refused("qc1", "POST", "/api/v1/tasks/"+id+"/reassign", ask, 403, "role.not_allowed")
	r := h.ok("tech1", "POST", "/api/v1/tasks/"+id+"/reassign", ask)
	path := "/api/v1/reassignments/" + r["id"].(string)
	list := h.ok("reader1", "GET", "/api/v1/reassignments?open=1", nil)["items"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["mine"] != true || r["mine"] != false || r["state"] != "asked" {
		t.Fatalf("asked %v, the reader sees %v", r, list)
	}
	h.refused("clinician1", "POST", path+"/confirm", nil, 403, "reassign.same_side")
	h.refused("clinician2", "POST", path+"/confirm", nil, 404, "not_found")
	r = h.ok("reviewer1", "POST", path+"/confirm", nil)
	if r["state"] != "confirmed" || r["decided_by"] != "reviewer1" {
		t.Fatalf("got %v", r)
	}
	task := h.ok("reader1", "GET", "/api/v1/tasks/"+r["new_task"].(string), nil)
	if task["state"] != "queued" || task["order"] != right["id"] || task["patient"].(map[string]any)["name"] != "王强" {
		t.Fatalf("got %v", task)
	}
	h.refused("reviewer1", "POST", path+"/refuse", map[string]any{"reason": "x"}, 409, "reassign.decided")
	if recs := h.ok("reader1", "GET", "/api/v1/recordings/"+task["recording"].(string), nil); recs["task"] != r["new_task"] || recs["patient"].(map[string]any)["name"] != "王强" {
		t.Fatalf("got %v", recs)
	}
}

func TestCentreStartsACorrectionAndTheClinicNamesThePatient(t *testing.T) {
	t.Parallel()
	h := newInbox(t)
	for i, login := range []string{"reader1", "reviewer1", "dispatcher1"} {
		wrong, right := h.order("测试", "T12"), h.order("王强", "T99")
		id := h.ecg("tech1", "normal", uint64(20+i))["task"].(string)
		h.ok("tech1", "POST", "/api/v1/inbox/"+id+"/match", map[string]any{"order": wrong["id"]})
		id = wrong["task"].(string)
		h.ok("tech1", "POST", "/api/v1/tasks/"+id+"/submit", nil)
		h.refused(login, "POST", "/api/v1/tasks/"+id+"/reassign", map[string]any{}, 400, fieldInvalid)
		r := h.ok(login, "POST", "/api/v1/tasks/"+id+"/reassign", map[string]any{"reason": "心电图上的姓名是王强"})
		if r["state"] != "asked" || r["to_order"] != "" {
			t.Fatalf("%s asked: %v", login, r)
		}
		path := "/api/v1/reassignments/" + r["id"].(string)
		h.refused("reviewer2", "POST", path+"/confirm", map[string]any{"order": right["id"]}, 403, "reassign.same_side")
		h.refused("tech1", "POST", path+"/confirm", nil, 400, fieldInvalid)
		r = h.ok("tech1", "POST", path+"/confirm", map[string]any{"order": right["id"]})
		if task := h.ok("reader1", "GET", "/api/v1/tasks/"+r["new_task"].(string), nil); task["order"] != right["id"] || task["state"] != "queued" {
			t.Fatalf("%s asked, and the exam is %v", login, task)
		}
	}
}

func TestQuarantineIsLookedAtTriedAgainAndResolved(t *testing.T) {
	t.Parallel()
	h := newInbox(t)
	data := []byte("\x91\x92\x93 nobody knows this")
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte("怪文件.bin"))
	if r := h.tus("tech1", "POST", "/api/v1/uploads", data, "Upload-Length", strconv.Itoa(len(data)), "Upload-Metadata", meta, "Content-Type", "application/offset+octet-stream"); r.StatusCode != 201 {
		t.Fatalf("got %d", r.StatusCode)
	}
	one := func() map[string]any {
		items := h.ok("clinician1", "GET", "/api/v1/quarantine", nil)["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("got %v", items)
		}
		return items[0].(map[string]any)
	}
	q := one()
	if q["name"] != "怪文件.bin" || q["code"] != "upload.unknown_format" || q["detail"] == "" || q["source"] != "upload" || q["size"] != float64(len(data)) {
		t.Fatalf("got %v", q)
	}
	path := "/api/v1/quarantine/" + q["id"].(string)
	h.refused("qc1", "GET", "/api/v1/quarantine", nil, 403, "role.not_allowed")
	h.refused("tech2", "POST", path+"/resolve", map[string]any{"reason": "x"}, 404, "not_found")
	if code, _ := h.as("clinician1", "GET", path+"/original", nil); code != 403 {
		t.Fatalf("a clinician takes the bytes: %d", code)
	}
	req, err := http.NewRequest("GET", h.url+path+"/original", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+h.accounts["tech1"].Token)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != string(data) {
		t.Fatalf("got %q, %v", got, err)
	}
	if v := h.ok("tech1", "POST", path+"/retry", nil); v["result"] != "quarantined" {
		t.Fatalf("got %v", v)
	}
	again := one() // never two entries for one file
	if again["id"] == q["id"] {
		t.Fatal("a retry that failed left the old entry")
	}
	h.refused("tech1", "POST", path+"/retry", nil, 409, "quarantine.resolved")
	h.refused("tech1", "POST", "/api/v1/quarantine/"+again["id"].(string)+"/resolve", map[string]any{}, 400, "field.invalid")
	h.ok("tech1", "POST", "/api/v1/quarantine/"+again["id"].(string)+"/resolve", map[string]any{"reason": "厂家重新导出"})
	if items := h.ok("tech1", "GET", "/api/v1/quarantine", nil)["items"].([]any); len(items) != 0 {
		t.Fatalf("still there: %v", items)
	}
}

// TestQuarantinedObjectIsTakenInOnceItCan retries an ECG that intake refused
// under another name: the entry is off the list and its task is named.
func TestQuarantinedObjectIsTakenInOnceItCan(t *testing.T) {
	t.Parallel()
	h := newInbox(t)
	a, err := h.s.DB.Read(t.Context()).AccountByLogin("tech1")
	must(t, err)
	src := intake.Source{Actor: hub.Actor{Account: a.ID, Member: a.Member, Role: a.Role}, Via: "upload"}
	err = h.s.Intake.Quarantine(t.Context(), src, demo.TraceFile("normal", 13), "ecg.unreadable", errors.New("a format of tomorrow"))
	if hub.KindOf(err) != hub.Invalid {
		t.Fatal(err)
	}
	q := h.ok("tech1", "GET", "/api/v1/quarantine", nil)["items"].([]any)[0].(map[string]any)
	v := h.ok("tech1", "POST", "/api/v1/quarantine/"+q["id"].(string)+"/retry", nil)
	if v["result"] != "stored" || v["task"] == "" || v["quality"] == nil {
		t.Fatalf("got %v", v)
	}
	if items := h.ok("tech1", "GET", "/api/v1/quarantine", nil)["items"].([]any); len(items) != 0 {
		t.Fatalf("still there: %v", items)
	}
}
