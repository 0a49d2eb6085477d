package pixel

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Overlay planes repeat in the even groups 6000 to 601E, PS3.3 section C.9.2.
const (
	overlayGroups      = 16
	overlayGroupsApart = 0x00020000

	overlayFrameOrigin dicom.Tag = 0x60000051 // Image Frame Origin
)

// overlay is one plane of bits over an image.
type overlay struct {
	rows, columns int
	top, left     int // of its first bit in the image, from 0
	bit           func(row, column int) bool
}

// overlays are the planes of one frame, those that lie in unused bits of the
// samples too.
func overlays(d *dicom.Dataset, f *Frame, frame int) []overlay {
	var out []overlay
	for g := range dicom.Tag(overlayGroups) {
		group := g * overlayGroupsApart
		rows, ok1 := d.Int(dicom.OverlayRows + group)
		columns, ok2 := d.Int(dicom.OverlayColumns + group)
		if !ok1 || !ok2 || rows < 1 || columns < 1 || rows > 1<<16-1 || columns > 1<<16-1 {
			continue
		}
		o := overlay{rows: int(rows), columns: int(columns)}
		if at := d.Ints(dicom.OverlayOrigin + group); len(at) == 2 {
			o.top, o.left = int(at[0])-1, int(at[1])-1
		}
		if e := d.Get(dicom.OverlayData + group); e != nil {
			o.bit = plane(d, e, group, frame, &o)
		} else {
			o.bit = embedded(d, f, group)
		}
		if o.bit != nil {
			out = append(out, o)
		}
	}
	return out
}

// plane reads the bits of an overlay of its own, packed across rows and frames,
// the first in the lowest bit. A plane without frames is over all of them.
func plane(d *dicom.Dataset, e *dicom.Element, group dicom.Tag, frame int, o *overlay) func(row, column int) bool {
	if n, ok := d.Int(dicom.NumberOfFramesInOverlay + group); ok {
		first, ok := d.Int(overlayFrameOrigin + group)
		if !ok {
			first = 1
		}
		if frame -= int(first) - 1; frame < 0 || frame >= int(n) {
			return nil
		}
	} else {
		frame = 0
	}
	base, columns := frame*o.rows*o.columns, o.columns
	if e.Bulk || base+o.rows*o.columns > 8*len(e.Raw) {
		return nil // not there, or cut short
	}
	turn := 0
	if d.Syntax.BigEndian() && e.VR == dicom.OW {
		turn = 1
	}
	return func(row, column int) bool {
		at := base + row*columns + column
		i := at/8 ^ turn
		return i < len(e.Raw) && e.Raw[i]>>(at%8)&1 == 1
	}
}

// embedded reads an overlay in a bit of the samples that they do not use.
func embedded(d *dicom.Dataset, f *Frame, group dicom.Tag) func(row, column int) bool {
	position, ok := d.Int(dicom.OverlayBitPosition + group)
	bit := int(position)
	if !ok || f.Samples != 1 || f.Allocated != 8 && f.Allocated != 16 || bit < 0 ||
		bit >= f.Allocated || bit <= f.HighBit && bit > f.HighBit-f.Stored {
		return nil
	}
	size, columns, rows := f.Allocated/8, f.Columns, f.Rows
	return func(row, column int) bool {
		return row < rows && column < columns && f.Data[(row*columns+column)*size+bit/8]>>(bit%8)&1 == 1
	}
}

// paintOverlays draws the planes in white over a picture of the frame, which
// may be halved some times.
func paintOverlays(d *dicom.Dataset, f *Frame, img draw.Image, frame, halved int) {
	for _, o := range overlays(d, f, frame) {
		for row := range o.rows {
			for column := range o.columns {
				at := image.Pt((column+o.left)>>halved, (row+o.top)>>halved)
				if !o.bit(row, column) || !at.In(img.Bounds()) {
					continue
				}
				img.Set(at.X, at.Y, color.White)
			}
		}
	}
}
