package upload

import (
	"bytes"
	"context"
	"io"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/storage"
)

// listMost is the most entries of one list of the quarantine.
const listMost = 500

// Quarantine lists what a member sent that could not be taken in and that
// nobody has decided on, newest first.
func (s *Service) Quarantine(ctx context.Context, member hub.MemberID) ([]*hub.Quarantined, error) {
	return s.DB.Read(ctx).Quarantine(member, listMost)
}

// kept returns an entry of the actor's member.
func kept(tx *db.Tx, actor hub.Actor, id hub.QuarantineID) (*hub.Quarantined, error) {
	q, err := tx.Quarantined(id)
	if err == nil && q.Member != actor.Member {
		err = hub.E(hub.NotFound, "upload.kept", "not_found")
	}
	return q, err
}

// Original returns an entry and its bytes as they were received, verified
// while they are read, and notes who took them. An object that came over the
// network has a header before it that names its transfer syntax.
func (s *Service) Original(ctx context.Context, actor hub.Actor, id hub.QuarantineID) (*hub.Quarantined, io.ReadCloser, error) {
	var q *hub.Quarantined
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if q, err = kept(tx, actor, id); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "original.download", Object: "quarantine/" + string(id), OK: true})
	})
	if err != nil {
		return nil, nil, err
	}
	body, err := s.bytesOf(ctx, q)
	return q, body, err
}

func (s *Service) bytesOf(ctx context.Context, q *hub.Quarantined) (io.ReadCloser, error) {
	body, err := storage.Verified(ctx, s.Objects, storage.Ref{Key: storage.Key(q.Object), Offset: q.Offset, Length: q.Length}, storage.Digest(q.Digest))
	if err != nil {
		return nil, away(err)
	}
	return &headed{io.MultiReader(bytes.NewReader(q.Head), body), body}, nil
}

// headed is a file read from its head and its body.
type headed struct {
	io.Reader
	io.Closer
}

// Resolve takes an entry off the list; its bytes stay.
func (s *Service) Resolve(ctx context.Context, actor hub.Actor, id hub.QuarantineID, reason string) (*hub.Quarantined, error) {
	if reason == "" {
		return nil, hub.Field("upload.Resolve", "reason", "say what was done about it")
	}
	return s.resolve(ctx, actor, id, "quarantine.resolve", reason)
}

func (s *Service) resolve(ctx context.Context, actor hub.Actor, id hub.QuarantineID, action, reason string) (*hub.Quarantined, error) {
	var q *hub.Quarantined
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if q, err = kept(tx, actor, id); err != nil || !q.Resolved.IsZero() {
			return err
		}
		q.Resolved = tx.Now()
		if err := tx.UpdateQuarantined(q); err != nil {
			return err
		}
		if err := tx.Emit(hub.Event{Name: "quarantine.resolved", Member: q.Member, Body: mustJSON(map[string]any{"quarantine": q.ID})}); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: action, Object: "quarantine/" + string(id), OK: true, Reason: reason})
	})
	return q, err
}

// Retry runs an entry through intake again, after the hub has learned a format
// or what was in its way is gone. Either way the entry is off the list: what
// still cannot be taken in has a new one.
func (s *Service) Retry(ctx context.Context, actor hub.Actor, id hub.QuarantineID) (*Verdict, error) {
	q, err := kept(s.DB.Read(ctx), actor, id)
	if err != nil {
		return nil, err
	}
	if !q.Resolved.IsZero() {
		return nil, hub.E(hub.Conflict, "upload.Retry", "quarantine.resolved")
	}
	body, err := s.bytesOf(ctx, q)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	size := int64(len(q.Head)) + q.Length
	head := make([]byte, min(ecg.DetectBytes, size))
	if _, err := io.ReadFull(body, head); err != nil {
		return nil, away(err)
	}
	f := sniff(q.Name, head)
	if f == zipForm {
		f = unknownForm // kept because it could not be unfolded
	}
	src := intake.Source{Actor: actor, Via: q.Source, Name: q.Name}
	v, err := s.take(ctx, src, f, io.MultiReader(bytes.NewReader(head), body), size)
	if err != nil || v.Result == Rejected {
		return v, err
	}
	_, err = s.resolve(ctx, actor, id, "quarantine.retry", string(v.Result))
	return v, err
}
