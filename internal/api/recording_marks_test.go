package api

import (
	"net/http"
	"os"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// What a reader measures by hand stands beside the cart's and the hub's
// values, with name and time, and every saving is kept.
func TestReadersMarksStandBesideTheMachinesValues(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(testdata.Files(t, "ecg/scp", "ecgtoolkit_Example.scp")[0])
	must(t, err)
	h := newHospital(t)
	code, v := h.as("tech1", "POST", "/api/v1/recordings", file)
	if code != http.StatusCreated {
		t.Fatalf("%d %v", code, v)
	}
	at := "/api/v1/recordings/" + v["id"].(string)
	if v["measurements"].(map[string]any)["reader"] != nil {
		t.Fatalf("measured by a reader before anybody read: %v", v["measurements"])
	}
	marks := func(qrsOn, tEnd float64) map[string]any {
		return map[string]any{"boundaries": map[string]any{"p_on_ms": -180, "p_off_ms": nil, "qrs_on_ms": qrsOn, "qrs_off_ms": 52, "t_end_ms": tEnd},
			"beats": []any{map[string]any{"sample": 700, "class": "ventricular"}}, "speed": 25, "gain": 10}
	}
	h.ok("reader1", "PUT", at+"/marks", marks(-40, 350))
	h.ok("reader1", "PUT", at+"/marks", marks(-44, 356))
	got := h.ok("tech1", "GET", at, nil)["measurements"].(map[string]any)
	reader := got["reader"].(map[string]any)
	if reader["pr_ms"] != 136.0 || reader["qrs_ms"] != 96.0 || reader["qt_ms"] != 400.0 || reader["by"] == "" {
		t.Errorf("the reader's values are %v", reader)
	}
	if hub := got["hub"].(map[string]any); hub["qrs_ms"] == nil {
		t.Errorf("the hub's values are gone: %v", hub)
	}
	if n := len(items(h.ok("reader1", "GET", at+"/marks", nil))); n != 2 {
		t.Errorf("%d savings kept, want 2", n)
	}
	for name, wrong := range map[string]map[string]any{"QRS end before its onset": marks(60, 350), "T end beyond a beat": marks(-40, 9000)} {
		if code, v := h.as("reader1", "PUT", at+"/marks", wrong); code != http.StatusUnprocessableEntity && code != http.StatusBadRequest || v["code"] != "marks.order" {
			t.Errorf("%s: %d %v", name, code, v)
		}
	}
	for login, want := range map[string]int{"tech1": 403, "reader1": 200, "tech2": 404} {
		method, body := "PUT", any(marks(-40, 350))
		if login == "tech2" {
			method, body = "GET", nil
		}
		if code, v := h.as(login, method, at+"/marks", body); code != want {
			t.Errorf("%s: %d %v, want %d", login, code, v, want)
		}
	}
}
