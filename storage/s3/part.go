package s3

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

const (
	// partKind begins the keys of objects that hold parts.
	partKind = "parts"
	// groupSize is how many bytes of parts go into one object at most.
	groupSize = 32 << 20
	// maxRequests is how many requests one Sync has under way.
	maxRequests = 4
)

type partState int

const (
	partOpen partState = iota
	partDone
	partDurable
	partGone // discarded
)

// part is one instance: in memory until Sync, or an object of its own if it is
// longer than pieceSize.
type part struct {
	in    intake
	state partState
	ref   storage.Ref
}

// Append implements storage.Objects.
func (s *Store) Append(ctx context.Context) (storage.Part, error) {
	if s.closed.Load() {
		return nil, storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &part{in: s.newIntake(ctx, storage.NewKey(partKind))}, nil
}

func (p *part) Write(b []byte) (int, error) {
	if p.state != partOpen {
		return 0, errors.New("part: no bytes can follow Done or Discard")
	}
	return p.in.write(b)
}

// Done implements storage.Part. All pieces of a long part are uploaded then.
func (p *part) Done() error {
	if p.state != partOpen {
		return errors.New("part: Done follows Done or Discard")
	}
	if err := p.in.check(); err != nil {
		return err
	}
	if p.in.multi != nil {
		if p.in.err = p.in.upload(); p.in.err != nil {
			return p.in.err
		}
	}
	p.state = partDone
	return nil
}

func (p *part) Ref() storage.Ref { return p.ref }

// Sum implements storage.Part.
func (p *part) Sum() storage.Digest {
	if p.state != partDone && p.state != partDurable {
		return storage.Digest{}
	}
	return p.in.held.Sum()
}

func (p *part) Size() int64 { return p.in.size }

// Discard implements storage.Part. Pieces whose abort fails now are given up by
// a later Open.
func (p *part) Discard() {
	if p.state == partDurable || p.state == partGone {
		return
	}
	p.state = partGone
	_ = p.in.drop()
}

func (p *part) durable(ref storage.Ref) {
	p.ref = ref
	p.state = partDurable
	p.in.held.Reset()
}

// Sync implements storage.Objects: short parts together in one object, up to
// groupSize; long ones completed each.
func (s *Store) Sync(ctx context.Context, parts []storage.Part) error {
	if s.closed.Load() {
		return storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	groups, err := s.groups(parts)
	if err != nil {
		return err
	}
	if len(groups) == 1 {
		return s.store(ctx, groups[0])
	}
	errs := make([]error, len(groups))
	places := make(chan struct{}, maxRequests)
	var wg sync.WaitGroup
	for i, g := range groups {
		places <- struct{}{}
		wg.Go(func() {
			errs[i] = s.store(ctx, g)
			<-places
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// groups divides the parts that are not durable yet into objects.
func (s *Store) groups(parts []storage.Part) ([][]*part, error) {
	var groups [][]*part
	var short []*part
	var bytes int64
	for i, each := range parts {
		p, ok := each.(*part)
		switch {
		case !ok || p.in.store != s:
			return nil, fmt.Errorf("part %d of %d is of another store (%T)", i+1, len(parts), each)
		case p.state == partDurable:
			continue
		case p.in.err != nil:
			return nil, fmt.Errorf("part %d of %d: %w", i+1, len(parts), p.in.err)
		case p.state != partDone:
			return nil, fmt.Errorf("part %d of %d is not finished, or discarded", i+1, len(parts))
		case p.in.multi != nil:
			groups = append(groups, []*part{p})
			continue
		}
		if bytes+p.in.size > groupSize {
			groups = append(groups, short)
			short, bytes = nil, 0
		}
		short = append(short, p)
		bytes += p.in.size
	}
	if len(short) > 0 {
		groups = append(groups, short)
	}
	return groups, nil
}

// store makes one object of a group.
func (s *Store) store(ctx context.Context, group []*part) error {
	if p := group[0]; p.in.multi != nil {
		if err := p.in.multi.complete(ctx); err != nil {
			return err
		}
		p.durable(storage.Ref{Key: p.in.key, Length: p.in.size})
		return nil
	}
	lists := make([]*chunk.List, len(group))
	for i, p := range group {
		lists[i] = &p.in.held.List
	}
	// A new key each time: what became of an attempt that timed out is not known.
	k := storage.NewKey(partKind)
	if err := s.put(ctx, k, lists...); err != nil {
		return err
	}
	var off int64
	for _, p := range group {
		p.durable(storage.Ref{Key: k, Offset: off, Length: p.in.size})
		off += p.in.size
	}
	return nil
}
