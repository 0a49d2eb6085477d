package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

// maxIdle is how many segments wait for large parts; more senders than that at
// one time leave shorter segments.
const maxIdle = 8

// pool owns the segments that this process writes.
type pool struct {
	dir      string
	datasync func(*os.File) error
	limit    int64 // of each segment

	mu   sync.Mutex
	live map[storage.Key]*segment // all that are open
	idle []*segment               // those nobody has the right to write to; the last one is taken first
}

// open makes a new segment with one user, its name durable.
func (p *pool) open() (*segment, error) {
	name := storage.NewID() + segmentSuffix
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, classify("new segment", err)
	}
	if err := syncDir(p.dir); err != nil {
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		return nil, classify("new segment", err)
	}
	seg := &segment{key: storage.Key(segmentPrefix + name), file: f, datasync: p.datasync, limit: p.limit, users: 1}
	seg.flushed.L = &seg.mu
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[seg.key] = seg
	return seg, nil
}

// take gives the caller the right to write to a segment, as one of its users.
func (p *pool) take() (*segment, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		seg := p.idle[n-1]
		p.idle = p.idle[:n-1]
		seg.users++
		p.mu.Unlock()
		return seg, nil
	}
	p.mu.Unlock()
	return p.open()
}

// putBack returns the right to write; the caller stays a user.
func (p *pool) putBack(seg *segment) {
	full := seg.full()
	p.mu.Lock()
	defer p.mu.Unlock()
	if full || len(p.idle) >= maxIdle {
		seg.retired = true
		return
	}
	p.idle = append(p.idle, seg)
}

// use makes the caller a user of a segment that it may write to.
func (p *pool) use(seg *segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seg.users++
}

// leave ends one use, and the segment with it if it takes no more parts.
func (p *pool) leave(seg *segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seg.users--
	p.endUnused(seg)
}

// retire says that a segment takes no further part.
func (p *pool) retire(seg *segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seg.retired = true
	p.endUnused(seg)
}

// endUnused drops the error of closing: what was kept is durable already, and
// who comes by here has just been promised that, or waits for another segment.
func (p *pool) endUnused(seg *segment) {
	if !seg.retired || seg.users > 0 || p.live[seg.key] != seg {
		return
	}
	delete(p.live, seg.key)
	_ = seg.close()
}

// closeAll closes every segment.
func (p *pool) closeAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, seg := range p.live {
		errs = append(errs, seg.close())
	}
	clear(p.live)
	p.idle = nil
	return errors.Join(errs...)
}

// gatherer puts parts that were gathered in memory one behind the other into
// one segment, so that a group of them needs one flush.
type gatherer struct {
	mu  sync.Mutex // guards seg and is the right to write to it
	seg *segment
}

// put writes l and returns its segment, which the caller is a user of then, and
// where l begins.
func (g *gatherer) put(p *pool, l *chunk.List) (*segment, int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seg != nil && g.seg.full() {
		full := g.seg
		g.seg = nil
		p.retire(full)
	}
	if g.seg == nil {
		seg, err := p.open()
		if err != nil {
			return nil, 0, err
		}
		g.seg = seg
	} else {
		p.use(g.seg)
	}
	seg := g.seg
	start := seg.next()
	if _, err := l.WriteTo(io.NewOffsetWriter(seg.file, start)); err != nil {
		p.leave(seg)
		return nil, 0, seg.writeError(start, err)
	}
	seg.finish(start, l.Len())
	return seg, start, nil
}

// giveUp stops writing to segment k so that its file can be removed.
func (s *Store) giveUp(k storage.Key) error {
	g, p := &s.gather, &s.segments
	g.mu.Lock()
	defer g.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	seg := p.live[k]
	if seg == nil {
		return nil
	}
	if seg.users > 0 {
		return fmt.Errorf("%s: %d parts in it are not durable yet: %w", k, seg.users, storage.ErrConflict)
	}
	if g.seg == seg {
		g.seg = nil
	}
	p.idle = slices.DeleteFunc(p.idle, func(other *segment) bool { return other == seg })
	delete(p.live, k)
	return seg.file.Close()
}
