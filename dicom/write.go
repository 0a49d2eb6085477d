package dicom

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/flate"
)

// writeBlock is how many bytes are gathered before they go to the writer.
const writeBlock = 64 << 10

// Write writes a data set without preamble and file meta information, as
// DIMSE carries it. Sequences get undefined lengths; group lengths but that of
// group 0000 and the elements of group 0002 are left out. Bulk values and
// fragments that were not kept cannot be written: parse with Options.Keep -1,
// or use WriteFrom.
func Write(w io.Writer, d *Dataset, ts TransferSyntax) error { return write(w, d, ts, nil, nil) }

func write(w io.Writer, d *Dataset, ts TransferSyntax, stream io.ReaderAt, pixels *Pixels) error {
	if !ts.Deflated() {
		e := newEncoder(w, ts)
		e.stream, e.pixels = stream, pixels
		e.dataset(d)
		return e.close()
	}
	count := &countWriter{w: w}
	z, err := flate.NewWriter(count, flate.DefaultCompression)
	if err != nil {
		return err
	}
	e := newEncoder(z, ts)
	e.stream, e.pixels = stream, pixels
	e.dataset(d)
	if err := e.close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if count.n%2 == 1 { // PS3.5 section A.5
		_, err = w.Write([]byte{0})
	}
	return err
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// encoder writes elements; after an error it does nothing more.
type encoder struct {
	w        io.Writer
	buf      []byte
	order    binary.ByteOrder
	implicit bool
	frames   bool        // the syntax encapsulates pixel data
	strict   bool        // the syntax is known to have no other form
	depth    int         // of items
	stream   io.ReaderAt // of values that were not kept, or nil
	pixels   *Pixels     // in place of pixel data, or nil
	err      error
}

func newEncoder(w io.Writer, ts TransferSyntax) *encoder {
	_, known := syntaxNames[ts]
	return &encoder{w: w, buf: make([]byte, 0, 4<<10), order: ts.order(), implicit: ts.Implicit(),
		frames: ts.Encapsulated(), strict: known}
}

func (e *encoder) close() error {
	e.flush()
	return e.err
}

func (e *encoder) flush() {
	if e.err == nil && len(e.buf) > 0 {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// put writes a value; a long one is not copied.
func (e *encoder) put(b []byte) {
	if len(e.buf)+len(b) <= writeBlock {
		e.buf = append(e.buf, b...)
		return
	}
	e.flush()
	if len(b) <= writeBlock {
		e.buf = append(e.buf, b...)
	} else if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

func (e *encoder) uint16(v uint16) { e.buf = appendUint(e.buf, e.order, uint64(v), 2) }
func (e *encoder) uint32(v uint32) { e.buf = appendUint(e.buf, e.order, uint64(v), 4) }

func (e *encoder) tag(t Tag) {
	e.uint16(t.Group())
	e.uint16(t.Element())
}

func (e *encoder) fail(t Tag, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("dicom: write %s: %s", t, fmt.Sprintf(format, args...))
	}
}

func (e *encoder) dataset(d *Dataset) {
	for i := range d.Elements {
		el := &d.Elements[i]
		if g := el.Tag.Group(); g == 0x0002 || el.Tag.Element() == 0 && g != 0 {
			continue
		}
		e.element(d, el)
		if e.err != nil {
			return
		}
	}
}

func (e *encoder) element(d *Dataset, el *Element) {
	switch {
	case e.pixels != nil && e.depth == 0 && el.Tag == PixelData:
		e.replaced(el.Tag)
	case el.Items != nil || el.VR == SQ:
		e.sequence(el)
	case el.Fragments != nil:
		e.fragments(el)
	case e.frames && e.strict && e.depth == 0 && el.Tag == PixelData && (el.Bulk || len(el.Raw) > 0): // icons may be native
		e.fail(el.Tag, "native pixel data in an encapsulated transfer syntax")
	case el.Bulk && e.stream != nil:
		e.copyValue(d, el)
	case el.Bulk:
		e.fail(el.Tag, "its value was not kept")
	default:
		e.plain(d, el)
	}
}

// header writes tag, VR and length.
func (e *encoder) header(t Tag, vr VR, n uint32) {
	e.tag(t)
	if e.implicit {
		e.uint32(n)
		return
	}
	_, long, ok := vrOf(vr[0], vr[1])
	if !ok || !long && n > math.MaxUint16 { // PS3.5 section 6.2.2 note 2
		vr, long = UN, true
	}
	e.buf = append(e.buf, vr[0], vr[1])
	if long {
		e.uint16(0)
		e.uint32(n)
		return
	}
	e.uint16(uint16(n))
}

func (e *encoder) plain(d *Dataset, el *Element) {
	n := int64(len(el.Raw))
	if n+n&1 >= undefinedLength {
		e.fail(el.Tag, "a value of %d bytes", n)
		return
	}
	vr := el.VR
	if len(vr) != 2 {
		vr = UN
	}
	e.header(el.Tag, vr, uint32(n+n&1))
	raw := el.Raw
	if size := d.cell(el, vr); size > 1 && d.order(el) != e.order {
		raw = swapped(raw, size)
	}
	e.put(raw)
	if n&1 == 1 {
		e.put(pad([]byte{0}, vr)[1:])
	}
}

// swapped is a copy of raw with the bytes of each number turned round.
func swapped(raw []byte, size int) []byte {
	out := append([]byte(nil), raw...)
	for i := 0; i+size <= len(out); i += size {
		for a, b := i, i+size-1; a < b; a, b = a+1, b-1 {
			out[a], out[b] = out[b], out[a]
		}
	}
	return out
}

// sequence writes items of undefined length. Those of UN stay in implicit VR
// little endian.
func (e *encoder) sequence(el *Element) {
	vr := SQ
	if el.VR == UN {
		vr = UN
	}
	if len(el.Items) == 0 && vr == SQ {
		e.header(el.Tag, vr, 0)
		return
	}
	e.header(el.Tag, vr, undefinedLength)
	order, implicit := e.order, e.implicit
	if vr == UN {
		e.order, e.implicit = binary.LittleEndian, true
	}
	e.depth++
	for _, item := range el.Items {
		e.tag(Item)
		e.uint32(undefinedLength)
		e.dataset(item)
		e.tag(ItemDelimitationItem)
		e.uint32(0)
	}
	e.depth--
	e.tag(SequenceDelimitationItem)
	e.uint32(0)
	e.order, e.implicit = order, implicit
}

// fragments writes encapsulated pixel data, PS3.5 section A.4.
func (e *encoder) fragments(el *Element) {
	if !e.frames {
		e.fail(el.Tag, "encapsulated pixel data in a native transfer syntax")
		return
	}
	vr := OB
	if el.VR == OW { // which old writers use; kept as it came
		vr = OW
	}
	e.header(el.Tag, vr, undefinedLength)
	e.item(el.OffsetTable)
	for _, f := range el.Fragments {
		if f.Length+f.Length&1 >= undefinedLength {
			e.fail(el.Tag, "a fragment of %d bytes", f.Length)
			return
		}
		switch {
		case int64(len(f.Data)) == f.Length:
			e.item(f.Data)
		case e.stream != nil:
			e.tag(Item)
			e.uint32(uint32(f.Length + f.Length&1))
			e.copyRange(el.Tag, Range{f.Offset, f.Length}, 1)
			e.put(make([]byte, f.Length&1))
		default:
			e.fail(el.Tag, "a fragment that was not kept")
			return
		}
	}
	e.tag(SequenceDelimitationItem)
	e.uint32(0)
}

func (e *encoder) item(b []byte) {
	e.tag(Item)
	e.uint32(uint32(len(b) + len(b)&1))
	e.put(b)
	if len(b)&1 == 1 {
		e.put([]byte{0})
	}
}
