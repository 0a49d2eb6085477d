package codec

import (
	"math/bits"
	"slices"
)

// maxLocals is how many local variables a set of them tells apart; functions
// with more stay as they are.
const maxLocals = 128

// locals is a set of local variables by their indexes.
type locals [maxLocals / 64]uint64

func (s *locals) add(i uint64)    { s[i/64] |= 1 << (i % 64) }
func (s *locals) remove(i uint64) { s[i/64] &^= 1 << (i % 64) }

func (s *locals) unite(with locals) {
	for w := range s {
		s[w] |= with[w]
	}
}

// both are those in s and in with.
func (s locals) both(with locals) locals {
	for w := range s {
		s[w] &= with[w]
	}
	return s
}

// list are the indexes in rising order.
func (s locals) list() (out []uint64) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			out = append(out, uint64(64*w+bits.TrailingZeros64(word)))
		}
	}
	return out
}

// definition is that of a function that loops are taken out of.
type definition struct {
	types []byte // of its parameters and local variables
	head  []byte // declares the variables
	code  []byte
	steps []step
}

// step is one instruction.
type step struct {
	from, to int // of its bytes in the code
	op       byte
	arg      uint64   // index of a local, depth of a branch, type of a block
	depths   []uint64 // of br_table
	// match is where a block ends; for an if, where its else is if it has one,
	// for an else the if, for an end the beginning.
	match         int
	before, after locals // of a loop: what is read later, from its start and from its end on; of an else: from it on
}

// newDefinition reads a function with parameters of these types; nil if it has
// too many variables.
func newDefinition(params, body []byte) (*definition, error) {
	r := reader{b: body}
	f := &definition{types: slices.Clone(params)}
	for n := r.uint(); n > 0 && !r.bad; n-- {
		count, kind := r.uint(), r.byte()
		if count > maxLocals || len(f.types)+int(count) > maxLocals {
			return nil, nil
		}
		f.types = append(f.types, slices.Repeat([]byte{kind}, int(count))...)
	}
	f.head, f.code = body[:len(body)-len(r.b)], r.b
	if r.bad || !f.parse() {
		return nil, errNoModule
	}
	f.liveness()
	return f, nil
}

// parse fills steps; false for what is not understood.
func (f *definition) parse() bool {
	var open []int
	for r := (reader{b: f.code}); len(r.b) > 0; {
		s := step{from: len(f.code) - len(r.b), op: r.b[0], match: -1}
		arg, here := reader{b: r.b[1:]}, len(f.steps)
		r.instruction()
		s.to = len(f.code) - len(r.b)
		last := len(open) - 1
		switch s.op {
		case opBlock, opLoop, opIf:
			s.arg = arg.uint()
			open = append(open, here)
		case opElse:
			if last < 0 {
				return false
			}
			s.match, f.steps[open[last]].match = open[last], here
		case opEnd:
			if last < 0 {
				break // of the function
			}
			if s.match = open[last]; f.steps[s.match].match < 0 {
				f.steps[s.match].match = here
			}
			open = open[:last]
		case opBr, opBrIf, opLocalGet, opLocalSet, opLocalTee:
			if s.arg = arg.uint(); s.op >= opLocalGet && s.arg >= uint64(len(f.types)) || s.op < opLocalGet && s.arg > uint64(len(open)) {
				return false
			}
		case opBrTable:
			for n := arg.uint() + 1; n > 0 && !arg.bad; n-- {
				d := arg.uint()
				if d > uint64(len(open)) {
					return false
				}
				s.depths = append(s.depths, d)
			}
		}
		if r.bad || arg.bad {
			return false
		}
		f.steps = append(f.steps, s)
	}
	return len(open) == 0
}

// liveness goes backwards through the code, until nothing new is found of what
// the loops need that are returned to.
func (f *definition) liveness() {
	for again := true; again; {
		again = false
		var live locals     // may be read from here on before they are written
		var labels []locals // the same for where branches go, by depth from the end
		for i := len(f.steps) - 1; i >= 0; i-- {
			s, last := &f.steps[i], len(labels)-1
			switch s.op {
			case opEnd:
				labels = append(labels, live)
				if s.match >= 0 && f.steps[s.match].op == opLoop {
					labels[last+1], f.steps[s.match].after = f.steps[s.match].before, live
				}
			case opElse:
				s.before, live = live, labels[last]
			case opIf:
				if other := &f.steps[s.match]; other.op == opElse {
					live.unite(other.before)
				} else {
					live.unite(labels[last])
				}
				labels = labels[:last]
			case opLoop:
				again = again || live != s.before
				s.before, labels = live, labels[:last]
			case opBlock:
				labels = labels[:last]
			case opBr:
				live = labels[last-int(s.arg)]
			case opBrIf:
				live.unite(labels[last-int(s.arg)])
			case opBrTable:
				live = locals{}
				for _, d := range s.depths {
					live.unite(labels[last-int(d)])
				}
			case opReturn, opUnreachable:
				live = locals{}
			case opLocalGet:
				live.add(s.arg)
			case opLocalSet, opLocalTee:
				live.remove(s.arg)
			}
		}
	}
}
