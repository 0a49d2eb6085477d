package pixel

import (
	"encoding/binary"
	"image"
	"math"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// gray renders one sample per pixel. Stored values of up to 16 bits go through
// one table that joins modality LUT, VOI LUT and inversion.
func gray(d *dicom.Dataset, f *Frame, o RenderOptions) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, f.Columns, f.Rows))
	modality := newModality(d, f, o.Frame)
	if f.Allocated > 16 {
		grayDirect(d, f, o, modality, img)
		return img
	}
	voi := newVOI(d, f, o, func() (float64, float64) { return spread(d, f, modality) })
	inverse, padding := inverted(d, f), paddingOf(d, f)
	table := make([]uint16, 1<<16) // one more than the grey of an index, 0 till it is met
	row := make([]uint16, f.Columns)
	for y := range f.Rows {
		f.indexes(row, y)
		to := img.Pix[y*f.Columns:][:len(row)]
		for x, v := range row {
			grey := table[v]
			if grey == 0 {
				grey = 1
				if stored := f.value(int(v)); !padding.has(stored) { // padding stays black
					grey += uint16(shade(voi(modality(stored)), inverse))
				}
				table[v] = grey
			}
			to[x] = uint8(grey - 1)
		}
	}
	return img
}

// indexes fills a row of the image with the stored bits of its pixels as
// numbers without sign, in the order of the values: the lowest value, which may
// be negative, is 0.
func (f *Frame) indexes(row []uint16, y int) {
	mask, shift, sign := uint16(1<<f.Stored-1), f.HighBit+1-f.Stored, uint16(0)
	if f.Signed {
		sign = 1 << (f.Stored - 1)
	}
	from := y * len(row)
	switch f.Allocated {
	case 1:
		for x := range row {
			i := from + x
			row[x] = uint16(f.Data[i/8]>>(i%8)&1) ^ sign
		}
	case 8:
		for x, v := range f.Data[from:][:len(row)] {
			row[x] = uint16(v)>>shift&mask ^ sign
		}
	case 12:
		for x := range row {
			i := from + x
			pair := binary.LittleEndian.Uint16(f.Data[3*i/2:])
			row[x] = pair>>(i%2*4)&0xFFF>>shift&mask ^ sign
		}
	default:
		shift &= 15 // so the compiler knows
		data := f.Data[2*from:][:2*len(row)]
		for x := range row {
			row[x] = binary.LittleEndian.Uint16(data[2*x:2*x+2])>>shift&mask ^ sign
		}
	}
}

// value is the stored value of an index, with its sign.
func (f *Frame) value(i int) float64 {
	if f.Signed {
		i -= 1 << (f.Stored - 1)
	}
	return float64(i)
}

// grayDirect renders samples of 32 and 64 bits and floating point ones.
func grayDirect(d *dicom.Dataset, f *Frame, o RenderOptions, modality func(float64) float64, img *image.Gray) {
	voi := newVOI(d, f, o, func() (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		for i := range f.pixels() {
			if v := modality(f.wide(i)); !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = min(low, v), max(high, v)
			}
		}
		return low, high
	})
	inverse := inverted(d, f)
	for i := range img.Pix {
		img.Pix[i] = shade(voi(modality(f.wide(i))), inverse)
	}
}

// wide reads one sample of 32 or 64 bits.
func (f *Frame) wide(i int) float64 {
	if f.Allocated == 32 {
		v := binary.LittleEndian.Uint32(f.Data[4*i:])
		switch {
		case f.Float:
			return float64(math.Float32frombits(v))
		case f.Signed:
			return float64(int32(v))
		}
		return float64(v)
	}
	v := binary.LittleEndian.Uint64(f.Data[8*i:])
	switch {
	case f.Float:
		return math.Float64frombits(v)
	case f.Signed:
		return float64(int64(v))
	}
	return float64(v)
}

// inverted says that low values are bright, PS3.3 C.7.6.3.1.2 and C.11.6.
func inverted(d *dicom.Dataset, f *Frame) bool {
	return f.Photometric == "MONOCHROME1" || d.Text(dicom.PresentationLUTShape) == "INVERSE"
}

// shade turns a grey from 0 to 1 into a byte.
func shade(v float64, inverse bool) uint8 {
	if !(v > 0) { // also NaN
		v = 0
	}
	b := uint8(min(v, 1)*255 + 0.5)
	if inverse {
		return 255 - b
	}
	return b
}

// padding is the range of stored values that are no image, PS3.3 section
// C.7.5.1.1.2; low above high if there are none.
type padding struct{ low, high float64 }

func (p padding) has(v float64) bool { return v >= p.low && v <= p.high }

func paddingOf(d *dicom.Dataset, f *Frame) padding {
	low, ok := d.Int(dicom.PixelPaddingValue)
	if !ok {
		return padding{1, 0}
	}
	high, ok := d.Int(dicom.PixelPaddingRangeLimit)
	if !ok {
		high = low
	}
	if f.Allocated <= 16 { // writers confuse US and SS
		if f.Signed {
			low, high = int64(int16(low)), int64(int16(high))
		} else {
			low, high = low&0xFFFF, high&0xFFFF
		}
	}
	return padding{float64(min(low, high)), float64(max(low, high))}
}

// tail is the share of pixels that a window made from the picture itself may
// leave out at each end, so that a few outliers do not make it flat.
const tail = 0.001

// spread is the range of modality values of a picture without a window. Images
// of 8 bits or fewer use the whole range, so that they look as they were made.
func spread(d *dicom.Dataset, f *Frame, modality func(float64) float64) (low, high float64) {
	if f.Stored <= 8 && !f.Signed {
		return modality(0), modality(float64(int(1)<<f.Stored - 1))
	}
	histogram := make([]int, 1<<f.Stored)
	row := make([]uint16, f.Columns)
	for y := range f.Rows {
		f.indexes(row, y)
		for _, v := range row {
			histogram[v]++
		}
	}
	padding := paddingOf(d, f)
	total := 0
	values := make([]int, 0, len(histogram)) // those that occur
	for i, n := range histogram {
		if n > 0 && !padding.has(f.value(i)) {
			values = append(values, i)
			total += n
		}
	}
	if len(values) == 0 {
		return 0, 1
	}
	cut := int(float64(total) * tail)
	first, last := 0, len(values)-1
	for n := histogram[values[first]]; n <= cut && first < last; n += histogram[values[first]] {
		first++
	}
	for n := histogram[values[last]]; n <= cut && last > first; n += histogram[values[last]] {
		last--
	}
	return modality(f.value(values[first])), modality(f.value(values[last]))
}
