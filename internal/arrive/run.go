package arrive

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// Bounds of the periodic work.
const (
	together = 4   // commitments looked after at the same time
	lookMost = 100 // rows read at once
	turn     = time.Second
	fresh    = 10 * time.Minute // an ended step is looked at each turn, then
	seldom   = time.Minute      // this often
	lead     = 15 * time.Second
)

// Run does what nobody waits for, until ctx ends: commitments asked of this
// node at once; on the leading node also those to be repeated, and performed
// steps that wait for their objects.
func (n *Node) Run(ctx context.Context, node string) {
	var working sync.WaitGroup
	defer working.Wait()
	for range together {
		working.Go(func() { n.keepAll(ctx) })
	}
	tick := time.NewTicker(turn)
	defer tick.Stop()
	var renewed, looked time.Time
	leads := false
	waiting := map[string]int{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(renewed) > lead/3 {
			var err error
			if leads, err = n.DB.Lead(ctx, "dicom", node, lead); err != nil {
				n.Log.Error("dicom: leadership", "error", err)
				continue
			}
			renewed = time.Now()
		}
		if !leads {
			continue
		}
		all := time.Since(looked) > seldom
		if all {
			looked = time.Now()
			clear(waiting)
		}
		if err := n.turn(ctx, all, waiting); err != nil && ctx.Err() == nil {
			n.Log.Error("dicom: periodic work", "error", err)
		}
	}
}

// keepAll looks after one commitment after the other.
func (n *Node) keepAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case row := <-n.promises:
			n.keep(ctx, row)
		}
	}
}

// turn is one turn of the leading node; all says that old steps are looked at
// too, and commitments dropped that nobody asks about any more.
func (n *Node) turn(ctx context.Context, all bool, waiting map[string]int) error {
	if err := n.repeat(ctx); err != nil {
		return err
	}
	if all {
		err := n.DB.Tx(ctx, func(tx *db.Tx) error { return tx.SweepCommitments(tx.Now().Add(-keepHeard)) })
		if err != nil {
			return err
		}
	}
	return n.lookAtAll(ctx, all, waiting)
}

// repeat hands on the commitments that are due, as many as there is room for.
func (n *Node) repeat(ctx context.Context) error {
	due, err := n.DB.Read(ctx).CommitmentsDue(cap(n.promises) - len(n.promises))
	if err != nil {
		return err
	}
	for _, row := range due {
		if err := n.hold(ctx, row); errors.Is(err, errTaken) {
			continue
		} else if err != nil {
			return err
		}
		select {
		case n.promises <- row:
		default: // others came first: due again when the lease ends
			return nil
		}
	}
	return nil
}
