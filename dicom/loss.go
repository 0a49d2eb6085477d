package dicom

import (
	"fmt"
	"math"
	"strings"
)

// PixelLoss tells which pixels a data set promises and does not hold: nil, or
// what is missing. A stream that ends properly may well have lost its pixel
// data whole; only this tells. It looks at headers and lengths, never at
// pixels, and takes some microseconds.
//
// Promised are pixel data by Rows, Columns and Bits Allocated, unless a
// provider has them (PS3.3 C.7.6.3), as many bytes as Number of Frames makes of
// them, and in encapsulated pixel data at least one fragment for each frame
// (PS3.5 section A.4). What promises nothing that can be counted lacks nothing.
func PixelLoss(d *Dataset) *ParseError {
	e := pixelElement(d)
	switch {
	case e == nil:
		return absentPixels(d)
	case e.Fragments != nil:
		return lostFragments(d, e)
	case e.Length == 0:
		return lossOf(e, "the pixel data is empty")
	case e.Length < 0: // read under a VR that made it a sequence
		return nil
	}
	bits, err := frameBits(d, e)
	if count := promisedFrames(d); err == nil && (count > math.MaxInt64/8/bits || (count*bits+7)/8 > e.Length) {
		return lossOf(e, "%d frames of %d bits do not fit in %d bytes", count, bits, e.Length)
	}
	return nil
}

// lossOf is an error of the pixel data's element.
func lossOf(e *Element, format string, args ...any) *ParseError {
	return &ParseError{Tag: e.Tag, Offset: e.Offset, Reason: fmt.Sprintf(format, args...)}
}

func absentPixels(d *Dataset) *ParseError {
	rows, _ := d.Int(Rows)
	columns, _ := d.Int(Columns)
	if rows < 1 || columns < 1 || d.Get(BitsAllocated) == nil || d.Text(PixelDataProviderURL) != "" || pictureless(d.Text(SOPClassUID)) {
		return nil
	}
	last := d.Elements[len(d.Elements)-1]
	return lossOf(&Element{Tag: PixelData, Offset: last.Offset + max(last.Length, 0)},
		"%d rows and %d columns are declared, but there is no pixel data", rows, columns)
}

// promisedFrames is Number of Frames, 1 if it is absent or no such number.
func promisedFrames(d *Dataset) int64 {
	n, _ := d.Int(NumberOfFrames)
	return max(n, 1)
}

// lostFragments finds too few fragments, or fewer beginnings of codestreams
// than frames where no offset table explains them.
func lostFragments(d *Dataset, e *Element) *ParseError {
	count, fragments := promisedFrames(d), int64(len(e.Fragments))
	switch {
	case fragments == 0:
		return lossOf(e, "encapsulated pixel data without a fragment")
	case count == 1 || !d.Syntax.framewise():
		return nil
	case fragments < count:
		return lossOf(e, "%d frames in %d fragments", count, fragments)
	}
	var begun int64
	for i := range e.Fragments {
		if e.Fragments[i].start {
			begun++
		}
	}
	if begun == 0 || begun >= count || frameStarts(d, e, int(count)) != nil {
		return nil
	}
	return lossOf(e, "%d frames are declared, but %d begin", count, begun)
}

// framewise says that each frame is a codestream of its own. Those of video,
// of JPEG 2000 Part 2, and of syntaxes nobody here knows may hold several.
func (t TransferSyntax) framewise() bool {
	_, known := syntaxNames[t]
	return known && !t.video() && t != JPEG2000MC && t != JPEG2000MCLossless
}

// pictureless says that objects of a SOP class have no pixel data by nature,
// even if a device left an image's attributes in them (PS3.3 Table A.1-1).
func pictureless(class string) bool {
	kind, ok := strings.CutPrefix(class, "1.2.840.10008.5.1.4.1.1.")
	switch kind {
	case "4.2", "10", "66", "66.1", "66.2", "66.3", "66.5", "66.6", "67":
		return ok // spectra, tables, raw data, registrations, surfaces
	}
	for _, family := range []string{"9.", "11", "68.", "78.", "79.", "80.", "88.", "104."} {
		if strings.HasPrefix(kind, family) {
			return ok // waveforms, presentation states, scans, measurements, reports, documents
		}
	}
	return false
}
