package pixel

// diffBits is the length of what one look in a table of differences decodes.
const diffBits = 12

// differences maps the next diffBits bits to a difference with its sign, shifted
// left by 8, and the length of its code and its bits; 0 if that is longer.
type differences [1 << diffBits]int32

// newDifferences joins a Huffman table with the bits that follow its codes,
// ISO/IEC 10918-1 section H.1.2.2.
func newDifferences(h *huffman) *differences {
	var d differences
	for i := range d {
		r := bitReader{acc: uint64(i) << 36, n: diffBits + 36, stop: true}
		n, ok := r.value(h)
		used := diffBits + 36 - r.n
		if !ok || n > 15 || used+int(n) > diffBits {
			continue
		}
		d[i] = r.receive(int(n))<<8 | int32(used+int(n))
	}
	return &d
}

// line is one component while its samples are decoded.
type line struct {
	c     *component
	diffs *differences
	row   []uint16
	above []uint16
}

// losslessScan decodes a scan of process 14, ISO/IEC 10918-1 Annex H, with
// predictor 1 to 7 and a point transform of shift bits.
func (j *jpegDecoder) losslessScan(r *bitReader, comps []*component, predictor, shift int) error {
	if predictor < 1 || predictor > 7 || shift >= j.precision {
		return corrupt("JPEG: lossless predictor %d, point transform %d", predictor, shift)
	}
	if j.interval%j.width != 0 {
		return corrupt("JPEG: lossless restarts within a row of %d: after %d", j.width, j.interval)
	}
	lines := make([]line, len(comps))
	for i, c := range comps {
		// With equal sampling factors an MCU is one pixel; blocks of several
		// are only interleaved when the factors are above 1.
		if c.h != j.hMax || c.v != j.vMax || len(comps) > 1 && (j.hMax > 1 || j.vMax > 1) {
			return unknown("lossless JPEG with subsampled colours")
		}
		lines[i] = line{c: c, diffs: newDifferences(c.dc), row: c.band[:j.width], above: c.band[c.width:][:j.width]}
	}
	left := j.interval / j.width // rows until the next restart
	for y := range j.height {
		first := y == 0 // of an image or a restart interval
		if j.interval > 0 && left == 0 {
			if !r.restart() {
				return corrupt("JPEG: no restart marker in row %d", y)
			}
			left, first = j.interval/j.width, true
		}
		left--
		for i := range lines {
			l := &lines[i]
			l.above, l.row = l.row, l.above
		}
		if !j.losslessRow(r, lines, predictor, shift, first) {
			return corrupt("JPEG: no Huffman code in row %d", y)
		}
		if r.exhausted() {
			return corrupt("JPEG: the scan ends in row %d of %d", y, j.height)
		}
		for i := range lines {
			l := &lines[i]
			row := l.row
			if shift > 0 {
				row = l.c.wide[:j.width]
				for x, v := range l.row {
					row[x] = v << shift
				}
			}
			j.put(l.c, y, row)
		}
	}
	return nil
}

// losslessRow decodes a row of all components; false if it finds no code.
func (j *jpegDecoder) losslessRow(r *bitReader, lines []line, predictor, shift int, first bool) bool {
	for i := range lines { // the first column, section H.1.2.1
		l := &lines[i]
		diff, ok := r.difference(l)
		switch {
		case !ok:
			return false
		case first:
			l.row[0] = uint16(1<<(j.precision-shift-1) + diff)
		default:
			l.row[0] = uint16(int32(l.above[0]) + diff)
		}
	}
	if first {
		predictor = 1
	}
	if len(lines) == 1 && predictor == 1 {
		return r.rowFromLeft(&lines[0])
	}
	for x := 1; x < j.width; x++ {
		for i := range lines {
			l := &lines[i]
			diff, ok := r.difference(l)
			if !ok {
				return false
			}
			px := int32(l.row[x-1])
			if predictor != 1 {
				px = predict(predictor, px, int32(l.above[x]), int32(l.above[x-1]))
			}
			l.row[x] = uint16(px + diff)
		}
	}
	return true
}

// rowFromLeft decodes what nearly all images are: one component, each sample
// predicted from the one before.
func (r *bitReader) rowFromLeft(l *line) bool {
	px := int32(l.row[0])
	diffs := l.diffs
	for x := 1; x < len(l.row); x++ {
		if r.n < diffBits {
			r.fill()
		}
		if e := diffs[r.acc>>((r.n-diffBits)&63)&(1<<diffBits-1)]; e != 0 {
			r.n -= int(e & 0xFF)
			px += e >> 8
		} else {
			diff, ok := r.longDifference(l)
			if !ok {
				return false
			}
			px += diff
		}
		l.row[x] = uint16(px)
	}
	return true
}

// difference decodes one difference.
func (r *bitReader) difference(l *line) (int32, bool) {
	if r.n < diffBits {
		r.fill()
	}
	if e := l.diffs[r.acc>>((r.n-diffBits)&63)&(1<<diffBits-1)]; e != 0 {
		r.n -= int(e & 0xFF)
		return e >> 8, true
	}
	return r.longDifference(l)
}

// longDifference decodes one that is longer than a look.
func (r *bitReader) longDifference(l *line) (int32, bool) {
	n, ok := r.value(l.c.dc)
	switch {
	case !ok || n > 16:
		return 0, false
	case n == 16:
		return 32768, true
	}
	return r.receive(int(n)), true
}

// predict is Table H.1: a is left of the sample, b above, c above left.
func predict(predictor int, a, b, c int32) int32 {
	switch predictor {
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
