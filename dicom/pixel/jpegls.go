package pixel

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/yuanzhen/yuanzhen/dicom/codec"
)

// JPEGLS encodes a frame as JPEG-LS without loss. The error is ErrUnsupported
// for kinds of samples it has no form for.
func (f *Frame) JPEGLS() ([]byte, error) {
	switch {
	case f.Allocated != 8 && f.Allocated != 16 || f.Float:
		return nil, unknown(fmt.Sprintf("JPEG-LS encoding of %d bits", f.Allocated))
	case int64(len(f.Data)) != f.size():
		return nil, unknown("JPEG-LS encoding of " + f.Photometric)
	}
	b, err := codec.EncodeJPEGLS(codec.Image{Rows: f.Rows, Columns: f.Columns, Components: f.Samples, Bits: f.needed()}, f.Data)
	if errors.Is(err, codec.ErrNotBuilt) {
		return nil, unsupported("JPEG-LS")
	}
	return b, err
}

// needed is how many bits hold every sample: those stored if no other is set,
// else all. It is more than 8 for cells of 16, which is how decoders tell.
func (f *Frame) needed() int {
	if f.Allocated == 8 {
		var all byte
		for _, v := range f.Data {
			all |= v
		}
		if all>>f.Stored == 0 {
			return max(f.Stored, 2)
		}
		return 8
	}
	var all uint16
	for i := 0; i+2 <= len(f.Data); i += 2 {
		all |= binary.LittleEndian.Uint16(f.Data[i:])
	}
	if all>>f.Stored == 0 {
		return max(f.Stored, 9)
	}
	return 16
}
