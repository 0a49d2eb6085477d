package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// statusOf is the HTTP status of each kind of error.
func statusOf(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	if hub.CodeOf(err) == "ecg.unreadable" || strings.HasPrefix(hub.CodeOf(err), "dicom.") && hub.KindOf(err) == hub.Invalid || hub.CodeOf(err) == "ecg.no_waveform" {
		return http.StatusUnprocessableEntity
	}
	if r, ok := upsRefusals[hub.CodeOf(err)]; ok {
		return r.http
	}
	switch hub.CodeOf(err) {
	case codeMethod:
		return http.StatusMethodNotAllowed
	case account.TooOften:
		return http.StatusTooManyRequests
	case "dicomweb.not_acceptable", "dicomweb.not_renderable":
		return http.StatusNotAcceptable
	}
	switch hub.KindOf(err) {
	case hub.Invalid:
		return http.StatusBadRequest
	case hub.Unauthorized:
		return http.StatusUnauthorized
	case hub.Forbidden:
		return http.StatusForbidden
	case hub.NotFound:
		return http.StatusNotFound
	case hub.Conflict:
		return http.StatusConflict
	case hub.Busy:
		return http.StatusServiceUnavailable
	case hub.TooLarge:
		return http.StatusRequestEntityTooLarge
	case hub.Unsupported:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusInternalServerError
}

// everyday tells what is no fault of the hub: being asked early, a line that
// breaks under an upload.
func everyday(code string) bool { return code == "starting" || code == "upload.cut_off" }

// left tells whether the client went away before it had its answer: net/http
// ends the request's context then, also when it notices while writing.
func left(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }

// problem answers an error as RFC 9457 problem JSON: a sentence for the
// person in their language, the code for the program. The cause goes to the
// log only.
func (s *Server) problem(c *Call, err error) {
	status := statusOf(err)
	code := hub.CodeOf(err)
	if code == "" {
		code = "internal"
	}
	lang := language(c.Request)
	body := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "request": c.Actor.RequestID,
		"detail": sentence(lang, code, detailsOf(err))}
	for k, v := range detailsOf(err) {
		if _, taken := body[k]; !taken {
			body[k] = v
		}
	}
	if status >= 500 && !everyday(code) && !left(c.Request) {
		s.Log.Error("request failed", "request", c.Actor.RequestID, "route", c.Pattern, "code", code, "error", err)
	} else {
		s.Log.Debug("request refused", "request", c.Actor.RequestID, "route", c.Pattern, "status", status, "code", code, "error", err)
	}
	h := c.W.Header()
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="yuanzhen"`)
	}
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	if seconds, ok := detailsOf(err)["retry_after"].(int); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	c.W.WriteHeader(status)
	json.NewEncoder(c.W).Encode(body)
}

func detailsOf(err error) map[string]any {
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.Detail
	}
	return nil
}

// language is zh-CN unless the caller prefers English.
func language(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag := strings.ToLower(strings.TrimSpace(strings.SplitN(part, ";", 2)[0]))
		if strings.HasPrefix(tag, "zh") {
			return "zh-CN"
		}
		if strings.HasPrefix(tag, "en") {
			return "en"
		}
	}
	return "zh-CN"
}
