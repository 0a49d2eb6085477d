package disk

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
)

// List implements storage.Objects: first the objects, then the segments, each
// in the order of their names. Files that the store did not make are left out.
func (s *Store) List(ctx context.Context, prefix string, fn func(storage.Key, int64, time.Time) error) error {
	if err := s.listBelow(ctx, s.objectDir(), s.objectDir(), prefix, fn); err != nil {
		return err
	}
	return s.listBelow(ctx, s.dir, s.segmentDir(), prefix, fn)
}

// listBelow walks folder; keys are paths relative to root.
func (s *Store) listBelow(ctx context.Context, root, folder, prefix string,
	fn func(storage.Key, int64, time.Time) error) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if name != "." && !mayHold(name+"/", prefix) {
				return fs.SkipDir
			}
			return nil
		}
		k := storage.Key(name)
		if !strings.HasPrefix(name, prefix) || k.Validate() != nil {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(k, info.Size(), info.ModTime())
	})
}

// mayHold tells whether names that begin with folder can begin with prefix.
func mayHold(folder, prefix string) bool {
	return strings.HasPrefix(folder, prefix) || strings.HasPrefix(prefix, folder)
}
