package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestKnownPathSaysWhichMethodsItTakes(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	for _, c := range []struct{ method, path, allow string }{
		{"DELETE", "/api/v1/tasks", "GET, HEAD"},
		{"GET", "/api/v1/tasks/x/claim", "POST"},
		{"PATCH", "/api/v1/tasks/x/report", "PUT"},
		{"PUT", "/api/v1/session", "GET, HEAD, POST, DELETE"},
		{"GET", "/api/v1/batches", "POST"},
		{"DELETE", "/dicom-web/studies/1.2/series", "GET, HEAD"},
		{"POST", "/healthz", "GET, HEAD"},
		{"POST", "/worklist", "GET, HEAD"},
	} {
		req, err := http.NewRequest(c.method, h.url+c.path, nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+h.accounts["tech1"].Token)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(resp.Header.Get("Allow"), c.allow) {
			t.Errorf("%s %s: %d, Allow %q, want %q", c.method, c.path, resp.StatusCode, resp.Header.Get("Allow"), c.allow)
		}
		h.refused("tech1", c.method, c.path, nil, http.StatusMethodNotAllowed, codeMethod)
	}
	h.refused("tech1", "DELETE", "/api/v1/no-such-thing", nil, http.StatusNotFound, "not_found")
	h.refused("tech1", "GET", "/dicom-web/no-such-thing", nil, http.StatusNotFound, "not_found")
}
