// Package pixel turns the bytes of one frame into samples (PS3.5 section 8 and
// Annex A) and samples into a picture for a screen (PS3.3 section C.11).
//
// It gets a parsed data set and the bytes of a frame as they were stored, and
// changes neither. It is for previews and renderings, never for intake. All
// functions may be called concurrently.
package pixel

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// MaxFrame is how many bytes the samples of one frame may take.
const MaxFrame = 512 << 20

// ErrUnsupported is the errors.Is target for codecs that are not built in and
// for kinds of images this software does not take.
var ErrUnsupported = errors.New("pixel: not supported")

// unsupported names the codec and what to do.
type unsupported string

func (u unsupported) Error() string {
	return string(u) + " codec is not built in: run make build"
}

func (unsupported) Is(target error) bool { return target == ErrUnsupported }

// unknown names a kind of image that no build takes.
type unknown string

func (u unknown) Error() string { return string(u) + " is not supported" }

func (unknown) Is(target error) bool { return target == ErrUnsupported }

// ErrCorrupt is the errors.Is target for frames that are unlike their format
// or their data set.
var ErrCorrupt = errors.New("pixel: corrupt frame")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Format is how samples lie in a frame, PS3.3 section C.7.6.3.
type Format struct {
	Rows, Columns int
	Samples       int    // per pixel
	Allocated     int    // bits per sample: 1, 8, 12, 16, 32 or 64
	Stored        int    // bits of it that count
	HighBit       int    // the highest of them
	Signed        bool   // two's complement
	Float         bool   // IEEE 754
	Photometric   string // "MONOCHROME2", "RGB", "YBR_FULL" …
}

// Frame is one decoded frame. Data has shape [row][column][sample], little
// endian cells of Allocated bits, without padding. Pixels of 1 and 12 bits
// are packed, the first in the lowest bits. Native YBR_FULL_422 stays as it is: two
// pixels in four bytes.
type Frame struct {
	Format
	Data []byte
}

// FormatOf reads the format of d's pixel data and checks that it is one.
func FormatOf(d *dicom.Dataset) (Format, error) {
	f := Format{
		Rows: number(d, dicom.Rows, 0), Columns: number(d, dicom.Columns, 0),
		Samples: number(d, dicom.SamplesPerPixel, 1), Allocated: number(d, dicom.BitsAllocated, 0),
		Signed: number(d, dicom.PixelRepresentation, 0) == 1, Photometric: d.Text(dicom.PhotometricInterpretation),
	}
	switch {
	case d.Get(dicom.FloatPixelData) != nil:
		f.Allocated, f.Float = 32, true
	case d.Get(dicom.DoubleFloatPixelData) != nil:
		f.Allocated, f.Float = 64, true
	}
	f.Stored = number(d, dicom.BitsStored, f.Allocated)
	f.HighBit = number(d, dicom.HighBit, f.Stored-1)
	return f, f.check()
}

func number(d *dicom.Dataset, t dicom.Tag, absent int) int {
	n, ok := d.Int(t)
	if !ok || n < 0 || n > 1<<16 {
		return absent
	}
	return int(n)
}

func (f *Format) check() error {
	switch f.Allocated {
	case 1, 8, 12, 16, 32, 64:
	default:
		return corrupt("%d bits allocated", f.Allocated)
	}
	switch {
	case f.Rows < 1 || f.Columns < 1 || f.Rows > 1<<16-1 || f.Columns > 1<<16-1:
		return corrupt("%d rows and %d columns", f.Rows, f.Columns)
	case f.Samples != 1 && f.Samples != 3 && f.Samples != 4:
		return corrupt("%d samples per pixel", f.Samples)
	case f.Allocated%8 != 0 && f.Samples != 1:
		return corrupt("%d samples of %d bits", f.Samples, f.Allocated)
	case f.size() > MaxFrame:
		return corrupt("%d rows and %d columns are more than this software decodes", f.Rows, f.Columns)
	}
	if f.Stored < 1 || f.Stored > f.Allocated {
		f.Stored = f.Allocated
	}
	if f.HighBit < f.Stored-1 || f.HighBit >= f.Allocated {
		f.HighBit = f.Stored - 1
	}
	return nil
}

// size is the number of bytes of a frame's samples.
func (f *Format) size() int64 {
	return (int64(f.Rows)*int64(f.Columns)*int64(f.Samples)*int64(f.Allocated) + 7) / 8
}

// pixels is the number of pixels of a frame.
func (f *Format) pixels() int { return f.Rows * f.Columns }

// Decode decodes one frame of d's pixel data; frame holds its bytes as
// dicom.Frames.Read gives them. Colours are not converted: Photometric says
// what the samples are. They share no memory with frame. Errors are
// ErrUnsupported or ErrCorrupt.
func Decode(d *dicom.Dataset, frame []byte) (*Frame, error) {
	f, _, err := decodeFor(d, frame, 0)
	if err == nil && len(f.Data) > 0 && &f.Data[0] == &frame[0] { // native
		f.Data = bytes.Clone(f.Data)
	}
	return f, err
}

// decodeFor is Decode for a picture whose longest side is side, 0 for the
// image's own; what codecs can halve for nothing is halved so many times. Native
// samples stay where they are in frame.
func decodeFor(d *dicom.Dataset, frame []byte, side int) (f *Frame, halved int, err error) {
	format, err := FormatOf(d)
	if err != nil {
		return nil, 0, err
	}
	if e := d.Get(dicom.PixelData); e != nil && e.Fragments != nil {
		switch d.Syntax {
		case dicom.JPEG2000Lossless, dicom.JPEG2000, dicom.JPEG2000MCLossless, dicom.JPEG2000MC:
			return decodeJPEG2000(format, frame, "JPEG 2000", side)
		case dicom.HTJ2KLossless, dicom.HTJ2KLosslessRPCL, dicom.HTJ2K:
			return decodeJPEG2000(format, frame, "HTJ2K", side)
		}
	}
	f, err = decodeWhole(d, format, frame)
	return f, 0, err
}

func decodeWhole(d *dicom.Dataset, f Format, frame []byte) (*Frame, error) {
	if e := d.Get(dicom.PixelData); e == nil || e.Fragments == nil {
		return native(d, f, frame)
	}
	switch ts := d.Syntax; ts {
	case dicom.RLELossless:
		return decodeRLE(f, frame)
	case dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection,
		dicom.JPEGFullProgression, dicom.JPEGLossless, dicom.JPEGLosslessSV1:
		return decodeJPEG(f, frame)
	case dicom.EncapsulatedUncompressed:
		return native(d, f, frame)
	case dicom.DeflatedImageFrame:
		return decodeDeflated(d, f, frame)
	case dicom.JPEGLSLossless, dicom.JPEGLSNearLossless:
		return decodeJPEGLS(f, frame)
	default:
		if len(frame) > 2 && frame[0] == 0xFF && frame[1] == 0xD8 {
			return decodeJPEG(f, frame) // an old or private syntax around JPEG
		}
		return nil, unknown(ts.Name())
	}
}
