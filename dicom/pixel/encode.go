package pixel

import (
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
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

// encoder writes one grey picture.
type encoder struct {
	out    []byte
	quant  [64]uint8   // in the order of rows
	scale  [64]float32 // what a coefficient of the transform is multiplied by
	dc, ac [256]huffmanCode
	acc    uint64
	n      uint // bits in acc
	pred   int32
}

// transformScale is by how much the transform of Arai, Agui and Nakajima
// leaves coefficients too large in each direction.
var transformScale = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

func newEncoder(quality int) *encoder {
	e := &encoder{}
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i, q := range luminanceQuant {
		v := min(max((int(q)*percent+50)/100, 1), 255)
		e.quant[i] = uint8(v)
		e.scale[i] = float32(1 / (float64(v) * transformScale[i/8] * transformScale[i%8] * 8))
	}
	codes(&e.dc, dcCounts, dcValues)
	codes(&e.ac, acCounts, acValues)
	return e
}

// codes gives each value its code, ISO/IEC 10918-1 Annex C.
func codes(table *[256]huffmanCode, counts, values []byte) {
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

// scan writes the blocks and the end of the image.
func (e *encoder) scan(img *image.Gray) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	var block [64]float32
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			for by := range 8 {
				row := img.Pix[min(y+by, height-1)*img.Stride:][:width]
				to := (*[8]float32)(block[8*by:])
				if x+8 <= width {
					for bx, v := range (*[8]uint8)(row[x:]) {
						to[bx] = float32(int32(v) - 128)
					}
					continue
				}
				for bx := range to {
					to[bx] = float32(int32(row[min(x+bx, width-1)]) - 128)
				}
			}
			e.block(&block)
		}
	}
	e.put(1<<7-1, 7) // ones fill the last byte
	e.flush()
	e.out = append(e.out, 0xFF, mEOI)
}

// block transforms, quantizes and writes a block.
func (e *encoder) block(b *[64]float32) {
	for y := range 8 {
		r := (*[8]float32)(b[8*y:])
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = forwardDCT(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
	for x := range 8 {
		c := (*[57]float32)(b[x:])
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = forwardDCT(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56])
	}
	const offset = 1 << 14 // makes all positive, so that cutting off rounds
	dc := int32(b[0]*e.scale[0]+offset+0.5) - offset
	e.coefficient(&e.dc, 0, dc-e.pred)
	e.pred = dc
	run := 0
	for _, at := range zigzag[1:] {
		v := int32(b[at&63]*e.scale[at&63]+offset+0.5) - offset
		if v == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			e.put(e.ac[0xF0].bits, uint(e.ac[0xF0].n))
		}
		e.coefficient(&e.ac, run, v)
		run = 0
	}
	if run > 0 {
		e.put(e.ac[0].bits, uint(e.ac[0].n))
	}
}

// coefficient writes the code of a run and a size, and the bits of v.
func (e *encoder) coefficient(table *[256]huffmanCode, run int, v int32) {
	sign := v >> 31
	size := bits.Len32(uint32((v ^ sign) - sign))
	c := table[(run<<4|size)&0xFF]
	e.put(c.bits<<size|uint32(v+sign)&(1<<size-1), uint(c.n)+uint(size))
}

// put writes n bits, 27 at most.
func (e *encoder) put(v uint32, n uint) {
	e.acc = e.acc<<n | uint64(v)
	if e.n += n; e.n >= 32 {
		e.flush()
	}
}

// flush writes whole bytes; a zero follows each 0xFF.
func (e *encoder) flush() {
	for e.n >= 8 {
		e.n -= 8
		c := byte(e.acc >> e.n)
		e.out = append(e.out, c)
		if c == 0xFF {
			e.out = append(e.out, 0)
		}
	}
}

// forwardDCT transforms a row or column, scaled by transformScale: Arai, Agui
// and Nakajima (1988), with five multiplications.
func forwardDCT(d0, d1, d2, d3, d4, d5, d6, d7 float32) (o0, o1, o2, o3, o4, o5, o6, o7 float32) {
	s0, s1, s2, s3 := d0+d7, d1+d6, d2+d5, d3+d4
	t7, t6, t5, t4 := d0-d7, d1-d6, d2-d5, d3-d4

	a0, a3, a1, a2 := s0+s3, s0-s3, s1+s2, s1-s2
	z1 := (a2 + a3) * 0.707106781

	b0, b1, b2 := t4+t5, t5+t6, t6+t7
	z5 := (b0 - b2) * 0.382683433
	z2, z4, z3 := 0.541196100*b0+z5, 1.306562965*b2+z5, b1*0.707106781
	z11, z13 := t7+z3, t7-z3
	return a0 + a1, z11 + z4, a3 + z1, z13 - z2, a0 - a1, z13 + z2, a3 - z1, z11 - z4
}
