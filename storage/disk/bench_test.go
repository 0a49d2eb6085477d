package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

// The shapes a hub sees: an ultrasound frame or a long ECG, and a CT slice.
var shapes = []struct{ size, senders int }{{33_700, 1}, {33_700, 4}, {33_700, 16}, {525_000, 1}, {525_000, 4}, {525_000, 16}}

// benchFolder is beside the package, not in a temporary folder that may be
// memory.
func benchFolder(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp(".", "bench-*.test")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func eachShape(b *testing.B, run func(b *testing.B, bytes []byte, senders int)) {
	for _, s := range shapes {
		b.Run(fmt.Sprintf("%dkB/senders=%d", s.size/1000, s.senders), func(b *testing.B) {
			b.SetBytes(int64(s.size))
			run(b, storagetest.Bytes(1, s.size), s.senders)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "instances/s")
		})
	}
}

// BenchmarkParts is intake's way: each sender waits for its answer before the
// next instance, one committer syncs what has come in meanwhile.
func BenchmarkParts(b *testing.B) {
	eachShape(b, func(b *testing.B, bytes []byte, senders int) {
		s := open(b, benchFolder(b))
		defer s.Close()
		type request struct {
			part storage.Part
			done chan error
		}
		requests := make(chan request, 64)
		go func() {
			for first := range requests {
				group := []request{first}
				for len(requests) > 0 && len(group) < 64 {
					group = append(group, <-requests)
				}
				parts := make([]storage.Part, len(group))
				for i, r := range group {
					parts[i] = r.part
				}
				err := s.Sync(b.Context(), parts)
				for _, r := range group {
					r.done <- err
				}
			}
		}()
		send(b, senders, func() error {
			p, err := appendWhole(b.Context(), s, bytes)
			if err != nil {
				return err
			}
			r := request{p, make(chan error, 1)}
			requests <- r
			err = <-r.done
			p.Sum()
			return err
		})
		close(requests)
	})
}

// BenchmarkFiles is the floor to compare with: one file and one fsync an
// instance, no hash.
func BenchmarkFiles(b *testing.B) {
	eachShape(b, func(b *testing.B, bytes []byte, senders int) {
		dir := benchFolder(b)
		var n atomic.Int64
		send(b, senders, func() error {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(n.Add(1))))
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.Write(bytes); err != nil {
				return err
			}
			return f.Sync()
		})
	})
}

// BenchmarkObjects is Create, Write, Commit.
func BenchmarkObjects(b *testing.B) {
	eachShape(b, func(b *testing.B, bytes []byte, senders int) {
		s := open(b, benchFolder(b))
		defer s.Close()
		send(b, senders, func() error {
			w, err := s.Create(b.Context(), storage.NewKey("bench"))
			if err != nil {
				return err
			}
			defer w.Abort()
			if _, err := w.Write(bytes); err != nil {
				return err
			}
			_, err = w.Commit()
			return err
		})
	})
}

// appendWhole writes in pieces of a PDU's size.
func appendWhole(ctx context.Context, s *Store, bytes []byte) (storage.Part, error) {
	p, err := s.Append(ctx)
	if err != nil {
		return nil, err
	}
	for rest := bytes; len(rest) > 0; {
		n := min(len(rest), 16<<10)
		if _, err := p.Write(rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return p, p.Done()
}

// BenchmarkHash is what the digest alone costs, one core.
func BenchmarkHash(b *testing.B) {
	bytes := storagetest.Bytes(1, 525_000)
	b.SetBytes(int64(len(bytes)))
	for b.Loop() {
		storage.DigestOf(bytes)
	}
}

func send(b *testing.B, senders int, one func() error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := one(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
}
