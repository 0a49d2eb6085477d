package api

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// withCriticals lets the hospital run the loop of critical values.
func withCriticals(t *testing.T) *hospital {
	h := newHospital(t)
	h.s.Critical = &critical.Service{DB: h.s.DB, Rules: worklist.DefaultRules()}
	return h
}

func TestCriticalValueGoesRoundItsLoop(t *testing.T) {
	t.Parallel()
	h := withCriticals(t)
	clinic := h.dial("tech1")
	hello := next(t, clinic)
	clinic.Close() // offline while it is found
	task := h.ecg("tech1", "inferior-stemi", 1)["task"].(string)
	if list := h.ok("reader1", "GET", "/api/v1/critical-values", nil); len(list["items"].([]any)) != 0 {
		t.Fatal("a machine's pre-alert started the loop")
	}
	h.ok("reader1", "POST", "/api/v1/tasks/"+task+"/claim", nil)
	v := h.ok("reader1", "POST", "/api/v1/tasks/"+task+"/critical", map[string]any{"items": []string{"E01"}, "text": "下壁导联 ST 段抬高"})
	if v["state"] != "notified" || v["task"] != task || v["member"] != "CLINIC1" || v["item_names"].([]any)[0] == "" {
		t.Fatalf("got %v", v)
	}
	again := h.dial("tech1")
	next(t, again)
	must(t, again.WriteJSON(map[string]any{"type": "subscribe", "since": hello["seq"]}))
	for {
		m := next(t, again)
		if m["event"] == "critical.notified" {
			if m["critical"].(map[string]any)["id"] != v["id"] || m["task"].(map[string]any)["id"] != task {
				t.Errorf("the event says %v", m)
			}
			break
		}
	}
	path := "/api/v1/critical-values/" + v["id"].(string)
	h.refused("clinician1", "POST", path+"/receive", map[string]any{"read_back": "好的"}, 400, "critical.read_back")
	h.refused("clinician1", "POST", path+"/receive", nil, 400, "critical.read_back")
	h.refused("clinician1", "POST", path+"/handle", map[string]any{"outcome": "reached"}, 409, "critical.wrong_state")
	if v = h.ok("clinician1", "POST", path+"/receive", map[string]any{"read_back": "急性心肌梗死"}); v["received_by"] != "周建国" {
		t.Errorf("received: %v", v)
	}
	h.ok("clinician1", "POST", path+"/handle", map[string]any{"outcome": "ambulance", "text": "已转送"})
	if open := h.ok("reader1", "GET", "/api/v1/critical-values?state=open", nil); len(open["items"].([]any)) != 1 {
		t.Errorf("open: %v", open)
	}
	h.ok("dispatcher1", "POST", path+"/close", nil)
	if open := h.ok("reader1", "GET", "/api/v1/critical-values?state=open", nil); len(open["items"].([]any)) != 0 {
		t.Errorf("still open: %v", open)
	}
	if got := h.ok("clinician1", "GET", path, nil); got["state"] != "closed" || got["limits"].(map[string]any)["receive"] == nil {
		t.Errorf("got %v", got)
	}
}

func TestCriticalValueStaysWithItsClinicAndCentre(t *testing.T) {
	t.Parallel()
	h := withCriticals(t)
	task := h.ecg("tech1", "inferior-stemi", 1)["task"].(string)
	body := map[string]any{"items": []string{"E01"}}
	h.refused("tech1", "POST", "/api/v1/tasks/"+task+"/critical", body, 403, "role.not_allowed")
	v := h.ok("reviewer1", "POST", "/api/v1/tasks/"+task+"/critical", body)
	path := "/api/v1/critical-values/" + v["id"].(string)
	h.refused("tech2", "GET", path, nil, 404, "not_found")
	h.refused("tech2", "POST", path+"/receive", map[string]any{"read_back": "E01"}, 404, "not_found")
	h.refused("clinician1", "POST", path+"/withdraw", map[string]any{"reason": "x"}, 403, "role.not_allowed")
	h.refused("admin", "GET", "/api/v1/critical-values", nil, 403, "role.not_allowed")
	if list := h.ok("tech2", "GET", "/api/v1/critical-values?state=open", nil); len(list["items"].([]any)) != 0 {
		t.Errorf("another clinic sees %v", list)
	}
	h.refused("tech1", "GET", "/api/v1/critical-values?state=lost", nil, 400, "field.invalid")
	h.ok("reader2", "POST", path+"/receive", map[string]any{"read_back": "E01", "phone": "13800000102", "by": "周医生"})
	if v = h.ok("reviewer1", "POST", path+"/withdraw", map[string]any{"reason": "导联错接"}); v["state"] != "withdrawn" {
		t.Errorf("got %v", v)
	}
	if list := h.ok("reader1", "GET", "/api/v1/critical-items?kind=ecg", nil); len(list["items"].([]any)) != 15 {
		t.Errorf("%d ECG items", len(list["items"].([]any)))
	}
}
