package arrive

import (
	"context"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
)

// commit asks for a commitment of instances of the shelf.
func commit(t *testing.T, c *dimse.Client, transaction string, uids ...string) {
	t.Helper()
	var pairs []string
	for _, uid := range uids {
		pairs = append(pairs, ctClass, uid)
	}
	if status, err := c.Action(t.Context(), dimse.StorageCommitment, dimse.CommitmentInstance, 1, request(transaction, pairs...)); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-ACTION: %v, %v", status, err)
	}
}

// hear waits for the report of a commitment of n instances, all of them kept.
func hear(t *testing.T, c *dimse.Client, transaction string, n int) {
	t.Helper()
	err := c.AwaitEvent(t.Context(), func(e dimse.Event) dimse.Status {
		if kept := len(e.Data.Items(dicom.ReferencedSOPSequence)); e.Type != 1 || kept != n || e.Data.Text(dicom.TransactionUID) != transaction {
			t.Errorf("event %d of %s: %d kept, want %d of %s", e.Type, e.Data.Text(dicom.TransactionUID), kept, n, transaction)
		}
		return dimse.Status{}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// slowly lets each Get of the store wait for a word on the returned channel.
func (s *store) slowly() chan struct{} {
	word := make(chan struct{})
	wait := func(ctx context.Context) error {
		select {
		case <-word:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.gets.Store(0)
	s.wait.Store(&wait)
	return word
}

func (h *clinic) commitment(t *testing.T, transaction string) *db.Commitment {
	t.Helper()
	rows, err := h.DB.Read(t.Context()).CommitmentsOf("CT1", transaction)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d requests, %v", len(rows), err)
	}
	return rows[0]
}

func TestReadBackLongerThanItsLeaseIsDoneOnce(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.lease = 1500 * time.Millisecond
	const instances = 6
	word := h.kept.slowly()
	c := h.dial(t, "CT1", dimse.StorageCommitment)
	uids := make([]string, instances)
	for i := range uids {
		uids[i] = "1.1.1.1"
	}
	commit(t, c, "1.7.1", uids...)
	pace := time.NewTicker(h.lease / 3)
	defer pace.Stop()
	for range instances { // twice the lease in all: the leader looks for what is due meanwhile
		<-pace.C
		word <- struct{}{}
	}
	hear(t, c, "1.7.1", instances)
	eventually(t, "the request is done", func() bool { return !h.commitment(t, "1.7.1").DoneAt.IsZero() })
	if got := h.kept.gets.Load(); got != instances {
		t.Errorf("%d instances were read %d times", instances, got)
	}
}

func TestReadBackThatHangsIsTakenOverAndReportedOnce(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.lease = 100 * time.Millisecond
	word := h.kept.slowly()
	c := h.dial(t, "CT1", dimse.StorageCommitment)
	commit(t, c, "1.7.1", "1.1.1.1")
	eventually(t, "another looks after it", func() bool { return h.kept.gets.Load() == 2 })
	close(word)
	hear(t, c, "1.7.1", 1)
	commit(t, c, "1.7.2", "1.1.1.2")
	hear(t, c, "1.7.2", 1) // and not the first once more
}

func TestRestartedHubGoesOnReadingBackWhereItWas(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	word := h.kept.slowly()
	c := h.dial(t, "CT1", dimse.StorageCommitment)
	commit(t, c, "1.7.1", "1.1.1.1", "7.7", "1.1.1.2", "1.1.2.1")
	word <- struct{}{}
	word <- struct{}{}
	eventually(t, "the last is being read", func() bool { return h.kept.gets.Load() == 3 })
	h.stop()
	row := h.commitment(t, "1.7.1")
	if row.Looked != 3 || row.Tries != 0 || row.Error != "" || row.Instances[1].Reason != dimse.NoSuchSOPInstance {
		t.Errorf("after the stop: %+v", row)
	}
	h.kept.wait.Store(nil)
	background(t, func(ctx context.Context) { h.Node.Run(ctx, "only") })
	err := c.AwaitEvent(t.Context(), func(e dimse.Event) dimse.Status {
		if got := reasons(e); e.Type != 2 || len(got) != 4 || got["7.7"] != 0x0112 || got["1.1.1.1"]+got["1.1.1.2"]+got["1.1.2.1"] != 0 {
			t.Errorf("event %d: %v", e.Type, got)
		}
		return dimse.Status{}
	})
	if got := h.kept.gets.Load(); err != nil || got != 4 {
		t.Errorf("three instances were read %d times, %v", got, err)
	}
}

func TestLongReadBacksHoldUpNoPerformedStep(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.1", "A1", "李^雷", "P1", "20260101", ""})
	h.kept.slowly()
	c := h.dial(t, "CT1", dimse.StorageCommitment, dimse.PerformedStep)
	for range 2 * together {
		commit(t, c, dicom.NewUID(), "1.1.1.1")
	}
	if status, err := c.Create(t.Context(), dimse.PerformedStep, "1.5.1", performed("1.1", "A1")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-CREATE: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), dimse.PerformedStep, "1.5.1", made("COMPLETED", "1.1.1.1", "1.1.1.2")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-SET: %v, %v", status, err)
	}
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.2", "A1", "李^雷", "P1", "20260101", ""})
	eventually(t, "the study is complete", func() bool { return h.task(t, "1.1").Complete })
}
