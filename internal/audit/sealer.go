package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// The sealer's clock.
const (
	sealGap  = 40 * time.Millisecond  // between two batches: coalesces a burst, whose rows are written again here
	sealPoll = 50 * time.Millisecond  // PostgreSQL: other nodes' rows wake nobody here
	lease    = 2 * time.Second        // PostgreSQL: leadership of one node
	renew    = 700 * time.Millisecond // and how often it is renewed or tried for
	retry    = time.Second            // after a fault

	signEvery   = time.Minute // between two signed heads
	signRecords = 1000        // or as many records, whichever comes first

	// stopWithin bounds what a stopping sealer still does: the last batch, the
	// last signature, handing over.
	stopWithin = 5 * time.Second
)

// job is the name under which nodes agree on a leader.
const job = "sealer"

// Signer signs with the hub's key; *keys.Ring is one.
type Signer interface {
	Sign(msg []byte) (keyID string, sig []byte)
}

// Objects is where heads are lodged; storage.Objects is one.
type Objects interface {
	Create(ctx context.Context, k storage.Key) (storage.Writer, error)
}

// Sealer numbers events and links audit records, on one of all nodes.
type Sealer struct {
	DB      *db.DB
	Keys    Signer
	Objects Objects
	Node    string // unique among nodes
	Log     *slog.Logger

	leads   bool
	checked time.Time // last word from the database about leads
	failing bool      // the last batch failed: say so once
}

// Run seals until ctx ends: at once when something was stored on this node, and
// every 50 ms on PostgreSQL, where other nodes store too. On SQLite, which has
// one node, an idle hub writes nothing. Before it returns it seals and signs
// what there is and lets another node lead. It returns nil.
func (s *Sealer) Run(ctx context.Context) error {
	heads := make(chan db.Head, 1)
	var signing sync.WaitGroup
	signing.Go(func() { s.sign(heads) })
	defer signing.Wait()
	defer close(heads)

	for ctx.Err() == nil {
		wake := s.DB.Wait() // before the batch: what is stored during it wakes us again
		next := s.batch(ctx, heads)
		if !wait(ctx, wake, next) {
			break
		}
		wait(ctx, nil, sealGap)
	}
	s.stop(ctx, heads)
	return nil
}

// wait returns when woken or after d (0: only when woken), false when ctx ended.
func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	var timeout <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timeout:
	}
	return true
}

// batch seals once, if this node leads, and says when to come again unwoken.
func (s *Sealer) batch(ctx context.Context, heads chan db.Head) time.Duration {
	if err := s.lead(ctx); err != nil {
		return s.failed(ctx, err)
	}
	if !s.leads {
		return renew
	}
	head, _, err := s.DB.Seal(ctx)
	if err != nil {
		return s.failed(ctx, err)
	}
	s.failing = false
	offer(heads, head)
	if s.DB.Postgres() {
		return sealPoll
	}
	return 0
}

// lead renews or tries for the leadership when it is time. SQLite's one node
// always leads.
func (s *Sealer) lead(ctx context.Context) error {
	if !s.DB.Postgres() {
		s.leads = true
		return nil
	}
	if time.Since(s.checked) < renew {
		return nil
	}
	leads, err := s.DB.Lead(ctx, job, s.Node, lease)
	if err != nil {
		s.leads = false
		return err
	}
	if leads != s.leads {
		s.Log.Info("sealer leadership changed", "node", s.Node, "leads", leads)
	}
	s.leads, s.checked = leads, time.Now()
	return nil
}

// failed logs the first fault of a row of them and says when to try again. A
// Conflict means that another node seals.
func (s *Sealer) failed(ctx context.Context, err error) time.Duration {
	s.checked = time.Time{}
	if !s.failing && ctx.Err() == nil && hub.KindOf(err) != hub.Conflict {
		s.Log.Error("sealing failed", "node", s.Node, "err", err)
		s.failing = true
	}
	return retry
}

// stop does a last batch and hands the leadership over.
func (s *Sealer) stop(ctx context.Context, heads chan db.Head) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if !s.leads {
		return
	}
	s.batch(ctx, heads)
	if !s.DB.Postgres() {
		return
	}
	if _, err := s.DB.Lead(ctx, job, s.Node, 0); err != nil {
		s.Log.Warn("sealer leadership not handed over, it ends by itself", "node", s.Node, "err", err)
	}
}

// offer leaves the newest head for the signer, instead of an older one that it
// has not taken yet.
func offer(heads chan db.Head, h db.Head) {
	select {
	case <-heads:
	default:
	}
	heads <- h // the only sender: there is room now
}

// sign signs heads beside the sealer, so that a slow object store holds no
// event up: at once after a quiet minute, else a minute or a thousand records
// after the last one, and at the end.
func (s *Sealer) sign(heads <-chan db.Head) {
	var signed, latest db.Head
	last := time.Time{}
	due := time.NewTimer(signEvery)
	defer due.Stop()
	for open := true; open; {
		select {
		case h, more := <-heads:
			if open = more; more {
				latest = h
			}
		case <-due.C:
		}
		if latest.Seq == signed.Seq {
			continue
		}
		if open && time.Since(last) < signEvery && latest.Seq-signed.Seq < signRecords {
			due.Reset(signEvery - time.Since(last))
			continue
		}
		if err := s.lodge(latest); err != nil {
			s.Log.Error("audit head not signed", "seq", latest.Seq, "err", err)
			due.Reset(retry)
			continue
		}
		signed, last = latest, time.Now()
	}
}

// lodge signs a head and stores it in the object store and in its table. When
// the object store is away the table alone has to do.
func (s *Sealer) lodge(head db.Head) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	h := db.SignedHead{Head: head, At: time.Now().UTC().Truncate(time.Millisecond)}
	key, sig := s.Keys.Sign(headText(head, h.At))
	h.Key, h.Signature = key, base64.StdEncoding.EncodeToString(sig)
	if err := s.store(ctx, h); err != nil {
		s.Log.Warn("audit head not lodged in the object store", "seq", head.Seq, "err", err)
	} else {
		h.Object = string(headKey(head))
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return tx.SaveHead(h) })
}

// store writes a head's object. One that is there already was signed by an
// earlier run and is as good.
func (s *Sealer) store(ctx context.Context, h db.SignedHead) error {
	text, err := encode(h)
	if err != nil {
		return err
	}
	w, err := s.Objects.Create(ctx, headKey(h.Head))
	if err != nil {
		return known(err)
	}
	defer w.Abort() // nothing after Commit
	if _, err := w.Write(text); err != nil {
		return err
	}
	_, err = w.Commit()
	return known(err)
}

func known(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return nil
	}
	return err
}
