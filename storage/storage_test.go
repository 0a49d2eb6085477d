package storage

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNewKeysAreValidAndDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewKey("pack"), NewKey("pack")
	if a == b {
		t.Fatalf("%s came twice", a)
	}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(a), "/")
	if len(parts) != 3 || parts[0] != "pack" || len(parts[2]) != 32 || !strings.HasPrefix(parts[2], parts[1]) {
		t.Fatalf("key is %s", a)
	}
}

func TestKindThatCannotBeAFolderPanics(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "..", "a/b", "Pack", "a b"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("kind %q was accepted", kind)
				}
			}()
			NewKey(kind)
		}()
	}
}

// FuzzValidKeyStaysInsideItsFolder: a key comes from a row, and rows can be
// damaged.
func FuzzValidKeyStaysInsideItsFolder(f *testing.F) {
	for _, s := range []string{"pack/ab/abcd", "segments/0.seg", "../x", "a/../b", "a//b", "/a/b", "a/b.", "a\\b/c", "a/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if Key(s).Validate() != nil {
			return
		}
		if strings.ToLower(s) != s || strings.ContainsAny(s, "\\: \x00\n%?#") || strings.Contains(s, "..") &&
			strings.Contains("/"+s+"/", "/../") {
			t.Fatalf("%q was accepted", s)
		}
		for _, e := range strings.Split(s, "/") {
			if e == "" || e[0] == '.' || e[len(e)-1] == '.' {
				t.Fatalf("%q was accepted", s)
			}
		}
	})
}

// fake has parts that hold nothing.
type fake struct {
	Objects
	syncErr error
}

type fakePart struct{ Part }

func (fakePart) Discard() {}

type fakeWriter struct{ Writer }

func (fakeWriter) Abort() error { return nil }

func (f *fake) Append(context.Context) (Part, error)        { return fakePart{}, nil }
func (f *fake) Create(context.Context, Key) (Writer, error) { return fakeWriter{}, nil }
func (f *fake) Sync(context.Context, []Part) error          { return f.syncErr }

func TestWriterBeyondTheLimitWaitsForAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{syncErr: ErrUnavailable}
		o := Limit(f, 2)
		part, err := o.Append(t.Context())
		check(t, err)
		writer, err := o.Create(t.Context(), NewKey("test"))
		check(t, err)

		opened := make(chan Part)
		next := func() {
			p, err := o.Append(t.Context())
			if err != nil {
				t.Error(err)
			}
			opened <- p
		}
		go next()
		wantWaiting(t, opened)

		check(t, writer.Abort())
		check(t, writer.Abort()) // gives one place back, not two
		third := <-opened

		go next()
		wantWaiting(t, opened)
		if err := o.Sync(t.Context(), []Part{part}); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("Sync: %v", err)
		}
		wantWaiting(t, opened) // a part that could not be synced is still in memory
		f.syncErr = nil
		check(t, o.Sync(t.Context(), []Part{part}))
		part.Discard()
		fourth := <-opened

		third.Discard()
		fourth.Discard()
	})
}

func TestWaitingWriterGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := Limit(&fake{}, 1)
		p, err := o.Append(t.Context())
		check(t, err)
		defer p.Discard()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := o.Append(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
}

func wantWaiting(t *testing.T, opened chan Part) {
	t.Helper()
	synctest.Wait()
	select {
	case <-opened:
		t.Fatal("a part was opened beyond the limit")
	default:
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
