package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestAdministratorRegistersACallerThatWasRefused(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	now := time.Now()
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		for _, x := range []*hub.Stranger{{AETitle: "NEW_DR", Address: "192.0.2.8", Called: "YUANZHEN", Reason: hub.RefusedUnknown},
			{AETitle: "OTHER", Address: "192.0.2.9", Called: "YUANZHEN", Reason: hub.RefusedUnknown}} {
			x.Count, x.FirstAt, x.LastAt = 3, now, now
			if err := tx.RefuseStranger(x); err != nil {
				return err
			}
		}
		return nil
	}))
	if list := items(h.ok("admin", "GET", "/api/v1/devices/refused", nil)); len(list) != 2 || list[0]["count"] != 3.0 || list[0]["reason"] != "unknown" || list[0]["member"] != "" {
		t.Fatalf("refused: %v", list)
	}
	d := h.ok("admin", "POST", "/api/v1/devices", map[string]any{"ae_title": "NEW_DR", "member": "CLINIC1", "address": "192.0.2.8", "silent_hours": 8})
	if d["silent"] != false || d["today"] != 0.0 || d["silent_hours"] != 8.0 || d["created_at"] == nil {
		t.Errorf("the new device: %v", d)
	}
	if list := items(h.ok("admin", "GET", "/api/v1/devices/refused", nil)); len(list) != 1 || list[0]["ae_title"] != "OTHER" {
		t.Errorf("still refused: %v", list)
	}
	h.refused("admin", "PATCH", "/api/v1/devices/NEW_DR", map[string]any{"silent_hours": -1}, 400, "field.invalid")

	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		c, err := tx.Contact(hub.DeviceID(d["id"].(string)))
		if err != nil {
			return err
		}
		c.LastSeen, c.Instances, c.Day, c.Today = now.AddDate(0, 0, -10), 40, "20200101", 7
		c.LastError, c.Skews = "A900", []int64{400_000, 500_000, 9_000_000}
		return tx.UpdateContact(c)
	}))
	got := items(h.ok("admin", "GET", "/api/v1/devices?member=CLINIC1", nil))
	i := 0
	for i < len(got) && got[i]["ae_title"] != "NEW_DR" {
		i++
	}
	for field, want := range map[string]any{"instances": 40.0, "today": 0.0, "last_error": "A900", "skew_ms": 500_000.0, "skewed": true} {
		if got[i][field] != want {
			t.Errorf("%s is %v, want %v", field, got[i][field], want)
		}
	}
}

func TestForwardingIsSetUpByThoseWhoMayAndKeepsItsToken(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	made := h.ok("admin", "POST", "/api/v1/routes", map[string]any{"name": "市影像中心", "kind": "web", "url": "https://pacs.example/dicom-web", "token": "secret", "modalities": []string{"CT"}})
	id := made["id"].(string)
	if made["has_token"] != true || made["member"] != "" || made["active"] != true || strings.Contains(toText(made), "secret") {
		t.Errorf("made: %v", made)
	}
	for _, wrong := range []map[string]any{{"name": "x", "kind": "ftp"}, {"name": "x", "kind": "web", "url": "file:///etc"}, {"name": "x", "kind": "web", "url": "https://a:b@c/"},
		{"name": "x", "kind": "dicom", "address": "pacs", "port": 0, "called_ae": "A"}, {"name": "", "kind": "dicom"}, {"name": "x", "kind": "dicom", "address": "pacs", "port": 1, "called_ae": `A\B`}} {
		h.refused("admin", "POST", "/api/v1/routes", wrong, 400, "field.invalid")
	}
	changed := h.ok("admin", "PUT", "/api/v1/routes/"+id, map[string]any{"name": "市中心", "kind": "web", "url": "https://pacs.example/dicom-web", "active": false})
	if changed["has_token"] != true || changed["name"] != "市中心" || changed["active"] != false {
		t.Errorf("changed: %v", changed)
	}
	// A token is not sent to another root than the one it was given for.
	h.refused("admin", "PUT", "/api/v1/routes/"+id, map[string]any{"name": "市中心", "kind": "web", "url": "https://elsewhere.example/dicom-web"}, 400, "field.invalid")
	if n := h.ok("admin", "POST", "/api/v1/routes/"+url.PathEscape(id)+"/retry", nil); n["studies"] != 0.0 {
		t.Errorf("retried: %v", n)
	}
	if list := items(h.ok("admin", "GET", "/api/v1/routes/"+id+"/jobs?state=failed", nil)); len(list) != 0 {
		t.Errorf("jobs: %v", list)
	}
	study := uids{"1.2.826.99", "1.2.826.99.1", "1.2.826.99.1.1"}
	h.stow("tech1", image(study, 1, 1, nil))
	rows, err := h.s.DB.Read(t.Context()).StudiesByUID(study.study)
	must(t, err)
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return tx.InsertRouteJob(&hub.RouteJob{ID: "job1", Route: id, Study: rows[0].ID, State: hub.RouteFailed, Error: "refused", CreatedAt: tx.Now()})
	}))
	list := items(h.ok("admin", "GET", "/api/v1/routes/"+id+"/jobs", nil))
	if len(list) != 1 || list[0]["instances"] != 1.0 || list[0]["error"] != "refused" || strings.Contains(toText(list[0]), study.study) || list[0]["modalities"] != nil {
		t.Errorf("an administrator sees %v", list)
	}
	h.ok("admin", "DELETE", "/api/v1/routes/"+id, nil)
	if list := items(h.ok("admin", "GET", "/api/v1/routes", nil)); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}

func toText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
