package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The C compiler joins the inner loops of a decoder into one function of 40,000
// instructions. The runtime's compiler works function by function: for one so
// long it takes 40 MB more, and its loops get too few registers. So long
// functions have their loops taken out. Each becomes a function that gets the
// local variables the loop reads and gives back those it wrote and that are
// read afterwards.

const (
	// longFunction is the code from which on loops are taken out, in bytes.
	longFunction = 16 << 10
	// shortLoop and longLoop bound the code of the loops that are.
	shortLoop = 64
	longLoop  = 16 << 10
	// maxLocals is how many local variables a set of them tells apart;
	// functions with more stay as they are.
	maxLocals = 128
)

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
	before, after locals // of a loop: what is read later, from its start and from its end on
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

// loops finds those to take out: from outside in, the first that are not too
// long and that nothing leaves but at their end.
func (f *definition) loops() (out []int) {
	for i := 0; i < len(f.steps); i++ {
		s := &f.steps[i]
		if s.op != opLoop || s.arg != emptyBlock {
			continue
		}
		if n := f.steps[s.match].to - s.from; n >= shortLoop && n <= longLoop && f.closed(i) {
			out = append(out, i)
			i = s.match
		}
	}
	return out
}

// closed says that no branch leaves a loop.
func (f *definition) closed(loop int) bool {
	depth := uint64(0)
	for _, s := range f.steps[loop:f.steps[loop].match] {
		switch s.op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
		case opBr, opBrIf:
			s.depths = []uint64{s.arg}
		case opReturn:
			return false
		}
		if len(s.depths) > 0 && slices.Max(s.depths) >= depth {
			return false
		}
	}
	return true
}

// takenOut is a loop that became a function.
type takenOut struct {
	kind []byte // its type
	body []byte
	call []byte // what stands for it
}

// takeOut makes a function of a loop; index is the one it will have.
func (f *definition) takeOut(loop int, index uint64) takenOut {
	start, end := &f.steps[loop], f.steps[loop].match
	var used, written locals
	for _, s := range f.steps[loop:end] {
		switch s.op {
		case opLocalSet, opLocalTee:
			written.add(s.arg)
			used.add(s.arg)
		case opLocalGet:
			used.add(s.arg)
		}
	}
	in, out := start.before.both(used), start.after.both(written).list()
	var own []uint64
	var t takenOut
	place := make([]uint64, len(f.types)) // indexes there by those here
	for _, i := range in.list() {
		t.call = binary.AppendUvarint(append(t.call, opLocalGet), i)
		place[i] = uint64(len(own))
		own = append(own, i)
	}
	t.call = binary.AppendUvarint(append(t.call, opCall), index)
	params := len(own)
	for _, i := range used.list() {
		if !slices.Contains(own[:params], i) {
			place[i] = uint64(len(own))
			own = append(own, i)
		}
	}
	t.kind = append(f.vector([]byte{funcType}, own[:params]), f.vector(nil, out)...)
	t.body = binary.AppendUvarint(t.body, uint64(len(own)-params))
	for _, i := range own[params:] {
		t.body = append(t.body, 1, f.types[i])
	}
	for _, s := range f.steps[loop : end+1] {
		if s.op >= opLocalGet && s.op <= opLocalTee {
			t.body = binary.AppendUvarint(append(t.body, s.op), place[s.arg])
		} else {
			t.body = append(t.body, f.code[s.from:s.to]...)
		}
	}
	for n, i := range out {
		t.body = binary.AppendUvarint(append(t.body, opLocalGet), place[i])
		t.call = binary.AppendUvarint(append(t.call, opLocalSet), out[len(out)-1-n])
	}
	t.body = append(t.body, opEnd)
	return t
}

// vector appends the types of variables.
func (f *definition) vector(b []byte, list []uint64) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, i := range list {
		b = append(b, f.types[i])
	}
	return b
}

// outline takes loops out of the module's long functions.
func (m module) outline() error {
	params, err := m.params()
	if err != nil {
		return err
	}
	bodies, err := m.functions()
	if err != nil {
		return err
	}
	first, types := m.imports()+uint64(len(bodies)), m.count(typeSection)
	var kinds, indexes []byte
	own := len(bodies)
	for n, body := range bodies[:own] {
		if len(body) < longFunction {
			continue
		}
		f, err := newDefinition(params[n], body)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		last := 0
		body := slices.Clone(f.head)
		for _, loop := range f.loops() {
			t := f.takeOut(loop, first+uint64(len(bodies)-own))
			body = append(append(body, f.code[last:f.steps[loop].from]...), t.call...)
			last = f.steps[f.steps[loop].match].to
			indexes = binary.AppendUvarint(indexes, types+uint64(len(bodies)-own))
			kinds = append(kinds, t.kind...)
			bodies = append(bodies, t.body)
		}
		bodies[n] = append(body, f.code[last:]...)
	}
	m.grow(typeSection, len(bodies)-own, kinds)
	m.grow(functionSection, len(bodies)-own, indexes)
	m.setFunctions(bodies)
	return nil
}
