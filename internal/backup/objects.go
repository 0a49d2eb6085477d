package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"github.com/yuanzhen/yuanzhen/storage"
)

// copiers is how many objects are copied at the same time.
const copiers = 4

// copied is one object that was written to its target.
type copied struct {
	key   string
	bytes int64
	sum   storage.Digest
}

// writeObjects copies what the rows need and lists it.
func writeObjects(ctx context.Context, from, to storage.Objects, dir string, need needs, m *Manifest) error {
	out, err := createLines(filepath.Join(dir, objectsFile))
	if err != nil {
		return err
	}
	defer out.abandon()
	keys := make([]string, 0, len(need))
	for k := range need {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var mu sync.Mutex // guards m and out
	err = each(ctx, slices.Values(keys), func(ctx context.Context, key string) error {
		c, err := copyObject(ctx, from, to, key, portable(key), need[key])
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrCorrupt) {
			if len(m.Missing) < maxMissing {
				m.Missing = append(m.Missing, err.Error())
			}
			return nil
		}
		if err != nil {
			return err
		}
		m.Objects.Count++
		m.Objects.Bytes += c.bytes
		return out.line([]any{c.key, c.bytes, c.sum.String()})
	})
	if err != nil {
		return err
	}
	m.Objects.SHA256, err = out.finish()
	return err
}

// copyObject copies the first n bytes (0: all) of an object to another store.
// An object that is shorter is ErrCorrupt.
func copyObject(ctx context.Context, from, to storage.Objects, key, as string, n int64) (copied, error) {
	length := n
	if n == 0 {
		length = -1
	}
	r, err := from.Get(ctx, storage.Key(key), 0, length)
	if err != nil {
		return copied{}, fmt.Errorf("object %s: %w", key, err)
	}
	defer r.Close()
	w, err := to.Create(ctx, storage.Key(as))
	if err != nil {
		return copied{}, fmt.Errorf("object %s: %w", as, err)
	}
	defer w.Abort()
	got, err := io.Copy(w, r)
	if err != nil {
		return copied{}, fmt.Errorf("object %s: %w", key, err)
	}
	if n > 0 && got != n {
		return copied{}, fmt.Errorf("object %s: %d of %d bytes are there: %w", key, got, n, storage.ErrCorrupt)
	}
	sum, err := w.Commit()
	if err != nil {
		return copied{}, fmt.Errorf("object %s: %w", as, err)
	}
	return copied{as, got, sum}, nil
}

// each calls fn with every item, some at a time, and returns the first fault.
func each[T any](ctx context.Context, items func(yield func(T) bool), fn func(context.Context, T) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan T)
	var wg sync.WaitGroup
	for range copiers {
		wg.Go(func() {
			for item := range work {
				if err := fn(ctx, item); err != nil {
					stop(err)
				}
			}
		})
	}
	items(func(item T) bool {
		select {
		case work <- item:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(work)
	wg.Wait()
	return context.Cause(ctx)
}
