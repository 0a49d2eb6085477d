package pixel

import "math/bits"

// maxProgressiveScans bounds how often a progressive image is gone over; 64
// coefficients of 13 bits in four components need no more.
const maxProgressiveScans = 256

// block is what the scans of a progressive image have brought of a block so
// far: coefficients in zigzag order, and a bit for each AC one that is not zero.
type block struct {
	coefficients [64]int16
	set          uint64
}

// band is what one scan of a progressive image brings: coefficients first to
// last in zigzag order, their bits from high down to low.
type band struct {
	first, last int
	high, low   int
}

// progressiveScan decodes a scan of the progressive process, ISO/IEC 10918-1
// Annex G.
func (j *jpegDecoder) progressiveScan(r *bitReader, comps []*component, first, last, approximation int) error {
	b := &band{first: first, last: last, high: approximation >> 4, low: approximation & 15}
	if last > 63 || first > last || first == 0 && last != 0 || first > 0 && len(comps) > 1 || b.low > 13 {
		return corrupt("JPEG: a progressive scan of coefficients %d to %d", first, last)
	}
	for _, c := range comps {
		if first == 0 && b.high == 0 && c.dc == nil || first > 0 && c.ac == nil {
			return corrupt("JPEG: a scan without its Huffman table")
		}
		if first > 0 {
			c.ac.join(true)
		}
		if c.blocks == nil {
			c.blocks = make([]block, c.high*(c.width/8))
		}
	}
	decode := b.refine
	switch {
	case first == 0:
		decode = b.dc
	case b.high == 0:
		decode = b.ac
	}
	return j.blocks(r, comps, func(c *component, bx, by int) bool {
		return decode(r, c, &c.blocks[by*(c.width/8)+bx])
	})
}

// dc decodes the first coefficient, section G.1.2.1.
func (b *band) dc(r *bitReader, c *component, to *block) bool {
	if b.high > 0 {
		to.coefficients[0] |= int16(r.bits(1) << b.low)
		return true
	}
	n, ok := r.value(c.dc)
	if !ok || n > 16 {
		return false
	}
	c.pred += r.receive(int(n))
	to.coefficients[0] = int16(c.pred << b.low)
	return true
}

// ac decodes the first bits of coefficients, section G.1.2.2.
func (b *band) ac(r *bitReader, c *component, to *block) bool {
	if r.eobRun > 0 {
		r.eobRun--
		return true
	}
	for k := b.first; k <= b.last; k++ {
		if r.n < coefficientBits {
			r.fill()
		}
		v := c.ac.fast[r.look(coefficientBits)]
		if v&^0xFF == blockEnd {
			r.n -= int(v & 0xFF)
			return true
		}
		if v != 0 {
			r.n -= int(v & 0xFF)
			k += int(v >> 8 & 0xFF)
			v >>= 16
		} else {
			rs, ok := r.value(c.ac)
			if !ok {
				return false
			}
			run, size := int(rs>>4), int(rs&15)
			if size == 0 {
				if run < 15 {
					r.eobRun = 1<<run - 1 + r.bits(run)
					return true
				}
				k += 15
				continue
			}
			k += run
			v = r.receive(size)
		}
		if k > b.last {
			return false
		}
		to.coefficients[k] = int16(v << b.low)
		to.set |= 1 << k
	}
	return true
}

// refine decodes one more bit of coefficients, section G.1.2.3.
func (b *band) refine(r *bitReader, c *component, to *block) bool {
	k := b.first
	for r.eobRun == 0 && k <= b.last {
		rs, ok := r.value(c.ac)
		if !ok {
			return false
		}
		run, size := int(rs>>4), int(rs&15)
		var v int32
		switch {
		case size == 1:
			v = 2*r.bits(1) - 1
		case size > 1:
			return false
		case run < 15:
			r.eobRun = 1<<run + r.bits(run)
		}
		if r.eobRun > 0 {
			break
		}
		if k = b.correct(r, to, k, run); k <= b.last && v != 0 {
			to.coefficients[k] = int16(v << b.low)
			to.set |= 1 << k
		}
		k++
	}
	if r.eobRun > 0 {
		b.correct(r, to, k, 64)
		r.eobRun--
	}
	return true
}

// correct refines the coefficients that are not zero from k on until it has
// passed skip zeros; it returns where the next zero stands.
func (b *band) correct(r *bitReader, to *block, k, skip int) int {
	for k <= b.last {
		zeros := bits.TrailingZeros64(to.set >> k)
		if skip < zeros {
			return k + skip
		}
		skip -= zeros
		if k += zeros; k > b.last {
			break
		}
		if r.n == 0 {
			r.fill()
		}
		r.n--
		at := &to.coefficients[k&63]
		sign := *at >> 15
		*at += int16(r.acc>>(r.n&63)&1)<<b.low ^ sign - sign
		k++
	}
	return k
}

// reconstruct makes samples of the coefficients that all scans brought.
func (j *jpegDecoder) reconstruct(c *component) {
	quant := &j.quant[c.tq]
	across := c.width / 8
	for by := range ceilDiv(c.realH, 8) {
		for bx := range ceilDiv(c.realW, 8) {
			from := &c.blocks[by*across+bx]
			var block [64]int32
			block[0] = int32(from.coefficients[0]) * quant[0]
			last := 0
			for set := from.set; set != 0; set &= set - 1 {
				last = bits.TrailingZeros64(set)
				at := zigzag[last]
				block[at] = int32(from.coefficients[last]) * quant[at]
			}
			inverseDCT(&block, last, c.blockOf(bx, by), c.width, j.precision)
		}
		j.emit(c, by)
	}
	c.blocks = nil
}
