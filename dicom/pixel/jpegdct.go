package pixel

// zigzag maps the order of coefficients in a scan to row × 8 + column.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// dctScan decodes a scan of the baseline or extended sequential process,
// ISO/IEC 10918-1 Annex F.
func (j *jpegDecoder) dctScan(r *bitReader, comps []*component) error {
	return j.blocks(r, comps, func(c *component, bx, by int) bool {
		var block [64]int32
		last := decodeBlock(r, c, &j.quant[c.tq], &block)
		if last < 0 {
			return false
		}
		out := c.samples[8*(by*c.width+bx):]
		if last == 0 {
			flat(block[0], out, c.width, j.precision)
		} else {
			inverseDCT(&block, out, c.width, j.precision)
		}
		return true
	}, func() {})
}

// blocks calls decode for each block of a scan, which says whether it could,
// and restart where predictions start anew.
func (j *jpegDecoder) blocks(r *bitReader, comps []*component, decode func(c *component, bx, by int) bool, restart func()) error {
	wide, high := ceilDiv(j.width, 8*j.hMax), ceilDiv(j.height, 8*j.vMax)
	alone := len(comps) == 1
	if alone { // a scan of one component has its blocks only, section A.2.2
		wide, high = ceilDiv(comps[0].realW, 8), ceilDiv(comps[0].realH, 8)
	}
	left := j.interval
	for _, c := range comps {
		c.pred = 0
	}
	for my := range high {
		for mx := range wide {
			if j.interval > 0 && left == 0 {
				if !r.restart() {
					return corrupt("JPEG: no restart marker in row %d of blocks", my)
				}
				left = j.interval
				for _, c := range comps {
					c.pred = 0
				}
				restart()
			}
			left--
			for _, c := range comps {
				h, v := c.h, c.v
				if alone {
					h, v = 1, 1
				}
				for by := range v {
					for bx := range h {
						if !decode(c, mx*h+bx, my*v+by) {
							return corrupt("JPEG: no Huffman code in row %d of blocks", my)
						}
					}
				}
			}
		}
		if r.exhausted() {
			return corrupt("JPEG: the scan ends in row %d of %d of blocks", my, high)
		}
	}
	return nil
}

// coefficientBits is the length of what one look in a table of coefficients
// decodes.
const coefficientBits = 10

// coefficients maps the next bits to a coefficient that is not zero, shifted
// left by 16, how many zeros it follows, shifted left by 8, and the length of
// its code and its bits; 0 if that is longer or something else.
type coefficients [1 << coefficientBits]int32

// newCoefficients joins a Huffman table with the bits that follow its codes,
// ISO/IEC 10918-1 section F.2.2.2.
func newCoefficients(h *huffman) *coefficients {
	var t coefficients
	for i := range t {
		r := bitReader{acc: uint64(i) << 38, n: coefficientBits + 38, stop: true}
		rs, ok := r.value(h)
		used, size := coefficientBits+38-r.n, int(rs&15)
		if !ok || size == 0 || used+size > coefficientBits {
			continue
		}
		t[i] = r.receive(size)<<16 | int32(rs>>4)<<8 | int32(used+size)
	}
	return &t
}

// decodeBlock reads the coefficients of one block, dequantized. It returns
// the place in zigzag order of the last that is not zero, or -1 if there is no
// code.
func decodeBlock(r *bitReader, c *component, quant *[64]int32, block *[64]int32) int {
	n, ok := r.value(c.dc)
	if !ok || n > 16 {
		return -1
	}
	c.pred += r.receive(int(n))
	block[0] = c.pred * quant[0]
	last, fast := 0, c.ac.fast
	for k := 1; k < 64; k++ {
		if r.n < 16 {
			r.fill()
		}
		var v int32
		if e := fast[r.acc>>((r.n-coefficientBits)&63)&(1<<coefficientBits-1)]; e != 0 {
			r.n -= int(e & 0xFF)
			k += int(e >> 8 & 0xFF)
			v = e >> 16
		} else {
			rs, ok := r.value(c.ac)
			if !ok {
				return -1
			}
			run, size := int(rs>>4), int(rs&15)
			if size == 0 {
				if run != 15 {
					break
				}
				k += 15
				continue
			}
			k += run
			v = r.receive(size)
		}
		if k > 63 {
			return -1
		}
		at := zigzag[k]
		block[at] = v * quant[at]
		last = k
	}
	return last
}

// The constants of the inverse DCT of Loeffler, Ligtenberg and Moschytz (1989)
// in 13 bits, and the bits kept between its passes: results agree to the bit
// with the reference implementation most viewers use.
const (
	dctBits = 13

	f0298 = 2446
	f0390 = 3196
	f0541 = 4433
	f0765 = 6270
	f0899 = 7373
	f1175 = 9633
	f1501 = 12299
	f1847 = 15137
	f1961 = 16069
	f2053 = 16819
	f2562 = 20995
	f3072 = 25172
)

// flat is inverseDCT of a block whose only coefficient is the first.
func flat(dc int32, out []uint16, stride, precision int) {
	pass := passBits(precision)
	v := (dc<<pass<<dctBits + 1<<(dctBits+pass+2)) >> (dctBits + pass + 3)
	s := sample(v+1<<(precision-1), 1<<precision-1)
	for y := range 8 {
		row := (*[8]uint16)(out[y*stride:])
		*row = [8]uint16{s, s, s, s, s, s, s, s}
	}
}

// passBits are the bits kept between the passes.
func passBits(precision int) int {
	if precision > 8 {
		return 1
	}
	return 2
}

// inverseDCT writes a block of samples, rows stride apart.
func inverseDCT(block *[64]int32, out []uint16, stride, precision int) {
	pass := passBits(precision)
	columnsDCT(block, pass)
	rowsDCT(block, out, stride, precision, pass)
}

// columnsDCT transforms each column in its place. The two passes are the same
// but for where they read and write; calls in between would cost a third.
func columnsDCT(block *[64]int32, pass int) {
	shift := uint(dctBits-pass) & 31
	round := int32(1) << (shift - 1)
	for x := range 8 {
		b := (*[57]int32)(block[x:])
		if b[8]|b[16]|b[24]|b[32]|b[40]|b[48]|b[56] == 0 {
			dc := b[0] << pass
			b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56] = dc, dc, dc, dc, dc, dc, dc, dc
			continue
		}
		z1 := (b[16] + b[48]) * f0541
		t2, t3 := z1-b[48]*f1847, z1+b[16]*f0765
		t0, t1 := (b[0]+b[32])<<dctBits+round, (b[0]-b[32])<<dctBits+round
		a0, a3, a1, a2 := t0+t3, t0-t3, t1+t2, t1-t2
		t0, t1, t2, t3 = oddDCT(b[56], b[40], b[24], b[8])
		b[0], b[56] = (a0+t3)>>shift, (a0-t3)>>shift
		b[8], b[48] = (a1+t2)>>shift, (a1-t2)>>shift
		b[16], b[40] = (a2+t1)>>shift, (a2-t1)>>shift
		b[24], b[32] = (a3+t0)>>shift, (a3-t0)>>shift
	}
}

// rowsDCT transforms each row and brings it to samples.
func rowsDCT(block *[64]int32, out []uint16, stride, precision, pass int) {
	center, top := int32(1)<<(precision-1), int32(1)<<precision-1
	shift := uint(dctBits+pass+3) & 31
	round := int32(1)<<(shift-1) + center<<shift
	for y := range 8 {
		b := (*[8]int32)(block[8*y:])
		row := (*[8]uint16)(out[y*stride:])
		if b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] == 0 {
			s := sample((b[0]<<dctBits+round)>>shift, top)
			*row = [8]uint16{s, s, s, s, s, s, s, s}
			continue
		}
		z1 := (b[2] + b[6]) * f0541
		t2, t3 := z1-b[6]*f1847, z1+b[2]*f0765
		t0, t1 := (b[0]+b[4])<<dctBits+round, (b[0]-b[4])<<dctBits+round
		a0, a3, a1, a2 := t0+t3, t0-t3, t1+t2, t1-t2
		t0, t1, t2, t3 = oddDCT(b[7], b[5], b[3], b[1])
		row[0], row[7] = sample((a0+t3)>>shift, top), sample((a0-t3)>>shift, top)
		row[1], row[6] = sample((a1+t2)>>shift, top), sample((a1-t2)>>shift, top)
		row[2], row[5] = sample((a2+t1)>>shift, top), sample((a2-t1)>>shift, top)
		row[3], row[4] = sample((a3+t0)>>shift, top), sample((a3-t0)>>shift, top)
	}
}

// oddDCT is the part of the transform for coefficients 7, 5, 3 and 1.
func oddDCT(s7, s5, s3, s1 int32) (t0, t1, t2, t3 int32) {
	z5 := (s7 + s3 + s5 + s1) * f1175
	z1, z2, z3, z4 := (s7+s1)*-f0899, (s5+s3)*-f2562, (s7+s3)*-f1961+z5, (s5+s1)*-f0390+z5
	return s7*f0298 + z1 + z3, s5*f2053 + z2 + z4, s3*f3072 + z2 + z3, s1*f1501 + z1 + z4
}

// sample keeps v within 0 and top.
func sample(v, top int32) uint16 {
	if uint32(v) > uint32(top) {
		v = ^(v >> 31) & top
	}
	return uint16(v)
}
