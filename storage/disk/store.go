// Package disk keeps objects in a local folder: the default store of one
// machine, nothing to install.
//
//	DIR/objects/<key>        one file per object of Create, write-once
//	DIR/segments/<id>.seg    what Append took in, many parts per file
//	DIR/tmp/                 objects that are still being written
//
// Parts share segment files because one flush of a grown file makes many of
// them durable: 33 KB parts in groups come in several times faster than 33 KB
// files. A segment only grows while this process has it open; after that, or
// after a crash, nothing is ever written to it again.
//
// Several processes may have one folder open: each writes its own segments.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

// staleAfter is how long an unfinished file of a dead process stays in tmp. It
// is long because another process may still be writing it.
const staleAfter = 24 * time.Hour

// Store is a folder of objects. It implements storage.Objects.
type Store struct {
	dir      string
	dirs     folders
	chunks   chunk.Pool
	segments pool
	gather   gatherer

	// life is held shared while parts are written or flushed, and alone by Close.
	life   sync.RWMutex
	closed bool
}

var _ storage.Objects = (*Store)(nil)

// Open opens the store in dir, making it if it is missing, and removes files
// that a process which died more than a day ago left unfinished.
func Open(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("object folder %s: %w", dir, err)
	}
	s := &Store{dir: abs}
	s.segments = pool{dir: s.segmentDir(), datasync: datasync, limit: segmentSize, live: map[storage.Key]*segment{}}
	for _, d := range []string{s.objectDir(), s.segmentDir(), s.tmpDir()} {
		if err := s.dirs.ensure(d); err != nil {
			return nil, classify("object folder", err)
		}
	}
	if err := s.sweepTmp(); err != nil {
		return nil, classify("object folder", err)
	}
	return s, nil
}

func (s *Store) objectDir() string  { return filepath.Join(s.dir, "objects") }
func (s *Store) segmentDir() string { return filepath.Join(s.dir, "segments") }
func (s *Store) tmpDir() string     { return filepath.Join(s.dir, "tmp") }

// path is the file of k, be it an object or a segment.
func (s *Store) path(k storage.Key) (string, error) {
	if err := k.Validate(); err != nil {
		return "", err
	}
	if isSegment(k) {
		return filepath.Join(s.dir, filepath.FromSlash(string(k))), nil
	}
	return filepath.Join(s.objectDir(), filepath.FromSlash(string(k))), nil
}

func (s *Store) sweepTmp() error {
	entries, err := os.ReadDir(s.tmpDir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // its writer is alive and has just finished it
		}
		if err != nil {
			return err
		}
		if time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if err := os.Remove(filepath.Join(s.tmpDir(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Get implements storage.Objects. The reader's WriteTo hands the file itself to
// w, so that a network connection can take it without a copy.
func (s *Store) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := s.path(k)
	if err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("%s: offset %d is negative", k, off)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, classify(string(k), err)
	}
	r, err := newReader(ctx, f, off, n)
	if err != nil {
		f.Close()
		return nil, classify(string(k), err)
	}
	return r, nil
}

// Size implements storage.Objects. The size of a segment grows while parts are
// being written to it.
func (s *Store) Size(ctx context.Context, k storage.Key) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	path, err := s.path(k)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, classify(string(k), err)
	}
	return info.Size(), nil
}

// Delete implements storage.Objects.
func (s *Store) Delete(ctx context.Context, k storage.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := s.path(k)
	if err != nil {
		return err
	}
	if isSegment(k) {
		if err := s.giveUp(k); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil {
		return classify(string(k), err)
	}
	return nil
}

// classify adds what a path error does not say: which object, and whether the
// caller can wait for better times.
func classify(what string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", what, storage.ErrNotFound)
	case isFull(err):
		return fmt.Errorf("%s: %w: %w", what, storage.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
