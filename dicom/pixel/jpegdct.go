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
	for _, c := range comps {
		c.dc.join(false)
		c.ac.join(true)
	}
	return j.blocks(r, comps, func(c *component, bx, by int) bool {
		var block [64]int32
		last := decodeBlock(r, c, &j.quant[c.tq], &block)
		if last < 0 {
			return false
		}
		inverseDCT(&block, last, c.blockOf(bx, by), c.width, j.precision)
		return true
	})
}

// blockOf is where the samples of a block begin.
func (c *component) blockOf(bx, by int) []uint16 { return c.band[8*(by%c.v*c.width+bx):] }

// blocks calls decode for each block of a scan, which says whether it could.
func (j *jpegDecoder) blocks(r *bitReader, comps []*component, decode func(c *component, bx, by int) bool) error {
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
		for _, c := range comps {
			switch {
			case j.process == mSOF2: // its samples are made after the last scan
			case alone:
				j.emit(c, my)
			default:
				for by := range c.v {
					j.emit(c, my*c.v+by)
				}
			}
		}
	}
	return nil
}

// emit gives a row of blocks to the frame.
func (j *jpegDecoder) emit(c *component, by int) {
	rows := c.blockOf(0, by)
	for y := 8 * by; y < min(8*by+8, c.realH); y++ {
		j.emitRow(c, y, rows[:c.realW])
		rows = rows[c.width:]
	}
}

// coefficientBits is the length of what one look in a table of coefficients
// decodes.
const coefficientBits = 10

// coefficients maps the next bits to a coefficient, shifted left by 16, how
// many zeros it follows, shifted left by 8, and the length of its code and its
// bits; 0 if that is longer. blockEnd stands for the end of a block.
type coefficients [1 << coefficientBits]int32

const blockEnd = 0x80 << 8

// join joins a Huffman table with the bits that follow its codes, ISO/IEC
// 10918-1 sections F.2.2.1 and, for AC, F.2.2.2.
func (h *huffman) join(ac bool) {
	if h.fast != nil {
		return
	}
	h.fast = &coefficients{}
	for i := range h.fast {
		r := bitReader{acc: uint64(i) << 38, n: coefficientBits + 38, stop: true}
		rs, ok := r.value(h)
		used, size, run := coefficientBits+38-r.n, int(rs&15), int32(rs>>4)
		switch {
		case !ok || used+size > coefficientBits || ac && rs == 0xF0 || !ac && run > 0:
		case ac && size == 0 && run == 0:
			h.fast[i] = blockEnd | int32(used)
		case size > 0 || !ac:
			h.fast[i] = r.receive(size)<<16 | run<<8 | int32(used+size)
		}
	}
}

// decodeBlock reads the coefficients of one block, dequantized. It returns
// the place in zigzag order of the last that is not zero, or -1 if there is no
// code. What is left of the reader's bits is kept in registers.
func decodeBlock(r *bitReader, c *component, quant *[64]int32, block *[64]int32) int {
	if r.n < 32 {
		r.fill()
	}
	if e := c.dc.fast[r.look(coefficientBits)]; e != 0 {
		r.n -= int(e & 0xFF)
		c.pred += e >> 16
	} else {
		n, ok := r.value(c.dc)
		if !ok || n > 16 {
			return -1
		}
		c.pred += r.receive(int(n))
	}
	block[0] = c.pred * quant[0]
	last, fast := 0, c.ac.fast
	acc, n := r.acc, r.n
	for k := 1; k < 64; k++ {
		if n < coefficientBits {
			r.n = n
			r.fill()
			acc, n = r.acc, r.n
		}
		e := fast[acc>>((n-coefficientBits)&63)&(1<<coefficientBits-1)]
		if e == 0 {
			r.n = n
			rs, ok := r.value(c.ac)
			if !ok {
				return -1
			}
			size := int(rs & 15)
			e = int32(rs>>4)<<8 | r.receive(size)<<16
			acc, n = r.acc, r.n
			if size == 0 {
				if rs != 0xF0 {
					break
				}
				k += 15
				continue
			}
		}
		n -= int(e & 0xFF)
		k += int(e >> 8 & 0xFF)
		if k > 63 {
			if e&blockEnd != 0 {
				break
			}
			return -1
		}
		at := zigzag[k] & 63
		block[at] = e >> 16 * quant[at]
		last = k
	}
	r.n = n
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

// flat writes a block whose only coefficient is the first.
func flat(dc int32, out []uint16, stride, precision int) {
	pass := passBits(precision)
	v := (dc<<pass<<dctBits + 1<<(dctBits+pass+2)) >> (dctBits + pass + 3)
	s := sample(v+1<<(precision-1), 1<<precision-1)
	row := [8]uint16{s, s, s, s, s, s, s, s}
	for y := range 8 {
		*(*[8]uint16)(out[y*stride:]) = row
	}
}

// passBits are the bits kept between the passes.
func passBits(precision int) int {
	if precision > 8 {
		return 1
	}
	return 2
}

// inverseDCT writes a block of samples, rows stride apart. last is the place in
// zigzag order after which all coefficients are zero.
func inverseDCT(block *[64]int32, last int, out []uint16, stride, precision int) {
	if last == 0 {
		flat(block[0], out, stride, precision)
		return
	}
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
