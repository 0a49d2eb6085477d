// Package storagetest is the contract of storage.Objects as a test that every
// backend runs.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
)

// Run checks the whole contract but for what Reopened checks. open returns a
// new, empty store for one test; Run closes it.
func Run(t *testing.T, open func(*testing.T) storage.Objects) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, storage.Objects)
	}{
		{"CommittedObjectIsReadBack", committedObjectIsReadBack},
		{"NothingIsVisibleBeforeCommit", nothingIsVisibleBeforeCommit},
		{"AbortLeavesNothing", abortLeavesNothing},
		{"AbortAfterCommitKeepsTheObject", abortAfterCommitKeepsTheObject},
		{"FinishedWriterTakesNoMore", finishedWriterTakesNoMore},
		{"SecondObjectUnderAKeyIsAConflict", secondObjectUnderAKeyIsAConflict},
		{"OneOfManyCreatorsOfAKeyWins", oneOfManyCreatorsOfAKeyWins},
		{"CancelledWriterLeavesNothing", cancelledWriterLeavesNothing},
		{"RangesAreCutAtTheEnd", rangesAreCutAtTheEnd},
		{"MissingObjectIsNotFound", missingObjectIsNotFound},
		{"DeletedObjectIsGoneAndItsNeighbourIsNot", deletedObjectIsGoneAndItsNeighbourIsNot},
		{"ListTellsKeySizeAndTime", listTellsKeySizeAndTime},
		{"ListEndsWithTheCallersError", listEndsWithTheCallersError},
		{"KeysThatLeadElsewhereAreRefused", keysThatLeadElsewhereAreRefused},
		{"CancelledContextDoesNothing", cancelledContextDoesNothing},
		{"PartsOfAllSizesAreReadBack", partsOfAllSizesAreReadBack},
		{"PartsMayInterleave", partsMayInterleave},
		{"ManySendersLoseNothing", manySendersLoseNothing},
		{"DiscardedPartsDoNotHarmTheirNeighbours", discardedPartsDoNotHarmTheirNeighbours},
		{"UnfinishedPartIsNotSynced", unfinishedPartIsNotSynced},
		{"DurablePartStaysAsItIs", durablePartStaysAsItIs},
		{"CancelledPartCanOnlyBeDiscarded", cancelledPartCanOnlyBeDiscarded},
		{"PartsOfAnotherStoreAreRefused", partsOfAnotherStoreAreRefused},
		{"WhatAPartLiesInCanBeDeleted", whatAPartLiesInCanBeDeleted},
		{"WrongHashOrLengthIsCorrupt", wrongHashOrLengthIsCorrupt},
		{"LimitedStoreBehavesTheSame", limitedStoreBehavesTheSame},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			defer closeStore(t, o)
			c.test(t, o)
		})
	}
}

// Reopened checks what a store keeps over a restart and over a process that
// died. place returns how to open one and the same store again and again.
func Reopened(t *testing.T, place func(*testing.T) func() storage.Objects) {
	t.Helper()
	t.Run("CloseKeepsAll", func(t *testing.T) {
		t.Parallel()
		keepsWhatWasSynced(t, place(t), storage.Objects.Close)
	})
	t.Run("DeadProcessKeepsWhatWasSynced", func(t *testing.T) {
		t.Parallel()
		keepsWhatWasSynced(t, place(t), func(storage.Objects) error { return nil })
	})
	t.Run("ClosedStoreTakesNothing", func(t *testing.T) {
		t.Parallel()
		closedStoreTakesNothing(t, place(t)())
	})
}

// Bytes returns n bytes that are the same for the same seed and that no
// compression makes smaller.
func Bytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	r.Read(b)
	return b
}

// PutObject writes b under k.
func PutObject(t testing.TB, o storage.Objects, k storage.Key, b []byte) {
	t.Helper()
	w, err := o.Create(t.Context(), k)
	check(t, err)
	_, err = w.Write(b)
	check(t, err)
	sum, err := w.Commit()
	check(t, err)
	if sum != storage.DigestOf(b) {
		t.Fatalf("%s: Commit returned the hash of other bytes", k)
	}
}

// PutPart appends b as a finished part, in pieces as a network gives them.
func PutPart(t testing.TB, o storage.Objects, b []byte) storage.Part {
	t.Helper()
	p, err := o.Append(t.Context())
	check(t, err)
	for rest := b; len(rest) > 0; {
		n := min(len(rest), 16<<10)
		_, err := p.Write(rest[:n])
		check(t, err)
		rest = rest[n:]
	}
	check(t, p.Done())
	if p.Size() != int64(len(b)) {
		t.Fatalf("part of %d bytes says it has %d", len(b), p.Size())
	}
	if p.Sum() != storage.DigestOf(b) {
		t.Fatalf("part of %d bytes has the hash of other bytes", len(b))
	}
	return p
}

// WantPart reads a part back and compares it with b.
func WantPart(t testing.TB, o storage.Objects, ref storage.Ref, b []byte) {
	t.Helper()
	if ref.Length != int64(len(b)) {
		t.Fatalf("%v is no reference to %d bytes", ref, len(b))
	}
	r, err := storage.Verified(t.Context(), o, ref, storage.DigestOf(b))
	check(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	check(t, err)
	if !bytes.Equal(got, b) {
		t.Fatalf("%v: other bytes came back", ref)
	}
}

func closeStore(t testing.TB, o storage.Objects) {
	t.Helper()
	if err := o.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s: got error %v, want %v", what, got, want)
	}
}

func read(t testing.TB, o storage.Objects, k storage.Key, off, n int64) []byte {
	t.Helper()
	r, err := o.Get(t.Context(), k, off, n)
	check(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	check(t, err)
	return b
}

type listed struct {
	size int64
	at   time.Time
}

func list(t testing.TB, o storage.Objects, prefix string) map[storage.Key]listed {
	t.Helper()
	all := map[storage.Key]listed{}
	check(t, o.List(t.Context(), prefix, func(k storage.Key, size int64, at time.Time) error {
		all[k] = listed{size, at}
		return nil
	}))
	return all
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
