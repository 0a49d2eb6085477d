package s3

import (
	"context"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

// intake is what writers and parts have in common: bytes wait in memory up to
// pieceSize; what is longer becomes a multipart upload on the way.
type intake struct {
	store *Store
	ctx   context.Context
	key   storage.Key
	held  *chunk.Summed // not yet uploaded
	multi *multipart    // nil up to pieceSize bytes
	size  int64
	err   error // why the bytes can only be thrown away
}

func (s *Store) newIntake(ctx context.Context, k storage.Key) intake {
	return intake{store: s, ctx: ctx, key: k, held: s.chunks.NewSummed()}
}

// check tells whether the intake may go on.
func (in *intake) check() error {
	switch {
	case in.err != nil:
	case in.ctx.Err() != nil:
		in.err = context.Cause(in.ctx)
	case in.store.closed.Load():
		in.err = storage.ErrClosed
	}
	return in.err
}

func (in *intake) write(b []byte) (int, error) {
	if err := in.check(); err != nil {
		return 0, err
	}
	written := 0
	for len(b) > 0 {
		if in.held.Len() == pieceSize {
			if in.err = in.upload(); in.err != nil {
				return written, in.err
			}
		}
		n := min(int64(len(b)), pieceSize-in.held.Len())
		in.held.Write(b[:n])
		b = b[n:]
		in.size += n
		written += int(n)
	}
	return written, nil
}

// upload sends what is held as the next piece.
func (in *intake) upload() error {
	if in.multi == nil {
		m, err := in.store.startMultipart(in.ctx, in.key)
		if err != nil {
			return err
		}
		in.multi = m
	}
	if err := in.multi.send(in.ctx, &in.held.List); err != nil {
		return err
	}
	in.held.Reset()
	return nil
}

// drop throws everything away.
func (in *intake) drop() error {
	in.held.Reset()
	if in.multi == nil {
		return nil
	}
	m := in.multi
	in.multi = nil
	return m.abort(in.ctx)
}
