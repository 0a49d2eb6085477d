package pixel

// maxProgressiveScans bounds how often a progressive image is gone over; 64
// coefficients of 13 bits in four components need no more.
const maxProgressiveScans = 256

// band is what one scan of a progressive image brings: coefficients first to
// last in zigzag order, their bits from high down to low.
type band struct {
	first, last int
	high, low   int
	eobRun      int32 // blocks after this one that bring nothing more
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
		if c.coefficients == nil {
			c.coefficients = make([][64]int32, c.width/8*(c.height/8))
		}
	}
	return j.blocks(r, comps, func(c *component, bx, by int) bool {
		block := &c.coefficients[by*(c.width/8)+bx]
		switch {
		case first == 0:
			return b.dc(r, c, block)
		case b.high == 0:
			return b.ac(r, c, block)
		}
		return b.refine(r, c, block)
	}, func() { b.eobRun = 0 })
}

// dc decodes the first coefficient, section G.1.2.1.
func (b *band) dc(r *bitReader, c *component, block *[64]int32) bool {
	if b.high > 0 {
		block[0] |= r.bits(1) << b.low
		return true
	}
	n, ok := r.value(c.dc)
	if !ok || n > 16 {
		return false
	}
	c.pred += r.receive(int(n))
	block[0] = c.pred << b.low
	return true
}

// ac decodes the first bits of coefficients, section G.1.2.2.
func (b *band) ac(r *bitReader, c *component, block *[64]int32) bool {
	if b.eobRun > 0 {
		b.eobRun--
		return true
	}
	for k := b.first; k <= b.last; k++ {
		rs, ok := r.value(c.ac)
		if !ok {
			return false
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run < 15 {
				b.eobRun = 1<<run - 1 + r.bits(run)
				return true
			}
			k += 15
			continue
		}
		if k += run; k > b.last {
			return false
		}
		block[zigzag[k]] = r.receive(size) << b.low
	}
	return true
}

// refine decodes one more bit of coefficients, section G.1.2.3.
func (b *band) refine(r *bitReader, c *component, block *[64]int32) bool {
	k := b.first
	for b.eobRun == 0 && k <= b.last {
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
			b.eobRun = 1<<run + r.bits(run)
		}
		if b.eobRun > 0 {
			break
		}
		if k = b.correct(r, block, k, run); k <= b.last && v != 0 {
			block[zigzag[k]] = v << b.low
		}
		k++
	}
	if b.eobRun > 0 {
		b.correct(r, block, k, 64)
		b.eobRun--
	}
	return true
}

// correct refines the coefficients that are not zero from k on until it has
// passed skip zeros; it returns where the next zero stands.
func (b *band) correct(r *bitReader, block *[64]int32, k, skip int) int {
	for ; k <= b.last; k++ {
		at := &block[zigzag[k]]
		if *at == 0 {
			if skip == 0 {
				break
			}
			skip--
			continue
		}
		switch {
		case r.bits(1) == 0:
		case *at > 0:
			*at += 1 << b.low
		default:
			*at -= 1 << b.low
		}
	}
	return k
}

// reconstruct makes samples of the coefficients that all scans brought.
func (j *jpegDecoder) reconstruct() error {
	for i := range j.comps {
		c := &j.comps[i]
		if c.coefficients == nil {
			return corrupt("JPEG: no scan of component %d", i+1)
		}
		quant := &j.quant[c.tq]
		for k := range c.coefficients {
			block := &c.coefficients[k]
			for n := range block {
				block[n] *= quant[n]
			}
			x, y := k%(c.width/8), k/(c.width/8)
			inverseDCT(block, c.samples[8*y*c.width+8*x:], c.width, j.precision)
		}
		c.coefficients = nil
	}
	return nil
}
