package transcode

import (
	"fmt"
	"io"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

const iconImages dicom.Tag = 0x00880200 // Icon Image Sequence

// copied is a data set whose elements can be set without changing d's.
func copied(d *dicom.Dataset) *dicom.Dataset {
	out := *d
	out.Elements = slices.Clone(d.Elements)
	return &out
}

// describe sets the image pixel attributes to those of decoded samples.
func describe(d *dicom.Dataset, f *pixel.Format, from dicom.TransferSyntax) {
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
	d.Delete(dicom.ExtendedOffsetTable)
	d.Delete(dicom.ExtendedOffsetTableLengths)
}

// lossy tells whether a transfer syntax always loses something.
func lossy(ts dicom.TransferSyntax) bool {
	switch ts {
	case dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection, dicom.JPEGFullProgression, dicom.JPEGLSNearLossless:
		return true
	}
	return false
}

// valueRepresentation is that of native pixel data, PS3.5 sections 8.1.2 and A.2.
func valueRepresentation(f *pixel.Format) dicom.VR {
	if f.Allocated > 8 {
		return dicom.OW
	}
	return dicom.OB
}

// frameBits is how many bits of native pixel data a frame has.
func frameBits(f *pixel.Format) int64 {
	return int64(f.Rows) * int64(f.Columns) * int64(f.Samples) * int64(f.Allocated)
}

// decodeIcons decodes compressed pixels within sequences, which any transfer
// syntax may hold natively (PS3.5 section A.4). An icon that cannot be decoded
// is left out: it is a small copy of what the object holds (PS3.3 section
// C.7.6.1.1.6).
func decodeIcons(d *dicom.Dataset, stored io.ReaderAt) error {
	for i := 0; i < len(d.Elements); i++ {
		e := &d.Elements[i]
		if !compressedWithin(e) {
			continue
		}
		items := slices.Clone(e.Items)
		for n, item := range items {
			item = copied(item)
			err := decodeIcons(item, stored)
			if p := item.Get(dicom.PixelData); err == nil && p != nil && p.Fragments != nil {
				err = decodeIcon(item, stored)
			}
			if err != nil && e.Tag != iconImages {
				return fmt.Errorf("%s: %w", e.Tag, err)
			}
			if err != nil {
				items = nil
				break
			}
			items[n] = item
		}
		if items == nil {
			d.Delete(e.Tag)
			i--
			continue
		}
		d.SetItems(e.Tag, items...)
	}
	return nil
}

// compressedWithin says that an item of a sequence, or of one in it, holds
// compressed pixels.
func compressedWithin(e *dicom.Element) bool {
	for _, item := range e.Items {
		for i := range item.Elements {
			if inner := &item.Elements[i]; inner.Tag == dicom.PixelData && inner.Fragments != nil || compressedWithin(inner) {
				return true
			}
		}
	}
	return false
}

// decodeIcon puts the samples of a single frame in place of its fragments.
func decodeIcon(d *dicom.Dataset, stored io.ReaderAt) error {
	frames, err := dicom.IndexFrames(d)
	if err != nil {
		return err
	}
	raw, err := read(frames, 0, stored)
	if err != nil {
		return err
	}
	f, err := pixel.Decode(d, raw)
	if err != nil {
		return err
	}
	describe(d, &f.Format, d.Syntax)
	d.SetRaw(dicom.PixelData, valueRepresentation(&f.Format), f.Data)
	return nil
}
