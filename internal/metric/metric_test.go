package metric

import (
	"context"
	"io"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

func newMetrics(t *testing.T) (*Metrics, *db.DB) {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return New(d), d
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("scrape answers %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			name, _, _ = strings.Cut(name, " ")
			t.Errorf("no line %q; of this name:\n%s", line, strings.Join(regexp.MustCompile(`(?m)^`+name+`.*$`).FindAllString(text, -1), "\n"))
		}
	}
}

func insert(t *testing.T, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := d.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestStepsAreCounted(t *testing.T) {
	t.Parallel()
	m, d := newMetrics(t)
	insert(t, d, func(tx *db.Tx) error { return tx.InsertMember(&hub.Member{ID: "01c", Code: "CLINIC1", Name: "x"}) })
	m.Associations(2)
	m.Associations(-1)
	m.Stored(0x0000)
	m.Stored(0xA700)
	m.HTTPRequest("GET /api/v1/tasks/{id}", 200, 3*time.Millisecond)
	m.HTTPRequest("POST /dicom-web/studies", 503, time.Millisecond)
	m.HTTPRequest("POST /api/v1/recordings", 422, time.Millisecond) // the sender's fault
	m.HTTPRequest("", 404, time.Millisecond)
	m.Taken("01c", "stored", 1000)
	m.Taken("01c", "quarantined", 24)
	m.Taken("01nobody", "stored", 1)
	m.Committed(16, 2*time.Millisecond)
	m.Alerted("E01")
	m.Parsed(4 * time.Millisecond)
	m.Claim(true)
	m.Claim(false)
	m.Candidates(3)
	m.Decided("recognise", "", 120.5)
	m.Decided("decline", "3", 0)
	m.Screens(1)
	m.Sent()
	m.Resync()
	m.Login(true)
	m.Login(false)
	m.Folder(t.TempDir())
	text := scrape(t, m)
	wantLines(t, text,
		`hub_arrive_associations 1`,
		`hub_arrive_dimse_responses_total{status="0000"} 1`,
		`hub_arrive_dimse_responses_total{status="A700"} 1`,
		`hub_http_requests_total{code="200",route="GET /api/v1/tasks/{id}"} 1`,
		`hub_http_requests_total{code="404",route="none"} 1`,
		`hub_http_request_seconds_count{route="POST /dicom-web/studies"} 1`,
		`hub_intake_errors_total{reason="busy"} 2`,
		`hub_intake_instances_total{institution="CLINIC1",result="stored"} 1`,
		`hub_intake_instances_total{institution="unknown",result="stored"} 1`,
		`hub_intake_bytes_total{institution="CLINIC1"} 1024`,
		`hub_quarantine_total{reason="quarantined"} 1`,
		`hub_intake_batch_size_sum 16`,
		`hub_intake_commit_seconds_count 1`,
		`hub_ecg_alerts_total{item="E01"} 1`,
		`hub_ecg_parse_seconds_count 1`,
		`hub_queue_claims_total{result="won"} 1`,
		`hub_queue_claims_total{result="lost"} 1`,
		`hub_recognition_candidates_total 3`,
		`hub_recognition_decisions_total{decision="decline",reason="3"} 1`,
		`hub_recognition_saved_yuan_total 120.5`,
		`hub_ws_sessions 1`, `hub_ws_sent_total 1`, `hub_ws_resyncs_total 1`,
		`hub_auth_logins_total{result="ok"} 1`, `hub_auth_logins_total{result="refused"} 1`,
		`hub_database_up 1`)
	free := regexp.MustCompile(`(?m)^hub_storage_free_bytes ([1-9].*)$`)
	if !free.MatchString(text) {
		t.Error("free bytes of a folder that exists are unknown")
	}
}

func TestQueueAndChainAreReadAtTheScrape(t *testing.T) {
	t.Parallel()
	m, d := newMetrics(t)
	insert(t, d, func(tx *db.Tx) error {
		if err := tx.InsertMember(&hub.Member{ID: "01c", Code: "CLINIC1", Name: "x"}); err != nil {
			return err
		}
		if err := tx.InsertPatient(&db.PatientRow{Patient: hub.Patient{ID: "01p", Member: "01c", LocalID: "1", Name: "张三"}, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		if err := tx.InsertOrder(&hub.Order{ID: "01o", Member: "01c", Accession: "A1", Origin: "entered", Patient: "01p", Kind: hub.ECG, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		for id, state := range map[hub.TaskID]hub.State{"01t": hub.Queued, "01u": hub.Written} {
			task := &hub.Task{ID: id, State: state, Kind: hub.ECG, Priority: 1, Member: "01c", Centre: "01c", Order: "01o", TSubmit: tx.Now().Add(-time.Hour), CreatedAt: tx.Now()}
			if err := tx.InsertTask(task); err != nil {
				return err
			}
		}
		if err := tx.InsertCritical(&hub.Critical{ID: "01k", Task: "01t", Member: "01c", Centre: "01c", State: hub.CriticalNotified, FoundBy: "01a", FoundAt: tx.Now(), NotifiedAt: tx.Now()}); err != nil {
			return err
		}
		return tx.Audit(hub.System, hub.Record{Action: "test", OK: true})
	})
	if _, _, err := d.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, m)
	wantLines(t, text,
		`hub_queue_tasks{centre="CLINIC1",kind="ecg",priority="1",state="queued"} 1`,
		`hub_queue_tasks{centre="CLINIC1",kind="ecg",priority="1",state="written"} 1`,
		`hub_queue_oldest_seconds{priority="0"} 0`,
		`hub_critical_unreceived 1`,
		`hub_audit_unsealed_seconds 0`,
		`hub_audit_sealed_total 1`)
	if !regexp.MustCompile(`(?m)^hub_queue_oldest_seconds\{priority="1"\} 360\d`).MatchString(text) {
		t.Error("the hour that a task waits is not shown")
	}
	if strings.Contains(text, "张三") || strings.Contains(text, "01p") {
		t.Error("a patient is in the metrics")
	}
}

func TestEventsSinceTheStartAreCountedOnce(t *testing.T) {
	t.Parallel()
	m, d := newMetrics(t)
	insert(t, d, func(tx *db.Tx) error {
		for name, body := range map[string]string{
			"report.issued":     `{"task":{"kind":"ecg","priority":1,"t_submit":"2026-11-20T08:00:00Z","t_signed":"2026-11-20T08:05:00Z"}}`,
			"critical.received": `{"critical":{"found_at":"2026-11-20T08:00:00Z","received_at":"2026-11-20T08:02:00Z"}}`,
			"task.delivered":    `not json`,
		} {
			if err := tx.Emit(hub.Event{Name: name, Body: []byte(body)}); err != nil {
				return err
			}
		}
		return nil
	})
	if _, _, err := d.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantLines(t, scrape(t, m),
			`hub_events_total{event="report.issued"} 1`,
			`hub_events_total{event="task.delivered"} 1`,
			`hub_report_issued_total{kind="ecg",priority="1"} 1`,
			`hub_report_turnaround_seconds_sum{kind="ecg",priority="1"} 300`,
			`hub_critical_receive_seconds_sum 120`)
	}
	if text := scrape(t, New(d)); strings.Contains(text, "hub_events_total{") {
		t.Error("a restarted process counts old events")
	}
}

func TestDatabaseAwayLeavesTheOtherMetrics(t *testing.T) {
	t.Parallel()
	m, d := newMetrics(t)
	m.Sent()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantLines(t, scrape(t, m), `hub_database_up 0`, `hub_ws_sent_total 1`)
}

func TestObjectStoreIsMeasured(t *testing.T) {
	t.Parallel()
	m, _ := newMetrics(t)
	store, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	o := m.Watch(store)
	k := storage.NewKey("test")
	w, err := o.Create(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "bytes")
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	body, err := o.Get(t.Context(), k, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(body); err != nil || string(text) != "bytes" {
		t.Errorf("%q, %v", text, err)
	}
	body.Close()
	o.Get(t.Context(), storage.NewKey("test"), 0, -1) // not there: no fault of the store
	if err := o.Delete(context.Background(), k); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, m)
	wantLines(t, text, `hub_storage_op_seconds_count{op="create"} 1`, `hub_storage_op_seconds_count{op="get"} 2`, `hub_storage_op_seconds_count{op="delete"} 1`)
	if strings.Contains(text, "hub_storage_errors_total{") {
		t.Error("a missing object counts as a fault")
	}
}
