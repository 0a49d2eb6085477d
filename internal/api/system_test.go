package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
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

func TestAddressThatGuessesPasswordsIsHeldOff(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	limits := account.DefaultLimits
	limits.Tries, limits.Window = 3, time.Hour
	h.s.Accounts = account.New(h.s.DB, h.s.Keys, h.s.Log, limits, cheap)
	guess := map[string]string{"login": "nobody", "password": "x"}
	for range limits.Tries {
		h.refused("", "POST", "/api/v1/session", guess, http.StatusUnauthorized, "login.wrong")
	}
	v := h.refused("", "POST", "/api/v1/session", guess, http.StatusTooManyRequests, account.TooOften)
	if detail, _ := v["detail"].(string); !strings.HasSuffix(detail, " 秒后再试。") {
		t.Errorf("got %v", v["detail"])
	}
	resp, err := http.Post(h.url+"/api/v1/session", "application/json", strings.NewReader(`{}`))
	must(t, err)
	resp.Body.Close()
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 1200 {
		t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
	}
}
