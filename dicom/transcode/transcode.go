// Package transcode gives an object in a transfer syntax that its receiver
// takes: native, deflated or not, or JPEG-LS without loss. Frames pass one at a
// time, so that an object of any size needs the memory of one frame, and the
// samples are the same to the bit. The stored object stays as it is.
package transcode

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// Keep is the dicom.Options.Keep to parse with: longer values pass from the
// stored object to its receiver without being held.
const Keep = 64 << 10

// maxNative is the longest native pixel data: its length stands in 32 bits.
const maxNative = 0xFFFFFFFE

// ErrTooLarge is the errors.Is target for objects whose pixel data has more
// bytes than a native transfer syntax can say.
var ErrTooLarge = errors.New("transcode: too large when decoded")

// Object is an object on its way to another transfer syntax. It is written once.
type Object struct {
	// Place, if set, is called before each frame is decoded, and what it
	// returns afterwards: it lets a few frames be worked on at a time.
	Place func() (release func(), err error)

	to     dicom.TransferSyntax
	stored *dicom.Dataset // as parsed: it says how frames are decoded
	given  *dicom.Dataset // as it will be written, without its frames
	frames *dicom.Frames  // nil if the pixel data needs no codec
	form   pixel.Format   // of the frames
	size   int            // in bytes, of one decoded frame
	pack   packer         // of native frames
	first  []byte         // the first frame as it will be written
}

// Prepare makes ready to write d in a syntax. d was parsed with Keep and
// belongs to the Object from then on; stored gives the bytes it was parsed
// from. The first frame is converted, so that nearly all that cannot be given
// is told here. Errors are pixel.ErrUnsupported, pixel.ErrCorrupt, ErrTooLarge,
// a *dicom.ParseError or those of stored.
func Prepare(d *dicom.Dataset, stored io.ReaderAt, to dicom.TransferSyntax) (*Object, error) {
	frames, err := dicom.IndexFrames(d)
	if err != nil {
		return nil, err
	}
	o := &Object{to: to, stored: d, given: copied(d)}
	if d.Syntax.Encapsulated() {
		if err := decodeIcons(o.given, stored); err != nil {
			return nil, err
		}
	}
	switch {
	case to.Encapsulated() && to != dicom.JPEGLSLossless:
		return nil, fmt.Errorf("transcode: encoding of %s: %w", to.Name(), pixel.ErrUnsupported)
	case frames.Count() == 0, frames.Native() && !to.Encapsulated():
		return o, nil
	}
	o.frames = frames
	raw, err := read(frames, 0, stored)
	if err != nil {
		return nil, err
	}
	f, err := pixel.Decode(d, raw)
	if err != nil {
		return nil, err
	}
	o.form, o.size, o.pack = f.Format, len(f.Data), packer{bits: frameBits(&f.Format)}
	if !to.Encapsulated() && o.length() > maxNative {
		return nil, fmt.Errorf("%w: %d frames of %d bytes", ErrTooLarge, frames.Count(), o.size)
	}
	if o.first, err = o.converted(f); err != nil {
		return nil, err
	}
	describe(o.given, &o.form, d.Syntax)
	return o, nil
}

// converted is a frame as it is written.
func (o *Object) converted(f *pixel.Frame) ([]byte, error) {
	if o.to.Encapsulated() {
		return f.JPEGLS()
	}
	return o.pack.add(f.Data), nil
}

// length is that of native pixel data of all frames, in bytes.
func (o *Object) length() int64 {
	n := int64(o.frames.Count())
	if o.pack.bits%8 != 0 {
		return (n*o.pack.bits + 7) / 8
	}
	return n * int64(o.size)
}

// Write writes the data set. stored holds the bytes it was parsed from once
// more; it is read forwards and to its end, so that a reader that proves them
// can tell: its error, which may come after the last byte is written, means
// that what was written is not to be used.
func (o *Object) Write(w io.Writer, stored io.Reader) error {
	in := &forward{r: stored}
	var pixels *dicom.Pixels
	if o.frames != nil {
		pixels = &dicom.Pixels{VR: valueRepresentation(&o.form), Length: o.length(), Frames: o.all(in)}
		if o.to.Encapsulated() {
			pixels.Length = -1
		}
	}
	if err := dicom.WriteFrom(w, o.given, o.to, in, pixels); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, stored)
	return err
}

// all yields the frames as they are written.
func (o *Object) all(in io.ReaderAt) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range o.frames.Count() {
			data, err := o.first, error(nil)
			if o.first = nil; i > 0 {
				data, err = o.frame(in, i)
			}
			if !yield(data, err) || err != nil {
				return
			}
		}
		if rest := o.pack.rest(); rest != nil {
			yield(rest, nil)
		}
	}
}

// frame reads a frame and converts it in its place.
func (o *Object) frame(in io.ReaderAt, i int) ([]byte, error) {
	raw, err := read(o.frames, i, in)
	if err != nil {
		return nil, err
	}
	if o.Place != nil {
		release, err := o.Place()
		if err != nil {
			return nil, err
		}
		defer release()
	}
	f, err := pixel.Decode(o.stored, raw)
	if err == nil && (len(f.Data) != o.size || f.Format != o.form) {
		err = fmt.Errorf("%w: it is unlike the first", pixel.ErrCorrupt)
	}
	if err != nil {
		return nil, fmt.Errorf("frame %d: %w", i+1, err)
	}
	data, err := o.converted(f)
	if err != nil {
		return nil, fmt.Errorf("frame %d: %w", i+1, err)
	}
	return data, nil
}
