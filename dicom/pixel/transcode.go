package pixel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
)

// MaxTranscoded is how many bytes the pixel data of an object may have, before
// or after, that Transcode takes: it holds them in memory.
const MaxTranscoded = 1 << 30

// Transcode returns a data set like d with its pixel data as ts wants it: JPEG-LS
// without loss, or native for the syntaxes that are, deflated or not. The
// samples are the same to the bit. It is to be written with dicom.Write in ts;
// d stays as it is, and both share what did not change.
//
// stream is what d was parsed from, with Options.Keep -1. Objects without
// pixel data need nothing and are returned as they are. Errors are
// ErrUnsupported, ErrCorrupt, a *dicom.ParseError or those of stream.
func Transcode(d *dicom.Dataset, stream io.ReaderAt, ts dicom.TransferSyntax) (*dicom.Dataset, error) {
	frames, err := dicom.IndexFrames(d)
	if err != nil || frames.Count() == 0 {
		return d, err
	}
	native := !ts.Encapsulated()
	if native && frames.Native() || ts == d.Syntax {
		return d, nil
	}
	if !native && ts != dicom.JPEGLSLossless {
		return nil, unknown(ts.Name() + " encoding")
	}
	out := *d
	out.Elements = slices.Clone(d.Elements)
	var kept int64
	parts := make([][]byte, 0, min(frames.Count(), 1<<12))
	var format Format
	for i := range frames.Count() {
		stored, err := frames.Read(stream, i)
		if err != nil {
			return nil, err
		}
		f, err := Decode(d, stored)
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", i+1, err)
		}
		part := f.Data
		if !native {
			if part, err = f.jpegLS(); err != nil {
				return nil, fmt.Errorf("frame %d: %w", i+1, err)
			}
		}
		if kept += int64(len(part)); kept > MaxTranscoded {
			return nil, unknown(fmt.Sprintf("pixel data of more than %d bytes", MaxTranscoded))
		}
		format, parts = f.Format, append(parts, part)
	}
	out.Delete(dicom.ExtendedOffsetTable)
	out.Delete(dicom.ExtendedOffsetTableLengths)
	format.describe(&out)
	if native {
		out.SetRaw(dicom.PixelData, format.vr(), slices.Concat(parts...))
	} else {
		out.SetFrames(dicom.PixelData, parts)
	}
	return &out, nil
}

// vr is that of native pixel data, PS3.5 section 8.1.2 and A.2.
func (f *Format) vr() dicom.VR {
	if f.Allocated > 8 {
		return dicom.OW
	}
	return dicom.OB
}

// describe sets what decoding may have changed.
func (f *Format) describe(d *dicom.Dataset) {
	d.SetText(dicom.PhotometricInterpretation, f.Photometric)
	d.SetInts(dicom.BitsAllocated, int64(f.Allocated))
	if f.Samples > 1 {
		d.SetInts(dicom.PlanarConfiguration, 0)
	}
}

// jpegLS encodes a frame without loss.
func (f *Frame) jpegLS() ([]byte, error) {
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
