package storage

import (
	"context"
	"fmt"
	"sync"
)

// Limit returns o with at most writers objects and parts open at the same time,
// which bounds buffers and file handles. Create and Append wait for a place, or
// for the end of their ctx. A Writer gives its place back at Commit or Abort, a
// Part when it is durable or discarded: until then its bytes may be in memory.
func Limit(o Objects, writers int) Objects {
	return &limited{Objects: o, places: make(chan struct{}, max(writers, 1))}
}

type limited struct {
	Objects
	places chan struct{} // one element per open writer or part
}

// take waits for a place and returns how to give it back; more than once is
// harmless.
func (l *limited) take(ctx context.Context) (func(), error) {
	select {
	case l.places <- struct{}{}:
		return sync.OnceFunc(func() { <-l.places }), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("all %d writers of the object store are in use: %w", cap(l.places), context.Cause(ctx))
	}
}

func (l *limited) Create(ctx context.Context, k Key) (Writer, error) {
	release, err := l.take(ctx)
	if err != nil {
		return nil, err
	}
	w, err := l.Objects.Create(ctx, k)
	if err != nil {
		release()
		return nil, err
	}
	return &limitedWriter{w, release}, nil
}

func (l *limited) Append(ctx context.Context) (Part, error) {
	release, err := l.take(ctx)
	if err != nil {
		return nil, err
	}
	p, err := l.Objects.Append(ctx)
	if err != nil {
		release()
		return nil, err
	}
	return &limitedPart{p, release}, nil
}

func (l *limited) Sync(ctx context.Context, parts []Part) error {
	inner := make([]Part, len(parts))
	for i, p := range parts {
		lp, ok := p.(*limitedPart)
		if !ok {
			return fmt.Errorf("part %d of %d is of another store (%T)", i+1, len(parts), p)
		}
		inner[i] = lp.Part
	}
	if err := l.Objects.Sync(ctx, inner); err != nil {
		return err
	}
	for _, p := range parts {
		p.(*limitedPart).release()
	}
	return nil
}

type limitedWriter struct {
	Writer
	release func()
}

func (w *limitedWriter) Commit() (Digest, error) {
	defer w.release()
	return w.Writer.Commit()
}

func (w *limitedWriter) Abort() error {
	defer w.release()
	return w.Writer.Abort()
}

type limitedPart struct {
	Part
	release func()
}

func (p *limitedPart) Discard() {
	defer p.release()
	p.Part.Discard()
}
