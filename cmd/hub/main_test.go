package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/font"
)

// running is a hub started by its command line.
type running struct {
	t        *testing.T
	http     string
	dicom    string
	accounts map[string]demo.Account
	stop     func() error
}

// start runs `hub demo --empty` on free ports with more flags and waits until
// it is ready.
func start(t *testing.T, dir string, flags ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := launch(t, dir, func(args []string) func() error {
		return func() error { return run(ctx, append(args, flags...), io.Discard, io.Discard) }
	})
	wait := r.stop
	r.stop = func() error { cancel(); return wait() }
	return r
}

// launch begins a hub and waits until it is ready. What begin returns waits
// for its end, and so does the running hub's stop.
func launch(t *testing.T, dir string, begin func(args []string) (wait func() error)) *running {
	t.Helper()
	os.Remove(filepath.Join(dir, "addresses.json"))
	args := []string{"demo", "--empty", "--data", dir, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"}
	wait := begin(args)
	done := make(chan error, 1)
	go func() { done <- wait() }()
	r := &running{t: t, accounts: map[string]demo.Account{}, stop: func() error { return <-done }}
	deadline := time.Now().Add(time.Minute)
	for !r.ready(dir) {
		select {
		case err := <-done:
			t.Fatalf("hub %s: %v", strings.Join(args, " "), err)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the hub does not become ready")
		}
	}
	data, err := os.ReadFile(demo.AccountsPath(dir))
	must(t, err)
	var list []demo.Account
	must(t, json.Unmarshal(data, &list))
	for _, a := range list {
		r.accounts[a.Login] = a
	}
	return r
}

func (r *running) ready(dir string) bool {
	var at struct{ HTTP, DICOM string }
	data, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err != nil || json.Unmarshal(data, &at) != nil {
		return false
	}
	r.http, r.dicom = "http://"+at.HTTP, at.DICOM
	resp, err := http.Get(r.http + "/readyz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request that must succeed and returns the answer's JSON.
func (r *running) ask(login, method, path string, body any) map[string]any {
	r.t.Helper()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(r.t, err)
		in = bytes.NewReader(data)
	}
	code, data := r.send(login, method, path, in)
	if code/100 != 2 {
		r.t.Fatalf("%s %s as %s: %d %s", method, path, login, code, data)
	}
	var v map[string]any
	if len(data) > 0 {
		must(r.t, json.Unmarshal(data, &v))
	}
	return v
}

func (r *running) send(login, method, path string, body io.Reader) (int, []byte) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.http+path, body)
	must(r.t, err)
	req.Header.Set("Authorization", "Bearer "+r.accounts[login].Token)
	resp, err := http.DefaultClient.Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(r.t, err)
	return resp.StatusCode, data
}

// store sends one radiograph by C-STORE with a clinic's AE title and returns
// the data set's bytes.
func (r *running) store(clinic, accession, study string) []byte {
	r.t.Helper()
	const class = "1.2.840.10008.5.1.4.1.1.1.1"
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	for _, f := range []struct {
		tag  dicom.Tag
		text string
	}{{dicom.SOPClassUID, class}, {dicom.SOPInstanceUID, study + ".1.1"}, {dicom.StudyInstanceUID, study}, {dicom.SeriesInstanceUID, study + ".1"},
		{dicom.PatientName, "Wang^Xiufang=王秀芳"}, {dicom.PatientID, "P1"}, {dicom.PatientSex, "F"}, {dicom.PatientBirthDate, "19491231"},
		{dicom.AccessionNumber, accession}, {dicom.Modality, "DX"}, {dicom.PhotometricInterpretation, "MONOCHROME2"}} {
		d.SetText(f.tag, f.text)
	}
	for _, f := range []struct {
		tag dicom.Tag
		n   int64
	}{{dicom.SamplesPerPixel, 1}, {dicom.Rows, 4}, {dicom.Columns, 4}, {dicom.BitsAllocated, 16}, {dicom.BitsStored, 12}, {dicom.HighBit, 11}, {dicom.PixelRepresentation, 0}} {
		d.SetInts(f.tag, f.n)
	}
	d.SetRaw(dicom.PixelData, dicom.OW, bytes.Repeat([]byte{1, 2}, 16))
	var b bytes.Buffer
	must(r.t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	contexts, err := dimse.ContextsFor(dimse.Kind{SOPClassUID: class, Syntax: dicom.ExplicitVRLittleEndian})
	must(r.t, err)
	c, err := dimse.Dial(r.t.Context(), r.dicom, dimse.DialOptions{CallingAE: clinic, CalledAE: "ANY", Contexts: contexts})
	must(r.t, err)
	defer c.Release()
	status, err := c.Store(r.t.Context(), class, study+".1.1", dicom.ExplicitVRLittleEndian, bytes.NewReader(b.Bytes()))
	must(r.t, err)
	if !status.OK() {
		r.t.Fatalf("C-STORE: %s", status)
	}
	return b.Bytes()
}

// until listens to the hub until a task is in one of the states, and returns
// it.
func (r *running) until(login, id string, states ...string) map[string]any {
	r.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"yuanzhen.v1"}}
	live, _, err := dialer.Dial("ws"+strings.TrimPrefix(r.http, "http")+"/ws", http.Header{"Authorization": {"Bearer " + r.accounts[login].Token}})
	must(r.t, err)
	defer live.Close()
	live.SetReadDeadline(time.Now().Add(30 * time.Second))
	must(r.t, live.WriteJSON(map[string]any{"type": "subscribe", "since": 0}))
	for {
		v := r.ask(login, "GET", "/api/v1/tasks/"+id, nil)
		if slices.Contains(states, v["state"].(string)) {
			return v
		}
		for about := ""; about != id; {
			var event struct{ Task struct{ ID string } }
			if err := live.ReadJSON(&event); err != nil {
				r.t.Fatalf("task %s is %v, want %v: %v", id, v["state"], states, err)
			}
			about = event.Task.ID
		}
	}
}

// TestStudyBecomesARecognisedResult walks the whole road on every pair of
// backends that is there: SQLite and disk always, PostgreSQL and S3 when
// their addresses are in the environment.
func TestStudyBecomesARecognisedResult(t *testing.T) {
	if _, err := font.SansSC(); err != nil {
		t.Skip("reports cannot be signed: " + err.Error())
	}
	backends := map[string][]string{"sqlite and disk": nil}
	if url := os.Getenv("YUANZHEN_TEST_POSTGRES"); url != "" {
		backends["postgres and disk"] = []string{"--db", ownDatabase(t, url)}
	}
	if end := os.Getenv("YUANZHEN_TEST_S3_ENDPOINT"); end != "" {
		s3 := "s3://road-" + strings.ToLower(dicom.NewUID()[5:25]) + "/hub?endpoint=" + url.QueryEscape(end) + "&region=" + os.Getenv("AWS_REGION")
		backends["sqlite and S3"] = []string{"--objects", s3}
	}
	for name, flags := range backends {
		t.Run(name, func(t *testing.T) { road(t, flags) })
	}
}

func road(t *testing.T, flags []string) {
	dir := t.TempDir()
	r := start(t, dir, flags...)
	order := map[string]any{"patient_name": "王秀芳", "id_number": "11010519491231002X", "patient_id": "P1", "item": "DX-CHEST", "department": "全科", "doctor": "周建国", "history": "咳嗽"}
	made := r.ask("tech1", "POST", "/api/v1/orders", order)
	task := made["task"].(string)
	sent := r.store("CLINIC1", made["accession"].(string), "1.2.826.1")
	r.until("tech1", task, "queued")
	claimed := r.ask("reader1", "POST", "/api/v1/tasks/"+task+"/claim", nil)
	report := r.ask("reader1", "PUT", "/api/v1/tasks/"+task+"/report", map[string]any{"findings": "双肺纹理清晰。", "impression": "心肺膈未见异常。", "claim": claimed["claim"]})
	r.ask("reader1", "POST", "/api/v1/tasks/"+task+"/submit", nil)
	if code, _ := r.send("reader1", "POST", "/api/v1/tasks/"+task+"/approve", nil); code != http.StatusForbidden {
		t.Fatalf("the writer's approval: %d", code)
	}
	r.ask("reviewer1", "POST", "/api/v1/tasks/"+task+"/approve", nil)
	r.until("tech1", task, "delivered")
	acked := r.ask("clinician1", "POST", "/api/v1/tasks/"+task+"/acknowledge", nil)
	if acked["state"] != "acknowledged" || acked["t_ack"] == nil {
		t.Fatalf("got %v", acked)
	}
	id := report["id"].(string)
	if code, pdf := r.send("clinician1", "GET", "/api/v1/reports/"+id+"/report.pdf", nil); code != http.StatusOK || !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Fatalf("report.pdf: %d, %.20q", code, pdf)
	}
	found := r.ask("clinician2", "POST", "/api/v1/recognition/candidates", map[string]any{"id_number": "11010519491231002X", "item": "DX-CHEST"})
	if n := len(found["items"].([]any)); n != 1 {
		t.Fatalf("%d candidates for the next order", n)
	}
	must(t, r.stop())

	again := start(t, dir, flags...)
	if again.accounts["tech1"].Token != r.accounts["tech1"].Token {
		t.Fatal("a restart changed the tokens")
	}
	code, file := again.send("tech1", "GET", "/dicom-web/studies/1.2.826.1/series/1.2.826.1.1/instances/1.2.826.1.1.1?accept=application/dicom", nil)
	if code != http.StatusOK || !bytes.Contains(file, sent) {
		t.Fatalf("WADO after a restart: %d, %d bytes without the data set that was sent", code, len(file))
	}
	again.store("CLINIC1", "", "1.2.826.2")
	next := again.ask("tech1", "GET", "/api/v1/tasks?study=1.2.826.2", nil)["items"].([]any)[0].(map[string]any)["id"].(string)
	restarted := time.Now()
	if again.until("tech1", next, "queued"); time.Since(restarted) > 10*time.Second {
		t.Fatalf("the first study after a restart waited %s: nobody led", time.Since(restarted))
	}
	must(t, again.stop())
	must(t, run(t.Context(), append([]string{"audit", "verify", "--data", dir}, flags...), io.Discard, io.Discard))
}

// ownDatabase makes an empty database beside the given one and returns its
// address.
func ownDatabase(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	name := "road_" + strings.ReplaceAll(dicom.NewUID()[5:25], ".", "")
	admin, err := sql.Open("pgx", address)
	must(t, err)
	defer admin.Close()
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	must(t, err)
	u.Path = "/" + name
	return u.String()
}
