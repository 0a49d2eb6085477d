package codec

import (
	"context"
	"encoding/binary"
	"fmt"
)

// charls is CharLS, built with Emscripten as @cornerstonejs/codec-charls. The
// letters stand in its charlswasm.js.
var charls = &build{
	name: "JPEG-LS", file: "charlswasm.wasm", abort: "o", start: "B",
	imports: map[string]string{
		"e": "__cxa_throw", "o": "_abort_js", "h": "_embind_register_class",
		"g": "_embind_register_class_constructor", "b": "_embind_register_class_function",
		"m": "_embind_register_value_object", "d": "_embind_register_value_object_field",
		"q": "_emscripten_memcpy_js", "w": "_emval_call", "z": "_emval_get_global",
		"x": "_emval_get_method_caller", "k": "_emval_take_value", "p": "emscripten_resize_heap",
	},
}

// JPEGLS reads the header of a JPEG-LS codestream, ISO/IEC 14495-1 Annex C.
func JPEGLS(b []byte) (*Image, error) {
	if len(b) < 4 || b[0] != 0xFF || b[1] != 0xD8 {
		return nil, fmt.Errorf("JPEG-LS: no start of image")
	}
	for pos := 2; ; {
		for pos < len(b) && b[pos] == 0xFF {
			pos++
		}
		if pos+3 > len(b) || b[pos-1] != 0xFF {
			return nil, fmt.Errorf("JPEG-LS: no frame header")
		}
		marker, n := b[pos], int(binary.BigEndian.Uint16(b[pos+1:]))
		if n < 2 || pos+1+n > len(b) {
			return nil, fmt.Errorf("JPEG-LS: a segment of %d bytes, %d remain", n, len(b)-pos-1)
		}
		body := b[pos+3 : pos+1+n]
		pos += 1 + n
		switch {
		case marker == 0xF7 && len(body) >= 6:
			i := &Image{Bits: int(body[0]), Rows: int(binary.BigEndian.Uint16(body[1:])),
				Columns: int(binary.BigEndian.Uint16(body[3:])), Components: int(body[5]), jpegls: true, stream: b}
			if i.Bits < 2 || i.Bits > 16 || i.Rows == 0 || i.Columns == 0 || i.Components == 0 {
				return nil, fmt.Errorf("JPEG-LS: %d×%d with %d components of %d bits", i.Columns, i.Rows, i.Components, i.Bits)
			}
			return i, nil
		case marker == 0xDA || marker >= 0xC0 && marker <= 0xC3:
			return nil, fmt.Errorf("JPEG-LS: another process of JPEG")
		}
	}
}

// interleaved says how the first scan of a JPEG-LS codestream orders its
// samples: false for one component after the other.
func (i *Image) interleaved() bool {
	b := i.stream
	for pos := 2; pos+4 <= len(b); {
		if b[pos] == 0xFF && b[pos+1] == 0xFF {
			pos++
			continue
		}
		n := int(binary.BigEndian.Uint16(b[pos+2:]))
		if b[pos+1] == 0xDA && n >= 6 && pos+2+n <= len(b) {
			return b[pos+n] != 0
		}
		pos += 2 + n
	}
	return false
}

// decodeJPEGLS returns samples of shape [row][column][component].
func (i *Image) decodeJPEGLS() ([]byte, error) {
	var out []byte
	size := i.size()
	err := charls.run(size, int64(len(i.stream)), size+int64(len(i.stream))+1<<20, func(ctx context.Context, in *instance) error {
		o, err := in.new(ctx, "JpegLSDecoder")
		if err != nil {
			return err
		}
		if err := o.fill(ctx, i.stream); err != nil {
			return err
		}
		if err := o.call(ctx, "decode"); err != nil {
			return err
		}
		b, err := o.buffer(ctx, "getDecodedBuffer")
		if err != nil {
			return err
		}
		if int64(len(b)) != size {
			return fmt.Errorf("%d bytes of samples, not %d", len(b), size)
		}
		if i.Components > 1 && !i.interleaved() {
			out = make([]byte, size)
			interleave(out, b, i.Components, i.Cell())
		} else {
			out = append([]byte(nil), b...)
		}
		return o.delete(ctx)
	})
	return out, err
}

// fill gives a decoder its codestream.
func (o *object) fill(ctx context.Context, stream []byte) error {
	b, err := o.buffer(ctx, "getEncodedBuffer", uint64(len(stream)))
	if err != nil {
		return err
	}
	if len(b) != len(stream) {
		return errThrown
	}
	copy(b, stream)
	return nil
}

// interleave brings [component][row][column] to [row][column][component].
func interleave(out, in []byte, components, cell int) {
	plane := len(in) / components
	for c := range components {
		from := in[c*plane : (c+1)*plane]
		at := c * cell
		for k := 0; k+cell <= plane; k += cell {
			copy(out[at:], from[k:k+cell])
			at += components * cell
		}
	}
}

// EncodeJPEGLS encodes samples of shape [row][column][component] without loss,
// ISO/IEC 14495-1. Their cells are i.Cell() bytes, little endian, and bits
// above i.Bits are zero. Errors are ErrNotBuilt or of the codec.
func EncodeJPEGLS(i Image, samples []byte) ([]byte, error) {
	size := i.size()
	if int64(len(samples)) != size || i.Bits < 2 || i.Bits > 16 || i.Rows < 1 || i.Columns < 1 {
		return nil, fmt.Errorf("JPEG-LS: %d bytes for %d×%d with %d components of %d bits",
			len(samples), i.Columns, i.Rows, i.Components, i.Bits)
	}
	var out []byte
	err := charls.run(size, size, 3*size+1<<20, func(ctx context.Context, in *instance) error {
		return encode(ctx, in, i, samples, func(stream []byte) { out = append([]byte(nil), stream...) })
	})
	return out, err
}

// encode gives the codestream to use, which may not keep it.
func encode(ctx context.Context, in *instance, i Image, samples []byte, use func(stream []byte)) error {
	o, err := in.new(ctx, "JpegLSEncoder")
	if err != nil {
		return err
	}
	err = in.pass(ctx, "FrameInfo", map[string]uint64{"width": uint64(i.Columns), "height": uint64(i.Rows),
		"bitsPerSample": uint64(i.Bits), "componentCount": uint64(i.Components)}, func(ptr uint64) error {
		b, err := o.buffer(ctx, "getDecodedBuffer", ptr)
		if err == nil && len(b) != len(samples) {
			err = errThrown
		}
		copy(b, samples)
		return err
	})
	if err != nil {
		return err
	}
	if i.Components > 1 { // line by line: what most decoders expect
		if err := o.call(ctx, "setInterleaveMode", 1); err != nil {
			return err
		}
	}
	if err := o.call(ctx, "encode"); err != nil {
		return err
	}
	b, err := o.buffer(ctx, "getEncodedBuffer")
	if err != nil {
		return err
	}
	use(b)
	return o.delete(ctx)
}
