package codec

import (
	"context"
	"encoding/binary"
	"fmt"
)

// openjpeg is OpenJPEG, built with Emscripten as @cornerstonejs/codec-openjpeg.
// The letters stand in its openjpegwasm_decode.js.
var openjpeg = &build{
	name: "JPEG 2000", file: "openjpegwasm_decode.wasm", abort: "q", start: "G",
	imports: map[string]string{
		"e": "__cxa_throw", "q": "_abort_js", "n": "_embind_register_class",
		"m": "_embind_register_class_constructor", "b": "_embind_register_class_function",
		"g": "_embind_register_value_object", "c": "_embind_register_value_object_field",
		"w": "_emscripten_memcpy_js", "C": "_emval_call", "E": "_emval_get_global",
		"k": "_emval_get_method_caller", "l": "_emval_take_value", "r": "emscripten_resize_heap",
		"s": "emscripten_get_heap_max", "u": "environ_sizes_get", "v": "fd_close", "o": "fd_seek", "i": "fd_write",
	},
	faster: map[int][]byte{liftingIndex: lifting()},
}

// Markers of ISO/IEC 15444-1 Table A.2.
const (
	mSIZ = 0xFF51
	mCOD = 0xFF52
	mSOT = 0xFF90
	mSOD = 0xFF93
)

// maxQuiet is how many bytes of samples are decoded from however short a
// codestream; beyond it a byte of codestream may give maxRatio.
const (
	maxQuiet = 64 << 20
	maxRatio = 20_000
)

// JPEG2000 reads the header of a JPEG 2000 or HTJ2K codestream, ISO/IEC
// 15444-1 Annex A, bare or in a JP2 file.
func JPEG2000(b []byte) (*Image, error) {
	stream, err := codestream(b)
	if err != nil {
		return nil, err
	}
	if len(stream) < 4+38 || binary.BigEndian.Uint16(stream[2:]) != mSIZ {
		return nil, fmt.Errorf("JPEG 2000: no size segment")
	}
	siz := stream[4:]
	n := int(binary.BigEndian.Uint16(siz))
	if n < 38 || n > len(siz) {
		return nil, fmt.Errorf("JPEG 2000: a size segment of %d bytes", n)
	}
	u32 := func(at int) int64 { return int64(binary.BigEndian.Uint32(siz[at:])) }
	width, height := u32(4)-u32(12), u32(8)-u32(16)
	components := int(binary.BigEndian.Uint16(siz[36:]))
	if width < 1 || height < 1 || width > 1<<16 || height > 1<<16 || components < 1 || components > 1<<14 || n < 38+3*components {
		return nil, fmt.Errorf("JPEG 2000: %d×%d with %d components", width, height, components)
	}
	i := &Image{Rows: int(height), Columns: int(width), Components: components, simple: true, stream: stream}
	i.Bits, i.Signed = int(siz[38]&0x7F)+1, siz[38]&0x80 != 0
	for c := range components {
		d := siz[38+3*c:]
		if d[0] != siz[38] || d[1] != 1 || d[2] != 1 {
			i.simple = false
		}
	}
	i.Levels = levels(stream, 4+n)
	return i, nil
}

// codestream finds the codestream in a JP2 file, Annex I. What the file says
// of colours is the data set's to say in DICOM.
func codestream(b []byte) ([]byte, error) {
	if len(b) >= 4 && binary.BigEndian.Uint32(b) == 0xFF4F0000|mSIZ {
		return b, nil
	}
	for rest := b; len(rest) >= 8; {
		n, head := int64(binary.BigEndian.Uint32(rest)), int64(8)
		switch {
		case n == 0:
			n = int64(len(rest))
		case n == 1 && len(rest) >= 16:
			n, head = int64(binary.BigEndian.Uint64(rest[8:])), 16
		}
		if n < head || n > int64(len(rest)) {
			if string(rest[4:8]) != "jp2c" || n < head {
				break
			}
			n = int64(len(rest)) // cut short; the decoder sees how far it gets
		}
		if string(rest[4:8]) == "jp2c" {
			if s := rest[head:n]; len(s) >= 4 && binary.BigEndian.Uint32(s) == 0xFF4F0000|mSIZ {
				return s, nil
			}
		}
		rest = rest[n:]
	}
	return nil, fmt.Errorf("JPEG 2000: no codestream")
}

// levels reads the number of decomposition levels from COD.
func levels(b []byte, pos int) int {
	for pos+4 <= len(b) {
		marker, n := int(binary.BigEndian.Uint16(b[pos:])), int(binary.BigEndian.Uint16(b[pos+2:]))
		if marker == mSOT || marker == mSOD || n < 2 {
			return 0
		}
		if marker == mCOD && n >= 12 && pos+10 <= len(b) {
			return min(int(b[pos+9]), 32)
		}
		pos += 2 + n
	}
	return 0
}

// reduced is one side of an image after halving it.
func reduced(side, times int) int {
	for range times {
		side = (side + 1) / 2
	}
	return side
}

// decodeJPEG2000 returns samples of shape [row][column][component], the image
// halved so many times.
func (i *Image) decodeJPEG2000(halve int) ([]byte, error) {
	switch full := i.size(); {
	case !i.simple:
		return nil, fmt.Errorf("%w: JPEG 2000 components of several sizes or depths", ErrUnsupported)
	case i.Bits > 16:
		return nil, fmt.Errorf("%w: JPEG 2000 samples of %d bits", ErrUnsupported, i.Bits)
	case full > maxQuiet && full/maxRatio > int64(len(i.stream)):
		return nil, fmt.Errorf("JPEG 2000: %d bytes of codestream for %d of samples", len(i.stream), full)
	}
	// The module gives single components of any kind but signed bytes, and
	// three components of bytes. For the rest it is asked for one component
	// after the other.
	if i.Components == 1 && (i.Bits > 8 || !i.Signed) || i.Components == 3 && i.Bits <= 8 {
		return i.decodeStream(i.stream, halve, i.Components, i.Cell())
	}
	pixels := reduced(i.Rows, halve) * reduced(i.Columns, halve)
	out := make([]byte, pixels*i.Components*i.Cell())
	for c := range i.Components {
		plane, err := i.decodeStream(i.select1(c), halve, 1, 2)
		if err != nil {
			return nil, err
		}
		at := c * i.Cell()
		for k := range pixels {
			copy(out[at:at+i.Cell()], plane[2*k:])
			at += i.Components * i.Cell()
		}
	}
	return out, nil
}

// select1 wraps the codestream into a JP2 file that maps one of its components
// to its only channel, of 16 bits (sections I.5.3.4 and I.5.3.5).
func (i *Image) select1(component int) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(i.Rows))
	head = binary.BigEndian.AppendUint32(head, uint32(i.Columns))
	head = binary.BigEndian.AppendUint16(head, uint16(i.Components))
	head = append(head, i.stream[42], 7, 0, 0) // depth, wavelets, colour space known, no rights
	depth := byte(15)
	if i.Signed {
		depth |= 0x80
	}
	boxes := appendBox(nil, "ihdr", head)
	boxes = appendBox(boxes, "colr", []byte{1, 0, 0, 0, 0, 0, 17}) // grey
	boxes = appendBox(boxes, "pclr", []byte{0, 1, 1, depth, 0, 0}) // a palette that is not used
	boxes = appendBox(boxes, "cmap", []byte{byte(component >> 8), byte(component), 0, 0})
	out := appendBox(nil, "jP  ", []byte{0x0D, 0x0A, 0x87, 0x0A})
	out = appendBox(out, "ftyp", []byte("jp2 \x00\x00\x00\x00jp2 "))
	out = appendBox(out, "jp2h", boxes)
	return appendBox(out, "jp2c", i.stream)
}

// decodeStream runs the decoder. It keeps a sample in four bytes, then brings
// it to its cell.
func (i *Image) decodeStream(stream []byte, halve, components, cell int) ([]byte, error) {
	samples := int64(i.Rows) * int64(i.Columns) * int64(i.Components)
	want := reduced(i.Rows, halve) * reduced(i.Columns, halve) * components * cell
	memory := samples*4*3/2 + samples*int64(i.Cell()) + 2*int64(len(stream))
	var out []byte
	err := openjpeg.run(samples*int64(i.Cell()), int64(len(stream)), memory, func(ctx context.Context, in *instance) error {
		o, err := in.new(ctx, "J2KDecoder")
		if err != nil {
			return err
		}
		if err := o.fill(ctx, stream); err != nil {
			return err
		}
		if err := o.call(ctx, "decodeSubResolution", uint64(halve), 0); err != nil {
			return err
		}
		b, err := o.buffer(ctx, "getDecodedBuffer")
		if err != nil {
			return err
		}
		if len(b) < want {
			return fmt.Errorf("%d bytes of samples, not %d", len(b), want)
		}
		out = append([]byte(nil), b[:want]...) // images with an offset give more
		return o.delete(ctx)
	})
	return out, err
}
