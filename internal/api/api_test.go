package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/metric"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/route"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// hospital is a whole hub over HTTP with the demo's alliance.
type hospital struct {
	t        *testing.T
	s        *Server
	url      string
	accounts map[string]demo.Account // by login
}

func newHospital(t *testing.T) *hospital {
	t.Helper()
	folder, err := alliance()
	must(t, err)
	stores := folder.Open(t)
	d, objects, ring := stores.DB, stores.Objects, stores.Keys
	log := slog.New(slog.DiscardHandler)
	rules := worklist.DefaultRules()
	rules.Settle = 200 * time.Millisecond
	s := &Server{DB: d, Objects: objects, Keys: ring, Log: log, Metrics: metric.New(d), Work: &worklist.Service{DB: d, Rules: rules}}
	s.Accounts = account.New(d, ring, log, account.DefaultLimits, cheap)
	s.Intake = intake.New(d, objects, s.Work, ring, s.Metrics, log)
	s.Settled = settle.New(d, objects, s.Metrics, log, rules.Settle)
	s.Forwards = &route.Rules{DB: d, Seal: ring.Seal}
	s.Orders = &order.Service{DB: d, Sealer: ring}
	s.Reports = &report.Service{DB: d, Keys: ring, Objects: objects, Work: s.Work, Trace: s.Trace, Address: func() string { return "https://hub.example" }, Log: log}
	made, err := demo.Alliance(t.Context(), d, s.Accounts, stores.Dir, nil) // reads back what the folder has
	must(t, err)
	h := &hospital{t: t, s: s, accounts: map[string]demo.Account{}}
	for _, a := range made {
		h.accounts[a.Login] = a
	}
	server := httptest.NewServer(s.Handler())
	h.url = server.URL
	running, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Intake.Run(running) })
	wg.Go(func() { s.Work.Run(running, "test", log) })
	wg.Go(func() { s.Tail(running) })
	wg.Go(func() { (&audit.Sealer{DB: d, Keys: ring, Objects: objects, Node: "test", Log: log}).Run(running) })
	t.Cleanup(func() { server.Close(); stop(); wg.Wait() })
	return h
}

// cheap lets hashing a test's passwords take no time.
var cheap = account.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

// alliance is the folder of a hub with the demo's members and accounts, made
// once for all tests.
var alliance = sync.OnceValues(func() (hubtest.Folder, error) {
	return hubtest.Make(func(ctx context.Context, s *hubtest.Stores) error {
		_, err := demo.Alliance(ctx, s.DB, account.New(s.DB, s.Keys, slog.New(slog.DiscardHandler), account.DefaultLimits, cheap), s.Dir, nil)
		return err
	})
})

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// as sends a request with somebody's token ("" nobody's) and returns status
// and body.
func (h *hospital) as(login, method, path string, body any) (int, map[string]any) {
	h.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		must(h.t, err)
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, h.url+path, r)
	must(h.t, err)
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+h.accounts[login].Token)
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(h.t, err)
	var v map[string]any
	if len(data) > 0 && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		must(h.t, json.Unmarshal(data, &v))
	}
	return resp.StatusCode, v
}

// ok is as, for a request that must succeed.
func (h *hospital) ok(login, method, path string, body any) map[string]any {
	h.t.Helper()
	code, v := h.as(login, method, path, body)
	if code/100 != 2 {
		h.t.Fatalf("%s %s as %s: %d %v", method, path, login, code, v)
	}
	return v
}

// refused is as, for a request that must fail with a status and code.
func (h *hospital) refused(login, method, path string, body any, status int, code string) map[string]any {
	h.t.Helper()
	got, v := h.as(login, method, path, body)
	if got != status || v["code"] != code {
		h.t.Fatalf("%s %s as %s: %d %v, want %d %s", method, path, login, got, v, status, code)
	}
	if v["detail"] == "" || v["detail"] == nil {
		h.t.Fatalf("%s: no sentence for the person", code)
	}
	return v
}

// ecg is a small ECG file of the demo's generator, of a clinic.
func (h *hospital) ecg(login, kind string, seed uint64) map[string]any {
	h.t.Helper()
	return h.ok(login, "POST", "/api/v1/recordings", demo.TraceFile(kind, seed))
}

func TestECGFileIsMeasuredAndQueuedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	file := demo.TraceFile("inferior-stemi", 1)
	v := h.ok("tech1", "POST", "/api/v1/recordings", file)
	if v["format"] != "hl7-aecg" || len(v["leads"].([]any)) != 12 || v["task"] == "" {
		t.Fatalf("got %v", v)
	}
	task := h.ok("reader1", "GET", "/api/v1/tasks/"+v["task"].(string), nil)
	if task["state"] != "queued" || task["priority"] != 1.0 || len(task["prealert"].([]any)) == 0 || task["complete"] != true {
		t.Fatalf("got %v", task)
	}
	again := h.ok("tech1", "POST", "/api/v1/recordings", file)
	if again["id"] != v["id"] {
		t.Fatalf("the same bytes made a second recording")
	}
	wave := h.ok("reader1", "GET", "/api/v1/recordings/"+v["id"].(string)+"/waveform.json", nil)
	if wave["unit"] != "uV" || len(wave["samples"].([]any)[0].([]any)) != 5000 {
		t.Fatalf("waveform: %v %v", wave["unit"], wave["rate_hz"])
	}
}

func TestWhatIsNotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	v := h.ecg("tech1", "normal", 1)
	path := "/api/v1/tasks/" + v["task"].(string)
	h.refused("", "GET", path, nil, 401, "session.none")
	h.refused("tech2", "GET", path, nil, 404, "not_found")
	h.refused("admin", "GET", path, nil, 403, "role.not_allowed")
	h.refused("tech2", "GET", "/api/v1/recordings/"+v["id"].(string), nil, 404, "not_found")
	h.refused("tech1", "GET", "/api/v1/no-such-thing", nil, 404, "not_found")
	h.ok("clinician1", "GET", path, nil)
	h.ok("qc1", "GET", path, nil)
	list := h.ok("tech2", "GET", "/api/v1/tasks", nil)
	if n := len(list["items"].([]any)); n != 0 {
		t.Fatalf("another clinic sees %d tasks", n)
	}
}

func TestUnknownAndBrokenFilesAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.refused("tech1", "POST", "/api/v1/recordings", []byte("this is no ECG"), 415, "ecg.unknown_format")
	broken := demo.TraceFile("normal", 1)
	v := h.refused("tech1", "POST", "/api/v1/recordings", broken[:len(broken)/2], 422, "ecg.unreadable")
	if v["quarantine"] == nil {
		t.Fatalf("no quarantine id in %v", v)
	}
}

// dial opens a websocket as somebody.
func (h *hospital) dial(login string) *websocket.Conn {
	h.t.Helper()
	head := http.Header{"Authorization": {"Bearer " + h.accounts[login].Token}, "Sec-WebSocket-Protocol": {"yuanzhen.v1"}}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.url, "http")+"/ws", head)
	must(h.t, err)
	h.t.Cleanup(func() { conn.Close() })
	return conn
}

func next(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		var v map[string]any
		must(t, conn.ReadJSON(&v))
		if v["type"] != "ping" {
			return v
		}
	}
}

func TestScreenThatWasOfflineMissesNothing(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	conn := h.dial("reader1")
	hello := next(t, conn)
	if hello["type"] != "hello" {
		t.Fatalf("first message %v", hello)
	}
	conn.Close()
	v := h.ecg("tech1", "normal", 1)
	h.ecg("tech2", "normal", 2)
	h.ok("reader2", "POST", "/api/v1/tasks/"+v["task"].(string)+"/claim", nil)
	again := h.dial("reader1")
	next(t, again)
	must(t, again.WriteJSON(map[string]any{"type": "subscribe", "since": hello["seq"]}))
	var names []string
	last := hello["seq"].(float64)
	for len(names) == 0 || names[len(names)-1] != "task.claimed" {
		m := next(t, again)
		if m["type"] != "event" || m["seq"].(float64) <= last {
			t.Fatalf("after %v came %v", last, m)
		}
		last = m["seq"].(float64)
		names = append(names, m["event"].(string))
	}
	queued := 0
	for _, n := range names {
		if n == "task.queued" {
			queued++
		}
	}
	if queued != 2 {
		t.Fatalf("the screen heard %v", names)
	}
}

func TestScreenOfAnotherTimeIsToldToReload(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.ecg("tech1", "normal", 1)
	conn := h.dial("reader1")
	next(t, conn)
	must(t, conn.WriteJSON(map[string]any{"type": "subscribe", "since": 1_000_000}))
	m := next(t, conn)
	if m["type"] != "resync" || m["seq"].(float64) >= 1_000_000 {
		t.Fatalf("a number the hub has not reached: %v", m)
	}
	v := h.ecg("tech1", "normal", 2)
	for m["type"] != "event" || m["event"] != "task.queued" || m["task"].(map[string]any)["id"] != v["task"] {
		if m = next(t, conn); m["type"] != "event" {
			t.Fatalf("after the resync came %v", m)
		}
	}
}

func TestTasksSinceATimeAreThoseMadeThen(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	v := h.ecg("tech1", "normal", 1)
	at, err := time.Parse(time.RFC3339, h.ok("tech1", "GET", "/api/v1/tasks/"+v["task"].(string), nil)["created_at"].(string))
	must(t, err)
	for since, want := range map[time.Time]int{at.Truncate(time.Second): 1, at.Add(time.Second): 0} {
		query := url.Values{"since": {since.In(chinaTime).Format(time.RFC3339)}}
		if n := len(items(h.ok("tech1", "GET", "/api/v1/tasks?"+query.Encode(), nil))); n != want {
			t.Errorf("since %s: %d tasks, want %d", since, n, want)
		}
	}
	h.refused("tech1", "GET", "/api/v1/tasks?since=yesterday", nil, 400, fieldInvalid)
}

func TestWebsocketNeedsALogin(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.url, "http")+"/ws", nil)
	if err == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %v, %v", resp, err)
	}
}

func TestCookieNeedsItsToken(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	a := h.accounts["tech1"]
	body, _ := json.Marshal(map[string]string{"login": a.Login, "password": a.Password})
	resp, err := http.Post(h.url+"/api/v1/session", "application/json", bytes.NewReader(body))
	must(t, err)
	var session SessionView
	must(t, json.NewDecoder(resp.Body).Decode(&session))
	resp.Body.Close()
	send := func(csrf string) int {
		req, _ := http.NewRequest("POST", h.url+"/api/v1/orders/search", nil)
		req.AddCookie(resp.Cookies()[0])
		req.Header.Set("X-CSRF", csrf)
		r, err := http.DefaultClient.Do(req)
		must(t, err)
		r.Body.Close()
		return r.StatusCode
	}
	if code := send(""); code != http.StatusForbidden {
		t.Fatalf("without the token: %d", code)
	}
	if code := send(session.CSRF); code != http.StatusOK {
		t.Fatalf("with the token: %d", code)
	}
}

func TestOrderInTheWordsOfTheRulesIsUnderstood(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	made := h.ok("tech1", "POST", "/api/v1/orders", map[string]any{"patient_name": "张三", "sex": "男", "birth_date": "1980-01-01", "visit_type": "体检",
		"department": "内科", "ordering_doctor": "周建国", "exam_item_code": "DX-CHEST", "clinical_history": "咳嗽", "exam_purpose": "排除肺炎"})
	o := h.ok("tech1", "GET", "/api/v1/orders/"+made["id"].(string), nil)
	if o["visit"] != "healthcheck" || o["doctor"] != "周建国" || o["item"] != "DX-CHEST" || o["history"] != "咳嗽" || o["purpose"] != "排除肺炎" {
		t.Errorf("got %v", o)
	}
}

func TestOrderOfAnEmergencyIsNeverHeldUp(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	v := h.ok("tech1", "POST", "/api/v1/orders", map[string]any{"visit": "emergency", "symptom": "胸痛", "kind": "ecg"})
	if v["accession"] == "" || len(v["owed"].([]any)) == 0 {
		t.Fatalf("got %v", v)
	}
	e := h.refused("tech1", "POST", "/api/v1/orders", map[string]any{"patient_name": "张三", "sex": "M", "birth_date": "1980-01-01", "id_number": "11010519491231002X", "item": "DX-CHEST"}, 400, "field.invalid")
	if e["field"] != "birth_date" {
		t.Fatalf("the refusal names %v", e["field"])
	}
}

func TestStudyMatchesItsOrder(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	made := h.ok("tech1", "POST", "/api/v1/orders", map[string]any{"patient_name": "王秀芳", "sex": "F", "birth_date": "1958-03-12", "patient_id": "P1",
		"item_name": "胸部正位DR", "modality": "DX", "body_part": "CHEST", "department": "全科", "doctor": "周建国", "history": "咳嗽"})
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: "1.2.840.10008.5.1.4.1.1.1.1", dicom.SOPInstanceUID: "1.2.1.1", dicom.StudyInstanceUID: "1.2", dicom.SeriesInstanceUID: "1.2.1",
		dicom.PatientName: "Wang^Xiufang=王秀芳", dicom.PatientID: "P1", dicom.AccessionNumber: made["accession"].(string), dicom.Modality: "DX"} {
		d.SetText(tag, text)
	}
	var b bytes.Buffer
	must(t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	actor, _, err := h.s.Accounts.Authenticate(t.Context(), h.accounts["tech1"].Token)
	must(t, err)
	out, err := h.s.Intake.Instance(t.Context(), intake.Source{Actor: actor, Via: "cstore"}, &b, dicom.ExplicitVRLittleEndian)
	must(t, err)
	if string(out.Task) != made["task"] {
		t.Fatalf("the study opened task %s, its order has %v", out.Task, made["task"])
	}
	v := h.ok("tech1", "GET", "/api/v1/tasks/"+made["task"].(string), nil)
	if v["arrived"] != 1.0 || v["patient"].(map[string]any)["name"] != "王秀芳" || len(v["warnings"].([]any)) != 0 {
		t.Fatalf("got %v", v)
	}
}
