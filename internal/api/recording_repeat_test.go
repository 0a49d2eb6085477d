package api

import (
	"net/http"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/demo"
)

// The technician is told that V3 is off, mends it and records again: both
// recordings say so, with the time.
func TestRepeatOfDefectiveECGIsPairedWithTheFirst(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	post := func(kind string, seed uint64) map[string]any {
		t.Helper()
		code, v := h.as("tech1", "POST", "/api/v1/recordings", demo.TraceFile(kind, seed))
		if code != http.StatusCreated {
			t.Fatalf("%s: %d %v", kind, code, v)
		}
		return v
	}
	first := post("lead-off", 41)
	if first["corrects"] != nil || first["corrected_by"] != nil {
		t.Errorf("the first is paired before there is a second: %v %v", first["corrects"], first["corrected_by"])
	}
	other := post("normal", 42) // another patient's
	second := post("normal", 41)
	if pair, _ := second["corrects"].(map[string]any); pair["id"] != first["id"] || pair["at"] == "" {
		t.Errorf("the second corrects %v, want %v", second["corrects"], first["id"])
	}
	again := h.ok("tech1", "GET", "/api/v1/recordings/"+first["id"].(string), nil)
	if pair, _ := again["corrected_by"].(map[string]any); pair["id"] != second["id"] {
		t.Errorf("the first is corrected by %v, want %v", again["corrected_by"], second["id"])
	}
	if other["corrects"] != nil {
		t.Errorf("another patient's ECG corrects %v", other["corrects"])
	}
	if third := post("ventricular-ectopics", 41); third["corrects"] != nil {
		t.Errorf("a good ECG after a good one corrects %v", third["corrects"])
	}
}
