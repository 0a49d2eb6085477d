package arrive

import (
	"context"
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
	waiting := map[string]int{}
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
			clear(waiting)
		}
		if err := n.turn(ctx, all, waiting, look); err != nil && ctx.Err() == nil {
			n.Log.Error("dicom: periodic work", "error", err)
		}
	}
}

// turn is one turn of the leading node; all says that old steps are looked at
// too.
func (n *Node) turn(ctx context.Context, all bool, waiting map[string]int, look func(*promise)) error {
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
	return n.lookAtAll(ctx, all, waiting)
}
