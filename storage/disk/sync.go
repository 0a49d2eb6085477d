package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/yuanzhen/yuanzhen/storage"
)

// Sync implements storage.Objects: one flush for each segment that the parts
// lie in, shared with whoever else is waiting for that segment.
func (s *Store) Sync(ctx context.Context, parts []storage.Part) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return storage.ErrClosed
	}
	waiting, err := s.waiting(parts)
	if err != nil {
		return err
	}
	upTo := map[*segment]int64{}
	for _, p := range waiting {
		upTo[p.seg] = max(upTo[p.seg], p.start+p.size)
	}
	if err := flushAll(upTo); err != nil {
		return err
	}
	for _, p := range waiting {
		p.state = partDurable
		s.segments.leave(p.seg)
	}
	return nil
}

// waiting returns those parts that are not durable yet.
func (s *Store) waiting(parts []storage.Part) ([]*part, error) {
	var waiting []*part
	for i, each := range parts {
		p, ok := each.(*part)
		switch {
		case !ok || p.store != s:
			return nil, fmt.Errorf("part %d of %d is of another store (%T)", i+1, len(parts), each)
		case p.err != nil:
			return nil, fmt.Errorf("part %d of %d: %w", i+1, len(parts), p.err)
		case p.state == partOpen || p.state == partGone:
			return nil, fmt.Errorf("part %d of %d is not finished, or discarded", i+1, len(parts))
		case p.state == partDone:
			waiting = append(waiting, p)
		}
	}
	return waiting, nil
}

// flushAll flushes side by side, so that their journal commits can meet.
func flushAll(upTo map[*segment]int64) error {
	if len(upTo) == 1 {
		for seg, end := range upTo {
			return seg.flush(end)
		}
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(upTo))
	for seg, end := range upTo {
		wg.Go(func() { errs <- seg.flush(end) })
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Close implements storage.Objects. Segments are cut to what is in use, so that
// the next start finds nothing to tidy.
func (s *Store) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.segments.closeAll()
}
