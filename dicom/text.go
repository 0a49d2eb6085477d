package dicom

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text returns the first value in UTF-8 without padding, "" if there is none.
// Numbers of binary VRs come as decimals, so that (0028,0010) is "512".
func (d *Dataset) Text(t Tag) string {
	e := d.Get(t)
	if e == nil || len(e.Raw) == 0 {
		return ""
	}
	if vr := d.textVR(e); (vr.text() || vr.ascii()) && isASCII(e.Raw) {
		raw := e.Raw
		if i := bytes.IndexByte(raw, '\\'); i >= 0 && !vr.single() {
			raw = raw[:i]
		}
		return trim(string(raw), vr)
	}
	if v := d.Texts(t); len(v) > 0 {
		return v[0]
	}
	return ""
}

// Texts returns all values in UTF-8 without padding; nil if the element is
// absent, empty, a sequence, bytes or bulk.
func (d *Dataset) Texts(t Tag) []string {
	e := d.Get(t)
	if e == nil {
		return nil
	}
	return d.values(e)
}

// values is Texts of an element of d, also of the second with one tag.
func (d *Dataset) values(e *Element) []string {
	if len(e.Raw) == 0 {
		return nil
	}
	vr := d.textVR(e)
	if !vr.text() && !vr.ascii() {
		return d.numbersAsText(e, vr)
	}
	var values []string
	if isASCII(e.Raw) {
		values = []string{string(e.Raw)}
		if !vr.single() {
			values = strings.Split(values[0], "\\")
		}
	} else {
		values = d.charsetFor(e, vr).decode(e.Raw, !vr.single(), vr == PN)
	}
	for i := range values {
		values[i] = trim(values[i], vr)
	}
	return values
}

// textVR is the element's VR, or that of the dictionary for UN.
func (d *Dataset) textVR(e *Element) VR {
	if e.VR == UN {
		if vr := implicitVR(e.Tag, false); vr != SQ {
			return vr
		}
	}
	return e.VR
}

// charset is the one declared for the data set or around it.
func (d *Dataset) charset() charset {
	if e := d.scope().Get(SpecificCharacterSet); e != nil {
		return resolveCharset(e.Raw)
	}
	return charset{}
}

// charsetFor is the character set a value is shown in: the declared one, or
// the one it is repaired with. Text declared as UTF-8 that is not, and VRs
// that should be ASCII, are judged by their own bytes.
func (d *Dataset) charsetFor(e *Element, vr VR) charset {
	repaired := d.scope().repair.kind
	switch {
	case repaired == kindNone && vr.text():
		return d.charset()
	case repaired == kindUTF8 || repaired == kindNone && weighUTF8([][]byte{e.Raw}) > 0:
		return charset{kind: kindUTF8}
	case repaired == kindGB && weighUTF8([][]byte{e.Raw}) > 0.9 && weighGB([][]byte{e.Raw}) < enoughGB:
		return charset{kind: kindUTF8}
	case repaired == kindGB:
		return charset{kind: kindGB}
	}
	return d.charset()
}

// trim takes off padding: NULs and spaces at both ends, in long text only at
// the end (PS3.5 section 6.2), and the empty writings at the end of a name.
func trim(s string, vr VR) string {
	s = strings.TrimRight(s, " \x00")
	switch vr {
	case LT, ST, UT, UC, UR:
	case PN:
		s = strings.TrimRight(strings.TrimLeft(s, " \x00"), "=")
	default:
		s = strings.TrimLeft(s, " \x00")
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// numbersAsText writes the values of a binary VR as decimals.
func (d *Dataset) numbersAsText(e *Element, vr VR) []string {
	switch vr {
	case OB, OW, OD, OF, OL, OV, UN, SQ:
		return nil
	}
	n := vr.size()
	if vr == AT {
		n = 4
	}
	order := d.order(e)
	out := make([]string, 0, len(e.Raw)/n)
	for b := e.Raw; len(b) >= n; b = b[n:] {
		out = append(out, formatNumber(b[:n], vr, order))
	}
	return out
}

// order is the byte order of an element's value; UN is always little endian
// (PS3.5 section 6.2.2).
func (d *Dataset) order(e *Element) binary.ByteOrder {
	if e.VR == UN {
		return binary.LittleEndian
	}
	return d.Syntax.order()
}

// cell is the number of bytes that change places when the byte order of a value
// does: those of its VR, and of pixel data those of a whole sample.
func (d *Dataset) cell(e *Element, vr VR) int {
	if e.Tag == PixelData && vr == OW {
		if bits, _ := d.Int(BitsAllocated); bits == 32 || bits == 64 {
			return int(bits / 8)
		}
	}
	return vr.size()
}

func formatNumber(b []byte, vr VR, order binary.ByteOrder) string {
	switch vr {
	case FL:
		return strconv.FormatFloat(float64(math.Float32frombits(order.Uint32(b))), 'g', -1, 32)
	case FD:
		return strconv.FormatFloat(math.Float64frombits(order.Uint64(b)), 'g', -1, 64)
	case UV:
		return strconv.FormatUint(order.Uint64(b), 10)
	case AT:
		return (Tag(order.Uint16(b))<<16 | Tag(order.Uint16(b[2:]))).Hex()
	}
	return strconv.FormatInt(integer(b, vr, order), 10)
}
