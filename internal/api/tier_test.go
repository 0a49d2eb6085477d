package api

import (
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// city makes a reader at the hospital above the lead hospital.
func (h *hospital) city() string {
	h.t.Helper()
	a := &hub.Account{Member: h.member("CITY"), Login: "cityreader", Name: "市医院医师", Role: hub.Reader, Rights: []hub.Right{hub.SignAlone}, Title: "232"}
	must(h.t, h.s.Accounts.CreateAccount(h.t.Context(), hub.System, a, ""))
	must(h.t, h.s.Accounts.PutDuty(h.t.Context(), hub.System, &hub.Duty{Account: a.ID, From: time.Now().Add(-time.Hour)}))
	token, err := h.s.Accounts.MintToken(h.t.Context(), hub.System, a.ID, "test", 0)
	must(h.t, err)
	h.accounts[a.Login] = demo.Account{Login: a.Login, Token: token}
	return a.Login
}

func TestTaskHandedUpLeavesTheCentreButNotItsSight(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	city := h.city()
	v := h.ecg("tech1", "normal", 1)
	path, trace := "/api/v1/tasks/"+v["task"].(string), "/api/v1/recordings/"+v["id"].(string)
	h.refused(city, "GET", path, nil, 404, "not_found")
	h.refused(city, "GET", trace, nil, 404, "not_found")
	claimed := h.ok("reader1", "POST", path+"/claim", nil)
	h.ok("reader1", "PUT", path+"/report", map[string]any{"findings": "心房颤动，请上级会诊", "claim": claimed["claim"]})
	h.refused("tech1", "POST", path+"/escalate", map[string]any{"reason": "x"}, 403, "role.not_allowed")
	h.refused("reader2", "POST", path+"/escalate", map[string]any{"reason": "x"}, 409, "task.not_holder")
	if up := items(h.ok("reader1", "GET", path+"/tiers", nil)); len(up) != 1 || up[0]["code"] != "CITY" || up[0]["name"] == "" {
		t.Fatalf("it can be handed to %v", up)
	}
	h.refused(city, "GET", path+"/tiers", nil, 404, "not_found")
	up := h.ok("reader1", "POST", path+"/escalate", map[string]any{"reason": "疑难病例"})
	if up["state"] != "queued" || up["centre"] != "CITY" || up["handed_from"] != "LEAD" || up["handed_from_name"] == "" || up["centre_name"] == up["handed_from_name"] {
		t.Fatalf("got %v", up)
	}
	h.ok("reader1", "POST", path+"/escalate", map[string]any{"reason": "疑难病例"})

	if seen := h.ok("dispatcher1", "GET", path, nil); seen["centre"] != "CITY" {
		t.Fatalf("the centre sees %v", seen["centre"])
	}
	h.refused("reader2", "POST", path+"/claim", nil, 404, "not_found")
	if n := len(items(h.ok("reader2", "GET", "/api/v1/tasks", nil))); n != 0 {
		t.Fatalf("%d tasks stay in the centre's queue", n)
	}

	again := h.ok(city, "POST", path+"/claim", nil)
	h.ok(city, "GET", trace, nil)
	if r := h.ok(city, "GET", "/api/v1/reports/"+again["report"].(string), nil); r["findings"] != "心房颤动，请上级会诊" {
		t.Fatalf("the draft is gone: %v", r)
	}
	h.ok("tech1", "GET", path, nil)

	read := "/api/v1/reports/" + again["report"].(string)
	h.refused("reader1", "GET", read, nil, 404, "not_found")
	h.ok(city, "PUT", path+"/report", map[string]any{"findings": "f", "impression": "心房颤动", "claim": again["claim"], "positive": true, "grade": "ok"})
	h.ok(city, "POST", path+"/sign", nil)
	for _, who := range []string{"reader1", "dispatcher1"} {
		if r := h.ok(who, "GET", read, nil); r["impression"] != "心房颤动" {
			t.Errorf("%s of the centre that looked first reads %v", who, r)
		}
	}
	h.refused("reader1", "GET", trace, nil, 404, "not_found")
}

func TestTaskOfferedUpIsSeenByBothTiers(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	city := h.city()
	v := h.ecg("tech1", "inferior-stemi", 1)
	path := "/api/v1/tasks/" + v["task"].(string)
	h.refused(city, "POST", path+"/claim", nil, 404, "not_found")
	for _, login := range []string{"reader1", "reader2", "reader3", "reviewer1", "reviewer2", "expert1"} {
		must(t, h.s.Accounts.SetActive(t.Context(), hub.System, h.id(login), false, "test"))
	}
	second := "/api/v1/tasks/" + h.ecg("tech2", "inferior-stemi", 2)["task"].(string)
	if task := h.ok(city, "GET", second, nil); task["offered"] != "CITY" || task["centre"] != "LEAD" {
		t.Fatalf("nobody is on duty, and the task is offered to %v", task["offered"])
	}
	if n := len(items(h.ok(city, "GET", "/api/v1/tasks", nil))); n != 1 {
		t.Fatalf("the city's queue holds %d tasks", n)
	}
	if task := h.ok(city, "POST", second+"/claim", nil); task["centre"] != "CITY" || task["handed_from"] != "LEAD" {
		t.Fatalf("got %v", task)
	}
	h.ok("dispatcher1", "GET", second, nil)
}

// id is an account's id by its login.
func (h *hospital) id(login string) hub.AccountID {
	h.t.Helper()
	a, err := h.s.DB.Read(h.t.Context()).AccountByLogin(login)
	must(h.t, err)
	return a.ID
}
