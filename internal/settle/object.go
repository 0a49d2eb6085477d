package settle

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Reading ahead in the object store: a header fits in the first window, and a
// reader that goes on gets larger ones.
const (
	firstWindow = 64 << 10
	lastWindow  = 4 << 20
)

// Reader reads some bytes that stand in memory, then an instance's data set
// where it lies in the store, by ranges: seeking over pixels costs nothing. It
// is an io.ReadSeeker for one goroutine; Close it.
type Reader struct {
	ctx     context.Context
	objects storage.Objects
	head    []byte
	ref     storage.Ref
	pos     int64
	body    io.ReadCloser // continues at pos, until bodyEnd
	bodyEnd int64
	window  int64
}

// Open reads the data set of an instance behind head.
func (s *Store) Open(ctx context.Context, i *hub.Instance, head []byte) *Reader {
	return &Reader{ctx: ctx, objects: s.Objects, head: head, ref: refOf(i), window: firstWindow}
}

func refOf(i *hub.Instance) storage.Ref {
	return storage.Ref{Key: storage.Key(i.Object), Offset: i.Offset, Length: i.Length}
}

// Size is the length of all there is to read, in bytes.
func (s *Reader) Size() int64 { return int64(len(s.head)) + s.ref.Length }

// Read implements io.Reader.
func (s *Reader) Read(p []byte) (int, error) {
	if s.pos < int64(len(s.head)) {
		n := copy(p, s.head[s.pos:])
		s.pos += int64(n)
		return n, nil
	}
	for {
		if s.pos >= s.Size() {
			return 0, io.EOF
		}
		if s.body == nil {
			if err := s.fetch(); err != nil {
				return 0, err
			}
		}
		n, err := s.body.Read(p)
		s.pos += int64(n)
		if err == nil || err != io.EOF {
			return n, err
		}
		short := s.pos < s.bodyEnd
		s.Close()
		if short {
			return n, fmt.Errorf("%s: %w", s.ref.Key, io.ErrUnexpectedEOF)
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (s *Reader) fetch() error {
	at := s.pos - int64(len(s.head))
	n := min(s.window, s.ref.Length-at)
	body, err := s.objects.Get(s.ctx, s.ref.Key, s.ref.Offset+at, n)
	if err != nil {
		return err
	}
	s.body, s.bodyEnd = body, s.pos+n
	s.window = min(2*s.window, lastWindow)
	return nil
}

// Seek implements io.Seeker.
func (s *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		offset += s.Size()
	}
	if offset < 0 {
		return 0, errors.New("seek before the start")
	}
	if offset != s.pos {
		s.Close()
		s.pos, s.window = offset, firstWindow
	}
	return offset, nil
}

// Close gives up the range being read; reading on opens a new one.
func (s *Reader) Close() error {
	if s.body == nil {
		return nil
	}
	err := s.body.Close()
	s.body = nil
	return err
}

// Header parses an instance without reading its long values; those above keep
// bytes are left where they are.
func (s *Store) Header(ctx context.Context, i *hub.Instance, keep int64) (*dicom.Dataset, error) {
	r := s.Open(ctx, i, nil)
	defer r.Close()
	ds, err := dicom.Parse(r, dicom.TransferSyntax(i.Syntax), dicom.Options{Keep: keep})
	if err != nil {
		return nil, unreadable(i, err)
	}
	return ds, nil
}

// unreadable: what intake has parsed and stored can be read, or the store is
// in trouble.
func unreadable(i *hub.Instance, err error) error {
	return hub.Wrap(hub.Busy, "settle", "store.unavailable", fmt.Errorf("instance %s: %w", i.ID, err))
}

// At returns n bytes of the data set from off; of a deflated one, of what it
// inflates to.
func (s *Store) At(ctx context.Context, i *hub.Instance, off, n int64) (io.ReadCloser, error) {
	if !dicom.TransferSyntax(i.Syntax).Deflated() {
		if off < 0 || n < 0 || off > i.Length-n {
			return nil, unreadable(i, io.ErrUnexpectedEOF)
		}
		r, err := s.Objects.Get(ctx, storage.Key(i.Object), i.Offset+off, n)
		if err != nil {
			return nil, unreadable(i, err)
		}
		return r, nil
	}
	raw := s.Open(ctx, i, nil)
	z, err := inflated(raw)
	if err != nil {
		raw.Close()
		return nil, unreadable(i, err)
	}
	if _, err := io.CopyN(io.Discard, z, off); err != nil {
		raw.Close()
		return nil, unreadable(i, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(z, n), raw}, nil
}

// BytesAt reads n bytes of the data set from off into memory.
func (s *Store) BytesAt(ctx context.Context, i *hub.Instance, off, n int64) ([]byte, error) {
	r, err := s.At(ctx, i, off, n)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, unreadable(i, err)
	}
	return b, nil
}
