package disk

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		sendUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	check(t, err)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

func TestFlippedBitIsCorrupt(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	p := storagetest.PutPart(t, s, storagetest.Bytes(1, 300_000))
	check(t, s.Sync(t.Context(), []storage.Part{p}))
	storagetest.WantPart(t, s, p.Ref(), storagetest.Bytes(1, 300_000))

	path, err := s.path(p.Ref().Key)
	check(t, err)
	all, err := os.ReadFile(path)
	check(t, err)
	all[p.Ref().Offset+123_456] ^= 0x10
	check(t, os.WriteFile(path, all, 0o600))

	r, err := storage.Verified(t.Context(), s, p.Ref(), p.Sum())
	check(t, err)
	defer r.Close()
	if _, err := io.ReadAll(r); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
}

func TestUnfinishedFilesOfTheDeadAreSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, open(t, dir).Close())
	old, young := filepath.Join(dir, "tmp", "old"), filepath.Join(dir, "tmp", "young")
	for _, f := range []string{old, young} {
		check(t, os.WriteFile(f, []byte("half an object"), 0o600))
	}
	longAgo := time.Now().Add(-staleAfter - time.Hour)
	check(t, os.Chtimes(old, longAgo, longAgo))
	check(t, open(t, dir).Close())
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young one, whose writer may be alive: %v", err)
	}
}

func TestFileInPlaceOfTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	check(t, os.WriteFile(dir, nil, 0o600))
	if _, err := Open(dir); err == nil {
		t.Fatal("a file was opened as a store")
	}
}

func TestFullDiskIsUnavailable(t *testing.T) {
	t.Parallel()
	err := classify("x", &fs.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC})
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
}

// kernel is a connection that can take bytes from a file by itself.
type kernel struct {
	bytes.Buffer
	file *os.File
}

func (k *kernel) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		k.file, _ = l.R.(*os.File)
	}
	return k.Buffer.ReadFrom(r)
}

func TestDownloadHandsTheFileToTheConnection(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	k := storage.NewKey("test")
	storagetest.PutObject(t, s, k, []byte("0123456789"))
	r, err := s.Get(t.Context(), k, 2, 5)
	check(t, err)
	defer r.Close()
	var w kernel
	_, err = io.Copy(&w, r)
	check(t, err)
	if w.file == nil {
		t.Error("the connection did not see the file")
	}
	if w.String() != "23456" {
		t.Errorf("it got %q", w.String())
	}
}
