// Package transcode gives an object in a transfer syntax that its receiver
// takes: pixel data is decoded, never encoded, so what comes out is native.
// The object it is made from stays as it is.
package transcode

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// MaxNative is how many bytes of decoded pixel data one object may have.
const MaxNative = 1 << 30

// ErrTooLarge is the errors.Is target for objects beyond MaxNative.
var ErrTooLarge = errors.New("transcode: too large when decoded")

// Native returns data, a data set encoded in from, in to, which is one of the
// native transfer syntaxes. Errors of a codec are those of package pixel.
func Native(data []byte, from, to dicom.TransferSyntax) ([]byte, error) {
	if to.Encapsulated() {
		return nil, fmt.Errorf("transcode: %s is not native", to.Name())
	}
	d, err := dicom.Parse(bytes.NewReader(data), from, dicom.Options{Keep: -1})
	if err != nil {
		return nil, err
	}
	if e := d.Get(dicom.PixelData); e != nil && e.Fragments != nil {
		if err := decode(d, data, from); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	b.Grow(len(data))
	if err := dicom.Write(&b, d, to); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decode replaces the fragments of d's pixel data by its samples.
func decode(d *dicom.Dataset, data []byte, from dicom.TransferSyntax) error {
	frames, err := dicom.IndexFrames(d)
	if err != nil {
		return err
	}
	var out []byte
	var form pixel.Format
	for i := range frames.Count() {
		raw, err := frames.Read(bytes.NewReader(data), i)
		if err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
		f, err := pixel.Decode(d, raw)
		if err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
		if i == 0 {
			form = f.Format
			if int64(len(f.Data))*int64(frames.Count()) > MaxNative {
				return fmt.Errorf("%w: %d frames of %d bytes", ErrTooLarge, frames.Count(), len(f.Data))
			}
			out = make([]byte, 0, len(f.Data)*frames.Count()+1)
		}
		if f.Allocated == 1 {
			out = appendBits(out, i*form.Rows*form.Columns*form.Samples, f.Data, form.Rows*form.Columns*form.Samples)
			continue
		}
		out = append(out, f.Data...)
	}
	describe(d, form, from)
	vr := dicom.OB
	if form.Allocated > 8 {
		vr = dicom.OW
	}
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	d.SetRaw(dicom.PixelData, vr, out) // little endian, as every encapsulated syntax is
	return nil
}

// appendBits appends the first n bits of b behind the first at bits of out:
// frames of one bit follow each other without padding, PS3.5 section 8.1.1.
func appendBits(out []byte, at int, b []byte, n int) []byte {
	for i := range n {
		if (at+i)%8 == 0 {
			out = append(out, 0)
		}
		if i/8 < len(b) && b[i/8]>>(i%8)&1 == 1 {
			out[(at+i)/8] |= 1 << ((at + i) % 8)
		}
	}
	return out
}

// describe sets the image pixel attributes to those of the decoded samples.
func describe(d *dicom.Dataset, f pixel.Format, from dicom.TransferSyntax) {
	d.SetText(dicom.PhotometricInterpretation, f.Photometric)
	d.SetInts(dicom.SamplesPerPixel, int64(f.Samples))
	if f.Samples > 1 {
		d.SetInts(dicom.PlanarConfiguration, 0)
	}
	if !f.Float {
		d.SetInts(dicom.BitsAllocated, int64(f.Allocated))
		d.SetInts(dicom.BitsStored, int64(f.Stored))
		d.SetInts(dicom.HighBit, int64(f.HighBit))
	}
	if lossy(from) && d.Text(dicom.LossyImageCompression) == "" {
		d.SetText(dicom.LossyImageCompression, "01")
	}
	for _, t := range []dicom.Tag{dicom.ExtendedOffsetTable, dicom.ExtendedOffsetTableLengths} {
		d.Delete(t)
	}
}

// lossy tells whether a transfer syntax always loses something.
func lossy(ts dicom.TransferSyntax) bool {
	switch ts {
	case dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection, dicom.JPEGFullProgression, dicom.JPEGLSNearLossless:
		return true
	}
	return false
}
