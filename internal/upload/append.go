package upload

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// A piece ends when it is full or old, so that a line that is cut, or a node
// that dies, costs little of what was sent.
const (
	pieceMost = 4 << 20 // bytes
	pieceTime = 5 * time.Second
	readSize  = 64 << 10
)

// kind is the key's first element of all pieces.
const kind = "upload"

// Append receives bytes of an upload from r, which start at offset from. What
// arrived before r failed is kept: the upload that is returned, also beside an
// error, says how far it got. Bytes beyond the announced size are not read.
// With the last byte the upload is judged; a store that does not serve just
// then delays the verdict, not the answer.
//
// Errors: Conflict "upload.offset" when the upload is elsewhere, also because
// another sender was faster; Busy when too many send or the store is away; the
// error of r.
func (s *Service) Append(ctx context.Context, actor hub.Actor, id hub.UploadID, from int64, r io.Reader) (*db.Upload, error) {
	u, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if u.Offset != from {
		return u, offsetDiffers(u)
	}
	if u.Offset == u.Size {
		return u, nil
	}
	select {
	case s.senders <- struct{}{}:
		defer func() { <-s.senders }()
	default:
		return u, hub.E(hub.Busy, "upload.Append", "upload.too_many")
	}
	keep := context.WithoutCancel(ctx) // what arrived is kept when the sender is gone
	for u.Offset < u.Size {
		err := s.piece(keep, u, r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, err
		}
	}
	if u.Offset == u.Size {
		if err := s.judge(keep, actor, u); err != nil {
			s.Log.Warn("upload: verdict delayed", "upload", u.ID, "error", err)
		}
	}
	return u, nil
}

func offsetDiffers(u *db.Upload) error {
	return hub.E(hub.Conflict, "upload.Append", "upload.offset").With("offset", u.Offset)
}

// piece reads one piece, makes it durable and moves the upload's offset over
// it. It returns io.EOF at the end of r.
func (s *Service) piece(ctx context.Context, u *db.Upload, r io.Reader) error {
	buf := make([]byte, min(readSize, u.Size-u.Offset))
	n, readErr := io.ReadAtLeast(r, buf, 1)
	if n == 0 {
		return readErr
	}
	key := storage.NewKey(kind)
	w, err := s.Objects.Create(ctx, key)
	if err != nil {
		return away(err)
	}
	length, began := int64(0), time.Now()
	limit := min(pieceMost, u.Size-u.Offset)
	for {
		if _, err := w.Write(buf[:n]); err != nil {
			return away(errors.Join(err, w.Abort()))
		}
		if length += int64(n); length == limit || readErr != nil || time.Since(began) > pieceTime {
			break
		}
		n, readErr = r.Read(buf[:min(int64(len(buf)), limit-length)])
	}
	if _, err := w.Commit(); err != nil {
		return away(err)
	}
	if err := s.advance(ctx, u, key, length); err != nil {
		return err
	}
	return readErr
}

func away(err error) error { return hub.Wrap(hub.Busy, "upload", "store.unavailable", err) }

// advance moves the upload over a durable piece. If another sender was there
// first, u becomes what the row is, and the sweep finds the piece: no row
// names it.
func (s *Service) advance(ctx context.Context, u *db.Upload, key storage.Key, length int64) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		next := *u
		next.Offset += length
		next.TouchedAt = tx.Now()
		ok, err := tx.AdvanceUpload(&next, u.Offset)
		if err != nil {
			return err
		}
		if !ok {
			return s.lost(tx, u)
		}
		p := &db.UploadPart{Upload: u.ID, Offset: u.Offset, Length: length, Object: string(key)}
		if err := tx.InsertUploadPart(p); err != nil {
			return err
		}
		*u = next
		return nil
	})
}

// lost answers the slower of two senders.
func (s *Service) lost(tx *db.Tx, u *db.Upload) error {
	now, err := tx.Upload(u.ID)
	if err != nil {
		return err // removed meanwhile
	}
	*u = *now
	return offsetDiffers(u)
}
