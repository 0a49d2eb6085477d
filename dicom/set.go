package dicom

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// New returns an empty data set in explicit VR little endian. Set its
// (0008,0005) before any other text: text is encoded as it is set. Where none
// is declared, text beyond ASCII declares ISO_IR 192.
func New() *Dataset { return &Dataset{Syntax: ExplicitVRLittleEndian} }

// setVR is the VR a new value gets: that of the dictionary, of the element it
// replaces, or LO for unknown tags.
func (d *Dataset) setVR(t Tag) VR {
	if vr := implicitVR(t, d.signed()); vr != UN {
		return vr
	}
	if e := d.Get(t); e != nil {
		return e.VR
	}
	return LO
}

func (d *Dataset) signed() bool {
	v, _ := d.Int(PixelRepresentation)
	return v == 1
}

// SetText sets the values of an element; none makes it empty. Characters that
// the character set lacks become "?"; GB18030 and UTF-8 lack none. Decimals
// given for a binary VR are stored as numbers.
func (d *Dataset) SetText(t Tag, values ...string) {
	vr := d.setVR(t)
	switch {
	case len(values) == 0:
		d.setEmpty(t, vr)
	case vr.text() || vr.ascii():
		joined := strings.Join(values, "\\")
		if !isASCII([]byte(joined)) && d.charset().kind == kindNone && t != SpecificCharacterSet {
			d.put(Element{Tag: SpecificCharacterSet, VR: CS, Raw: []byte("ISO_IR 192")})
		}
		raw := make([]byte, 0, len(joined)+1)
		raw = append(raw, d.encode(joined)...)
		d.SetRaw(t, vr, pad(raw, vr))
	default:
		d.setDecimals(t, vr, values)
	}
}

func (d *Dataset) setEmpty(t Tag, vr VR) {
	if vr == SQ {
		d.SetItems(t)
		return
	}
	d.SetRaw(t, vr, nil)
}

// setDecimals stores decimals under a binary VR; one that is no number empties
// the element.
func (d *Dataset) setDecimals(t Tag, vr VR, values []string) {
	floats := make([]float64, len(values))
	for i, v := range values {
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil {
			d.setEmpty(t, vr)
			return
		}
		floats[i] = f
	}
	d.SetFloats(t, floats...)
}

// encode writes text in the data set's character set.
func (d *Dataset) encode(s string) []byte {
	if isASCII([]byte(s)) {
		return []byte(s)
	}
	e := d.charset().encoding()
	if e == nil {
		return []byte(s)
	}
	enc := e.NewEncoder()
	if out, err := enc.Bytes([]byte(s)); err == nil {
		return out
	}
	var out []byte
	for _, r := range s {
		b, err := enc.Bytes([]byte(string(r)))
		if err != nil {
			b = []byte{'?'}
		}
		out = append(out, b...)
	}
	return out
}

// encoding is what text of the set is written with; nil for UTF-8.
func (cs charset) encoding() encoding.Encoding {
	switch cs.kind {
	case kindUTF8:
		return nil
	case kindGB:
		if cs.gbk {
			return simplifiedchinese.GBK
		}
		return simplifiedchinese.GB18030
	}
	return charmapOf(cs.g1)
}

// SetName sets a name, in all its writings.
func (d *Dataset) SetName(t Tag, n PersonName) { d.SetText(t, n.String()) }

// SetInts sets whole numbers, as decimals where the VR is text. Numbers a
// binary VR cannot hold are cut to its size.
func (d *Dataset) SetInts(t Tag, values ...int64) {
	vr := d.setVR(t)
	if len(values) == 0 {
		d.setEmpty(t, vr)
		return
	}
	order := d.Syntax.order()
	var raw []byte
	switch vr {
	case US, SS, OW:
		for _, v := range values {
			raw = appendUint(raw, order, uint64(v), 2)
		}
	case UL, SL, OL:
		for _, v := range values {
			raw = appendUint(raw, order, uint64(v), 4)
		}
	case SV, UV, OV:
		for _, v := range values {
			raw = appendUint(raw, order, uint64(v), 8)
		}
	case AT:
		for _, v := range values {
			raw = appendUint(raw, order, uint64(v)>>16, 2)
			raw = appendUint(raw, order, uint64(v), 2)
		}
	case FL, FD, OF, OD:
		floats := make([]float64, len(values))
		for i, v := range values {
			floats[i] = float64(v)
		}
		d.SetFloats(t, floats...)
		return
	default:
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = strconv.FormatInt(v, 10)
		}
		d.SetText(t, texts...)
		return
	}
	d.SetRaw(t, vr, raw)
}

// SetFloats sets numbers, as decimals of at most 16 characters where the VR is
// text, rounded where it holds whole numbers only.
func (d *Dataset) SetFloats(t Tag, values ...float64) {
	vr := d.setVR(t)
	order := d.Syntax.order()
	var raw []byte
	switch {
	case len(values) == 0:
		d.setEmpty(t, vr)
		return
	case vr == FL || vr == OF:
		for _, v := range values {
			raw = appendUint(raw, order, uint64(math.Float32bits(float32(v))), 4)
		}
	case vr == FD || vr == OD:
		for _, v := range values {
			raw = appendUint(raw, order, math.Float64bits(v), 8)
		}
	case vr.size() > 1 || vr == IS:
		ints := make([]int64, len(values))
		for i, v := range values {
			ints[i] = int64(math.Round(v))
		}
		d.SetInts(t, ints...)
		return
	default:
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = decimal(v)
		}
		d.SetText(t, texts...)
		return
	}
	d.SetRaw(t, vr, raw)
}

// decimal writes a number within the 16 characters of a DS.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	for digits := 16; len(s) > 16 && digits > 0; digits-- {
		s = strconv.FormatFloat(v, 'g', digits, 64)
	}
	return s
}

// SetRaw sets a value in the data set's byte order. The Dataset keeps raw.
func (d *Dataset) SetRaw(t Tag, vr VR, raw []byte) {
	d.put(Element{Tag: t, VR: vr, Raw: raw, Length: int64(len(raw))})
}

// SetItems sets the items of a sequence; they belong to d from then on.
func (d *Dataset) SetItems(t Tag, items ...*Dataset) {
	for _, item := range items {
		item.parent = d
	}
	if items == nil {
		items = []*Dataset{}
	}
	d.put(Element{Tag: t, VR: SQ, Items: items, Length: -1})
}

// SetFrames sets encapsulated pixel data, one fragment for each frame, with a
// basic offset table if it can hold the offsets. The Dataset keeps the frames.
func (d *Dataset) SetFrames(t Tag, frames [][]byte) {
	e := Element{Tag: t, VR: OB, Length: -1, Fragments: make([]Fragment, len(frames))}
	var at uint64
	for i, f := range frames {
		e.Fragments[i] = Fragment{Length: int64(len(f)), Data: f, start: true}
		if at > math.MaxUint32 {
			e.OffsetTable = nil
		} else if i == 0 || e.OffsetTable != nil {
			e.OffsetTable = binary.LittleEndian.AppendUint32(e.OffsetTable, uint32(at))
		}
		at += 8 + uint64(len(f)+len(f)&1)
	}
	d.put(e)
}

// appendUint appends the low size bytes of v.
func appendUint(b []byte, order binary.ByteOrder, v uint64, size int) []byte {
	var w [8]byte
	switch size {
	case 2:
		order.PutUint16(w[:], uint16(v))
	case 4:
		order.PutUint32(w[:], uint32(v))
	default:
		order.PutUint64(w[:], v)
	}
	return append(b, w[:size]...)
}

// pad makes the length of a value even, as its VR wants (PS3.5 section 6.2).
func pad(raw []byte, vr VR) []byte {
	if len(raw)&1 == 0 {
		return raw
	}
	if (vr.text() || vr.ascii()) && vr != UI {
		return append(raw, ' ')
	}
	return append(raw, 0)
}
