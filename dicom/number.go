package dicom

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// Int returns the first value of a binary number, IS or DS as an integer;
// false if it is absent or none.
func (d *Dataset) Int(t Tag) (int64, bool) {
	if e := d.Get(t); e != nil {
		if v, ok := firstInteger(d, e); ok {
			return v, true
		}
	}
	v := d.Ints(t)
	if len(v) == 0 {
		return 0, false
	}
	return v[0], true
}

// firstInteger is the fast way for US and SS.
func firstInteger(d *Dataset, e *Element) (int64, bool) {
	if (e.VR == US || e.VR == SS) && len(e.Raw) >= 2 {
		return integer(e.Raw, e.VR, d.Syntax.order()), true
	}
	return 0, false
}

// Ints returns all values as integers; nil if one of them is none. A decimal
// string counts if it is a whole number.
func (d *Dataset) Ints(t Tag) []int64 {
	e := d.Get(t)
	if e == nil {
		return nil
	}
	vr := d.textVR(e)
	switch vr {
	case US, SS, UL, SL, SV, UV:
		n, order := vr.size(), d.order(e)
		out := make([]int64, 0, len(e.Raw)/n)
		for b := e.Raw; len(b) >= n; b = b[n:] {
			out = append(out, integer(b, vr, order))
		}
		return out
	case AT:
		order := d.order(e)
		out := make([]int64, 0, len(e.Raw)/4)
		for b := e.Raw; len(b) >= 4; b = b[4:] {
			out = append(out, int64(order.Uint16(b))<<16|int64(order.Uint16(b[2:])))
		}
		return out
	}
	floats := d.Floats(t)
	out := make([]int64, 0, len(floats))
	for _, f := range floats {
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return nil
		}
		out = append(out, int64(f))
	}
	return out
}

// integer reads one number of VR US, SS, UL, SL, SV or UV.
func integer(b []byte, vr VR, order binary.ByteOrder) int64 {
	switch vr {
	case US:
		return int64(order.Uint16(b))
	case SS:
		return int64(int16(order.Uint16(b)))
	case UL:
		return int64(order.Uint32(b))
	case SL:
		return int64(int32(order.Uint32(b)))
	}
	return int64(order.Uint64(b))
}

// Float returns the first value of a number or of its decimal string; false
// if it is absent or none.
func (d *Dataset) Float(t Tag) (float64, bool) {
	v := d.Floats(t)
	if len(v) == 0 {
		return 0, false
	}
	return v[0], true
}

// Floats returns all values as numbers; nil if one of them is none.
func (d *Dataset) Floats(t Tag) []float64 {
	e := d.Get(t)
	if e == nil {
		return nil
	}
	switch vr := d.textVR(e); vr {
	case FL, FD, OF, OD:
		return floats(e.Raw, vr, d.order(e))
	case US, SS, UL, SL, SV, UV:
		ints := d.Ints(t)
		out := make([]float64, len(ints))
		for i, n := range ints {
			out[i] = float64(n)
		}
		return out
	case OB, OW, OL, OV, UN, SQ:
		return nil
	}
	texts := d.Texts(t)
	out := make([]float64, 0, len(texts))
	for _, s := range texts {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return nil
		}
		out = append(out, f)
	}
	return out
}

func floats(raw []byte, vr VR, order binary.ByteOrder) []float64 {
	if vr == FL || vr == OF {
		out := make([]float64, 0, len(raw)/4)
		for ; len(raw) >= 4; raw = raw[4:] {
			out = append(out, float64(math.Float32frombits(order.Uint32(raw))))
		}
		return out
	}
	out := make([]float64, 0, len(raw)/8)
	for ; len(raw) >= 8; raw = raw[8:] {
		out = append(out, math.Float64frombits(order.Uint64(raw)))
	}
	return out
}
