package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhoLeavesBeforeTheAnswerIsNoFaultOfTheHub(t *testing.T) {
	t.Parallel()
	for _, left := range []bool{true, false} {
		var log bytes.Buffer
		s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		if left {
			leave() // as net/http does when writing to the browser fails
		}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/tasks", nil)
		s.problem(&Call{Request: r, W: httptest.NewRecorder()}, errors.New("write: broken pipe"))
		if logged := strings.Contains(log.String(), "level=ERROR"); logged == left {
			t.Errorf("left %v: the log says %q", left, log.String())
		}
	}
}
