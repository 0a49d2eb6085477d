package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/font"
)

// bytesOf is a request's status, kind and body as they are.
func (h *hospital) bytesOf(login, path, accept string) (int, string, []byte) {
	h.t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.url+path, nil)
	must(h.t, err)
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+h.accounts[login].Token)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return resp.StatusCode, resp.Header.Get("Content-Type"), data
}

func needFont(t *testing.T) {
	t.Helper()
	if _, err := font.SansSC(); err != nil {
		t.Skip("the report font is not built in: run make build")
	}
}

func TestReportOverHTTPFromDraftToVerification(t *testing.T) {
	t.Parallel()
	needFont(t)
	h := newHospital(t)
	task := "/api/v1/tasks/" + h.ecg("tech1", "normal", 1)["task"].(string)
	claim := h.ok("reader1", "POST", task+"/claim", nil)["claim"]
	h.refused("reader1", "PUT", task+"/report", map[string]any{"impression": "正常心电图", "claim": 0}, 409, "task.not_holder")
	draft := map[string]any{"findings": "窦性心律", "impression": "正常心电图", "claim": claim}
	h.refused("reader2", "PUT", task+"/report", draft, 409, "task.not_holder")
	h.refused("tech1", "PUT", task+"/report", draft, 403, "role.not_allowed")
	id := h.ok("reader1", "PUT", task+"/report", draft)["id"].(string)
	report := "/api/v1/reports/" + id
	h.refused("clinician1", "GET", report, nil, 404, "not_found") // a draft is the centre's own affair
	if v := h.ok("reader1", "POST", task+"/submit", nil); v["state"] != "written" || v["report"] != id {
		t.Fatalf("submitted: %v", v)
	}
	h.refused("reader1", "POST", task+"/approve", nil, 403, "report.same_doctor")
	if v := h.ok("reviewer1", "POST", task+"/approve", nil); v["state"] != "issued" || v["t_signed"] == nil {
		t.Fatalf("approved: %v", v)
	}
	h.refused("clinician2", "GET", report, nil, 404, "not_found")
	h.refused("admin", "GET", report, nil, 403, "role.not_allowed")
	v := h.ok("clinician1", "GET", report, nil)
	if v["state"] != "issued" || v["reviewer"] != "reviewer1" || v["impression"] != "正常心电图" {
		t.Fatalf("the clinic reads %v", v)
	}
	code, kind, pdf := h.bytesOf("clinician1", report+"/report.pdf", "")
	if code != 200 || kind != "application/pdf" || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("report.pdf: %d %s", code, kind)
	}
	if list := h.ok("clinician1", "GET", report+"/versions", nil)["items"].([]any); len(list) != 1 {
		t.Fatalf("%d versions", len(list))
	}
	hash := v["hash"].(string)
	_, _, answer := h.bytesOf("", "/verify/"+id+"?h="+hash, "application/json")
	if !bytes.Contains(answer, []byte(`"genuine":true`)) {
		t.Fatalf("verification: %s", answer)
	}
	_, kind, page := h.bytesOf("", "/verify/"+id+"?h="+strings.Repeat("0", 64), "text/html")
	if !strings.HasPrefix(kind, "text/html") || !bytes.Contains(page, []byte("未能验证")) {
		t.Fatalf("a wrong hash: %s", page)
	}
}

func TestECGIsDrawnForScreenListAndPrinter(t *testing.T) {
	t.Parallel()
	needFont(t)
	h := newHospital(t)
	path := "/api/v1/recordings/" + h.ecg("tech1", "normal", 1)["id"].(string)
	for file, want := range map[string]string{"/ecg.svg": "<svg", "/ecg.svg?layout=3x4%2B1R&speed=50&gain=20&low_pass=40&notch=50": "50 mm/s", "/thumbnail.svg": "<svg", "/ecg.pdf": "%PDF-"} {
		code, kind, data := h.bytesOf("reader1", path+file, "")
		if code != 200 || !bytes.Contains(data, []byte(want)) {
			t.Errorf("%s: %d %s without %q", file, code, kind, want)
		}
	}
	_, _, thumb := h.bytesOf("reader1", path+"/thumbnail.svg", "")
	name := h.ok("reader1", "GET", path, nil)["patient"].(map[string]any)["name"].(string)
	if name == "" || bytes.Contains(thumb, []byte(name)) {
		t.Error("the small drawing names the patient")
	}
	for _, bad := range []string{"?speed=7", "?speed=fast", "?layout=1x1", "?notch=55"} {
		h.refused("reader1", "GET", path+"/ecg.svg"+bad, nil, 400, "field.invalid")
	}
	h.refused("tech2", "GET", path+"/ecg.svg", nil, 404, "not_found")
}

func TestPhrasesAreTheirWritersOwn(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	made := h.ok("reader1", "POST", "/api/v1/phrases", map[string]any{"name": "对比", "findings": "与前片对比无变化。", "kind": "image"})
	for login, want := range map[string]int{"reader1": 1, "reader2": 0} {
		if n := len(h.ok(login, "GET", "/api/v1/phrases", nil)["items"].([]any)); n != want {
			t.Errorf("%s has %d phrases, want %d", login, n, want)
		}
	}
	h.refused("reader2", "DELETE", "/api/v1/phrases/"+made["id"].(string), nil, 404, "not_found")
	h.ok("reader1", "DELETE", "/api/v1/phrases/"+made["id"].(string), nil)
}
