package pixel

import "encoding/binary"

// lookBits is the length of the codes that one look in a table decodes.
const lookBits = 9

// huffman is a table of ISO/IEC 10918-1 Annex C. An entry of look is length
// and value of the code that the next bits begin with, or 0.
type huffman struct {
	look    [1 << lookBits]uint16
	values  []byte
	fast    *coefficients // for DCT
	maxCode [18]int32     // highest code of each length, -1 if there is none
	offset  [17]int32     // index of a length's first value minus its first code
}

// newHuffman builds a table from the numbers of codes of each length.
func newHuffman(counts []byte, values []byte) (*huffman, error) {
	h := &huffman{values: values}
	code, k := int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		h.maxCode[n] = -1
		count := int32(counts[n-1])
		h.offset[n] = k - code
		if count > 0 {
			if code+count > 1<<n {
				return nil, corrupt("JPEG: a Huffman table has too many codes")
			}
			if n <= lookBits {
				h.fill(code, count, n, values[k:])
			}
			code += count
			k += count
			h.maxCode[n] = code - 1
		}
		code <<= 1
	}
	h.maxCode[17] = 1 << 30
	return h, nil
}

// fill enters count codes of n bits.
func (h *huffman) fill(code, count int32, n int, values []byte) {
	for i := range count {
		first := (code + i) << (lookBits - n)
		for j := range int32(1) << (lookBits - n) {
			h.look[first+j] = uint16(n)<<8 | uint16(values[i])
		}
	}
}

// bitReader reads the entropy-coded bits of a scan. Past the end it gives
// zeros and counts them in over.
type bitReader struct {
	in   []byte
	pos  int
	acc  uint64
	n    int // bits in acc
	over int // bits given that were not there
	stop bool

	// eobRun is how many blocks of a progressive scan bring nothing more.
	eobRun int32
}

// fill makes at least 48 bits ready. A marker ends the bits.
func (r *bitReader) fill() {
	if !r.stop && r.pos+8 <= len(r.in) {
		const ones, tops = 0x0101010101010101, 0x8080808080808080
		next := binary.BigEndian.Uint64(r.in[r.pos:])
		if (^next-ones)&next&tops == 0 { // no byte is 0xFF
			k := (63 - r.n) >> 3
			r.acc = r.acc<<(8*k) | next>>(64-8*k)
			r.pos += k
			r.n += 8 * k
			return
		}
	}
	for r.n <= 48 {
		var c byte
		switch {
		case r.stop || r.pos >= len(r.in):
			r.stop = true
			r.over += 8
		case r.in[r.pos] != 0xFF:
			c = r.in[r.pos]
			r.pos++
		case r.pos+1 < len(r.in) && r.in[r.pos+1] == 0:
			c = 0xFF
			r.pos += 2
		default:
			r.stop = true
			r.over += 8
		}
		r.acc = r.acc<<8 | uint64(c)
		r.n += 8
	}
}

// exhausted says that bits were used that were not there.
func (r *bitReader) exhausted() bool { return r.over > r.n }

func (r *bitReader) bits(n int) int32 {
	if r.n < n {
		r.fill()
	}
	r.n -= n
	return int32(r.acc >> r.n & (1<<n - 1))
}

// look gives the next n bits of those that are ready.
func (r *bitReader) look(n int) uint64 { return r.acc >> ((r.n - n) & 63) & (1<<n - 1) }

// value decodes one Huffman code; ok is false if there is none.
func (r *bitReader) value(h *huffman) (v byte, ok bool) {
	if r.n < 16 {
		r.fill()
	}
	if e := h.look[r.acc>>(r.n-lookBits)&(1<<lookBits-1)]; e != 0 {
		r.n -= int(e >> 8)
		return byte(e), true
	}
	for n := lookBits + 1; n <= 16; n++ {
		code := int32(r.acc >> (r.n - n) & (1<<n - 1))
		if code <= h.maxCode[n] {
			r.n -= n
			i := code + h.offset[n]
			if i < 0 || int(i) >= len(h.values) {
				return 0, false
			}
			return h.values[i], true
		}
	}
	return 0, false
}

// receive reads a number of n bits in JPEG's form: EXTEND of section F.2.2.1.
func (r *bitReader) receive(n int) int32 {
	if n == 0 {
		return 0
	}
	v := r.bits(n)
	if v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
}

// restart goes to the next restart marker; false if there is none.
func (r *bitReader) restart() bool {
	for r.pos+1 < len(r.in) {
		if r.in[r.pos] == 0xFF && r.in[r.pos+1] >= 0xD0 && r.in[r.pos+1] <= 0xD7 {
			r.pos += 2
			*r = bitReader{in: r.in, pos: r.pos}
			return true
		}
		if r.in[r.pos] == 0xFF && r.in[r.pos+1] != 0 && r.in[r.pos+1] != 0xFF {
			return false
		}
		r.pos++
	}
	return false
}
