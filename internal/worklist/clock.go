package worklist

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// clockStep is how many tasks one turn of the clock handles at most.
const clockStep = 100

// Run lets time pass for tasks, on the node that leads: leases expire,
// settled studies are submitted, deadlines are noticed. It returns when ctx
// ends.
func (s *Service) Run(ctx context.Context, node string, log *slog.Logger) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var leads bool
	var renewed time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(renewed) > 5*time.Second {
			var err error
			if leads, err = s.DB.Lead(ctx, "worklist", node, 15*time.Second); err != nil {
				log.Error("worklist: leadership", "error", err)
				continue
			}
			renewed = time.Now()
		}
		if !leads {
			continue
		}
		if err := s.Turn(ctx, log); err != nil && ctx.Err() == nil {
			log.Error("worklist: clock", "error", err)
		}
	}
}

// Turn is one turn of the clock.
func (s *Service) Turn(ctx context.Context, log *slog.Logger) error {
	read := s.DB.Read(ctx)
	settled, err := read.Settled(clockStep)
	if err != nil {
		return err
	}
	s.each(ctx, settled, "settle", log, s.settleOne)
	expired, err := read.LeaseExpired(clockStep)
	if err != nil {
		return err
	}
	s.each(ctx, expired, "lease", log, s.expireOne)
	waiting, err := read.Unclaimed(s.Rules.claimLimits(), clockStep)
	if err != nil {
		return err
	}
	s.each(ctx, waiting, "unclaimed", log, s.unclaimedOne)
	return s.deadlines(ctx, log)
}

// together is how many tasks share one transaction of the clock.
const together = 25

// each does the same to many tasks, some of them in one transaction. If that
// fails, each gets its own, so that one bad task does not hold up others.
func (s *Service) each(ctx context.Context, list []*hub.Task, what string, log *slog.Logger, do func(*db.Tx, *hub.Task) error) {
	for group := range slices.Chunk(list, together) {
		if s.all(ctx, group, do) == nil {
			continue
		}
		for i := range group {
			if err := s.all(ctx, group[i:i+1], do); err != nil && ctx.Err() == nil {
				log.Error("worklist: "+what, "task", group[i].ID, "error", err)
			}
		}
	}
}

func (s *Service) all(ctx context.Context, group []*hub.Task, do func(*db.Tx, *hub.Task) error) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, seen := range group {
			t, err := tx.Task(seen.ID)
			if err == nil {
				err = do(tx, t)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// settleOne submits a trusted device's study, or notes that a task's study is
// whole. A study that cannot be submitted waits in the clinic's inbox.
func (s *Service) settleOne(tx *db.Tx, t *hub.Task) error {
	now := tx.Now()
	if t.SettleAt.IsZero() || t.SettleAt.After(now) {
		return nil
	}
	list, err := tx.StudiesOf(t.ID)
	if err != nil {
		return err
	}
	for _, study := range list { // objects that came since the time was set
		if at := study.LastAt.Add(s.Rules.Settle); at.After(now) {
			return tx.ExtendSettle(study.ID, at)
		}
	}
	if t.State == hub.Uploading && t.AutoSubmit {
		switch ready, err := s.ready(tx, t); {
		case err != nil:
			return err
		case ready:
			return s.Submit(tx, hub.System, t, "")
		}
	}
	return Touch(tx, hub.System, t, "task.settled", "", func(t *hub.Task) { s.settle(tx, t, now) })
}

// ready reports whether t can be submitted without a person: its order has
// every field, its patient is the order's, and a centre reads for its clinic.
func (s *Service) ready(tx *db.Tx, t *hub.Task) (bool, error) {
	o, err := tx.Order(t.Order)
	if err != nil || s.gate(tx, t, o, "") != nil {
		return false, err
	}
	_, err = Route(tx, t.Member, t.Kind)
	return err == nil, nil
}

func (s *Service) expireOne(tx *db.Tx, t *hub.Task) error {
	if t.State != hub.Claimed || t.LeaseUntil.IsZero() || t.LeaseUntil.After(tx.Now()) {
		return nil
	}
	return s.expire(tx, t)
}

// deadlines stores an event when a task crosses 50, 80 or 100 % of its limit.
func (s *Service) deadlines(ctx context.Context, log *slog.Logger) error {
	list, err := s.DB.Read(ctx).Crossing(clockStep)
	if err != nil {
		return err
	}
	s.each(ctx, list, "deadline", log, s.warnOne)
	return nil
}

// warnOne notes the highest mark of its limit that a task has passed.
func (s *Service) warnOne(tx *db.Tx, t *hub.Task) error {
	mark := passed(t, tx.Now())
	if t.NextMark.IsZero() || mark <= t.Warned {
		return nil
	}
	name := "task.due_soon"
	if mark == 100 {
		name = "task.overdue"
	}
	if err := Touch(tx, hub.System, t, name, "", func(t *hub.Task) { t.Warned = mark }); err != nil {
		return err
	}
	if mark >= s.Rules.WarnSecond && t.State == hub.Queued && t.Offered == "" {
		return s.offerIfAny(tx, t, causeDueSoon)
	}
	return nil
}
