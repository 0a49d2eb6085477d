package delivery

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// issued stores an issued task.
func issued(t *testing.T, d *db.DB) hub.TaskID {
	t.Helper()
	id := hub.NewID[hub.TaskID]()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		p := &db.PatientRow{Patient: hub.Patient{ID: hub.PatientID(id), Member: "clinic", LocalID: string(id), Name: "张三"}}
		o := &hub.Order{ID: hub.OrderID(id), Member: "clinic", Origin: "draft", Patient: p.ID, Kind: hub.ECG, CreatedAt: tx.Now()}
		return errors.Join(tx.InsertPatient(p), tx.InsertOrder(o),
			tx.InsertTask(&hub.Task{ID: id, State: hub.Issued, Kind: hub.ECG, Priority: 3, Member: "clinic", Centre: "lead", Order: o.ID, CreatedAt: tx.Now()}),
			tx.Emit(hub.Event{Name: "report.issued", Task: id, Body: []byte("{}")}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	err = d.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.InsertMember(&hub.Member{ID: "clinic", Code: "CLINIC1"}), tx.InsertMember(&hub.Member{ID: "lead", Code: "LEAD"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestIssuedReportIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	d := open(t)
	id := issued(t, d)
	s := &Service{DB: d, Log: slog.New(slog.DiscardHandler)}
	for want := 1; want >= 0; want-- {
		if n, err := s.Turn(t.Context()); err != nil || n != want {
			t.Fatalf("delivered %d, want %d, %v", n, want, err)
		}
	}
	task, err := d.Read(t.Context()).Task(id)
	if err != nil || task.State != hub.Delivered || task.TDelivered.IsZero() {
		t.Fatalf("task %+v, %v", task, err)
	}
	if _, _, err := d.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := d.Read(t.Context()).Events(0, 10)
	if err != nil || len(events) != 2 || events[1].Name != "task.delivered" {
		t.Fatalf("events %+v, %v", events, err)
	}
}

func TestRunningDeliveryLearnsOfAnIssueAtOnce(t *testing.T) {
	t.Parallel()
	d := open(t)
	s := &Service{DB: d, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { stop(); <-done }()
	id := issued(t, d)
	patience := time.After(again / 2) // sooner than the next look without being told
	for {
		news := d.Wait()
		task, err := d.Read(t.Context()).Task(id)
		if err != nil {
			t.Fatal(err)
		}
		if task.State == hub.Delivered {
			return
		}
		select {
		case <-news:
		case <-patience:
			t.Fatal("still " + task.State)
		}
	}
}
