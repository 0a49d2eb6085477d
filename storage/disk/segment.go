package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/yuanzhen/yuanzhen/storage"
)

const (
	// segmentSize is where a segment is full. A part that began below it is
	// written to its end, however long it is.
	segmentSize = 64 << 20
	// blockSize is the unit in which disks and page cache write.
	blockSize = 4 << 10

	segmentPrefix = "segments/"
	segmentSuffix = ".seg"
)

func isSegment(k storage.Key) bool { return strings.HasPrefix(string(k), segmentPrefix) }

// segment is one growing file of parts. At any time one goroutine at most holds
// the right to write to it; any number may flush.
type segment struct {
	key      storage.Key
	file     *os.File
	datasync func(*os.File) error
	limit    int64 // where it is full

	users   int  // parts that lie here and are neither synced nor discarded; guarded by pool.mu
	retired bool // takes no further part; guarded by pool.mu

	mu       sync.Mutex
	flushed  sync.Cond // a flush ended
	flushing bool
	end      int64 // where the last finished part ends
	sealed   int64 // bytes below were given to a flush and are never written again
	durable  int64 // bytes below are durable
	kept     bool  // a part here was called durable, be it an empty one
	broken   error // the first failed flush
}

// next is where the holder of the right to write may put a part. The first one
// after a flush begins a new block, so that writing it does not touch the disk
// block in which acknowledged bytes end.
func (s *segment) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end > s.sealed {
		return s.end
	}
	return (s.end + blockSize - 1) &^ (blockSize - 1)
}

// finish says that a whole part lies in [start, start+size).
func (s *segment) finish(start, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = start + size
}

// rewind gives the room of a discarded part back, if it is still the last one
// and no flush has covered it.
func (s *segment) rewind(start, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == start+size && start >= s.sealed {
		s.end = start
	}
}

func (s *segment) writeError(off int64, err error) error {
	return classify(fmt.Sprintf("%s at offset %d", s.key, off), err)
}

// full tells whether new parts must go elsewhere.
func (s *segment) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end >= s.limit || s.broken != nil
}

// flush returns when all bytes below upTo are durable. Callers that come while
// a flush runs share the next one. After a failed flush the segment stays
// broken: the kernel reports a lost page once and then calls the file clean, so
// a second try would lie.
func (s *segment) flush(upTo int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.flushing && s.durable < upTo {
		s.flushed.Wait()
	}
	if s.durable < upTo && s.broken == nil {
		s.flushing = true
		target := s.end
		s.sealed = target
		s.mu.Unlock()
		err := s.datasync(s.file)
		s.mu.Lock()
		s.flushing = false
		if err == nil {
			s.durable = target
		} else {
			s.broken = err
		}
		s.flushed.Broadcast()
	}
	if s.durable < upTo {
		return classify(string(s.key), s.broken)
	}
	s.kept = true
	return nil
}

// close ends writing. What discarded and unsynced parts left behind the last
// durable byte is cut off, and a segment in which nothing was kept is removed.
func (s *segment) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, err := s.file.Seek(0, io.SeekEnd)
	if err == nil && size > s.durable {
		err = s.file.Truncate(s.durable)
	}
	err = errors.Join(err, s.file.Close())
	if !s.kept {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	if err != nil {
		return fmt.Errorf("closing %s: %w", s.key, err)
	}
	return nil
}
