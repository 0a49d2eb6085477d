package api

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/metric"
)

// items are the items of a list.
func items(v map[string]any) []map[string]any {
	var out []map[string]any
	for _, i := range v["items"].([]any) {
		out = append(out, i.(map[string]any))
	}
	return out
}

func TestAdministratorBringsAClinicIn(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.ok("admin", "POST", "/api/v1/members", map[string]any{"code": "CLINIC9", "name": "新桥村卫生室", "level": "village"})
	h.refused("admin", "POST", "/api/v1/members", map[string]any{"code": "CLINIC9", "name": "又一个"}, 409, "field.taken")
	m := h.ok("admin", "PATCH", "/api/v1/members/CLINIC9", map[string]any{"phone": "0700-1"})
	if m["phone"] != "0700-1" || m["name"] != "新桥村卫生室" || m["code"] != "CLINIC9" {
		t.Fatalf("got %v", m)
	}
	a := h.ok("admin", "POST", "/api/v1/agreements", map[string]any{"source": "CLINIC9", "centre": "LEAD"})
	who := h.ok("admin", "POST", "/api/v1/accounts", map[string]any{"login": "tech9", "name": "何平", "member": "CLINIC9", "role": "tech", "auto_submit": true})
	if who["member"] != "CLINIC9" || who["active"] != true || who["has_password"] != false {
		t.Fatalf("got %v", who)
	}
	token := h.ok("admin", "POST", "/api/v1/accounts/tech9/tokens", map[string]any{"name": "心电图机"})
	h.accounts["tech9"] = demo.Account{Token: token["token"].(string)}
	v := h.ecg("tech9", "normal", 9)
	task := h.ok("reader1", "GET", "/api/v1/tasks/"+v["task"].(string), nil)
	if task["member"] != "CLINIC9" {
		t.Fatalf("got %v", task)
	}
	listed := items(h.ok("admin", "GET", "/api/v1/accounts/tech9/tokens", nil))
	if len(listed) != 1 || listed[0]["name"] != "心电图机" {
		t.Fatalf("got %v", listed)
	}
	h.ok("admin", "DELETE", "/api/v1/accounts/tech9/tokens/"+listed[0]["id"].(string), nil)
	h.refused("tech9", "GET", "/api/v1/tasks", nil, 401, "session.missing")
	h.ok("admin", "POST", "/api/v1/agreements/"+a["id"].(string)+"/end", map[string]any{"reason": "退出"})
	for _, row := range items(h.ok("admin", "GET", "/api/v1/agreements?source=CLINIC9", nil)) {
		if row["to"] == nil {
			t.Fatalf("the agreement goes on: %v", row)
		}
	}
}

func TestInvitedPersonSetsTheOwnPassword(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.ok("admin", "POST", "/api/v1/accounts", map[string]any{"login": "reader9", "name": "钱进", "member": "LEAD", "role": "reader", "title": "234"})
	link := h.ok("admin", "POST", "/api/v1/accounts/reader9/reset-password", nil)
	h.refused("", "POST", "/api/v1/password", map[string]any{"secret": link["secret"], "password": "short"}, 400, "field.invalid")
	h.ok("", "POST", "/api/v1/password", map[string]any{"secret": link["secret"], "password": "Long-enough-9"})
	h.refused("", "POST", "/api/v1/password", map[string]any{"secret": link["secret"], "password": "Long-enough-10"}, 401, "setup.link_over")
	v := h.ok("", "POST", "/api/v1/session", map[string]any{"login": "reader9", "password": "Long-enough-9"})
	if v["account"].(map[string]any)["name"] != "钱进" {
		t.Fatalf("got %v", v)
	}
	h.ok("admin", "POST", "/api/v1/accounts/reader9/deactivate", map[string]any{"reason": "离职"})
	h.refused("", "POST", "/api/v1/session", map[string]any{"login": "reader9", "password": "Long-enough-9"}, 401, "login.wrong")
}

func TestThreeAdministratorsDoNotDoEachOthersWork(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	for range 5 {
		h.as("", "POST", "/api/v1/session", map[string]any{"login": "reader1", "password": "Wrong-guess-1"})
	}
	row := h.ok("secadmin", "GET", "/api/v1/accounts/reader1", nil)
	if row["locked"] != true {
		t.Fatalf("got %v", row)
	}
	h.refused("admin", "POST", "/api/v1/accounts/reader1/unlock", nil, 403, "role.not_allowed")
	if row = h.ok("secadmin", "POST", "/api/v1/accounts/reader1/unlock", map[string]any{"reason": "本人核实"}); row["locked"] != false {
		t.Fatalf("got %v", row)
	}
	h.refused("admin", "POST", "/api/v1/accounts/secadmin/reset-password", nil, 403, "role.not_allowed")
	h.refused("secadmin", "POST", "/api/v1/accounts/reader1/reset-password", nil, 403, "role.not_allowed")
	h.refused("admin", "GET", "/api/v1/audit", nil, 403, "role.not_allowed")
}

func TestAuditorSeesWhoDidWhat(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	row := h.ok("admin", "POST", "/api/v1/accounts/tech3/deactivate", map[string]any{"reason": "调离"})
	object := "account/" + row["id"].(string)
	deadline := time.Now().Add(10 * time.Second)
	for {
		records := items(h.ok("auditor", "GET", "/api/v1/audit?object="+object, nil))
		if len(records) > 0 && records[0]["action"] == "account.deactivated" {
			if records[0]["login"] != "admin" || records[0]["member"] != "LEAD" || records[0]["reason"] != "调离" || records[0]["seq"].(float64) < 1 {
				t.Fatalf("got %v", records[0])
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the record never came")
		}
	}
	page := h.ok("auditor", "GET", "/api/v1/audit?limit=3", nil)
	first := items(page)
	second := items(h.ok("auditor", "GET", "/api/v1/audit?limit=3&before="+jsonNumber(page["next"]), nil))
	if len(first) != 3 || second[0]["seq"].(float64) != first[2]["seq"].(float64)-1 {
		t.Fatalf("pages do not join: %v then %v", first[2]["seq"], second[0]["seq"])
	}
}

func TestRosterDecidesWhoIsOffered(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	first := items(h.ok("dispatcher1", "GET", "/api/v1/readers?centre=LEAD&kind=ecg", nil))
	if len(first) != 5 || first[0]["on_duty"] != true {
		t.Fatalf("got %v", first)
	}
	h.refused("dispatcher1", "GET", "/api/v1/readers?centre=CITY", nil, 404, "not_found")
	for _, d := range items(h.ok("dispatcher1", "GET", "/api/v1/roster", nil)) {
		if d["account"] == "reader1" {
			h.ok("dispatcher1", "DELETE", "/api/v1/roster?account=reader1&kind=&from="+d["from"].(string), nil)
		}
	}
	after := items(h.ok("dispatcher1", "GET", "/api/v1/readers?kind=ecg", nil))
	if i := slices.IndexFunc(after, func(r map[string]any) bool { return r["login"] == "reader1" }); i != 4 || after[4]["on_duty"] != false {
		t.Fatalf("got %v", after)
	}
	h.ok("dispatcher1", "POST", "/api/v1/roster", map[string]any{"account": "reader1", "kind": "ecg"})
	h.refused("dispatcher1", "POST", "/api/v1/roster", map[string]any{"account": "tech1", "kind": "ecg"}, 404, "not_found")
	h.refused("dispatcher1", "POST", "/api/v1/roster", map[string]any{"account": "qc1", "kind": "ecg"}, 400, "field.invalid")
}

func TestAllianceKeepsItsListsAndRegulatorOnlyCounts(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.ok("admin", "PUT", "/api/v1/catalogue/DX-RIBS", map[string]any{"name": "肋骨正斜位DR", "kind": "image", "modality": "DX", "body_part": "RIB", "scope": "county", "days": 30, "min_grade": "B", "price": 80.5, "active": true})
	h.refused("admin", "PUT", "/api/v1/catalogue/DX-RIBS", map[string]any{"name": "肋骨", "kind": "image", "scope": "galaxy", "min_grade": "B"}, 400, "field.invalid")
	h.ok("admin", "POST", "/api/v1/marks", map[string]any{"member": "CLINIC1", "item": "DX-RIBS", "label": "鄂HR", "scope": "county"})
	marks := items(h.ok("admin", "GET", "/api/v1/marks?member=CLINIC1", nil))
	if i := slices.IndexFunc(marks, func(m map[string]any) bool { return m["item"] == "DX-RIBS" && m["label"] == "鄂HR" }); i < 0 {
		t.Fatalf("got %v", marks)
	}
	tpl := h.ok("admin", "POST", "/api/v1/alliance/templates", map[string]any{"name": "肋骨骨折", "kind": "image", "modality": "DX", "findings": "……", "impression": "……"})
	h.ok("admin", "DELETE", "/api/v1/alliance/templates/"+tpl["id"].(string), nil)
	h.refused("admin", "DELETE", "/api/v1/alliance/templates/"+tpl["id"].(string), nil, 404, "not_found")

	h.ecg("tech1", "normal", 1)
	v := h.ok("regulator", "GET", "/api/v1/stats/summary", nil)
	tasks := v["tasks"].([]any)
	if len(tasks) != 1 || tasks[0].(map[string]any)["member"] != "CLINIC1" || tasks[0].(map[string]any)["submitted"] != 1.0 {
		t.Fatalf("got %v", v)
	}
	if timely := v["timely"].(map[string]any); timely["due"] != 0.0 || timely["rate"] != nil {
		t.Fatalf("nothing was due, yet %v", timely)
	}
	h.refused("regulator", "GET", "/api/v1/tasks", nil, 403, "role.not_allowed")
}

func TestOneTimeLinkMakesTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	h := newEmptyHospital(t)
	secret, err := h.s.Accounts.SetupLink(t.Context())
	must(t, err)
	in := map[string]any{"secret": secret, "member_code": "LEAD", "member_name": "青山县人民医院", "login": "root", "password": "Begin-here-1"}
	wrong := map[string]any{"secret": "yi_guess", "member_code": "LEAD", "member_name": "x", "login": "root", "password": "Begin-here-1"}
	h.refused("", "POST", "/api/v1/setup", wrong, 401, "setup.link_over")
	v := h.ok("", "POST", "/api/v1/setup", in)
	if v["login"] != "root" || v["role"] != "admin" {
		t.Fatalf("got %v", v)
	}
	h.refused("", "POST", "/api/v1/setup", in, 401, "setup.link_over")
	h.ok("", "POST", "/api/v1/session", map[string]any{"login": "root", "password": "Begin-here-1"})
}

func TestPersonChangesTheOwnPasswordAndAddsASecondFactor(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	a := h.accounts["tech2"]
	h.refused("tech2", "POST", "/api/v1/session/password", map[string]any{"old": "Not-it-at-all-1", "new": "Fresh-word-22"}, 401, "login.wrong")
	h.ok("tech2", "POST", "/api/v1/session/password", map[string]any{"old": a.Password, "new": "Fresh-word-22"})
	h.refused("", "POST", "/api/v1/session", map[string]any{"login": "tech2", "password": a.Password}, 401, "login.wrong")
	offer := h.ok("tech2", "POST", "/api/v1/session/totp", nil)
	if offer["uri"] == "" || offer["ticket"] == "" {
		t.Fatalf("got %v", offer)
	}
	h.refused("tech2", "POST", "/api/v1/session/totp/confirm", map[string]any{"ticket": offer["ticket"], "totp": "00000"}, 400, "field.invalid")
}

// jsonNumber writes a number of an answer as text.
func jsonNumber(v any) string {
	f, _ := v.(float64)
	return strconv.FormatInt(int64(f), 10)
}

// newEmptyHospital is a hub on its first day: no member, no account.
func newEmptyHospital(t *testing.T) *hospital {
	t.Helper()
	stores := hubtest.Open(t)
	d, ring := stores.DB, stores.Keys
	log := slog.New(slog.DiscardHandler)
	s := &Server{DB: d, Keys: ring, Log: log, Metrics: metric.New(d)}
	s.Accounts = account.New(d, ring, log, account.DefaultLimits, cheap)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return &hospital{t: t, s: s, url: server.URL}
}
