package codec

import (
	"encoding/binary"
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
)

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
