package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/storage"
)

// pieces is a complete upload's bytes, in order and without gaps.
type pieces struct {
	ctx     context.Context // of one judgement
	objects storage.Objects
	parts   []*db.UploadPart
	size    int64
	block   []byte // the last block that ReadAt fetched
	blockAt int64
}

// blockSize is what ReadAt fetches at a time: an archive is read in small
// steps, each of which would be a request to the object store.
const blockSize = 256 << 10

// openPieces checks that the parts cover the whole upload.
func openPieces(ctx context.Context, objects storage.Objects, u *db.Upload, parts []*db.UploadPart) (*pieces, error) {
	at := int64(0)
	for _, p := range parts {
		if p.Offset != at {
			return nil, fmt.Errorf("upload %s: the part at %d should start at %d", u.ID, p.Offset, at)
		}
		at += p.Length
	}
	if at != u.Size {
		return nil, fmt.Errorf("upload %s: its parts hold %d of %d bytes", u.ID, at, u.Size)
	}
	return &pieces{ctx: ctx, objects: objects, parts: parts, size: u.Size}, nil
}

// Reader reads the whole upload.
func (p *pieces) Reader() io.ReadCloser { return &piecesReader{pieces: p} }

type piecesReader struct {
	*pieces
	next int
	open io.ReadCloser
	left int64 // of the open part
}

func (r *piecesReader) Read(b []byte) (int, error) {
	for r.left == 0 {
		if err := r.Close(); err != nil {
			return 0, err
		}
		if r.next == len(r.parts) {
			return 0, io.EOF
		}
		part := r.parts[r.next]
		r.next++
		body, err := r.objects.Get(r.ctx, storage.Key(part.Object), part.ObjectOffset, part.Length)
		if err != nil {
			return 0, away(err)
		}
		r.open, r.left = body, part.Length
	}
	n, err := r.open.Read(b)
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if r.left > 0 {
			err = away(fmt.Errorf("%s ends %d bytes early: %w", r.parts[r.next-1].Object, r.left, storage.ErrCorrupt))
		}
	} else if err != nil {
		err = away(err)
	}
	return n, err
}

// Close closes the part that is open.
func (r *piecesReader) Close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

// ReadAt implements io.ReaderAt for one goroutine.
func (p *pieces) ReadAt(b []byte, off int64) (int, error) {
	total := 0
	for total < len(b) {
		if off >= p.size {
			return total, io.EOF
		}
		if p.block == nil || off < p.blockAt || off >= p.blockAt+int64(len(p.block)) {
			if err := p.fetch(off); err != nil {
				return total, err
			}
		}
		n := copy(b[total:], p.block[off-p.blockAt:])
		total += n
		off += int64(n)
	}
	return total, nil
}

// fetch reads the block that starts at off, as far as its part goes.
func (p *pieces) fetch(off int64) error {
	i := sort.Search(len(p.parts), func(i int) bool { return p.parts[i].Offset > off }) - 1
	part := p.parts[i]
	within := off - part.Offset
	body, err := p.objects.Get(p.ctx, storage.Key(part.Object), part.ObjectOffset+within, min(blockSize, part.Length-within))
	if err != nil {
		return away(err)
	}
	defer body.Close()
	block := make([]byte, min(blockSize, part.Length-within))
	if _, err := io.ReadFull(body, block); err != nil {
		return away(fmt.Errorf("%s at %d: %w", part.Object, within, err))
	}
	p.block, p.blockAt = block, off
	return nil
}
