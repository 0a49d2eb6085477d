package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/yuanzhen/yuanzhen/storage"
)

var errStalled = errors.New("server has stalled")

// Get implements storage.Objects.
func (s *Store) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	name, err := s.name(k)
	if err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("%s: offset %d is negative", k, off)
	}
	if n == 0 { // a range of nothing cannot be asked for
		if _, err := s.stat(ctx, k); err != nil {
			return nil, err
		}
		return http.NoBody, nil
	}
	var opts minio.GetObjectOptions
	if err := setRange(&opts, off, n); err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	getCtx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(s.timeout, func() { cancel(errStalled) })
	body, _, _, err := s.core.GetObject(getCtx, s.bucket, name, opts)
	watch.Stop()
	if err != nil {
		cancel(nil)
		if code(err) == minio.InvalidRange { // it starts at or after the end
			return http.NoBody, nil
		}
		return nil, classify(ctx, string(k), err)
	}
	return &reader{ctx: ctx, key: k, body: body, cancel: cancel, watch: watch, timeout: s.timeout}, nil
}

func setRange(opts *minio.GetObjectOptions, off, n int64) error {
	switch {
	case n > 0 && n <= math.MaxInt64-off:
		return opts.SetRange(off, off+n-1)
	case off > 0:
		return opts.SetRange(off, 0) // to the end
	}
	return nil
}

// reader gives a download up when the server sends nothing for too long. The
// time that the caller takes between two reads does not count.
type reader struct {
	ctx     context.Context
	key     storage.Key
	body    io.ReadCloser
	cancel  context.CancelCauseFunc
	watch   *time.Timer
	timeout time.Duration
}

func (r *reader) Read(p []byte) (int, error) {
	r.watch.Reset(r.timeout)
	n, err := r.body.Read(p)
	r.watch.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = classify(r.ctx, string(r.key), err)
	}
	return n, err
}

func (r *reader) Close() error {
	r.watch.Stop()
	r.cancel(nil)
	err := r.body.Close()
	if err != nil && strings.Contains(err.Error(), context.Canceled.Error()) {
		return nil
	}
	return err
}
