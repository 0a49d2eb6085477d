package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuanzhen/yuanzhen/storage"
)

var errFinished = errors.New("writer: already committed or aborted")

// writer is one object of its own key.
type writer struct {
	in       intake
	finished bool
}

// Create implements storage.Objects. It asks the server nothing: whether the
// key is free shows at Commit.
func (s *Store) Create(ctx context.Context, k storage.Key) (storage.Writer, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &writer{in: s.newIntake(ctx, k)}, nil
}

func (w *writer) Write(b []byte) (int, error) {
	if w.finished {
		return 0, errFinished
	}
	n, err := w.in.write(b)
	if err != nil {
		err = errors.Join(err, w.Abort())
	}
	return n, err
}

// Commit implements storage.Writer.
func (w *writer) Commit() (storage.Digest, error) {
	if w.finished {
		return storage.Digest{}, errFinished
	}
	if err := w.in.check(); err != nil {
		return storage.Digest{}, errors.Join(err, w.Abort())
	}
	if err := w.publish(); err != nil {
		return storage.Digest{}, errors.Join(err, w.Abort())
	}
	w.finished = true
	w.in.held.Reset()
	return w.in.held.Sum(), nil
}

func (w *writer) publish() error {
	in := &w.in
	if in.multi == nil {
		return in.store.put(in.ctx, in.key, &in.held.List)
	}
	if err := in.upload(); err != nil {
		return err
	}
	// Ceph 16.2 does not look at If-None-Match when a multipart upload ends.
	// Keys are random, so asking just before is enough.
	switch _, err := in.store.stat(in.ctx, in.key); {
	case err == nil:
		return fmt.Errorf("%s: %w", in.key, storage.ErrConflict)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	return in.multi.complete(in.ctx)
}

// Abort implements storage.Writer.
func (w *writer) Abort() error {
	if w.finished {
		return nil
	}
	w.finished = true
	return w.in.drop()
}
