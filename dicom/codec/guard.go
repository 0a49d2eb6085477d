package codec

import (
	"encoding/binary"
	"errors"
	"math"
)

// A codestream can make a decoder loop for hours, and while WebAssembly runs it
// can neither be interrupted nor can the garbage collector stop it: the whole
// program would wait. The runtime's own remedy, a look from every turn of every
// loop, makes these modules four times as slow. So each loop that has another
// loop or a call in it is given at its start the instructions
//
//	if left--; left == 0 { left = turns; abort() }
//
// where left is a global variable of the module, and abort, which a module
// imports and calls when its C code gives up, is where the host sees that time
// passes (instance.yield).

// turns is how many turns of loops may pass between looks at the clock: mostly
// less than a millisecond, and some where each goes over a row.
const turns = 1 << 12

// constTurns is the instruction i32.const turns, in signed LEB128.
var constTurns = []byte{opConst, 0x80 | turns&0x7F, turns >> 7}

// lookAtClock are the instructions; left and abort are indexes.
func lookAtClock(left, abort uint64) []byte {
	variable := func(code []byte, op byte) []byte { return binary.AppendUvarint(append(code, op), left) }
	code := variable(nil, opGlobalGet)
	code = variable(append(code, opConst, 1, opSub), opGlobalSet)
	code = append(variable(code, opGlobalGet), opEqz, opIf, emptyBlock)
	code = variable(append(code, constTurns...), opGlobalSet)
	code = binary.AppendUvarint(append(code, opCall), abort)
	return append(code, opEnd)
}

var errNoModule = errors.New("codec: not a WebAssembly module this software can guard")

// Sections of a module by their ids.
const (
	importSection = 2
	globalSection = 6
	codeSection   = 10
)

// guarded returns the module with lookAtClock in each loop; abort is the name
// of the import it calls. The format is that of the WebAssembly Core
// Specification, chapter 5.
func guarded(wasm []byte, abort string) ([]byte, error) {
	if len(wasm) < 8 || string(wasm[:4]) != "\x00asm" {
		return nil, errNoModule
	}
	var index, left uint64
	out := append(make([]byte, 0, 2*len(wasm)), wasm[:8]...)
	for r := (reader{b: wasm[8:]}); len(r.b) > 0; {
		id := r.byte()
		body := r.take(r.uint())
		var err error
		switch id {
		case importSection:
			index, err = importIndex(body, abort)
		case globalSection:
			g := reader{b: body}
			left = g.uint()
			body = append(binary.AppendUvarint(nil, left+1), g.b...)
			body = append(append(append(body, i32, mutable), constTurns...), opEnd)
		case codeSection:
			if left == 0 { // a module without variables of its own
				return nil, errNoModule
			}
			body, err = guardedCode(body, lookAtClock(left, index))
		}
		if r.bad || err != nil {
			return nil, errNoModule
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

// importIndex finds a function among the imports, which these modules have no
// others of.
func importIndex(section []byte, name string) (uint64, error) {
	r := reader{b: section}
	for i, count := uint64(0), r.uint(); i < count && !r.bad; i++ {
		r.take(r.uint()) // module
		this := string(r.take(r.uint()))
		if kind := r.byte(); kind != 0 {
			break
		}
		r.number() // type
		if this == name && !r.bad {
			return i, nil
		}
	}
	return 0, errNoModule
}

// guardedCode puts look into the loops of all functions.
func guardedCode(section, look []byte) ([]byte, error) {
	r := reader{b: section}
	count := r.uint()
	out := binary.AppendUvarint(make([]byte, 0, 2*len(section)), count)
	var body []byte
	for ; count > 0 && !r.bad; count-- {
		f := reader{b: r.take(r.uint())}
		whole := f.b
		for locals := f.uint(); locals > 0 && !f.bad; locals-- {
			f.uint()
			f.byte()
		}
		body = append(body[:0], whole[:len(whole)-len(f.b)]...)
		for len(f.b) > 0 && !f.bad {
			from := f.b
			loop := f.instruction()
			body = append(body, from[:len(from)-len(f.b)]...)
			if loop && f.outer() {
				body = append(body, look...)
			}
		}
		if f.bad {
			return nil, errNoModule
		}
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	if r.bad {
		return nil, errNoModule
	}
	return out, nil
}

// Instructions that are looked at or put in.
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0B
	opCall         = 0x10
	opCallIndirect = 0x11
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opConst        = 0x41 // i32.const
	opEqz          = 0x45 // i32.eqz
	opSub          = 0x6B // i32.sub

	emptyBlock = 0x40 // type of a block without values
	i32        = 0x7F
	mutable    = 1
)

// outer says that the loop whose body comes next has a loop or a call in it.
// The others, which go over a row or a run of bits, are where the time goes,
// and a count in them would take a third of it.
func (r reader) outer() bool {
	for depth := 0; len(r.b) > 0; {
		op := r.b[0]
		r.instruction()
		switch op {
		case opLoop, opCall, opCallIndirect:
			return true
		case opBlock, opIf:
			depth++
		case opEnd:
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return true
}

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
