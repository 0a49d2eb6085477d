package pixel

import (
	"errors"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
)

// decodeJPEGLS decodes a frame of JPEG-LS, lossless or near-lossless.
func decodeJPEGLS(f Format, frame []byte) (*Frame, error) {
	i, err := codec.JPEGLS(frame)
	if err := f.headerFault("JPEG-LS", i, err); err != nil {
		return nil, err
	}
	return decodeWith(f, i, 0, "JPEG-LS")
}

// decodeJPEG2000 decodes a frame of JPEG 2000 or HTJ2K, which name says, and
// halves it as long as its longest side stays at least side; 0 for never. It
// returns how often that was.
func decodeJPEG2000(f Format, frame []byte, name string, side int) (*Frame, int, error) {
	i, err := codec.JPEG2000(frame)
	if err := f.headerFault(name, i, err); err != nil {
		return nil, 0, err
	}
	halve := 0
	for longest := max(f.Rows, f.Columns); side > 0 && halve < i.Levels && (longest+1)/2 >= side; halve++ {
		longest = (longest + 1) / 2
		f.Rows, f.Columns = (f.Rows+1)/2, (f.Columns+1)/2
	}
	out, err := decodeWith(f, i, halve, name)
	return out, halve, err
}

// headerFault compares a codestream's header with the data set; err is the
// fault of reading it.
func (f *Format) headerFault(name string, i *codec.Image, err error) error {
	if err == nil {
		err = f.agree(name, i.Rows, i.Columns, i.Components, i.Bits)
	}
	if err != nil {
		return codecFault(name, err)
	}
	return nil
}

// decodeWith decodes to samples of the data set's size.
func decodeWith(f Format, i *codec.Image, halve int, name string) (*Frame, error) {
	data, err := i.Decode(halve)
	if err != nil {
		return nil, codecFault(name, err)
	}
	f = f.decoded()
	if f.Photometric == "YBR_RCT" || f.Photometric == "YBR_ICT" {
		f.Photometric = "RGB" // the codec undoes its own transform, PS3.5 section 8.2.4
	}
	return &Frame{f, widen(data, i.Cell(), f.Allocated/8, i.Signed)}, nil
}

// codecFault sorts what package codec says.
func codecFault(name string, err error) error {
	switch {
	case errors.Is(err, ErrCorrupt):
		return err
	case errors.Is(err, codec.ErrNotBuilt):
		return unsupported(name)
	case errors.Is(err, codec.ErrUnsupported):
		return unsupportedBy{err}
	}
	return corrupt("%v", err)
}

// unsupportedBy is a codestream of a kind its codec does not decode.
type unsupportedBy struct{ error }

func (unsupportedBy) Is(target error) bool { return target == ErrUnsupported }

// agree compares what a codestream says with the data set.
func (f *Format) agree(name string, rows, columns, components, bits int) error {
	for _, c := range []struct {
		tag       dicom.Tag
		said, has int
	}{{dicom.Rows, f.Rows, rows}, {dicom.Columns, f.Columns, columns}, {dicom.SamplesPerPixel, f.Samples, components}} {
		if c.said != c.has {
			return corrupt("%s: %s is %d, but the codestream has %d", name, named(c.tag), c.said, c.has)
		}
	}
	if most := f.decoded().Allocated; bits > most {
		return corrupt("%s: %s is %d, but the codestream has %d bits", name, named(dicom.BitsAllocated), f.Allocated, bits)
	}
	return nil
}

// named is a tag with its keyword.
func named(t dicom.Tag) string {
	e, _ := dicom.Lookup(t)
	return e.Keyword + " " + t.String()
}

// decoded is the format of decoded samples: pixels of 1 or 12 bits, which
// codestreams do not pack, stay in bytes or words.
func (f Format) decoded() Format {
	f.Allocated = (f.Allocated + 7) / 8 * 8
	return f
}

// widen brings little endian samples from one size of cell to a larger one.
func widen(data []byte, from, to int, signed bool) []byte {
	if from == to {
		return data
	}
	out := make([]byte, len(data)/from*to)
	for i, k := 0, 0; i+from <= len(data); i, k = i+from, k+to {
		copy(out[k:], data[i:i+from])
		if signed && data[i+from-1]&0x80 != 0 {
			for n := from; n < to; n++ {
				out[k+n] = 0xFF
			}
		}
	}
	return out
}
