package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
)

func partsOfAllSizesAreReadBack(t *testing.T, o storage.Objects) {
	sizes := []int{0, 1, 4095, 4096, 33_700, 64 << 10, 525_000, 0, 1 << 20, 1<<20 + 1, 5 << 20, 5<<20 + 1, 20 << 20, 3}
	var parts []storage.Part
	for i, n := range sizes {
		parts = append(parts, PutPart(t, o, Bytes(uint64(i), n)))
	}
	check(t, o.Sync(t.Context(), parts))
	for i, n := range sizes {
		WantPart(t, o, parts[i].Ref(), Bytes(uint64(i), n))
	}
	check(t, o.Sync(t.Context(), nil))
}

func partsMayInterleave(t *testing.T, o storage.Objects) {
	const pieces, pieceSize = 60, 40_000
	a, err := o.Append(t.Context())
	check(t, err)
	b, err := o.Append(t.Context())
	check(t, err)
	bytesA, bytesB := Bytes(1, pieces*pieceSize), Bytes(2, pieces*pieceSize/2)
	for i := range pieces {
		_, err := a.Write(bytesA[i*pieceSize : (i+1)*pieceSize])
		check(t, err)
		_, err = b.Write(bytesB[i*pieceSize/2 : (i+1)*pieceSize/2])
		check(t, err)
	}
	check(t, b.Done())
	check(t, o.Sync(t.Context(), []storage.Part{b}))
	check(t, a.Done())
	check(t, o.Sync(t.Context(), []storage.Part{a}))
	WantPart(t, o, a.Ref(), bytesA)
	WantPart(t, o, b.Ref(), bytesB)
}

// manySendersLoseNothing has senders of small and large parts at once, some
// given up, some synced alone and some together.
func manySendersLoseNothing(t *testing.T, o storage.Objects) {
	const senders, rounds = 6, 5
	type kept struct {
		seed uint64
		size int
		ref  storage.Ref
	}
	results := make([][]kept, senders)
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for round := range rounds {
				var parts []storage.Part
				var made []kept
				for i, size := range []int{100, 33_700, 1<<20 + 200_000*sender} {
					seed := uint64(sender<<16 | round<<8 | i)
					p := PutPart(t, o, Bytes(seed, size))
					if (sender+round+i)%4 == 0 {
						p.Discard()
						continue
					}
					parts, made = append(parts, p), append(made, kept{seed: seed, size: size})
				}
				if err := o.Sync(t.Context(), parts); err != nil {
					t.Error(err)
					return
				}
				for i := range made {
					made[i].ref = parts[i].Ref()
				}
				results[sender] = append(results[sender], made...)
			}
		})
	}
	wg.Wait()
	for _, all := range results {
		for _, k := range all {
			WantPart(t, o, k.ref, Bytes(k.seed, k.size))
		}
	}
}

func discardedPartsDoNotHarmTheirNeighbours(t *testing.T, o storage.Objects) {
	for _, n := range []int{30_000, 3 << 20} {
		before := PutPart(t, o, Bytes(1, n))
		open, err := o.Append(t.Context())
		check(t, err)
		_, err = open.Write(Bytes(2, n))
		check(t, err)
		done := PutPart(t, o, Bytes(3, n))
		open.Discard()
		done.Discard()
		done.Discard()
		after := PutPart(t, o, Bytes(4, n/2))
		check(t, o.Sync(t.Context(), []storage.Part{before, after}))
		before.Discard() // too late to have any effect
		last := PutPart(t, o, Bytes(5, n))
		check(t, o.Sync(t.Context(), []storage.Part{last}))
		WantPart(t, o, before.Ref(), Bytes(1, n))
		WantPart(t, o, after.Ref(), Bytes(4, n/2))
		WantPart(t, o, last.Ref(), Bytes(5, n))
		if err := o.Sync(t.Context(), []storage.Part{done}); err == nil {
			t.Fatal("a discarded part was synced")
		}
	}
}

func unfinishedPartIsNotSynced(t *testing.T, o storage.Objects) {
	p, err := o.Append(t.Context())
	check(t, err)
	defer p.Discard()
	_, err = p.Write([]byte("half"))
	check(t, err)
	if err := o.Sync(t.Context(), []storage.Part{p}); err == nil {
		t.Fatal("a part that was not Done was synced")
	}
	if ref := p.Ref(); ref != (storage.Ref{}) {
		t.Fatalf("a part that is not durable lies in %v", ref)
	}
	_, err = p.Write([]byte(" and whole"))
	check(t, err)
	check(t, p.Done())
	if _, err := p.Write([]byte("late")); err == nil {
		t.Fatal("a finished part took bytes")
	}
	if err := p.Done(); err == nil {
		t.Fatal("a part was finished twice")
	}
	check(t, o.Sync(t.Context(), []storage.Part{p}))
	WantPart(t, o, p.Ref(), []byte("half and whole"))
}

func durablePartStaysAsItIs(t *testing.T, o storage.Objects) {
	p := PutPart(t, o, Bytes(1, 70_000))
	check(t, o.Sync(t.Context(), []storage.Part{p}))
	ref := p.Ref()
	q := PutPart(t, o, Bytes(2, 70_000))
	check(t, o.Sync(t.Context(), []storage.Part{p, q}))
	p.Discard()
	if p.Ref() != ref {
		t.Fatalf("the part moved from %v to %v", ref, p.Ref())
	}
	WantPart(t, o, ref, Bytes(1, 70_000))
	WantPart(t, o, q.Ref(), Bytes(2, 70_000))
}

func cancelledPartCanOnlyBeDiscarded(t *testing.T, o storage.Objects) {
	for _, n := range []int{1000, 7 << 20} {
		ctx, cancel := context.WithCancel(t.Context())
		p, err := o.Append(ctx)
		check(t, err)
		_, err = p.Write(Bytes(1, n))
		check(t, err)
		cancel()
		_, err = p.Write([]byte("more"))
		wantError(t, "Write", err, context.Canceled)
		wantError(t, "Done", p.Done(), context.Canceled)
		if err := o.Sync(t.Context(), []storage.Part{p}); err == nil {
			t.Fatal("a cancelled part was synced")
		}
		p.Discard()
	}
}

// foreign is a part that no backend made.
type foreign struct{ storage.Part }

func partsOfAnotherStoreAreRefused(t *testing.T, o storage.Objects) {
	own := PutPart(t, o, []byte("own"))
	if err := o.Sync(t.Context(), []storage.Part{own, foreign{}}); err == nil {
		t.Fatal("a foreign part was synced")
	}
	check(t, o.Sync(t.Context(), []storage.Part{own}))
	WantPart(t, o, own.Ref(), []byte("own"))
}

func whatAPartLiesInCanBeDeleted(t *testing.T, o storage.Objects) {
	p := PutPart(t, o, Bytes(1, 40_000))
	check(t, o.Sync(t.Context(), []storage.Part{p}))
	k := p.Ref().Key
	if l, ok := list(t, o, "")[k]; !ok || l.size < 40_000 {
		t.Fatalf("%s is listed: %t, with %d bytes", k, ok, l.size)
	}
	check(t, o.Delete(t.Context(), k))
	wantAbsent(t, o, k)
	q := PutPart(t, o, Bytes(2, 40_000))
	check(t, o.Sync(t.Context(), []storage.Part{q}))
	WantPart(t, o, q.Ref(), Bytes(2, 40_000))
}

func limitedStoreBehavesTheSame(t *testing.T, o storage.Objects) {
	l := storage.Limit(o, 2)
	for i := range 3 { // more than places, so each must come back
		PutObject(t, l, storage.NewKey("test"), Bytes(1, 10))
		p := PutPart(t, l, Bytes(uint64(i), 10_000))
		p.Discard()
		p = PutPart(t, l, Bytes(uint64(i), 10_000))
		check(t, l.Sync(t.Context(), []storage.Part{p}))
		WantPart(t, l, p.Ref(), Bytes(uint64(i), 10_000))
	}
	if err := l.Sync(t.Context(), []storage.Part{foreign{}}); err == nil {
		t.Fatal("a foreign part was synced")
	}
}

func keepsWhatWasSynced(t *testing.T, open func() storage.Objects, end func(storage.Objects) error) {
	sizes := []int{0, 20_000, 2 << 20, 6 << 20}
	k := storage.NewKey("test")
	refs := map[storage.Ref]int{}
	for run := range 3 {
		o := open()
		if run == 0 {
			PutObject(t, o, k, []byte("kept"))
		}
		var parts []storage.Part
		for i, n := range sizes {
			parts = append(parts, PutPart(t, o, Bytes(uint64(run*100+i), n)))
		}
		check(t, o.Sync(t.Context(), parts))
		for i, p := range parts {
			refs[p.Ref()] = run*100 + i
		}
		PutPart(t, o, Bytes(99, 50_000)) // never synced
		check(t, end(o))
	}
	o := open()
	defer closeStore(t, o)
	if len(refs) != 3*len(sizes) {
		t.Fatalf("%d parts lie in %d places", 3*len(sizes), len(refs))
	}
	for ref, seed := range refs {
		WantPart(t, o, ref, Bytes(uint64(seed), sizes[seed%100]))
	}
	if got := read(t, o, k, 0, -1); string(got) != "kept" {
		t.Fatalf("the object is %q", got)
	}
}

func closedStoreTakesNothing(t *testing.T, o storage.Objects) {
	done := PutPart(t, o, []byte("done"))
	open, err := o.Append(t.Context())
	check(t, err)
	check(t, o.Close())
	check(t, o.Close())
	_, err = open.Write([]byte("late"))
	if err == nil {
		err = open.Done()
	}
	wantError(t, "part", err, storage.ErrClosed)
	wantError(t, "Sync", o.Sync(t.Context(), []storage.Part{done}), storage.ErrClosed)
	wantError(t, "Append", tryAppend(t.Context(), o), storage.ErrClosed)
	wantError(t, "Create", tryPut(t.Context(), o, storage.NewKey("test"), nil), storage.ErrClosed)
	open.Discard()
	done.Discard()
	if fmt.Sprint(done.Ref(), open.Ref()) != fmt.Sprint(storage.Ref{}, storage.Ref{}) {
		t.Fatal("a part that was never durable has a place")
	}
}
