package pixel

// losslessScan decodes a scan of process 14, ISO/IEC 10918-1 Annex H, with
// predictor 1 to 7 and a point transform of shift bits.
func (j *jpegDecoder) losslessScan(r *bitReader, comps []*component, predictor, shift int) error {
	if predictor < 1 || predictor > 7 || shift >= j.precision {
		return corrupt("JPEG: lossless predictor %d, point transform %d", predictor, shift)
	}
	for _, c := range comps {
		if c.h != j.hMax || c.v != j.vMax {
			return unknown("lossless JPEG with subsampled colours")
		}
	}
	// With equal sampling factors an MCU is one pixel; blocks of several are
	// only interleaved when the factors are above 1.
	if len(comps) > 1 && (j.hMax > 1 || j.vMax > 1) {
		return unknown("lossless JPEG with subsampled colours")
	}
	left := j.interval
	first := true // the line starts an image or a restart interval
	for y := range j.height {
		for x := range j.width {
			if j.interval > 0 && left == 0 {
				if !r.restart() {
					return corrupt("JPEG: no restart marker in row %d", y)
				}
				left, first = j.interval, true
			}
			left--
			for _, c := range comps {
				if err := j.losslessSample(r, c, x, y, predictor, shift, first); err != nil {
					return err
				}
			}
		}
		first = false
		if r.exhausted() {
			return corrupt("JPEG: the scan ends in row %d of %d", y, j.height)
		}
	}
	if shift > 0 {
		for _, c := range comps {
			for i := range c.samples {
				c.samples[i] <<= shift
			}
		}
	}
	return nil
}

// losslessSample decodes one difference and adds the prediction, section H.2.
func (j *jpegDecoder) losslessSample(r *bitReader, c *component, x, y, predictor, shift int, first bool) error {
	n, ok := r.value(c.dc)
	if !ok || n > 16 {
		return corrupt("JPEG: no Huffman code in row %d", y)
	}
	var diff int32
	if n == 16 {
		diff = 32768
	} else {
		diff = r.receive(int(n))
	}
	at := y*c.width + x
	var px int32
	switch {
	case first && x == 0:
		px = 1 << (j.precision - shift - 1)
	case first:
		px = int32(c.samples[at-1])
	case x == 0:
		px = int32(c.samples[at-c.width])
	default:
		px = predict(predictor, int32(c.samples[at-1]), int32(c.samples[at-c.width]), int32(c.samples[at-c.width-1]))
	}
	c.samples[at] = uint16(px + diff)
	return nil
}

// predict is Table H.1: a is left of the sample, b above, c above left.
func predict(predictor int, a, b, c int32) int32 {
	switch predictor {
	case 1:
		return a
	case 2:
		return b
	case 3:
		return c
	case 4:
		return a + b - c
	case 5:
		return a + (b-c)>>1
	case 6:
		return b + (a-c)>>1
	}
	return (a + b) >> 1
}
