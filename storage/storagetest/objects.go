package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
)

func committedObjectIsReadBack(t *testing.T, o storage.Objects) {
	for _, n := range []int{0, 1, 4096, 33_700, 525_000, 5 << 20, 12<<20 + 7} {
		k, want := storage.NewKey("test"), Bytes(1, n)
		PutObject(t, o, k, want)
		if got := read(t, o, k, 0, -1); !bytes.Equal(got, want) {
			t.Fatalf("object of %d bytes came back as %d other bytes", n, len(got))
		}
		size, err := o.Size(t.Context(), k)
		check(t, err)
		if size != int64(n) {
			t.Fatalf("object of %d bytes has size %d", n, size)
		}
	}
}

func nothingIsVisibleBeforeCommit(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	w, err := o.Create(t.Context(), k)
	check(t, err)
	_, err = w.Write(Bytes(1, 6<<20))
	check(t, err)
	wantAbsent(t, o, k)
	_, err = w.Commit()
	check(t, err)
	if n := len(list(t, o, "")); n != 1 {
		t.Fatalf("%d objects are listed after one Commit", n)
	}
}

func abortLeavesNothing(t *testing.T, o storage.Objects) {
	for _, n := range []int{0, 100, 6 << 20} {
		k := storage.NewKey("test")
		w, err := o.Create(t.Context(), k)
		check(t, err)
		_, err = w.Write(Bytes(1, n))
		check(t, err)
		check(t, w.Abort())
		wantAbsent(t, o, k)
		PutObject(t, o, k, []byte("the key is free again"))
	}
}

func abortAfterCommitKeepsTheObject(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	w, err := o.Create(t.Context(), k)
	check(t, err)
	_, err = w.Commit()
	check(t, err)
	check(t, w.Abort())
	if got := read(t, o, k, 0, -1); len(got) != 0 {
		t.Fatalf("empty object has %d bytes", len(got))
	}
}

func finishedWriterTakesNoMore(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	w, err := o.Create(t.Context(), k)
	check(t, err)
	_, err = w.Commit()
	check(t, err)
	if _, err := w.Write([]byte("late")); err == nil {
		t.Fatal("a committed writer took bytes")
	}
	if _, err := w.Commit(); err == nil {
		t.Fatal("a committed writer was committed again")
	}
	if got := read(t, o, k, 0, -1); len(got) != 0 {
		t.Fatalf("empty object has %d bytes", len(got))
	}
}

func secondObjectUnderAKeyIsAConflict(t *testing.T, o storage.Objects) {
	for _, n := range []int{10, 6 << 20} {
		k, first := storage.NewKey("test"), Bytes(1, n)
		PutObject(t, o, k, first)
		wantError(t, "second object", tryPut(t.Context(), o, k, Bytes(2, n)), storage.ErrConflict)
		if !bytes.Equal(read(t, o, k, 0, -1), first) {
			t.Fatal("the first object has changed")
		}
	}
}

func tryPut(ctx context.Context, o storage.Objects, k storage.Key, b []byte) error {
	w, err := o.Create(ctx, k)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return errors.Join(err, w.Abort())
	}
	if _, err = w.Commit(); err != nil {
		return errors.Join(err, w.Abort())
	}
	return nil
}

func oneOfManyCreatorsOfAKeyWins(t *testing.T, o storage.Objects) {
	const creators = 8
	k := storage.NewKey("test")
	results := make([]error, creators)
	var wg sync.WaitGroup
	for i := range creators {
		wg.Go(func() { results[i] = tryPut(t.Context(), o, k, Bytes(uint64(i), 50_000)) })
	}
	wg.Wait()
	winner := -1
	for i, err := range results {
		if err == nil && winner >= 0 {
			t.Fatalf("creators %d and %d both won", winner, i)
		}
		if err == nil {
			winner = i
			continue
		}
		wantError(t, "losing creator", err, storage.ErrConflict)
	}
	if winner < 0 {
		t.Fatal("no creator won")
	}
	if !bytes.Equal(read(t, o, k, 0, -1), Bytes(uint64(winner), 50_000)) {
		t.Fatal("the object is not the winner's")
	}
}

func cancelledWriterLeavesNothing(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	ctx, cancel := context.WithCancel(t.Context())
	w, err := o.Create(ctx, k)
	check(t, err)
	_, err = w.Write(Bytes(1, 6<<20))
	check(t, err)
	cancel()
	_, err = w.Commit()
	wantError(t, "Commit", err, context.Canceled)
	check(t, w.Abort())
	wantAbsent(t, o, k)
}

func wantAbsent(t *testing.T, o storage.Objects, k storage.Key) {
	t.Helper()
	_, err := o.Get(t.Context(), k, 0, -1)
	wantError(t, "Get", err, storage.ErrNotFound)
	_, err = o.Size(t.Context(), k)
	wantError(t, "Size", err, storage.ErrNotFound)
	if _, ok := list(t, o, "")[k]; ok {
		t.Fatalf("%s is listed", k)
	}
}

func rangesAreCutAtTheEnd(t *testing.T, o storage.Objects) {
	k, all := storage.NewKey("test"), Bytes(1, 100_000)
	PutObject(t, o, k, all)
	for _, c := range []struct{ off, n, from, to int64 }{
		{0, -1, 0, 100_000},
		{0, 100_000, 0, 100_000},
		{0, 0, 0, 0},
		{5, 0, 0, 0},
		{0, 1, 0, 1},
		{99_999, 1, 99_999, 100_000},
		{70_000, -1, 70_000, 100_000},
		{65_530, 12, 65_530, 65_542},
		{99_990, 100, 99_990, 100_000},
		{0, 1 << 40, 0, 100_000},
		{100_000, -1, 0, 0},
		{100_000, 1, 0, 0},
		{1 << 40, 5, 0, 0},
	} {
		if got := read(t, o, k, c.off, c.n); !bytes.Equal(got, all[c.from:c.to]) {
			t.Errorf("Get(%d, %d) gave %d bytes, not [%d, %d)", c.off, c.n, len(got), c.from, c.to)
		}
	}
	if _, err := o.Get(t.Context(), k, -1, 5); err == nil {
		t.Error("a negative offset was accepted")
	}
	var b bytes.Buffer
	r, err := o.Get(t.Context(), k, 10, 70_000)
	check(t, err)
	defer r.Close()
	_, err = io.Copy(&b, r)
	check(t, err)
	if !bytes.Equal(b.Bytes(), all[10:70_010]) {
		t.Error("a copied range is not the range")
	}
}

func missingObjectIsNotFound(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	wantAbsent(t, o, k)
	for _, n := range []int64{0, 5} {
		_, err := o.Get(t.Context(), k, 3, n)
		wantError(t, "Get of a range", err, storage.ErrNotFound)
	}
	wantError(t, "Delete", o.Delete(t.Context(), k), storage.ErrNotFound)
}

func deletedObjectIsGoneAndItsNeighbourIsNot(t *testing.T, o storage.Objects) {
	gone, stays := storage.NewKey("test"), storage.NewKey("test")
	PutObject(t, o, gone, []byte("gone"))
	PutObject(t, o, stays, []byte("stays"))
	check(t, o.Delete(t.Context(), gone))
	wantAbsent(t, o, gone)
	wantError(t, "second Delete", o.Delete(t.Context(), gone), storage.ErrNotFound)
	if got := read(t, o, stays, 0, -1); string(got) != "stays" {
		t.Fatalf("the neighbour is %q", got)
	}
}

func listTellsKeySizeAndTime(t *testing.T, o storage.Objects) {
	before := time.Now().Add(-5 * time.Second) // clocks of store and test differ a little
	want := map[storage.Key]int64{}
	for i, kind := range []string{"pack", "pack", "packed", "report"} {
		k := storage.NewKey(kind)
		PutObject(t, o, k, Bytes(1, 1000*i))
		want[k] = int64(1000 * i)
	}
	for prefix, n := range map[string]int{"": 4, "pack": 3, "pack/": 2, "report/": 1, "packed/": 1, "none/": 0} {
		got := list(t, o, prefix)
		if len(got) != n {
			t.Errorf("prefix %q lists %d objects, want %d: %v", prefix, len(got), n, got)
		}
		for k, l := range got {
			if l.size != want[k] {
				t.Errorf("%s is listed with %d bytes, has %d", k, l.size, want[k])
			}
			if l.at.Before(before) || l.at.After(time.Now().Add(5*time.Second)) {
				t.Errorf("%s is listed with time %v", k, l.at)
			}
		}
	}
	for k := range want {
		if got := list(t, o, string(k[:len(k)-3])); len(got) != 1 {
			t.Errorf("the key but for three digits lists %d objects", len(got))
		}
	}
}

func listEndsWithTheCallersError(t *testing.T, o storage.Objects) {
	for range 3 {
		PutObject(t, o, storage.NewKey("test"), nil)
	}
	enough, calls := errors.New("enough"), 0
	err := o.List(t.Context(), "", func(storage.Key, int64, time.Time) error {
		calls++
		return enough
	})
	wantError(t, "List", err, enough)
	if calls != 1 {
		t.Fatalf("fn was called %d times after its error", calls-1)
	}
}

func keysThatLeadElsewhereAreRefused(t *testing.T, o storage.Objects) {
	for _, k := range []storage.Key{"", "test", "../escape", "test/../../escape", "/etc/passwd",
		"test//x", "Test/x", "test/x\x00", `test\x/y`, "test/.hidden", "test/x."} {
		if _, err := o.Create(t.Context(), k); err == nil {
			t.Errorf("Create took key %q", k)
		}
		if _, err := o.Get(t.Context(), k, 0, -1); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get looked for key %q: %v", k, err)
		}
		if _, err := o.Size(t.Context(), k); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Size looked for key %q: %v", k, err)
		}
		if err := o.Delete(t.Context(), k); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Delete looked for key %q: %v", k, err)
		}
	}
}

func cancelledContextDoesNothing(t *testing.T, o storage.Objects) {
	k := storage.NewKey("test")
	PutObject(t, o, k, []byte("there"))
	part := PutPart(t, o, []byte("finished"))
	defer part.Discard()
	ctx := cancelled()
	_, err := o.Get(ctx, k, 0, -1)
	wantError(t, "Get", err, context.Canceled)
	_, err = o.Size(ctx, k)
	wantError(t, "Size", err, context.Canceled)
	wantError(t, "Delete", o.Delete(ctx, k), context.Canceled)
	err = o.List(ctx, "", func(storage.Key, int64, time.Time) error { return nil })
	wantError(t, "List", err, context.Canceled)
	wantError(t, "Create", tryPut(ctx, o, storage.NewKey("test"), []byte("x")), context.Canceled)
	wantError(t, "Append", tryAppend(ctx, o), context.Canceled)
	wantError(t, "Sync", o.Sync(ctx, []storage.Part{part}), context.Canceled)
	if got := read(t, o, k, 0, -1); string(got) != "there" {
		t.Fatalf("the object is %q", got)
	}
}

func tryAppend(ctx context.Context, o storage.Objects) error {
	p, err := o.Append(ctx)
	if err != nil {
		return err
	}
	defer p.Discard()
	return p.Done()
}

func wrongHashOrLengthIsCorrupt(t *testing.T, o storage.Objects) {
	k, b := storage.NewKey("test"), Bytes(1, 200_000)
	PutObject(t, o, k, b)
	for _, c := range []struct {
		name string
		ref  storage.Ref
		sum  storage.Digest
	}{
		{"other hash", storage.Ref{Key: k, Length: 200_000}, storage.DigestOf(b[1:])},
		{"cut short", storage.Ref{Key: k, Length: 200_001}, storage.DigestOf(b)},
		{"shifted", storage.Ref{Key: k, Offset: 1, Length: 199_999}, storage.DigestOf(b)},
	} {
		r, err := storage.Verified(t.Context(), o, c.ref, c.sum)
		check(t, err)
		_, err = io.ReadAll(r)
		r.Close()
		wantError(t, c.name, err, storage.ErrCorrupt)
	}
}
