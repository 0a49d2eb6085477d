package api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/upload"
)

func newUploads(t *testing.T) *hospital {
	h := newHospital(t)
	h.s.Uploads = upload.New(h.s.Intake, h.s.Work)
	return h
}

// tus sends a request of the upload protocol and returns its answer.
func (h *hospital) tus(login, method, path string, body []byte, headers ...string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, bytes.NewReader(body))
	must(h.t, err)
	req.Header.Set("Authorization", "Bearer "+h.accounts[login].Token)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	must(h.t, err)
	must(h.t, resp.Body.Close())
	// A role that may not upload is refused before the protocol begins.
	if resp.StatusCode != http.StatusForbidden && resp.Header.Get("Tus-Resumable") != "1.0.0" {
		h.t.Errorf("%s %s: %d without Tus-Resumable", method, path, resp.StatusCode)
	}
	return resp
}

func TestUploadFollowsTheProtocol(t *testing.T) {
	t.Parallel()
	h := newUploads(t)
	data := demo.TraceFile("normal", 3)
	size := strconv.Itoa(len(data))
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte("心电.xml"))
	const root, bytesType = "/api/v1/uploads", "application/offset+octet-stream"
	if r := h.tus("tech1", "OPTIONS", root, nil); r.StatusCode != 204 || r.Header.Get("Tus-Version") != "1.0.0" {
		t.Fatalf("got %d %v", r.StatusCode, r.Header)
	}
	if r := h.tus("tech1", "POST", root, nil, "Upload-Length", strconv.Itoa(5<<30)); r.StatusCode != 413 {
		t.Fatalf("5 GiB: %d", r.StatusCode)
	}
	if r := h.tus("tech1", "POST", root, nil, "Upload-Length", "1", "Tus-Resumable", "0.2.2"); r.StatusCode != 412 || r.Header.Get("Tus-Version") == "" {
		t.Fatalf("old version: %d", r.StatusCode)
	}
	if r := h.tus("reader1", "POST", root, nil, "Upload-Length", "1"); r.StatusCode != 403 {
		t.Fatalf("a reader: %d", r.StatusCode)
	}
	r := h.tus("tech1", "POST", root, data[:1000], "Upload-Length", size, "Upload-Metadata", meta, "Content-Type", bytesType)
	one := r.Header.Get("Location")
	if r.StatusCode != 201 || r.Header.Get("Upload-Offset") != "1000" || r.Header.Get("Upload-Expires") == "" {
		t.Fatalf("got %d %v", r.StatusCode, r.Header)
	}
	for _, c := range []struct {
		login, method string
		body          []byte
		headers       []string
		status        int
	}{
		{"tech2", "HEAD", nil, nil, 404},
		{"tech2", "PATCH", data[1000:], []string{"Upload-Offset", "1000", "Content-Type", bytesType}, 404},
		{"tech1", "PATCH", data[1000:], []string{"Upload-Offset", "1000", "Content-Type", "text/plain"}, 415},
		{"tech1", "PATCH", data, []string{"Upload-Offset", "0", "Content-Type", bytesType}, 409},
		{"tech1", "PATCH", data, []string{"Upload-Offset", "1000", "Content-Type", bytesType}, 413},
		{"tech1", "HEAD", nil, nil, 200},
		{"tech1", "PATCH", data[1000:2000], []string{"Upload-Offset", "1000", "Content-Type", bytesType}, 204},
		{"tech1", "POST", data[2000:], []string{"Upload-Offset", "2000", "Content-Type", bytesType, "X-HTTP-Method-Override", "PATCH"}, 204},
		{"tech1", "PATCH", nil, []string{"Upload-Offset", size, "Content-Type", bytesType}, 204},
	} {
		if r := h.tus(c.login, c.method, one, c.body, c.headers...); r.StatusCode != c.status {
			t.Errorf("%s %s %v: %d, want %d", c.login, c.method, c.headers, r.StatusCode, c.status)
		} else if c.method == "HEAD" && c.status == 200 && (r.Header.Get("Upload-Offset") != "1000" || r.Header.Get("Upload-Length") != size || r.Header.Get("Upload-Metadata") != meta) {
			t.Errorf("HEAD: %v", r.Header)
		}
	}
	v := h.ok("tech1", "GET", one, nil)
	verdict := v["verdict"].(map[string]any)
	if v["state"] != "done" || v["filename"] != "心电.xml" || verdict["result"] != "stored" || verdict["recording"] == "" || verdict["quality"] == nil || verdict["detail"] == "" {
		t.Fatalf("got %v", v)
	}
	if r := h.tus("tech1", "DELETE", one, nil); r.StatusCode != 204 {
		t.Fatalf("DELETE: %d", r.StatusCode)
	}
	if r := h.tus("tech1", "HEAD", one, nil); r.StatusCode != 404 {
		t.Fatalf("HEAD after DELETE: %d", r.StatusCode)
	}
}

// TestLineCutInsideARequestCostsNothing hangs up in the middle of a PATCH.
func TestLineCutInsideARequestCostsNothing(t *testing.T) {
	t.Parallel()
	h := newUploads(t)
	data := demo.TraceFile("normal", 4)
	one := h.tus("tech1", "POST", "/api/v1/uploads", nil, "Upload-Length", strconv.Itoa(len(data))).Header.Get("Location")
	u, err := url.Parse(h.url)
	must(t, err)
	line, err := net.Dial("tcp", u.Host)
	must(t, err)
	fmt.Fprintf(line, "PATCH %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n",
		one, u.Host, h.accounts["tech1"].Token, len(data))
	_, err = line.Write(data[:5000])
	must(t, err)
	must(t, line.(*net.TCPConn).CloseWrite())
	// The hub answers once it has kept what came.
	if _, err := http.ReadResponse(bufio.NewReader(line), nil); err != nil {
		t.Logf("the hub hung up as well: %v", err)
	}
	must(t, line.Close())
	if at := h.tus("tech1", "HEAD", one, nil).Header.Get("Upload-Offset"); at != "5000" {
		t.Fatalf("after the cut the upload is at %s, want 5000", at)
	}
	if r := h.tus("tech1", "PATCH", one, data[5000:], "Upload-Offset", "5000", "Content-Type", "application/offset+octet-stream"); r.StatusCode != 204 {
		t.Fatalf("resumed: %d", r.StatusCode)
	}
	if v := h.ok("tech1", "GET", one, nil); v["verdict"].(map[string]any)["result"] != "stored" {
		t.Fatalf("got %v", v)
	}
}

func TestDeclarationBecomesTheReceipt(t *testing.T) {
	t.Parallel()
	h := newUploads(t)
	data, other := demo.TraceFile("normal", 5), []byte("\x91\x92 nobody knows this")
	file := func(path string, b []byte) map[string]any {
		sum := sha256.Sum256(b)
		return map[string]any{"path": path, "size": len(b), "sha256": hex.EncodeToString(sum[:])}
	}
	h.refused("tech1", "POST", "/api/v1/batches", map[string]any{"files": []any{}}, 400, "field.invalid")
	id := h.ok("tech1", "POST", "/api/v1/batches", map[string]any{"files": []any{file("a/ecg.xml", data), file("b/what", other)}})["id"].(string)
	for path, b := range map[string][]byte{"a/ecg.xml": data, "b/what": other} {
		meta := "filename " + base64.StdEncoding.EncodeToString([]byte(path)) + ",batch " + base64.StdEncoding.EncodeToString([]byte(id))
		if r := h.tus("tech1", "POST", "/api/v1/uploads", b, "Upload-Length", strconv.Itoa(len(b)), "Upload-Metadata", meta, "Content-Type", "application/offset+octet-stream"); r.StatusCode != 201 {
			t.Fatalf("%s: %d", path, r.StatusCode)
		}
	}
	r := h.ok("tech1", "GET", "/api/v1/batches/"+id, nil)
	files := r["files"].([]any)
	ecg, what := files[0].(map[string]any), files[1].(map[string]any)
	if r["complete"] != false || r["settled"] != true || r["failed"] != 1.0 || r["reasons"].([]any)[0].(map[string]any)["detail"] == "" || ecg["state"] != "accepted" || ecg["task"] == "" || what["state"] != "quarantined" || what["detail"] == "" {
		t.Fatalf("got %v", r)
	}
	h.refused("tech2", "GET", "/api/v1/batches/"+id, nil, 404, "not_found")
}
