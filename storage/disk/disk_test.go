package disk

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDiskKeepsTheContract(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storage.Objects { return open(t, t.TempDir()) })
}

func TestDiskKeepsItsBytesOverRestarts(t *testing.T) {
	t.Parallel()
	storagetest.Reopened(t, func(t *testing.T) func() storage.Objects {
		dir := t.TempDir()
		return func() storage.Objects { return open(t, dir) }
	})
}
