package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/table"
)

// The modules are C++ classes bound to JavaScript by Emscripten's embind: at
// its start a module registers its classes and their methods by name, as
// indexes into its table of functions. This file is the small part of embind's
// other side that these modules need.

// errThrown is what a call gives when the module threw a C++ exception. Its
// stack was not unwound, so the instance is of no more use.
var errThrown = errors.New("the codec refuses the codestream")

// errLate is what a call gives that takes too long.
var errLate = errors.New("the codec takes too long")

// maxPrinted bounds what is kept of a module's messages.
const maxPrinted = 1 << 10

// hostCall serves one import; stack holds arguments and then the result.
type hostCall func(in *instance, stack []uint64)

// hostCalls are the imports by their names in Emscripten's sources. What is
// not here only describes types to JavaScript, and may do nothing.
var hostCalls = map[string]hostCall{
	"__cxa_throw":                         func(*instance, []uint64) { panic(errThrown) },
	"_abort_js":                           (*instance).yield,
	"_embind_register_class":              (*instance).registerClass,
	"_embind_register_class_constructor":  (*instance).registerConstructor,
	"_embind_register_class_function":     (*instance).registerMethod,
	"_embind_register_value_object":       (*instance).registerObject,
	"_embind_register_value_object_field": (*instance).registerField,
	"_emscripten_memcpy_js":               (*instance).memcpy,
	"_emval_get_method_caller":            func(_ *instance, s []uint64) { s[0] = 1 },
	"_emval_get_global":                   func(_ *instance, s []uint64) { s[0] = handle },
	"_emval_call":                         (*instance).copyView,
	"_emval_take_value":                   (*instance).takeView,
	"emscripten_resize_heap":              (*instance).resizeHeap,
	"emscripten_get_heap_max":             func(in *instance, s []uint64) { s[0] = uint64(in.limit) },
	"environ_sizes_get":                   (*instance).noEnvironment,
	"fd_write":                            (*instance).print,
	"fd_seek":                             func(_ *instance, s []uint64) { s[0] = 70 }, // ESPIPE
	"fd_close":                            func(_ *instance, s []uint64) { s[0] = 8 },  // EBADF
}

// handle stands for every JavaScript value. The only ones that matter are
// views of memory, and a call makes one at most: instance.view.
const handle = 10

// function is an index into the module's table with the function's signature:
// the result's letter, then the parameters'.
type function struct {
	index     uint32
	signature string
}

// class is a C++ class the module registered.
type class struct {
	invoke, construct function // invoke(construct, …) makes an object
	destroy           function
	methods           map[string]method
}

type method struct {
	function
	context uint32
}

// valueObject is a C++ struct that is passed by value.
type valueObject struct {
	construct, destroy function
	fields             map[string]method // setters
}

// instance is one running module. It is not safe for concurrent use.
type instance struct {
	kind    *build
	mod     api.Module
	limit   uint32 // bytes its memory may grow to
	started time.Time
	most    time.Duration // that spent may reach
	classes map[uint32]*class
	named   map[string]*class
	objects map[uint32]*valueObject
	structs map[string]*valueObject
	view    []uint32 // address and length of the last view of memory
	printed []byte
}

func (in *instance) memory() api.Memory { return in.mod.Memory() }

// word reads 32 bits; an address outside is the module's own fault.
func (in *instance) word(at uint32) uint32 {
	v, ok := in.memory().ReadUint32Le(at)
	if !ok {
		panic(errThrown)
	}
	return v
}

// text reads a string that a zero ends.
func (in *instance) text(at uint64) string {
	b, ok := in.memory().Read(uint32(at), min(256, in.memory().Size()-uint32(at)))
	if !ok {
		panic(errThrown)
	}
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

// yield serves the call that lookAtClock makes and the module's own abort, in
// which case the next instruction is a trap. That it is Go that runs lets the
// garbage collector and others have their way.
func (in *instance) yield([]uint64) {
	if in.spent() > in.most {
		panic(errLate)
	}
}

func (in *instance) function(signature, index uint64) function {
	return function{uint32(index), in.text(signature)}
}

func (in *instance) registerClass(s []uint64) {
	c := &class{methods: map[string]method{}, destroy: in.function(s[11], s[12])}
	in.classes[uint32(s[0])] = c
	in.named[in.text(s[10])] = c
}

func (in *instance) registerConstructor(s []uint64) {
	if c := in.classes[uint32(s[0])]; c != nil {
		c.invoke, c.construct = in.function(s[3], s[4]), function{index: uint32(s[5])}
	}
}

func (in *instance) registerMethod(s []uint64) {
	if c := in.classes[uint32(s[0])]; c != nil {
		c.methods[in.text(s[1])] = method{in.function(s[4], s[5]), uint32(s[6])}
	}
}

func (in *instance) registerObject(s []uint64) {
	o := &valueObject{in.function(s[2], s[3]), in.function(s[4], s[5]), map[string]method{}}
	in.objects[uint32(s[0])] = o
	in.structs[in.text(s[1])] = o
}

func (in *instance) registerField(s []uint64) {
	if o := in.objects[uint32(s[0])]; o != nil {
		o.fields[in.text(s[1])] = method{in.function(s[7], s[8]), uint32(s[9])}
	}
}

func (in *instance) memcpy(s []uint64) {
	from, ok := in.memory().Read(uint32(s[1]), uint32(s[2]))
	if !ok || !in.memory().Write(uint32(s[0]), from) {
		panic(errThrown)
	}
}

// takeView makes a handle of an argument: a view of memory.
func (in *instance) takeView(s []uint64) {
	at := uint32(s[1])
	in.view = []uint32{in.word(at + 4), in.word(at)}
	s[0] = handle
}

// copyView is a call of a JavaScript function, which is always the making of
// an array from a view.
func (in *instance) copyView(s []uint64) {
	at := uint32(s[3])
	in.view = []uint32{in.word(at + 4), in.word(at)}
	s[0] = math.Float64bits(handle)
}

// resizeHeap grows the memory to at least the size asked for.
func (in *instance) resizeHeap(s []uint64) {
	const page, slack = 64 << 10, 1 << 20
	want, have := uint32(s[0]), in.memory().Size()
	if s[0] = 0; want > in.limit || want <= have {
		return
	}
	want = min(in.limit, want+slack)
	if _, ok := in.memory().Grow((want - have + page - 1) / page); ok {
		s[0] = 1
	}
}

func (in *instance) noEnvironment(s []uint64) {
	in.memory().WriteUint32Le(uint32(s[0]), 0)
	in.memory().WriteUint32Le(uint32(s[1]), 0)
	s[0] = 0
}

// print keeps the beginning of what the module prints.
func (in *instance) print(s []uint64) {
	total := uint32(0)
	for i := range min(uint32(s[2]), 16) {
		at, n := in.word(uint32(s[1])+8*i), in.word(uint32(s[1])+8*i+4)
		total += n
		if b, ok := in.memory().Read(at, min(n, uint32(maxPrinted-len(in.printed)))); ok {
			in.printed = append(in.printed, b...)
		}
	}
	in.memory().WriteUint32Le(uint32(s[3]), total)
	s[0] = 0
}

// call calls a function of the table. Results of the modules' functions are
// one number or none.
func (in *instance) call(ctx context.Context, f function, args ...uint64) (uint64, error) {
	types := make([]api.ValueType, len(f.signature))
	for i, c := range f.signature {
		switch c {
		case 'j':
			types[i] = api.ValueTypeI64
		case 'f':
			types[i] = api.ValueTypeF32
		case 'd':
			types[i] = api.ValueTypeF64
		default:
			types[i] = api.ValueTypeI32
		}
	}
	if len(types) != len(args)+1 {
		return 0, fmt.Errorf("codec: %d arguments for a function %q", len(args), f.signature)
	}
	results := types[:1]
	if f.signature[0] == 'v' {
		results = nil
	}
	out, err := table.LookupFunction(in.mod, 0, f.index, types[1:], results).Call(ctx, args...)
	if err != nil || len(out) == 0 {
		return 0, err
	}
	return out[0], nil
}

// object is a C++ object within an instance.
type object struct {
	*class
	in  *instance
	ptr uint64
}

func (in *instance) new(ctx context.Context, name string) (*object, error) {
	c := in.named[name]
	if c == nil {
		return nil, fmt.Errorf("codec %s: no class %s", in.kind.file, name)
	}
	ptr, err := in.call(ctx, c.invoke, uint64(c.construct.index))
	return &object{c, in, ptr}, err
}

func (o *object) delete(ctx context.Context) error {
	_, err := o.in.call(ctx, o.destroy, o.ptr)
	return err
}

func (o *object) call(ctx context.Context, name string, args ...uint64) error {
	m, ok := o.methods[name]
	if !ok {
		return fmt.Errorf("codec %s: no method %s", o.in.kind.file, name)
	}
	_, err := o.in.call(ctx, m.function, append([]uint64{uint64(m.context), o.ptr}, args...)...)
	return err
}

// buffer calls a method that gives a view of memory. What it returns is the
// memory itself, until the next call.
func (o *object) buffer(ctx context.Context, name string, args ...uint64) ([]byte, error) {
	o.in.view = nil
	if err := o.call(ctx, name, args...); err != nil {
		return nil, err
	}
	if o.in.view == nil {
		return nil, fmt.Errorf("codec %s: %s gave no buffer", o.in.kind.file, name)
	}
	b, ok := o.in.memory().Read(o.in.view[0], o.in.view[1])
	if !ok {
		return nil, errThrown
	}
	return b, nil
}

// pass makes a struct, gives it to use, and destroys it.
func (in *instance) pass(ctx context.Context, name string, fields map[string]uint64, use func(ptr uint64) error) error {
	o := in.structs[name]
	if o == nil {
		return fmt.Errorf("codec %s: no struct %s", in.kind.file, name)
	}
	ptr, err := in.call(ctx, o.construct)
	if err != nil {
		return err
	}
	for field, value := range fields {
		set, ok := o.fields[field]
		if !ok {
			return fmt.Errorf("codec %s: no field %s in %s", in.kind.file, field, name)
		}
		if _, err := in.call(ctx, set.function, uint64(set.context), ptr, value); err != nil {
			return err
		}
	}
	if err := use(ptr); err != nil {
		return err
	}
	_, err = in.call(ctx, o.destroy, ptr)
	return err
}

// fault is the last error the module printed.
func (in *instance) fault() string {
	_, after, ok := bytes.Cut(in.printed, []byte("[ERROR] "))
	if !ok {
		return ""
	}
	line, _, _ := bytes.Cut(after, []byte("\n"))
	return string(bytes.ToValidUTF8(line, []byte("?")))
}

func appendBox(b []byte, kind string, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(8+len(body)))
	return append(append(b, kind...), body...)
}
