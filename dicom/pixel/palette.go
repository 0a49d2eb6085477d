package pixel

import (
	"image"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// palette is a Palette Color Lookup Table, PS3.3 section C.7.6.3.1.5.
type palette struct {
	red, green, blue *lut
}

func newPalette(d *dicom.Dataset, f *Frame) (*palette, error) {
	p := &palette{
		red:   paletteLUT(d, dicom.RedPaletteColorLookupTableDescriptor, dicom.RedPaletteColorLookupTableData, dicom.SegmentedRedPaletteColorLookupTableData, f.Signed),
		green: paletteLUT(d, dicom.GreenPaletteColorLookupTableDescriptor, dicom.GreenPaletteColorLookupTableData, dicom.SegmentedGreenPaletteColorLookupTableData, f.Signed),
		blue:  paletteLUT(d, dicom.BluePaletteColorLookupTableDescriptor, dicom.BluePaletteColorLookupTableData, dicom.SegmentedBluePaletteColorLookupTableData, f.Signed),
	}
	if p.red == nil || p.green == nil || p.blue == nil {
		return nil, corrupt("no colour palette")
	}
	if f.Allocated > 16 {
		return nil, corrupt("palette colours of %d bits", f.Allocated)
	}
	return p, nil
}

// paletteLUT reads one colour, plain or segmented.
func paletteLUT(d *dicom.Dataset, descriptor, data, segmented dicom.Tag, signed bool) *lut {
	if l := buildLUT(d, descriptor, data, signed); l != nil {
		if l.top > 255 && highest(l.entries) < 256 {
			l.top = 255 // writers give 16 bits and mean 8
		}
		return l
	}
	desc := descriptorOf(d, descriptor, signed)
	e := d.Get(segmented)
	if desc == nil || e == nil || e.Bulk {
		return nil
	}
	raw := words(e.Raw, len(e.Raw)/2, d.Syntax.BigEndian())
	entries := expand(raw, desc[0])
	if len(entries) == 0 {
		return nil
	}
	return &lut{first: float64(desc[1]), entries: entries, top: float64(int(1)<<desc[2] - 1)}
}

func highest(entries []uint16) uint16 {
	var top uint16
	for _, v := range entries {
		top = max(top, v)
	}
	return top
}

// expand writes out a segmented table to at most n entries, PS3.3 C.7.9.2.
func expand(raw []uint16, n int) []uint16 {
	out := segments(nil, raw, 0, len(raw), n, true)
	return out[:min(len(out), n)]
}

// segments appends count segments from index at on. Discrete segments list
// entries, linear ones lead to an entry; indirect ones repeat earlier segments
// and may not stand within each other.
func segments(out, raw []uint16, at, count, n int, indirect bool) []uint16 {
	for ; count > 0 && at+2 < len(raw) && len(out) < n; count-- {
		length, body := int(raw[at+1]), raw[at+2:]
		switch {
		case raw[at] == 0:
			length = min(length, len(body))
			out = append(out, body[:length]...)
			at += 2 + length
		case raw[at] == 1 && len(out) > 0:
			out = appendLine(out, body[0], length)
			at += 3
		case raw[at] == 2 && len(body) > 1 && indirect:
			from := (int(body[0]) | int(body[1])<<16) / 2
			out = segments(out, raw, from, length, n, false)
			at += 4
		default:
			return out
		}
	}
	return out
}

// appendLine goes from the last entry to end in length steps.
func appendLine(out []uint16, end uint16, length int) []uint16 {
	from, to := int(out[len(out)-1]), int(end)
	for i := 1; i <= length; i++ {
		out = append(out, uint16(from+(to-from)*i/length))
	}
	return out
}

// paint looks every pixel up.
func (p *palette) paint(f *Frame) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, f.Columns, f.Rows))
	table := make([][3]uint8, 1<<f.Stored)
	for i := range table {
		v := f.value(i)
		table[i] = [3]uint8{p.red.byteAt(v), p.green.byteAt(v), p.blue.byteAt(v)}
	}
	row := make([]uint16, f.Columns)
	for y := range f.Rows {
		f.indexes(row, y)
		to := img.Pix[y*img.Stride:]
		for x, v := range row {
			c, pix := table[v], to[4*x:4*x+4]
			pix[0], pix[1], pix[2], pix[3] = c[0], c[1], c[2], 255
		}
	}
	return img
}

// byteAt is an entry as 8 bits.
func (l *lut) byteAt(v float64) uint8 { return uint8(min(l.at(v)/l.top, 1)*255 + 0.5) }
