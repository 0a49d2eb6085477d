package disk

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

func syncAll(t *testing.T, s *Store, parts ...storage.Part) {
	t.Helper()
	check(t, s.Sync(t.Context(), parts))
}

// The kernel reports a page that it could not write once, and a second fsync
// then succeeds without it.
func TestFailedFlushIsNeverTakenBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	broken, calls := errors.New("medium error"), 0
	s.segments.datasync = func(f *os.File) error {
		if calls++; calls == 1 {
			return broken
		}
		return datasync(f)
	}
	p := storagetest.PutPart(t, s, storagetest.Bytes(1, 10_000))
	sibling := storagetest.PutPart(t, s, storagetest.Bytes(2, 10_000))
	for range 2 {
		if err := s.Sync(t.Context(), []storage.Part{p}); !errors.Is(err, broken) {
			t.Fatalf("Sync: %v", err)
		}
	}
	if err := s.Sync(t.Context(), []storage.Part{sibling}); !errors.Is(err, broken) {
		t.Fatalf("Sync of a part in the same flush: %v", err)
	}
	p.Discard()
	sibling.Discard()
	next := storagetest.PutPart(t, s, storagetest.Bytes(3, 10_000))
	syncAll(t, s, next)
	storagetest.WantPart(t, s, next.Ref(), storagetest.Bytes(3, 10_000))
}

func TestSendersWhoComeDuringAFlushShareTheNext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir)
		defer s.Close()
		var flushes atomic.Int32
		release := make(chan struct{})
		s.segments.datasync = func(*os.File) error {
			flushes.Add(1)
			<-release
			return nil
		}
		done := make(chan error, 6)
		send := func(n int) {
			for range n {
				p := storagetest.PutPart(t, s, storagetest.Bytes(1, 5000))
				go func() { done <- s.Sync(t.Context(), []storage.Part{p}) }()
			}
			synctest.Wait()
		}
		send(1)
		send(5)
		close(release)
		for range 6 {
			check(t, <-done)
		}
		if n := flushes.Load(); n != 2 {
			t.Fatalf("six senders took %d flushes, want 2", n)
		}
	})
}

func TestGroupIsOneFlush(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	flushes := 0
	s.segments.datasync = func(f *os.File) error { flushes++; return datasync(f) }
	var parts []storage.Part
	for range 20 {
		parts = append(parts, storagetest.PutPart(t, s, storagetest.Bytes(1, 33_700)))
	}
	syncAll(t, s, parts...)
	if flushes != 1 {
		t.Fatalf("20 parts took %d flushes", flushes)
	}
}

func TestAcknowledgedBlocksAreNotWrittenAgain(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	a := storagetest.PutPart(t, s, storagetest.Bytes(1, 1000))
	b := storagetest.PutPart(t, s, storagetest.Bytes(2, 1000))
	syncAll(t, s, a, b)
	c := storagetest.PutPart(t, s, storagetest.Bytes(3, 1000))
	syncAll(t, s, c)
	for i, want := range []int64{0, 1000, blockSize} {
		if got := []storage.Part{a, b, c}[i].Ref().Offset; got != want {
			t.Errorf("part %d lies at %d, want %d", i+1, got, want)
		}
	}
	storagetest.WantPart(t, s, a.Ref(), storagetest.Bytes(1, 1000))
	storagetest.WantPart(t, s, b.Ref(), storagetest.Bytes(2, 1000))
}

func TestRoomOfADiscardedPartIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	for _, size := range []int{10_000, 3 << 20} {
		first := storagetest.PutPart(t, s, storagetest.Bytes(1, size))
		syncAll(t, s, first)
		storagetest.PutPart(t, s, storagetest.Bytes(2, size)).Discard()
		second := storagetest.PutPart(t, s, storagetest.Bytes(3, size))
		syncAll(t, s, second)
		end := first.Ref().Offset + first.Ref().Length
		if gap := second.Ref().Offset - end; second.Ref().Key != first.Ref().Key || gap < 0 || gap >= blockSize {
			t.Errorf("%d bytes: next part lies in %v after %v", size, second.Ref(), first.Ref())
		}
	}
}

func TestFullSegmentTakesNoFurtherPart(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	s.segments.limit = 3 << 20
	for _, size := range []int{100_000, 1_500_000} { // gathered, and long
		var parts []storage.Part
		for n := 0; n < 3<<20; n += size {
			parts = append(parts, storagetest.PutPart(t, s, storagetest.Bytes(1, size)))
		}
		next := storagetest.PutPart(t, s, storagetest.Bytes(2, size))
		syncAll(t, s, parts...)
		syncAll(t, s, next)
		for _, p := range parts {
			if p.Ref().Key != parts[0].Ref().Key {
				t.Fatalf("parts before the limit lie in %v and %v", parts[0].Ref(), p.Ref())
			}
		}
		if next.Ref().Key == parts[0].Ref().Key || next.Ref().Offset != 0 {
			t.Errorf("part after %d parts of %d bytes lies in %v", len(parts), size, next.Ref())
		}
		storagetest.WantPart(t, s, next.Ref(), storagetest.Bytes(2, size))
	}
	if n := len(s.segments.live); n != 2 {
		t.Errorf("%d segments are open, want one of each kind", n)
	}
}

func TestCloseLeavesNoWaste(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	storagetest.PutPart(t, s, storagetest.Bytes(1, 2<<20)).Discard()
	kept := storagetest.PutPart(t, s, storagetest.Bytes(2, 1000))
	syncAll(t, s, kept)
	storagetest.PutPart(t, s, storagetest.Bytes(3, 5000)).Discard()
	check(t, s.Close())
	files, err := os.ReadDir(s.segmentDir())
	check(t, err)
	if len(files) != 1 {
		t.Fatalf("%d segments are left, want the one with a kept part", len(files))
	}
	info, err := files[0].Info()
	check(t, err)
	if info.Size() != 1000 {
		t.Errorf("it has %d bytes, 1000 of them kept", info.Size())
	}
}

func TestSegmentWithUnsyncedPartIsNotDeleted(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer s.Close()
	for _, size := range []int{1000, 2 << 20} {
		kept := storagetest.PutPart(t, s, storagetest.Bytes(1, size))
		syncAll(t, s, kept)
		coming := storagetest.PutPart(t, s, storagetest.Bytes(2, size))
		if err := s.Delete(t.Context(), kept.Ref().Key); !errors.Is(err, storage.ErrConflict) {
			t.Fatalf("Delete: %v", err)
		}
		syncAll(t, s, coming)
		storagetest.WantPart(t, s, coming.Ref(), storagetest.Bytes(2, size))
		check(t, s.Delete(t.Context(), kept.Ref().Key))
	}
}
