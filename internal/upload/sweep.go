package upload

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

const (
	sweepStep  = 100              // rows or objects one turn handles at most
	graveDelay = 10 * time.Minute // between a tombstone and the deletion: who was reading has finished
	turnEvery  = 10 * time.Second
	listEvery  = time.Hour // looking through the store for what no row names
)

// Run judges what a dead node left unjudged, and sweeps, on the node that
// leads. It returns when ctx ends.
func (s *Service) Run(ctx context.Context, node string) {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	var listed time.Time
	for {
		if leads, err := s.DB.Lead(ctx, "upload", node, 3*turnEvery); err != nil {
			s.complain(ctx, "leadership", err)
		} else if leads {
			s.complain(ctx, "turn", s.Turn(ctx))
			if time.Since(listed) > listEvery {
				s.complain(ctx, "orphans", s.Orphans(ctx))
				listed = time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.Log.Error("upload: "+what, "error", err)
	}
}

// Turn judges complete uploads that nobody judges, forgets abandoned and old
// ones, and deletes objects that were marked.
func (s *Service) Turn(ctx context.Context) error {
	read := s.DB.Read(ctx)
	waiting, err := read.UnjudgedUploads(read.Now().Add(-judgeLease), sweepStep)
	if err != nil {
		return err
	}
	for _, u := range waiting {
		if err := s.resume(ctx, u); err != nil {
			s.complain(ctx, "resume", err)
		}
	}
	return errors.Join(s.forget(ctx), s.bury(ctx))
}

// resume judges an upload that was complete when its node died, or that could
// not be taken in then.
func (s *Service) resume(ctx context.Context, u *db.Upload) error {
	var actor hub.Actor
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		a, err := tx.Account(u.Account)
		if err != nil {
			return err
		}
		actor = hub.Actor{Account: a.ID, Member: u.Member, Role: a.Role, Name: a.Name, Rights: a.Rights, Submits: a.AutoSubmit}
		was := u.TouchedAt
		u.TouchedAt = tx.Now()
		ok, err := tx.HoldUpload(u, was)
		if err == nil && !ok {
			err = hub.E(hub.Conflict, "upload.resume", "upload.judged_elsewhere")
		}
		return err
	})
	if hub.KindOf(err) == hub.Conflict {
		return nil
	}
	if err != nil {
		return err
	}
	return s.judge(ctx, actor, u)
}

// forget removes uploads that nobody has touched for long.
func (s *Service) forget(ctx context.Context) error {
	read := s.DB.Read(ctx)
	stale, err := read.StaleUploads(read.Now().Add(-s.Work.Rules.UploadKeep), sweepStep)
	if err != nil {
		return err
	}
	for _, u := range stale {
		err := s.DB.Tx(ctx, func(tx *db.Tx) error {
			now, err := tx.Upload(u.ID)
			if err != nil || !now.TouchedAt.Equal(u.TouchedAt) {
				return err // somebody continues it
			}
			if err := tx.DropUploadParts(u.ID); err != nil {
				return err
			}
			return tx.DeleteUpload(u.ID)
		})
		if err != nil && hub.KindOf(err) != hub.NotFound {
			return err
		}
	}
	return nil
}

// bury deletes objects whose tombstone is old enough. Only objects made with
// Create are ever marked; a segment holds other senders' parts and is never
// deleted here, whatever a row says.
func (s *Service) bury(ctx context.Context) error {
	read := s.DB.Read(ctx)
	marked, err := read.Tombstones(read.Now().Add(-graveDelay), sweepStep)
	if err != nil {
		return err
	}
	for _, object := range marked {
		named, err := read.NamedPart(object)
		if err != nil {
			return err
		}
		if named {
			s.Log.Warn("upload: an object was marked for deletion that a row names", "object", object)
		} else if strings.HasPrefix(object, "segments/") {
			s.Log.Error("upload: a segment was marked for deletion", "object", object)
		} else if err := s.Objects.Delete(ctx, storage.Key(object)); err != nil && !errors.Is(err, storage.ErrNotFound) {
			if errors.Is(err, storage.ErrConflict) {
				continue // still in use: a later turn
			}
			return err
		}
		if err := s.DB.Tx(ctx, func(tx *db.Tx) error { return tx.DropTombstone(object) }); err != nil {
			return err
		}
	}
	return nil
}

// Orphans deletes pieces that no row names: of a sender who was too slow, or
// of a node that died between object and row. Other kinds of objects are
// deleted by their tombstones only.
func (s *Service) Orphans(ctx context.Context) error {
	before := time.Now().Add(-s.Work.Rules.OrphanKeep)
	var old []string
	look := func() error {
		if len(old) == 0 {
			return nil
		}
		named, err := s.DB.Read(ctx).UploadObjects(old)
		if err != nil {
			return err
		}
		used := make(map[string]bool, len(named))
		for _, object := range named {
			used[object] = true
		}
		for _, object := range old {
			if used[object] {
				continue
			}
			if err := s.Objects.Delete(ctx, storage.Key(object)); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
		}
		old = old[:0]
		return nil
	}
	err := s.Objects.List(ctx, kind+"/", func(k storage.Key, _ int64, changed time.Time) error {
		if changed.After(before) {
			return nil
		}
		if old = append(old, string(k)); len(old) < sweepStep {
			return nil
		}
		return look()
	})
	return errors.Join(err, look())
}
