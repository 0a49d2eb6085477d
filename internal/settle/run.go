package settle

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// The job's clock.
const (
	turnEvery = time.Second
	lease     = 15 * time.Second // leadership of one node, where there are several
	workers   = 2
	step      = 100              // series looked at in one query
	tryAgain  = 10 * time.Minute // after a series could not be settled
	// leastQuiet is longer than objects of one sender are apart.
	leastQuiet = 2 * time.Second
	// busyQuiet is the quiet asked for while other objects come in: they have
	// the processors first.
	busyQuiet = 2 * time.Minute
)

// Run settles what has become quiet until ctx ends, on the node that leads.
func (s *Store) Run(ctx context.Context, node string) {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	leads, renewed := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(renewed) > lease/3 {
			var err error
			if leads, err = s.lead(ctx, node); err != nil {
				s.complain(ctx, "leadership", err)
				continue
			}
			renewed = time.Now()
		}
		if leads {
			s.complain(ctx, "turn", s.Turn(ctx))
		}
	}
}

// lead: SQLite has one node.
func (s *Store) lead(ctx context.Context, node string) (bool, error) {
	if !s.DB.Postgres() {
		return true, nil
	}
	return s.DB.Lead(ctx, "settle", node, lease)
}

func (s *Store) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.Log.Error("settle: "+what, "error", err)
	}
}

// Turn settles some of the series that are quiet now.
func (s *Store) Turn(ctx context.Context) error {
	read := s.DB.Read(ctx)
	quiet := s.Quiet
	if s.Busy() {
		quiet = max(quiet, busyQuiet)
	}
	waiting := 0
	for after := hub.SeriesID(""); waiting < step; {
		list, err := read.Unsettled(time.Now().Add(-quiet), after, step)
		if err != nil {
			return err
		}
		var due []*db.Found
		for _, f := range list {
			if s.due(f.Series.ID) {
				due = append(due, f)
			}
			after = f.Series.ID
		}
		waiting += len(due)
		s.all(ctx, due)
		if len(list) < step {
			break
		}
	}
	s.Count.SettleWaiting(waiting)
	return ctx.Err()
}

// due reports that a series has not failed lately.
func (s *Store) due(id hub.SeriesID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.failed[id]
	if ok && time.Since(at) >= tryAgain {
		delete(s.failed, id)
		ok = false
	}
	return !ok
}

// all settles a list of series, a few at a time, until objects come in.
func (s *Store) all(ctx context.Context, list []*db.Found) {
	places := make(chan struct{}, workers)
	for _, f := range list {
		places <- struct{}{}
		if ctx.Err() != nil || s.Busy() && time.Since(f.Study.LastAt) < busyQuiet {
			<-places
			break
		}
		go func() {
			defer func() { <-places }()
			s.one(ctx, f)
		}()
	}
	for range workers {
		places <- struct{}{}
	}
}

// one settles one series and counts what became of it.
func (s *Store) one(ctx context.Context, f *db.Found) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, seriesTime)
	defer cancel()
	kept, err := s.Settle(within, &f.Study, &f.Series)
	result := "kept"
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		result = "failed"
		s.mu.Lock()
		s.failed[f.Series.ID] = time.Now()
		s.mu.Unlock()
		s.Log.Error("settle: tried again in "+tryAgain.String(), "series", f.Series.ID, "error", err)
	case !kept:
		result = "grown"
	}
	s.Count.Settled(result, time.Since(began))
}

// Settle packs a series if the store wants that, and keeps what viewers ask
// of it. It reports false when instances came meanwhile; the next turn settles
// it again then. Whatever it has done when it fails need not be undone.
func (s *Store) Settle(ctx context.Context, st *db.StudyRow, se *hub.Series) (bool, error) {
	list, err := s.DB.Read(ctx).InstancesOf(se.ID)
	if err != nil {
		return false, err
	}
	if s.Pack {
		if err := s.pack(ctx, list); err != nil {
			return false, err
		}
		if list, err = s.DB.Read(ctx).InstancesOf(se.ID); err != nil {
			return false, err
		}
	}
	return s.keep(ctx, st, se, list)
}
