package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero"
)

// nested is the body of a function of n that adds up i*j for all j < i < n, in
// local 3, keeps the last j in local 2, and gives 1000*sum+j. It begins with
// instructions that do nothing, and so does its inner loop.
func nested(before, within int) []byte {
	code := []byte{1, 4, i32} // i, j, sum, and one that nobody needs afterwards
	code = append(code, bytes.Repeat([]byte{opNop}, before)...)
	code = append(code,
		opBlock, emptyBlock,
		opLoop, emptyBlock,
		opLocalGet, 1, opLocalGet, 0, 0x4E, opBrIf, 1, // i >= n: leave; this loop is not closed
		opConst, 0, opLocalSet, 2,
		opLoop, emptyBlock) // this one is
	code = append(code, bytes.Repeat([]byte{opNop}, within)...)
	return append(code,
		opLocalGet, 2, opLocalGet, 1, 0x48, // j < i
		opIf, emptyBlock,
		opLocalGet, 1, opLocalGet, 2, 0x6C, opLocalTee, 4, // i*j
		opLocalGet, 3, 0x6A, opLocalSet, 3,
		opElse,
		opConst, 0, opLocalSet, 4,
		opEnd,
		opLocalGet, 2, opConst, 1, 0x6A, opLocalTee, 2,
		opLocalGet, 1, 0x48, opBrIf, 0,
		opEnd,
		opLocalGet, 1, opConst, 1, 0x6A, opLocalSet, 1,
		opBr, 0,
		opEnd,
		opEnd,
		opLocalGet, 3, opConst, 0xE8, 7, 0x6C, opLocalGet, 2, 0x6A,
		opEnd)
}

const opNop = 0x01

// moduleOf is a module with one function, f(i32) i32, that imports another.
func moduleOf(body []byte) []byte {
	var code []byte
	code = binary.AppendUvarint(append(code, 1), uint64(len(body)))
	return module{
		{typeSection, []byte{2, funcType, 1, i32, 1, i32, funcType, 0, 0}},
		{importSection, []byte{1, 1, 'a', 1, 'q', 0, 1}},
		{functionSection, []byte{1, 0}},
		{globalSection, []byte{1, i32, mutable, opConst, 0, opEnd}},
		{7, []byte{1, 1, 'f', 0, 1}}, // exports
		{codeSection, append(code, body...)},
	}.bytes()
}

// answers runs f of a module for some n and counts its looks at the clock.
func answers(t *testing.T, wasm []byte) (out []uint64, looks int) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	if _, err := r.NewHostModuleBuilder("a").NewFunctionBuilder().WithFunc(func() { looks++ }).Export("q").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.Instantiate(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{0, 1, 2, 7, turns} {
		v, err := m.ExportedFunction("f").Call(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v[0])
	}
	return out, looks
}

func TestAFunctionWithoutItsLoopsGivesTheSame(t *testing.T) {
	t.Parallel()
	wasm := moduleOf(nested(longFunction, longLoop/2))
	want, _ := answers(t, wasm)
	if want[3] != 175*1000+6 {
		t.Fatalf("the function itself gives %v", want)
	}
	m, err := parseModule(wasm)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.outline(); err != nil {
		t.Fatal(err)
	}
	if n := m.count(codeSection); n != 2 {
		t.Errorf("%d functions, want the one and its inner loop", n)
	}
	if bodies, err := m.functions(); err != nil || len(bodies[0]) > longFunction+100 {
		t.Errorf("its inner loop is still there: %v", err)
	}
	got, _ := answers(t, m.bytes())
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("gives %v, want %v", got, want)
			break
		}
	}
}

func TestOuterLoopsLookAtTheClock(t *testing.T) {
	t.Parallel()
	wasm, err := changed(moduleOf(nested(0, 0)), nil, "q")
	if err != nil {
		t.Fatal(err)
	}
	if _, looks := answers(t, wasm); looks != 1 {
		t.Errorf("%d looks in some more than %d turns", looks, turns)
	}
	m, err := parseModule(wasm)
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := m.functions()
	if err != nil {
		t.Fatal(err)
	}
	look := lookAtClock(1, 0)
	if n := bytes.Count(bodies[0], look); n != 1 {
		t.Errorf("%d loops look, want the outer one alone", n)
	}
}

func TestWhatIsNoModuleIsRefused(t *testing.T) {
	t.Parallel()
	whole := moduleOf(nested(0, 0))
	for n := range whole {
		if _, err := changed(whole[:n], nil, "q"); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a module", n, len(whole))
		}
	}
	if _, err := changed(whole, nil, "z"); err == nil {
		t.Error("an import that is not there is found")
	}
}
