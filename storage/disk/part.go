package disk

import (
	"context"
	"errors"
	"io"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

const (
	// gatherLimit is how many bytes of a part wait in memory. A part below it
	// shares a segment, and its flush, with all others; a longer one gets a
	// segment for itself while it is being written.
	gatherLimit = 1 << 20
	// pieceSize is the least that is written to a segment at a time.
	pieceSize = 256 << 10
)

type partState int

const (
	partOpen partState = iota
	partDone
	partDurable
	partGone // discarded
)

// part is one instance in a segment.
type part struct {
	store *Store
	ctx   context.Context
	size  int64
	state partState
	err   error // why the part can only be discarded

	gathered *chunk.Summed // bytes not yet in the segment
	seg      *segment      // nil while all bytes are gathered
	start    int64         // in seg
	written  int64         // bytes in seg
}

// Append implements storage.Objects.
func (s *Store) Append(ctx context.Context) (storage.Part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	return &part{store: s, ctx: ctx, gathered: s.chunks.NewSummed()}, nil
}

// enter is called before a part touches a segment; the caller calls
// store.life.RUnlock if it returns nil.
func (p *part) enter() error {
	switch {
	case p.err != nil:
		return p.err
	case p.state != partOpen:
		return errors.New("part: no bytes can follow Done or Discard")
	case p.ctx.Err() != nil:
		p.err = context.Cause(p.ctx)
		return p.err
	}
	p.store.life.RLock()
	if p.store.closed {
		p.store.life.RUnlock()
		p.err = storage.ErrClosed
		return p.err
	}
	return nil
}

func (p *part) Write(b []byte) (int, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.store.life.RUnlock()
	p.size += int64(len(b))
	if p.seg == nil && p.size <= gatherLimit {
		return p.gathered.Write(b)
	}
	if err := p.writeLarge(b); err != nil {
		p.err = err
		return 0, err
	}
	return len(b), nil
}

func (p *part) writeLarge(b []byte) error {
	if p.seg == nil {
		seg, err := p.store.segments.take()
		if err != nil {
			return err
		}
		p.seg, p.start = seg, seg.next()
	}
	p.gathered.Write(b)
	if p.gathered.Len() < pieceSize {
		return nil
	}
	return p.spill()
}

// spill moves the gathered bytes of a large part to its segment.
func (p *part) spill() error {
	at := p.start + p.written
	n, err := p.gathered.WriteTo(io.NewOffsetWriter(p.seg.file, at))
	if err != nil {
		return p.seg.writeError(at, err)
	}
	p.written += n
	p.gathered.Reset()
	return nil
}

// Done implements storage.Part: all bytes are in a segment, the next part may
// follow them.
func (p *part) Done() error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.store.life.RUnlock()
	if err := p.place(); err != nil {
		p.err = err
		return err
	}
	p.gathered.Reset()
	p.state = partDone
	return nil
}

func (p *part) place() error {
	if p.seg == nil {
		seg, start, err := p.store.gather.put(&p.store.segments, &p.gathered.List)
		if err != nil {
			return err
		}
		p.seg, p.start = seg, start
		return nil
	}
	if err := p.spill(); err != nil {
		return err
	}
	p.seg.finish(p.start, p.size)
	p.store.segments.putBack(p.seg)
	return nil
}

func (p *part) Ref() storage.Ref {
	if p.state != partDurable {
		return storage.Ref{}
	}
	return storage.Ref{Key: p.seg.key, Offset: p.start, Length: p.size}
}

// Sum implements storage.Part.
func (p *part) Sum() storage.Digest {
	if p.state != partDone && p.state != partDurable {
		return storage.Digest{}
	}
	return p.gathered.Sum()
}

func (p *part) Size() int64 { return p.size }

// Discard implements storage.Part.
func (p *part) Discard() {
	if p.state == partDurable || p.state == partGone {
		return
	}
	was := p.state
	p.state = partGone
	p.gathered.Reset()
	if p.seg == nil {
		return
	}
	if was == partOpen {
		p.store.segments.putBack(p.seg)
	} else {
		p.seg.rewind(p.start, p.size)
	}
	p.store.segments.leave(p.seg)
}
