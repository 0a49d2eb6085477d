package arrive

import (
	"context"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of the periodic work.
const (
	together = 4   // commitments looked after at the same time
	lookMost = 100 // rows looked at in one turn
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
	places := make(chan struct{}, together)
	look := func(p *promise) {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		working.Go(func() {
			defer func() { <-places }()
			n.keep(ctx, p)
		})
	}
	tick := time.NewTicker(turn)
	defer tick.Stop()
	var renewed, looked time.Time
	leads := false
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-n.promises:
			look(p)
			continue
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
		}
		if err := n.turn(ctx, all, look); err != nil && ctx.Err() == nil {
			n.Log.Error("dicom: periodic work", "error", err)
		}
	}
}

// turn is one turn of the leading node; all says that old steps are looked at
// too.
func (n *Node) turn(ctx context.Context, all bool, look func(*promise)) error {
	read := n.DB.Read(ctx)
	due, err := read.CommitmentsDue(lookMost)
	if err != nil {
		return err
	}
	for _, row := range due {
		err := n.DB.Tx(ctx, func(tx *db.Tx) error { // nobody else takes it meanwhile
			row.NextAt = tx.Now().Add(lastRetry)
			return tx.UpdateCommitment(row)
		})
		if err != nil {
			return err
		}
		look(&promise{row: row})
	}
	steps, err := read.UnsettledSteps(lookMost)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if age := read.Now().Sub(s.ChangedAt); age > fresh && !all {
			continue
		} else if _, err := read.StudyByUID(s.Member, s.StudyUID); hub.KindOf(err) == hub.NotFound && err != nil && age < stepKeep {
			continue // spares the writer
		}
		if err := n.settle(ctx, s); err != nil {
			n.Log.Error("performed step", "step", s.ID, "error", err)
		}
	}
	return nil
}
