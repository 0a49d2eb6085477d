package metric

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
)

// Watch measures the operations of an object store: create (of the object's
// whole life up to Commit), get (until the first byte can be read), sync and
// delete.
func (m *Metrics) Watch(o storage.Objects) storage.Objects { return &watched{o, m} }

type watched struct {
	storage.Objects
	m *Metrics
}

func (m *Metrics) storeOp(op string, began time.Time, err error) {
	m.storeTime.WithLabelValues(op).Observe(time.Since(began).Seconds())
	if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, context.Canceled) {
		m.storeErrors.WithLabelValues(op).Inc()
	}
}

// Create implements storage.Objects.
func (w *watched) Create(ctx context.Context, k storage.Key) (storage.Writer, error) {
	began := time.Now()
	out, err := w.Objects.Create(ctx, k)
	if err != nil {
		w.m.storeOp("create", began, err)
		return nil, err
	}
	return &watchedWriter{out, w.m, began}, nil
}

// Get implements storage.Objects.
func (w *watched) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	began := time.Now()
	body, err := w.Objects.Get(ctx, k, off, n)
	w.m.storeOp("get", began, err)
	return body, err
}

// Sync implements storage.Objects.
func (w *watched) Sync(ctx context.Context, parts []storage.Part) error {
	began := time.Now()
	err := w.Objects.Sync(ctx, parts)
	w.m.storeOp("sync", began, err)
	return err
}

// Delete implements storage.Objects.
func (w *watched) Delete(ctx context.Context, k storage.Key) error {
	began := time.Now()
	err := w.Objects.Delete(ctx, k)
	w.m.storeOp("delete", began, err)
	return err
}

type watchedWriter struct {
	storage.Writer
	m     *Metrics
	began time.Time
}

func (w *watchedWriter) Commit() (storage.Digest, error) {
	sum, err := w.Writer.Commit()
	w.m.storeOp("create", w.began, err)
	return sum, err
}
