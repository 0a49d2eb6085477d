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
		if !decodeBlock(r, c, &j.quant[c.tq], &block) {
			return false
		}
		inverseDCT(&block, c.samples[8*(by*c.width+bx):], c.width, j.precision)
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

// decodeBlock reads the coefficients of one block, dequantized.
func decodeBlock(r *bitReader, c *component, quant *[64]int32, block *[64]int32) bool {
	n, ok := r.value(c.dc)
	if !ok || n > 16 {
		return false
	}
	c.pred += r.receive(int(n))
	block[0] = c.pred * quant[0]
	for k := 1; k < 64; k++ {
		rs, ok := r.value(c.ac)
		if !ok {
			return false
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return false
		}
		at := zigzag[k]
		block[at] = r.receive(size) * quant[at]
	}
	return true
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

// inverseDCT writes a block of samples, rows stride apart.
func inverseDCT(block *[64]int32, out []uint16, stride, precision int) {
	pass := 2
	if precision > 8 {
		pass = 1
	}
	for x := range 8 {
		b := (*[57]int32)(block[x:])
		if b[8]|b[16]|b[24]|b[32]|b[40]|b[48]|b[56] == 0 {
			dc := b[0] << pass
			b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56] = dc, dc, dc, dc, dc, dc, dc, dc
			continue
		}
		b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56] =
			idct8(b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56], dctBits-pass)
	}
	center, top := int32(1)<<(precision-1), int32(1)<<precision-1
	for y := range 8 {
		b := (*[8]int32)(block[8*y:])
		var v [8]int32
		v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] =
			idct8(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], dctBits+pass+3)
		row := out[y*stride : y*stride+8]
		for x := range row {
			row[x] = uint16(min(max(v[x]+center, 0), top))
		}
	}
}

// idct8 is the transform of one row or column, divided by 1<<shift.
func idct8(s0, s1, s2, s3, s4, s5, s6, s7 int32, shift int) (o0, o1, o2, o3, o4, o5, o6, o7 int32) {
	z1 := (s2 + s6) * f0541
	t2, t3 := z1-s6*f1847, z1+s2*f0765
	t0, t1 := (s0+s4)<<dctBits, (s0-s4)<<dctBits
	a0, a3, a1, a2 := t0+t3, t0-t3, t1+t2, t1-t2

	z1, z2, z3, z4 := (s7+s1)*-f0899, (s5+s3)*-f2562, s7+s3, s5+s1
	z5 := (z3 + z4) * f1175
	z3, z4 = z3*-f1961+z5, z4*-f0390+z5
	t0, t1, t2, t3 = s7*f0298+z1+z3, s5*f2053+z2+z4, s3*f3072+z2+z3, s1*f1501+z1+z4

	round := int32(1) << (shift - 1)
	return (a0 + t3 + round) >> shift, (a1 + t2 + round) >> shift, (a2 + t1 + round) >> shift, (a3 + t0 + round) >> shift,
		(a3 - t0 + round) >> shift, (a2 - t1 + round) >> shift, (a1 - t2 + round) >> shift, (a0 - t3 + round) >> shift
}
