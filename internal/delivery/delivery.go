// Package delivery is the step RETURN: it brings issued reports to the clinic.
// The clinic's page is the endpoint: a report is delivered when its event is
// stored for that page, which gets it live or when it comes back. What could
// not be delivered is tried again.
package delivery

import (
	"context"
	"log/slog"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

const (
	batch = 100             // reports delivered in one turn at most
	again = 2 * time.Second // after which undelivered ones are looked for without being told
)

// Service delivers. Every node may run one: a task moves once.
type Service struct {
	DB  *db.DB
	Log *slog.Logger
}

// Run delivers what is issued until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		news := s.DB.Wait()
		n, err := s.Turn(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("delivery", "error", err)
		}
		if n == batch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-tick.C:
		}
	}
}

// Turn delivers what is issued now and returns how many reports that were.
func (s *Service) Turn(ctx context.Context) (delivered int, err error) {
	list, err := s.DB.Read(ctx).Undelivered(batch)
	if err != nil {
		return 0, err
	}
	for _, t := range list {
		switch err := s.deliver(ctx, t.ID); {
		case err == nil:
			delivered++
		case ctx.Err() != nil:
			return delivered, ctx.Err()
		default:
			s.Log.Error("delivery: will be tried again", "task", t.ID, "error", err)
		}
	}
	return delivered, nil
}

func (s *Service) deliver(ctx context.Context, id hub.TaskID) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if t.State != hub.Issued {
			return nil // another node was first, or it is being revised
		}
		return worklist.Move(tx, hub.System, t, worklist.Deliver, "", func(t *hub.Task) { t.TDelivered = tx.Now() })
	})
}
