package dicom

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Range is a run of bytes of a stream.
type Range struct {
	Offset, Length int64
}

// Frames tells where each frame of an object's pixel data lies in the stream
// that was parsed. Frames count from 0. It may be used concurrently.
type Frames struct {
	count  int
	native bool
	// of native frames
	base, size int64
	bits       int64 // bits of one frame where pixels have one bit
	// of encapsulated frames
	ranges [][]Range
}

// EncapsulatedFrames are frames that are known to lie in these ranges.
func EncapsulatedFrames(ranges [][]Range) *Frames { return &Frames{count: len(ranges), ranges: ranges} }

// Count is the number of frames; video is one, since it cannot be cut.
func (f *Frames) Count() int { return f.count }

// Native says that the frames are plain samples, not codestreams.
func (f *Frames) Native() bool { return f.native }

// Ranges are the parts of frame i in their order; nil if there is no such
// frame. Bytes of different ranges are joined without anything between.
func (f *Frames) Ranges(i int) []Range {
	switch {
	case i < 0 || i >= f.count:
		return nil
	case !f.native:
		return f.ranges[i]
	case f.bits > 0:
		first, end := int64(i)*f.bits/8, (int64(i+1)*f.bits+7)/8
		return []Range{{f.base + first, end - first}}
	}
	return []Range{{f.base + int64(i)*f.size, f.size}}
}

// BitOffset is how many bits of frame i's first byte belong to the frame
// before; 0 unless pixels have one bit (PS3.5 section 8.1.1).
func (f *Frames) BitOffset(i int) int { return int(int64(i) * f.bits % 8) }

// Read returns the bytes of frame i from r, which holds the stream. Pixels of
// one bit are moved so that the frame starts with the first byte's lowest bit.
func (f *Frames) Read(r io.ReaderAt, i int) ([]byte, error) {
	var out []byte
	for _, part := range f.Ranges(i) {
		b, err := io.ReadAll(io.NewSectionReader(r, part.Offset, part.Length))
		if err != nil {
			return nil, err
		}
		if int64(len(b)) < part.Length {
			return nil, fmt.Errorf("dicom: frame %d: %w", i+1, ErrTruncated)
		}
		if out == nil {
			out = b
			continue
		}
		out = append(out, b...)
	}
	if out == nil {
		return nil, fmt.Errorf("dicom: no frame %d", i+1)
	}
	if shift := f.BitOffset(i); shift > 0 {
		out = shiftBits(out, shift, int(f.bits))
	}
	return out, nil
}

// shiftBits moves n bits down by shift.
func shiftBits(b []byte, shift, n int) []byte {
	for k := range b {
		b[k] >>= shift
		if k+1 < len(b) {
			b[k] |= b[k+1] << (8 - shift)
		}
	}
	return b[:(n+7)/8]
}

// IndexFrames finds the frames of d's pixel data: native ones by their size,
// encapsulated ones by the extended or basic offset table, by one fragment
// each, or by the marks codestreams start with (PS3.5 section A.4). An object
// without pixel data has no frames. The error is a *ParseError.
func IndexFrames(d *Dataset) (*Frames, error) {
	e := pixelElement(d)
	if e == nil {
		return &Frames{}, nil
	}
	count, err := frameCount(d, e)
	if err != nil {
		return nil, err
	}
	if e.Fragments != nil {
		return encapsulated(d, e, count)
	}
	return nativeFrames(d, e, count)
}

func pixelElement(d *Dataset) *Element {
	for _, t := range []Tag{PixelData, FloatPixelData, DoubleFloatPixelData} {
		if e := d.Get(t); e != nil {
			return e
		}
	}
	return nil
}

func frameFault(e *Element, format string, args ...any) error {
	return &ParseError{Tag: e.Tag, Offset: e.Offset, Reason: fmt.Sprintf(format, args...)}
}

// frameCount is Number of Frames, 1 if it is absent or empty.
func frameCount(d *Dataset, e *Element) (int64, error) {
	if f := d.Get(NumberOfFrames); d.Text(NumberOfFrames) == "" && (f == nil || !f.Bulk) {
		return 1, nil
	}
	n, ok := d.Int(NumberOfFrames)
	if !ok || n < 1 || n > math.MaxInt32 {
		return 0, frameFault(e, "the number of frames (0028,0008) is not a positive whole number")
	}
	return n, nil
}

func nativeFrames(d *Dataset, e *Element, count int64) (*Frames, error) {
	bits, err := frameBits(d, e)
	if err != nil {
		return nil, err
	}
	if count > math.MaxInt64/8/bits || (count*bits+7)/8 > e.Length {
		return nil, frameFault(e, "%d frames of %d bits do not fit in %d bytes", count, bits, e.Length)
	}
	f := &Frames{count: int(count), native: true, base: e.Offset, size: bits / 8}
	if bits%8 != 0 || d.Text(BitsAllocated) == "1" {
		f.bits = bits
	} else if f.size&1 == 1 && count == 1 && f.size < e.Length && d.order(e) == binary.BigEndian && e.VR == OW && d.Text(BitsAllocated) == "8" {
		f.size++ // the last byte is the second of its word (PS3.5 section 8.1.1)
	}
	return f, nil
}

// frameBits is the size of one native frame.
func frameBits(d *Dataset, e *Element) (int64, error) {
	rows, _ := d.Int(Rows)
	columns, _ := d.Int(Columns)
	samples, ok := d.Int(SamplesPerPixel)
	if !ok {
		samples = 1
	}
	bits, _ := d.Int(BitsAllocated)
	switch e.Tag {
	case FloatPixelData:
		bits = 32
	case DoubleFloatPixelData:
		bits = 64
	}
	if rows < 1 || rows > math.MaxUint16 || columns < 1 || columns > math.MaxUint16 || samples < 1 || samples > 4 {
		return 0, frameFault(e, "%d rows, %d columns and %d samples are no image", rows, columns, samples)
	}
	if bits != 1 && bits != 12 && (bits%8 != 0 || bits < 8 || bits > 64) { // 12: ACR-NEMA, packed
		return 0, frameFault(e, "%d bits allocated", bits)
	}
	if kind := d.Text(PhotometricInterpretation); samples == 3 && (kind == "YBR_FULL_422" || kind == "YBR_PARTIAL_422") {
		samples = 2 // two pixels share their chrominance
	}
	return rows * columns * samples * bits, nil
}

func encapsulated(d *Dataset, e *Element, count int64) (*Frames, error) {
	frags := e.Fragments
	var starts []int
	switch {
	case len(frags) == 0:
		return nil, frameFault(e, "encapsulated pixel data without a fragment")
	case count == 1 || d.Syntax.video():
		starts, count = []int{0}, 1
	case int64(len(frags)) < count:
		return nil, frameFault(e, "%d frames in %d fragments", count, len(frags))
	default:
		starts = frameStarts(d, e, int(count))
	}
	if starts == nil {
		return nil, frameFault(e, "%d frames cannot be told apart in %d fragments", count, len(frags))
	}
	f := group(frags, starts)
	f.count, f.ranges = int(count), f.ranges[:count]
	return f, nil
}

// frameStarts finds the fragments that frames start with, or nil: by a table,
// by their number, or by the marks of codestreams. Where each fragment is a
// frame there may be more than are declared.
func frameStarts(d *Dataset, e *Element, count int) []int {
	if starts := byTable(e.Fragments, extendedTable(d), count); starts != nil {
		return starts
	}
	if starts := byTable(e.Fragments, basicTable(e.OffsetTable), count); starts != nil {
		return starts
	}
	filled := 0
	for _, f := range e.Fragments {
		if f.Length > 0 {
			filled++
		}
	}
	var starts []int
	for i, f := range e.Fragments {
		if f.start || filled == count && f.Length > 0 {
			starts = append(starts, i)
		}
	}
	if len(starts) < count || len(starts) > count && len(starts) < filled || starts[0] != 0 {
		return nil
	}
	return starts
}

// group joins fragments into frames.
func group(frags []Fragment, starts []int) *Frames {
	f := &Frames{count: len(starts), ranges: make([][]Range, len(starts))}
	all := make([]Range, len(frags))
	for i, fr := range frags {
		all[i] = Range{fr.Offset, fr.Length}
	}
	for i, first := range starts {
		end := len(frags)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		f.ranges[i] = all[first:end:end]
	}
	return f
}

// byTable finds the fragments whose items start at the offsets of a table,
// which count from the first fragment's item. A table that points elsewhere
// is worth nothing.
func byTable(frags []Fragment, offsets []uint64, count int) []int {
	if len(offsets) != count || offsets[0] != 0 {
		return nil
	}
	starts := make([]int, 0, count)
	at := 0
	for _, o := range offsets {
		for at < len(frags) && uint64(frags[at].Offset-frags[0].Offset) < o {
			at++
		}
		if at == len(frags) || uint64(frags[at].Offset-frags[0].Offset) != o {
			return nil
		}
		starts = append(starts, at)
		at++
	}
	return starts
}

func basicTable(raw []byte) []uint64 {
	out := make([]uint64, 0, len(raw)/4)
	for ; len(raw) >= 4; raw = raw[4:] {
		out = append(out, uint64(binary.LittleEndian.Uint32(raw)))
	}
	return out
}

// extendedTable reads (7FE0,0001), PS3.3 section C.7.6.3.1.8.
func extendedTable(d *Dataset) []uint64 {
	e := d.Get(ExtendedOffsetTable)
	if e == nil {
		return nil
	}
	out := make([]uint64, 0, len(e.Raw)/8)
	for raw := e.Raw; len(raw) >= 8; raw = raw[8:] {
		out = append(out, binary.LittleEndian.Uint64(raw))
	}
	return out
}

// startsFrame recognises the first bytes of a codestream: JPEG and JPEG-LS,
// JPEG 2000 bare or in a JP2 file, JPEG XL, and the header of RLE.
func startsFrame(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	switch {
	case b[0] == 0xFF && b[1] == 0xD8 && b[2] == 0xFF, b[0] == 0xFF && b[1] == 0x4F && b[2] == 0xFF,
		b[0] == 0xFF && b[1] == 0x0A:
		return true
	case string(b[4:8]) == "jP  " || string(b[4:8]) == "JXL ":
		return true
	}
	segments := binary.LittleEndian.Uint32(b)
	return segments >= 1 && segments <= 15 && binary.LittleEndian.Uint32(b[4:]) == 64
}

// video says that frames cannot be cut out of the codestream.
func (t TransferSyntax) video() bool {
	switch t {
	case MPEG2MPML, MPEG2MPHL, MPEG4HP41, MPEG4HP41BD, MPEG4HP422D, MPEG4HP423D, MPEG4HP42STEREO,
		HEVCMP51, HEVCM10P51:
		return true
	}
	return false
}
