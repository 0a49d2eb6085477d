package settle

import (
	"bytes"
	"context"
	"errors"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Frames tells where the frames of an instance lie in its data set. It never
// changes, wherever the data set is moved.
type Frames struct {
	*dicom.Frames
	Syntax dicom.TransferSyntax // of the data set
	Wrong  string               // why the frames cannot be told apart
	Cell   int                  // bytes to turn round in each cell of big endian pixels, else 0
}

// frameKeep is the longest value that stays in memory while the shape of an
// object is looked at.
const frameKeep = 1 << 10

// Frames returns the frame index of an instance: remembered, kept with its
// series, or from its header.
func (s *Store) Frames(ctx context.Context, i *hub.Instance) (*Frames, error) {
	if f, ok := s.framed.Get(i.ID); ok {
		return f, nil
	}
	if i.Frames > 1 && dicom.TransferSyntax(i.Syntax).Encapsulated() {
		if f := s.keptFrames(ctx, i); f != nil {
			return f, nil
		}
	}
	ds, err := s.Header(ctx, i, frameKeep)
	if err != nil {
		return nil, err
	}
	return s.indexed(i, ds), nil
}

// indexed makes and remembers the frame index of an instance with header ds.
func (s *Store) indexed(i *hub.Instance, ds *dicom.Dataset) *Frames {
	f := &Frames{Syntax: dicom.TransferSyntax(i.Syntax)}
	var err error
	if f.Frames, err = dicom.IndexFrames(ds); err != nil {
		f.Frames, f.Wrong = &dicom.Frames{}, err.Error()
	}
	if f.Native() && f.Syntax.BigEndian() {
		f.Cell = cellOf(ds)
	}
	s.remember(i.ID, f)
	return f
}

func (s *Store) remember(id hub.InstanceID, f *Frames) {
	cost := int64(256)
	if !f.Native() {
		cost += int64(f.Count()) * 64
	}
	s.framed.Put(id, f, cost)
}

// cellOf is the size of the cells of native pixels: bytes in OW are two in a
// word (PS3.5 section 8.1.1).
func cellOf(ds *dicom.Dataset) int {
	bits, _ := ds.Int(dicom.BitsAllocated)
	if e := ds.Get(dicom.PixelData); e != nil && e.VR == dicom.OW && bits <= 16 {
		return 2
	}
	return max(1, int(bits/8))
}

// FrameBytes is frame n, from 0, as stored, in memory.
func (s *Store) FrameBytes(ctx context.Context, i *hub.Instance, f *Frames, n int) ([]byte, error) {
	var out []byte
	ranges := f.Ranges(n)
	for _, r := range ranges {
		if int64(len(out))+r.Length > pixel.MaxFrame {
			return nil, hub.E(hub.Unsupported, "settle.FrameBytes", "dicomweb.not_renderable").With("reason", "the frame is too large")
		}
		b, err := s.BytesAt(ctx, i, r.Offset, r.Length)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = b
		} else {
			out = append(out, b...)
		}
	}
	if f.BitOffset(n) > 0 {
		return f.Read(shifted{bytes.NewReader(out), ranges[0].Offset}, n)
	}
	return out, nil
}

// shifted is a stretch of a data set under the offsets it has there.
type shifted struct {
	r   *bytes.Reader
	off int64
}

// ReadAt implements io.ReaderAt.
func (s shifted) ReadAt(p []byte, off int64) (int, error) { return s.r.ReadAt(p, off-s.off) }

// Place waits for one of the places for work on pixels: a picture takes much
// memory, so a few are made at a time.
func (s *Store) Place(ctx context.Context) (release func(), err error) {
	select {
	case s.rendering <- struct{}{}:
		return func() { <-s.rendering }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// NotRenderable turns a codec's fault into an answer: never 500.
func NotRenderable(err error) error {
	if errors.Is(err, pixel.ErrUnsupported) || errors.Is(err, pixel.ErrCorrupt) {
		return hub.Wrap(hub.Unsupported, "settle", "dicomweb.not_renderable", err).With("reason", err.Error())
	}
	return err
}
