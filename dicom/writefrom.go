package dicom

import (
	"fmt"
	"io"
	"iter"
)

// copyStep is how much of a value is in memory while it passes from a stream
// to a writer: a whole number of the largest cells.
const copyStep = 64 << 10

// Pixels are frames that take the place of a data set's pixel data while it is
// written, so that one of them at a time is in memory.
type Pixels struct {
	VR     VR                       // of native frames
	Length int64                    // in bytes, of native frames together; -1: each frame is a fragment
	Frames iter.Seq2[[]byte, error] // a slice is used until the next is asked for
}

// WriteFrom is Write for a data set whose long values and fragments were left
// in the stream it was parsed from: they pass from there to w, in the order of
// their offsets. pixels, unless nil, stand in place of (7FE0,0010); the
// attributes that describe them are the caller's concern.
func WriteFrom(w io.Writer, d *Dataset, ts TransferSyntax, stream io.ReaderAt, pixels *Pixels) error {
	return write(w, d, ts, stream, pixels)
}

// copyValue writes a value that was left in the stream.
func (e *encoder) copyValue(d *Dataset, el *Element) {
	n := el.Length
	if n < 0 || n+n&1 >= undefinedLength {
		e.fail(el.Tag, "a value of %d bytes", n)
		return
	}
	vr := el.VR
	if len(vr) != 2 {
		vr = UN
	}
	e.header(el.Tag, vr, uint32(n+n&1))
	cell := 1
	if size := d.cell(el, vr); size > 1 && d.order(el) != e.order {
		cell = size
	}
	e.copyRange(el.Tag, Range{el.Offset, n}, cell)
	if n&1 == 1 {
		e.put(pad([]byte{0}, vr)[1:])
	}
}

// copyRange writes a run of the stream, each cell turned round if it is longer
// than a byte.
func (e *encoder) copyRange(t Tag, r Range, cell int) {
	buf := make([]byte, min(copyStep, r.Length))
	for r.Length > 0 && e.err == nil {
		part := buf[:min(int64(len(buf)), r.Length)]
		if n, err := e.stream.ReadAt(part, r.Offset); n < len(part) {
			if err == nil || err == io.EOF {
				err = ErrTruncated
			}
			e.err = fmt.Errorf("dicom: write %s: %w", t, err)
			return
		}
		if cell > 1 {
			part = swapped(part, cell)
		}
		e.put(part)
		r.Offset += int64(len(part))
		r.Length -= int64(len(part))
	}
}

// replaced writes the frames that stand in place of pixel data.
func (e *encoder) replaced(t Tag) {
	native := e.pixels.Length >= 0
	if native == (e.frames && e.strict) {
		e.fail(t, "frames that its transfer syntax does not allow")
		return
	}
	if native {
		e.nativeFrames(t)
		return
	}
	e.header(t, OB, undefinedLength)
	e.item(nil) // the offsets are not known yet; each frame is one fragment
	for frame, err := range e.pixels.Frames {
		if e.err = orError(e.err, err); e.err != nil {
			return
		}
		if int64(len(frame)) >= undefinedLength-1 {
			e.fail(t, "a fragment of %d bytes", len(frame))
			return
		}
		e.item(frame)
	}
	e.tag(SequenceDelimitationItem)
	e.uint32(0)
}

func (e *encoder) nativeFrames(t Tag) {
	n := e.pixels.Length
	if n+n&1 >= undefinedLength {
		e.fail(t, "a value of %d bytes", n)
		return
	}
	e.header(t, e.pixels.VR, uint32(n+n&1))
	left := n
	for frame, err := range e.pixels.Frames {
		if e.err = orError(e.err, err); e.err != nil {
			return
		}
		e.put(frame)
		left -= int64(len(frame))
	}
	if left != 0 {
		e.fail(t, "frames of %d bytes were announced, %d came", n, n-left)
	}
	e.put(make([]byte, n&1))
}

// orError is err, or the one after it.
func orError(err, next error) error {
	if err != nil {
		return err
	}
	return next
}
