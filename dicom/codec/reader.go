package codec

import (
	"encoding/binary"
	"math"
)

// reader reads a module. After a fault it gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// uint reads a number in LEB128; signed ones have the same length.
func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt64 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// number skips a number of any sign and size.
func (r *reader) number() {
	for range 10 {
		if r.byte()&0x80 == 0 {
			return
		}
	}
	r.bad = true
}

func (r *reader) numbers(n int) {
	for range n {
		r.number()
	}
}

// instruction reads one and says whether it begins a loop (section 5.4).
func (r *reader) instruction() (loop bool) {
	switch op := r.byte(); {
	case op == opLoop:
		r.number()
		return true
	case op == opBlock, op == opIf, op == opCall,
		op == 0x0C, op == 0x0D, // br, br_if
		op >= 0x20 && op <= 0x26, // variables and tables
		op == 0x3F, op == 0x40,   // memory.size, memory.grow
		op == 0x41, op == 0x42, op == 0xD0, op == 0xD2: // constants and references
		r.number()
	case op == opCallIndirect, op >= 0x28 && op <= 0x3E: // loads and stores
		r.numbers(2)
	case op == 0x0E: // br_table
		for n := r.uint(); n > 0 && !r.bad; n-- {
			r.number()
		}
		r.number()
	case op == 0x1C: // select with types
		r.take(r.uint())
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == 0xFC:
		r.bulk(r.uint())
	case op == 0xFD:
		r.vector(r.uint())
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0F, op == 0x1A, op == 0x1B, op >= 0x45 && op <= 0xC4, op == 0xD1:
	default:
		r.bad = true
	}
	return false
}

// bulk reads what follows 0xFC: saturating conversions, memory and tables.
func (r *reader) bulk(op uint64) {
	switch {
	case op <= 7:
	case op == 8, op == 10, op == 12, op == 14:
		r.numbers(2)
	case op <= 17:
		r.number()
	default:
		r.bad = true
	}
}

// vector reads what follows 0xFD: instructions on 128 bits.
func (r *reader) vector(op uint64) {
	switch {
	case op <= 11, op == 92, op == 93:
		r.numbers(2)
	case op == 12, op == 13:
		r.take(16)
	case op >= 21 && op <= 34:
		r.byte()
	case op >= 84 && op <= 91:
		r.numbers(2)
		r.byte()
	case op > 275:
		r.bad = true
	}
}
