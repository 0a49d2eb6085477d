package codec

import (
	"encoding/binary"
	"errors"
	"slices"
)

// module is a WebAssembly module by its sections; the format is that of the
// WebAssembly Core Specification, chapter 5. It is changed before it is
// compiled: replace, outline, guard.
type module []section

type section struct {
	id   byte
	body []byte
}

// Sections by their ids.
const (
	typeSection     = 1
	importSection   = 2
	functionSection = 3
	globalSection   = 6
	codeSection     = 10
)

// Instructions that are looked at or put in.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0B
	opBr           = 0x0C
	opBrIf         = 0x0D
	opBrTable      = 0x0E
	opReturn       = 0x0F
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelect       = 0x1B
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opConst        = 0x41 // i32.const
	opEqz          = 0x45 // i32.eqz
	opAdd          = 0x6A // i32.add
	opSub          = 0x6B // i32.sub
	opVector       = 0xFD // which one, the next bytes say
)

// Types.
const (
	emptyBlock = 0x40 // of a block that takes and gives nothing
	funcType   = 0x60
	i32        = 0x7F
	v128       = 0x7B
	mutable    = 1 // a global variable
)

var errNoModule = errors.New("codec: not a WebAssembly module this software can change")

// changed is a module as it is compiled: faster are bodies for some of its
// functions, abort is the name of an import.
func changed(wasm []byte, faster map[int][]byte, abort string) ([]byte, error) {
	m, err := parseModule(wasm)
	if err != nil {
		return nil, err
	}
	if err := m.replace(faster); err != nil {
		return nil, err
	}
	if err := m.outline(); err != nil {
		return nil, err
	}
	if err := m.guard(abort); err != nil {
		return nil, err
	}
	return m.bytes(), nil
}

// parseModule reads a module; it has each section that is named above.
func parseModule(wasm []byte) (module, error) {
	if len(wasm) < 8 || string(wasm[:8]) != magic {
		return nil, errNoModule
	}
	var m module
	r := reader{b: wasm[8:]}
	for len(r.b) > 0 && !r.bad {
		m = append(m, section{r.byte(), r.take(r.uint())})
	}
	for _, id := range []byte{typeSection, importSection, functionSection, globalSection, codeSection} {
		if r.bad || m.find(id) == nil {
			return nil, errNoModule
		}
	}
	return m, nil
}

// magic begins a module: its kind and version.
const magic = "\x00asm\x01\x00\x00\x00"

func (m module) bytes() []byte {
	out := []byte(magic)
	for _, s := range m {
		out = binary.AppendUvarint(append(out, s.id), uint64(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

func (m module) find(id byte) *section {
	n := slices.IndexFunc(m, func(s section) bool { return s.id == id })
	if n < 0 {
		return nil
	}
	return &m[n]
}

// vector is a section's number of entries and a reader of them.
func (m module) vector(id byte) (uint64, reader) {
	r := reader{b: m.find(id).body}
	return r.uint(), r
}

func (m module) count(id byte) uint64 {
	n, _ := m.vector(id)
	return n
}

// grow adds entries to a section.
func (m module) grow(id byte, n int, entries []byte) {
	count, r := m.vector(id)
	m.find(id).body = slices.Concat(binary.AppendUvarint(nil, count+uint64(n)), r.b, entries)
}

// functions are the bodies of the module's own functions.
func (m module) functions() ([][]byte, error) {
	count, r := m.vector(codeSection)
	var out [][]byte
	for ; count > 0 && !r.bad; count-- {
		out = append(out, r.take(r.uint()))
	}
	if r.bad {
		return nil, errNoModule
	}
	return out, nil
}

// replace gives functions other bodies.
func (m module) replace(faster map[int][]byte) error {
	bodies, err := m.functions()
	if err != nil {
		return err
	}
	for i, body := range faster {
		if i >= len(bodies) {
			return errNoModule
		}
		bodies[i] = body
	}
	m.setFunctions(bodies)
	return nil
}

func (m module) setFunctions(bodies [][]byte) {
	out := binary.AppendUvarint(nil, uint64(len(bodies)))
	for _, b := range bodies {
		out = binary.AppendUvarint(out, uint64(len(b)))
		out = append(out, b...)
	}
	m.find(codeSection).body = out
}

// params are the types of the parameters of each of the module's own functions.
func (m module) params() ([][]byte, error) {
	count, r := m.vector(typeSection)
	var types [][]byte
	for ; count > 0 && !r.bad; count-- {
		if r.byte() != funcType {
			return nil, errNoModule
		}
		types = append(types, r.take(r.uint()))
		r.take(r.uint()) // results
	}
	count, f := m.vector(functionSection)
	var out [][]byte
	for ; count > 0 && !f.bad; count-- {
		i := f.uint()
		if i >= uint64(len(types)) {
			return nil, errNoModule
		}
		out = append(out, types[i])
	}
	if r.bad || f.bad || uint64(len(out)) != m.count(codeSection) {
		return nil, errNoModule
	}
	return out, nil
}

// imports are how many functions the module imports; these modules import
// nothing else.
func (m module) imports() uint64 { return m.count(importSection) }

// importIndex finds a function among the imports.
func (m module) importIndex(name string) (uint64, error) {
	count, r := m.vector(importSection)
	for i := uint64(0); i < count && !r.bad; i++ {
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
