package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/yuanzhen/yuanzhen/storage"
)

// writeBuffer gathers small writes; larger ones go straight to the file.
const writeBuffer = 64 << 10

var errFinished = errors.New("writer: already committed or aborted")

// writer is one object on its way to its own file.
type writer struct {
	store *Store
	ctx   context.Context
	key   storage.Key
	final string
	file  *os.File // in tmp; nil when the writer is finished
	buf   *bufio.Writer
	hash  storage.Hash
}

// Create implements storage.Objects.
func (s *Store) Create(ctx context.Context, k storage.Key) (storage.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	final, err := s.path(k)
	if err != nil {
		return nil, err
	}
	if isSegment(k) {
		return nil, fmt.Errorf("%s: names of segments are given by Append", k)
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	if _, err := os.Lstat(final); err == nil {
		return nil, fmt.Errorf("%s: %w", k, storage.ErrConflict)
	}
	f, err := os.OpenFile(filepath.Join(s.tmpDir(), storage.NewID()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, classify(string(k), err)
	}
	return &writer{store: s, ctx: ctx, key: k, final: final, file: f,
		buf: bufio.NewWriterSize(f, writeBuffer), hash: storage.NewHash()}, nil
}

func (w *writer) Write(b []byte) (int, error) {
	if w.file == nil {
		return 0, errFinished
	}
	if w.ctx.Err() != nil {
		return 0, errors.Join(context.Cause(w.ctx), w.Abort())
	}
	n, err := w.buf.Write(b)
	w.hash.Write(b[:n])
	if err != nil {
		err = errors.Join(classify(string(w.key), err), w.Abort())
	}
	return n, err
}

// Commit implements storage.Writer. The file gets its final name by a link,
// which, other than a rename, never replaces what is there.
func (w *writer) Commit() (storage.Digest, error) {
	if w.file == nil {
		return storage.Digest{}, errFinished
	}
	if w.ctx.Err() != nil {
		return storage.Digest{}, errors.Join(context.Cause(w.ctx), w.Abort())
	}
	if err := w.publish(); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = storage.ErrConflict
		}
		return storage.Digest{}, errors.Join(classify(string(w.key), err), w.Abort())
	}
	return w.hash.Sum(), nil
}

func (w *writer) publish() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	if err := datasync(w.file); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	folder := filepath.Dir(w.final)
	if err := w.store.dirs.ensure(folder); err != nil {
		return err
	}
	if err := os.Link(w.file.Name(), w.final); err != nil {
		return err
	}
	if err := os.Remove(w.file.Name()); err != nil {
		return errors.Join(err, os.Remove(w.final))
	}
	if err := syncDir(folder); err != nil {
		return errors.Join(err, os.Remove(w.final))
	}
	w.file = nil
	return nil
}

// Abort implements storage.Writer.
func (w *writer) Abort() error {
	if w.file == nil {
		return nil
	}
	name := w.file.Name()
	closeErr := w.file.Close()
	if errors.Is(closeErr, fs.ErrClosed) {
		closeErr = nil // a failed Commit has closed it already
	}
	w.file = nil
	removeErr := os.Remove(name)
	if errors.Is(removeErr, fs.ErrNotExist) {
		removeErr = nil
	}
	return errors.Join(closeErr, removeErr)
}
