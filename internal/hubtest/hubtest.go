// Package hubtest opens the real stores that tests of the steps work on, and
// runs the programs of others that they are compared with. The stores are
// SQLite, objects on disk and keys, in a folder of the test's own. The schema is
// made once for each test binary and copied, because making it takes longer than
// most tests do.
package hubtest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

// Must ends the test if err is one.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Stores are a hub's stores in Dir, closed when the test ends.
type Stores struct {
	Dir     string
	DB      *db.DB
	Objects *disk.Store
	Keys    *keys.Ring
}

// Open opens empty stores in a new folder.
func Open(t testing.TB) *Stores {
	t.Helper()
	files, err := empty()
	Must(t, err)
	return files.Open(t)
}

// Folder is what files a hub's folder holds, by path.
type Folder map[string][]byte

// Open opens the stores of a copy of the folder.
func (f Folder) Open(t testing.TB) *Stores {
	t.Helper()
	dir := t.TempDir()
	for path, data := range f {
		Must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700))
		Must(t, os.WriteFile(filepath.Join(dir, path), data, 0o600))
	}
	s, err := open(t.Context(), dir)
	Must(t, err)
	t.Cleanup(s.close)
	return s
}

// Make lets fill work on empty stores and returns the folder they leave.
func Make(fill func(context.Context, *Stores) error) (Folder, error) {
	dir, err := os.MkdirTemp("", "hubtest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	err = fill(ctx, s)
	s.close() // SQLite leaves one file
	if err != nil {
		return nil, err
	}
	out := Folder{}
	return out, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
}

// empty is a folder with the schema and keys, and nothing else.
var empty = sync.OnceValues(func() (Folder, error) {
	return Make(func(context.Context, *Stores) error { return nil })
})

func open(ctx context.Context, dir string) (*Stores, error) {
	s := &Stores{Dir: dir}
	var err error
	if s.DB, err = db.Open(ctx, "sqlite:"+filepath.Join(dir, "hub.db")); err != nil {
		return nil, err
	}
	if s.Objects, err = disk.Open(dir); err == nil {
		s.Keys, err = keys.Open(dir)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *Stores) close() {
	if s.Objects != nil {
		s.Objects.Close()
	}
	s.DB.Close()
}

// Silent is a counter of what intake takes in that counts nothing.
type Silent struct{}

// Taken counts nothing.
func (Silent) Taken(hub.MemberID, string, int64) {}

// Committed counts nothing.
func (Silent) Committed(int, time.Duration) {}

// Alerted counts nothing.
func (Silent) Alerted(string) {}
