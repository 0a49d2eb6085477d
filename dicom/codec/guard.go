package codec

import (
	"encoding/binary"
	"slices"
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

// guard puts lookAtClock into each loop; abort is the name of the import it calls.
func (m module) guard(abort string) error {
	index, err := m.importIndex(abort)
	if err != nil {
		return err
	}
	look := lookAtClock(m.count(globalSection), index)
	m.grow(globalSection, 1, slices.Concat([]byte{i32, mutable}, constTurns, []byte{opEnd}))
	bodies, err := m.functions()
	if err != nil {
		return err
	}
	for n, body := range bodies {
		if bodies[n], err = guarded(body, look); err != nil {
			return err
		}
	}
	m.setFunctions(bodies)
	return nil
}

// guarded puts look into the loops of a function.
func guarded(body, look []byte) ([]byte, error) {
	r := reader{b: body}
	for locals := r.uint(); locals > 0 && !r.bad; locals-- {
		r.uint()
		r.byte()
	}
	out := append(make([]byte, 0, len(body)+len(body)/4), body[:len(body)-len(r.b)]...)
	for len(r.b) > 0 && !r.bad {
		from := r.b
		loop := r.instruction()
		out = append(out, from[:len(from)-len(r.b)]...)
		if loop && r.outer() {
			out = append(out, look...)
		}
	}
	if r.bad {
		return nil, errNoModule
	}
	return out, nil
}

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
