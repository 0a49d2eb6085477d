package settle

import (
	"bufio"
	"context"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/transcode"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Converted is an instance that is given in another transfer syntax, once.
type Converted struct {
	ctx    context.Context
	s      *Store
	i      *hub.Instance
	object *transcode.Object
}

// Convert makes ready to give an instance in another transfer syntax: its first
// frame is converted, so that nearly all that cannot be is told here. Errors
// are those of transcode.Prepare, or hub.Busy of the store.
func (s *Store) Convert(ctx context.Context, i *hub.Instance, to dicom.TransferSyntax) (*Converted, error) {
	ds, err := s.Header(ctx, i, transcode.Keep)
	if err != nil {
		return nil, err
	}
	place := func() (func(), error) { return s.Place(ctx) }
	release, err := place()
	if err != nil {
		return nil, err
	}
	defer release()
	o, err := transcode.Prepare(ds, stored{ctx, s, i}, to)
	if err != nil {
		return nil, err
	}
	o.Place = place
	return &Converted{ctx: ctx, s: s, i: i, object: o}, nil
}

// Write writes the data set. An error, also one after the last byte, means that
// what was written is not to be used: that the stored bytes are those that came
// is known at their end only.
func (c *Converted) Write(w io.Writer) error {
	raw, err := storage.Checked(c.ctx, c.s.Objects, refOf(c.i), uint32(c.i.CRC))
	if err != nil {
		return err
	}
	defer raw.Close()
	var data io.Reader = raw
	if dicom.TransferSyntax(c.i.Syntax).Deflated() {
		if data, err = inflated(raw); err != nil {
			return err
		}
	}
	if err := c.object.Write(w, data); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, raw) // what stands behind a deflated data set
	return err
}

// stored gives the data set of an instance by offset.
type stored struct {
	ctx context.Context
	s   *Store
	i   *hub.Instance
}

// ReadAt implements io.ReaderAt.
func (r stored) ReadAt(p []byte, off int64) (int, error) {
	body, err := r.s.At(r.ctx, r.i, off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	return io.ReadFull(body, p)
}

// inflated is what a deflated data set inflates to. Some writers put a zlib
// header before it.
func inflated(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	head, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0] == 0x78 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		in.Discard(2) // both are there
	}
	return flate.NewReader(in), nil
}
