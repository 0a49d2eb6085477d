package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
)

// lifted is what a body of opj_v8dwt_decode_step2 leaves of memory.
func lifted(t *testing.T, body, memory []byte, args []uint64) []byte {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	m, err := r.Instantiate(ctx, module{
		{typeSection, []byte{1, funcType, 6, i32, i32, i32, i32, i32, 0x7D, 0}}, // f32
		{functionSection, []byte{1, 0}},
		{5, []byte{1, 0, 1}}, // a page of memory
		{7, []byte{2, 1, 'f', 0, 0, 1, 'm', 2, 0}},
		{codeSection, slices.Concat(binary.AppendUvarint([]byte{1}, uint64(len(body))), body)},
	}.bytes())
	if err != nil {
		t.Fatal(err)
	}
	m.Memory().Write(0, memory)
	if _, err := m.ExportedFunction("f").Call(ctx, args...); err != nil {
		t.Fatal(err)
	}
	out, _ := m.Memory().Read(0, uint32(len(memory)))
	return out
}

func TestVectorsLiftToTheBitAsOpenJPEGDoes(t *testing.T) {
	t.Parallel()
	built(t)
	wasm, err := load(files, openjpeg.file, sums)
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseModule(wasm)
	if err != nil {
		t.Fatal(err)
	}
	bodies, err := m.functions()
	if err != nil {
		t.Fatal(err)
	}
	memory, r := make([]byte, 4096), rand.New(rand.NewPCG(5, 6))
	for at := 0; at < len(memory); at += 4 {
		binary.LittleEndian.PutUint32(memory[at:], math.Float32bits(float32(r.NormFloat64()*1000)))
	}
	const l, w = 64, 512
	for _, c := range []struct{ start, end, most uint64 }{
		{0, 20, 20}, {0, 20, 19}, {0, 20, 25}, {3, 20, 20}, {3, 20, 19}, {5, 5, 5}, {6, 5, 9}, {0, 1, 1}, {0, 1, 0}, {1, 2, 1}, {0, 0, 0},
	} {
		args := []uint64{l, w, c.start, c.end, c.most, uint64(math.Float32bits(-1.586134342))}
		want, got := lifted(t, bodies[liftingIndex], memory, args), lifted(t, lifting(), memory, args)
		if !bytes.Equal(want, got) {
			t.Errorf("%+v: other numbers", c)
		}
		if changes := c.start < min(c.end, c.most) || c.end > c.most; changes == bytes.Equal(want, memory) {
			t.Errorf("%+v: changed is %v", c, changes)
		}
	}
}
