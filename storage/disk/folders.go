package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// folders makes directories that are still there after a power cut. A name in
// a directory is durable only once that directory was flushed, so a folder that
// merely exists is not enough: whoever made it may have died before the flush.
type folders struct {
	mu      sync.Mutex
	durable map[string]bool // flushed into their parents by this process
}

// ensure makes dir and its missing parents, and flushes each name it relies on
// that it has not flushed before.
func (d *folders) ensure(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ensureLocked(dir)
}

func (d *folders) ensureLocked(dir string) error {
	if d.durable[dir] {
		return nil
	}
	parent := filepath.Dir(dir)
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := d.ensureLocked(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		err = mustBeFolder(dir)
	}
	if err != nil {
		return err
	}
	// A parent above the store may not be ours to open; then the operator made it.
	if err := syncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if d.durable == nil {
		d.durable = map[string]bool{}
	}
	d.durable[dir] = true
	return nil
}

func mustBeFolder(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("exists and is no folder")}
	}
	return err
}
