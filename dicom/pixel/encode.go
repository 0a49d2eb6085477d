package pixel

import (
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/bits"
)

// EncodeJPEG writes a picture as baseline JPEG; quality is 1 to 100 as
// elsewhere. Grey pictures, which most are, take half the time they take
// in image/jpeg.
func EncodeJPEG(w io.Writer, img image.Image, quality int) error {
	quality = min(max(quality, 1), 100)
	gray, ok := img.(*image.Gray)
	if !ok || gray.Rect.Empty() || gray.Rect.Dx() > 1<<16-1 || gray.Rect.Dy() > 1<<16-1 {
		return jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
	}
	e := newEncoder(quality)
	e.out = make([]byte, 0, 1024+gray.Rect.Dx()*gray.Rect.Dy()/3)
	e.header(gray.Rect.Dx(), gray.Rect.Dy())
	e.scan(gray)
	_, err := w.Write(e.out)
	return err
}

// luminanceQuant is Table K.1 of ISO/IEC 10918-1, in the order of rows.
var luminanceQuant = [64]uint8{
	16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
	14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
	18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
	49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
}

// The typical Huffman tables for luminance, Tables K.3 and K.5: how many codes
// of each length, and their values.
var (
	dcCounts = []byte{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}
	dcValues = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	acCounts = []byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D}
	acValues = []byte{
		0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
		0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0,
		0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28,
		0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
		0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
		0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
		0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
		0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5,
		0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
		0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
		0xF9, 0xFA,
	}
)

// huffmanCode is a code and its length.
type huffmanCode struct {
	bits uint32
	n    uint8
}

type huffmanTable [256]huffmanCode

// encoder writes one grey picture.
type encoder struct {
	out    []byte
	quant  [64]uint8 // in the order of rows
	scale  [64]int64 // what a coefficient is multiplied by, times 1<<scaleBits; in zigzag order
	dc, ac huffmanTable
	acc    uint64 // its lowest n bits are not written yet
	n      uint   // less than 32
	pred   int32
}

// scaleBits is the precision of encoder.scale. A product is a quantized
// coefficient, of 12 bits, with as many bits behind the point.
const scaleBits = 44

// transformScale is by how much forwardDCT leaves the coefficients too large in
// each direction: the factors of Arai, Agui and Nakajima, and its own.
var transformScale = [8]float64{1, 1.387039845 * unit, 1.306562965 * unit, 1.175875602 * unit,
	1, 0.785694958 * unit, 0.541196100 * unit, 0.275899379 * unit}

func newEncoder(quality int) *encoder {
	e := &encoder{}
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i, q := range luminanceQuant {
		e.quant[i] = uint8(min(max((int(q)*percent+50)/100, 1), 255))
	}
	for k, at := range zigzag {
		e.scale[k] = int64(math.Round((1 << scaleBits) / (float64(e.quant[at]) * transformScale[at/8] * transformScale[at%8] * 8)))
	}
	codes(&e.dc, dcCounts, dcValues)
	codes(&e.ac, acCounts, acValues)
	return e
}

// codes gives each value its code, ISO/IEC 10918-1 Annex C.
func codes(table *huffmanTable, counts, values []byte) {
	code, k := uint32(0), 0
	for n, count := range counts {
		for range count {
			table[values[k]] = huffmanCode{code, uint8(n + 1)}
			code++
			k++
		}
		code <<= 1
	}
}

// header writes all that stands before the scan.
func (e *encoder) header(width, height int) {
	b := append(e.out, 0xFF, mSOI, 0xFF, mAPP0, 0, 16)
	b = append(b, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"...)
	b = append(b, 0xFF, mDQT, 0, 67, 0)
	for _, at := range zigzag {
		b = append(b, e.quant[at])
	}
	b = append(b, 0xFF, mSOF0, 0, 11, 8)
	b = binary.BigEndian.AppendUint16(b, uint16(height))
	b = binary.BigEndian.AppendUint16(b, uint16(width))
	b = append(b, 1, 1, 0x11, 0, 0xFF, mDHT)
	b = binary.BigEndian.AppendUint16(b, uint16(2+17+len(dcValues)+17+len(acValues)))
	b = append(append(append(b, 0x00), dcCounts...), dcValues...)
	b = append(append(append(b, 0x10), acCounts...), acValues...)
	e.out = append(b, 0xFF, mSOS, 0, 8, 1, 1, 0, 0, 63, 0)
}

// pair is two blocks side by side, [row][column]: a number is that of the right
// one times 1<<32 plus that of the left one. Sums, differences and multiples
// are right for both, so that two are transformed at the price of one.
type pair [64]int64

// levels are the quantized coefficients of a block in zigzag order, and a set
// of those that are not zero.
type levels struct {
	at  [64]int32
	set uint64
}

// scan writes the blocks and the end of the image.
func (e *encoder) scan(img *image.Gray) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	var b pair
	var left, right levels
	var edge [16]uint8
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 16 {
			for by := range 8 {
				row := img.Pix[min(y+by, height-1)*img.Stride:][:width]
				from := &edge
				if x+16 <= width {
					from = (*[16]uint8)(row[x:])
				} else {
					for bx := range edge {
						edge[bx] = row[min(x+bx, width-1)]
					}
				}
				b.row(by, from)
			}
			b.columns()
			e.quantize(&b, &left, &right)
			e.block(&left)
			if x+8 < width {
				e.block(&right)
			}
		}
	}
	e.finish()
}

// finish writes what is left, filled up with ones, and the end of the image.
func (e *encoder) finish() {
	e.put(1<<7-1, 7)
	for ; e.n >= 8; e.n -= 8 {
		b := byte(e.acc >> (e.n - 8))
		if e.out = append(e.out, b); b == 0xFF {
			e.out = append(e.out, 0)
		}
	}
	e.out = append(e.out, 0xFF, mEOI)
}

// row transforms a row of two blocks.
func (b *pair) row(y int, from *[16]uint8) {
	two := func(x int) int64 { return int64(from[x]) | int64(from[x+8])<<32 }
	r := (*[8]int64)(b[8*y:])
	r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = forwardDCT(two(0), two(1), two(2), two(3), two(4), two(5), two(6), two(7))
}

// columns transforms what row did. Samples are from 0 to 255 till then; that
// they should be from -128 to 127 only changes the first coefficient.
func (b *pair) columns() {
	for x := range 8 {
		c := (*[57]int64)(b[x:])
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = forwardDCT(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56])
	}
	b[0] -= 64*128<<32 + 64*128
}

// quantize rounds the coefficients of both blocks to multiples of their steps.
func (e *encoder) quantize(b *pair, left, right *levels) {
	const half, sign = 1 << (scaleBits - 1), 1 << 63
	var leftSet, rightSet uint64
	for k, at := range zigzag {
		v, scale := b[at&63], e.scale[k]
		l := int64(int32(v))
		r := (v - l) >> 32
		l, r = (l*scale+half)>>scaleBits, (r*scale+half)>>scaleBits
		left.at[k], right.at[k] = int32(l), int32(r)
		leftSet = leftSet>>1 | uint64(l|-l)&sign // negative if l is not 0
		rightSet = rightSet>>1 | uint64(r|-r)&sign
	}
	left.set, right.set = leftSet, rightSet
}

// block writes a block.
func (e *encoder) block(l *levels) {
	e.put(e.dc.coefficient(0, l.at[0]-e.pred))
	e.pred = l.at[0]
	last := 0
	for set := l.set &^ 1; set != 0; set &= set - 1 {
		k := bits.TrailingZeros64(set)
		run := k - last - 1
		for ; run > 15; run -= 16 {
			e.put(e.ac[0xF0].bits, uint(e.ac[0xF0].n))
		}
		e.put(e.ac.coefficient(run, l.at[k&63]))
		last = k
	}
	if last < 63 {
		e.put(e.ac[0].bits, uint(e.ac[0].n))
	}
}

// coefficient is the code of a run and a size, and then the bits of v.
func (t *huffmanTable) coefficient(run int, v int32) (code uint32, n uint) {
	sign := v >> 31
	size := bits.Len32(uint32((v ^ sign) - sign))
	c := t[(run<<4|size)&0xFF]
	return c.bits<<(size&31) | uint32(v+sign)&(1<<(size&31)-1), uint(c.n) + uint(size)
}

// put writes n bits, 27 at most.
func (e *encoder) put(v uint32, n uint) {
	e.acc = e.acc<<n | uint64(v)
	if e.n += n; e.n >= 32 {
		e.n -= 32
		e.out = appendStuffed(e.out, uint32(e.acc>>e.n))
	}
}

// appendStuffed appends four bytes, and a zero after each that is 0xFF.
func appendStuffed(out []byte, w uint32) []byte {
	if w&0x80808080&(w&0x7F7F7F7F+0x01010101) == 0 { // none is
		return binary.BigEndian.AppendUint32(out, w)
	}
	for shift := 24; shift >= 0; shift -= 8 {
		b := byte(w >> shift)
		if out = append(out, b); b == 0xFF {
			out = append(out, 0)
		}
	}
	return out
}

// unit is what stands for 1 in forwardDCT: all its other factors are whole
// numbers of them to 0.034 %, which no number below 656 does better. A
// coefficient stays below 1<<31 for samples of 8 bits.
const unit = 290

// forwardDCT transforms a row or column, scaled by transformScale: Arai, Agui
// and Nakajima (1988), with five multiplications and two by unit.
func forwardDCT(d0, d1, d2, d3, d4, d5, d6, d7 int64) (o0, o1, o2, o3, o4, o5, o6, o7 int64) {
	s0, s1, s2, s3 := d0+d7, d1+d6, d2+d5, d3+d4
	t7, t6, t5, t4 := d0-d7, d1-d6, d2-d5, d3-d4

	a0, a3, a1, a2 := s0+s3, s0-s3, s1+s2, s1-s2
	z1 := (a2 + a3) * 205 // √½
	a3 *= unit

	b0, b1, b2 := t4+t5, t5+t6, t6+t7
	z5 := (b0 - b2) * 111          // sin π/8
	z2, z4 := 157*b0+z5, 379*b2+z5 // √2 sin π/8, √2 cos π/8
	z3 := b1 * 205
	t7 *= unit
	z11, z13 := t7+z3, t7-z3
	return a0 + a1, z11 + z4, a3 + z1, z13 - z2, a0 - a1, z13 + z2, a3 - z1, z11 - z4
}
