package api

import (
	"net/http"
	"os"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func TestDriftComparesCartAndHubForQualityControl(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(testdata.Files(t, "ecg/muse-xml", "introecg_MUSE_example.xml")[0])
	must(t, err)
	h := newHospital(t)
	v := h.ok("tech1", "POST", "/api/v1/recordings", file)
	list := items(h.ok("qc1", "GET", "/api/v1/quality/ecg-drift", nil))
	if len(list) != 1 || list[0]["count"] != 1.0 {
		t.Fatalf("%v", list)
	}
	m := v["measurements"].(map[string]any)
	want := m["device"].(map[string]any)["qrs_ms"].(float64) - m["hub"].(map[string]any)["qrs_ms"].(float64)
	if got := list[0]["differences"].(map[string]any)["qrs_ms"].(map[string]any)["median"]; got != want {
		t.Errorf("QRS differs by %v, want %v", got, want)
	}
	if code, _ := h.as("reader1", "GET", "/api/v1/quality/ecg-drift", nil); code != http.StatusForbidden {
		t.Errorf("a reader got %d", code)
	}
}
