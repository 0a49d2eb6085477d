package codec

import "slices"

// liftingIndex is where opj_v8dwt_decode_step2 stands among the functions of
// the pinned OpenJPEG.
const liftingIndex = 41

// lifting is a body for that function, which took an eighth of the time of a
// lossy image. It works on eight columns side by side, but the C compiler was
// not told that it may use vectors of four. Here the same numbers are added and
// multiplied in the same order:
//
//	void step2(float l[8], float (*w)[2][8], u32 i, u32 end, u32 m, float c) {
//		w += i;
//		if (i > 0) l = w[-1][0];
//		for (; i < min(end, m); i++, l = w[0][0], w++)
//			w[-1][1] += (l + w[0][0]) * c;
//		if (end > m) w[-1][1] += l * (c + c);
//	}
func lifting() []byte {
	const l, w, i, end, m, c, stop, at, factor, low, high, next = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	var (
		splat     = []byte{opVector, 0x13} // f32x4.splat
		vectorAdd = []byte{opVector, 0xE4, 1}
		vectorMul = []byte{opVector, 0xE6, 1}
		// at points to w[-1][1], so that w[0][0] is 32 bytes further.
		setAt = []byte{opLocalGet, w, opConst, 0x60, opAdd, opLocalSet, at}
	)
	load := func(base, offset byte) []byte { return []byte{opLocalGet, base, opVector, 0, 4, offset} }
	// add adds a value times factor to what stands at an offset.
	add := func(offset byte, value []byte) []byte {
		return slices.Concat([]byte{opLocalGet, at}, value, []byte{opLocalGet, factor}, vectorMul,
			load(at, offset), vectorAdd, []byte{opVector, 0x0B, 4, offset}) // v128.store
	}
	// turn does half of a turn of the loop: side is that half of l and becomes
	// that of w[0][0].
	turn := func(side, offset byte) []byte {
		return slices.Concat(load(at, 32+offset), []byte{opLocalSet, next},
			add(offset, slices.Concat([]byte{opLocalGet, side, opLocalGet, next}, vectorAdd)),
			[]byte{opLocalGet, next, opLocalSet, side})
	}
	return slices.Concat(
		[]byte{2, 2, i32, 4, v128}, // stop and at; factor to next
		[]byte{opLocalGet, w, opLocalGet, i, opConst, 6, 0x74, opAdd, opLocalSet, w}, // i32.shl
		[]byte{opLocalGet, w, opConst, 0x40, opAdd, opLocalGet, l, opLocalGet, i, opSelect, opLocalSet, l},
		[]byte{opLocalGet, c}, splat, []byte{opLocalSet, factor},
		[]byte{opBlock, emptyBlock},
		[]byte{opLocalGet, i, opLocalGet, end, opLocalGet, m, opLocalGet, end, opLocalGet, m, 0x49, opSelect}, // i32.lt_u
		[]byte{opLocalTee, stop, 0x4F, opBrIf, 0},                                                             // i32.ge_u
		load(l, 0), []byte{opLocalSet, low}, load(l, 16), []byte{opLocalSet, high},
		[]byte{opLoop, emptyBlock},
		setAt, turn(high, 16), turn(low, 0), // the far end first: one check of bounds then does for all
		[]byte{opLocalGet, w, opLocalTee, l, opConst, 0xC0, 0, opAdd, opLocalSet, w},
		[]byte{opLocalGet, i, opConst, 1, opAdd, opLocalTee, i, opLocalGet, stop, 0x47, opBrIf, 0}, // i32.ne
		[]byte{opEnd, opEnd},
		[]byte{opLocalGet, end, opLocalGet, m, 0x4B, opIf, emptyBlock}, // i32.gt_u
		[]byte{opLocalGet, factor, opLocalGet, factor}, vectorAdd, []byte{opLocalSet, factor},
		setAt, add(16, load(l, 16)), add(0, load(l, 0)),
		[]byte{opEnd, opEnd})
}
