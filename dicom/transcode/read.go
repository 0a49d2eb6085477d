package transcode

import (
	"errors"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// errBackwards is a frame or value that lies before one that was read already.
var errBackwards = errors.New("transcode: the parts of the object are not in their order")

// forward gives the bytes of a stream by offset as they come by.
type forward struct {
	r   io.Reader
	pos int64
}

// ReadAt implements io.ReaderAt for offsets that never go back.
func (f *forward) ReadAt(p []byte, off int64) (int, error) {
	if off < f.pos {
		return 0, errBackwards
	}
	passed, err := io.CopyN(io.Discard, f.r, off-f.pos)
	f.pos += passed
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f.r, p)
	f.pos += int64(n)
	return n, err
}

// read returns the bytes of a frame, each run of them read at once.
func read(frames *dicom.Frames, i int, r io.ReaderAt) ([]byte, error) {
	var size int64
	for _, part := range frames.Ranges(i) {
		size += part.Length
	}
	if size > pixel.MaxFrame {
		return nil, fmt.Errorf("frame %d: %w: %d bytes", i+1, pixel.ErrUnsupported, size)
	}
	out := make([]byte, size)
	rest := out
	for _, part := range frames.Ranges(i) {
		if n, err := r.ReadAt(rest[:part.Length], part.Offset); int64(n) < part.Length {
			return nil, fmt.Errorf("frame %d: %w", i+1, err)
		}
		rest = rest[part.Length:]
	}
	return out, nil
}

// packer joins frames whose bits are no whole number of bytes: they follow each
// other without padding (PS3.5 section 8.1.1).
type packer struct {
	bits int64 // of one frame
	last byte  // begun
	used int   // bits of it
}

// add takes in a frame and returns the bytes that are complete.
func (p *packer) add(b []byte) []byte {
	if p.bits%8 == 0 {
		return b
	}
	out := make([]byte, 0, len(b)+1)
	for left := p.bits; left > 0 && len(b) > 0; left -= 8 {
		n, v := int(min(left, 8)), b[0]
		b = b[1:]
		v &= byte(1<<n - 1)
		p.last |= v << p.used
		if p.used+n < 8 {
			p.used += n
			continue
		}
		out = append(out, p.last)
		p.last, p.used = v>>(8-p.used), p.used+n-8
	}
	return out
}

// rest is the byte that was begun last.
func (p *packer) rest() []byte {
	if p.used == 0 {
		return nil
	}
	return []byte{p.last}
}
