package dicom

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/klauspost/compress/flate"
)

// forged is an element as a test writes it by hand, without the encoder that
// is under test. value is text or bytes as they are (string), numbers
// ([]uint16, []uint32, []uint64), or items ([][]forged).
type forged struct {
	tag   Tag
	vr    VR
	value any
}

// form is a way to write one and the same data set.
type form struct {
	name             string
	big, implicit    bool
	deflated         bool
	zlib, oddDeflate bool // with zlib's header; with a byte 0 after its end
	openSequences    bool // of undefined length
	openItems        bool
	groupLengths     bool
	wrongLengths     bool // group lengths that lie
	unknown          bool // sequences as UN of undefined length, in implicit VR
	unknownDefined   bool // sequences as UN of defined length, in implicit VR
	strayDelimiters  bool // delimiters in sequences and items of defined length
	unpadded         bool // text without its padding, of odd length
}

func (f form) order() binary.AppendByteOrder {
	if f.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (f form) tag(b []byte, t Tag) []byte {
	return f.order().AppendUint16(f.order().AppendUint16(b, t.Group()), t.Element())
}

// head is an element's tag, VR and length.
func (f form) head(b []byte, t Tag, vr VR, n uint32) []byte {
	b = f.tag(b, t)
	switch _, long, _ := vrOf(vr[0], vr[1]); {
	case f.implicit:
		return f.order().AppendUint32(b, n)
	case long:
		return f.order().AppendUint32(append(append(b, vr...), 0, 0), n)
	}
	return f.order().AppendUint16(append(b, vr...), uint16(n))
}

func (f form) dataset(list []forged) []byte {
	var out []byte
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].tag.Group() == list[0].tag.Group() {
			n++
		}
		var group []byte
		for _, e := range list[:n] {
			group = append(group, f.element(e)...)
		}
		if f.groupLengths {
			size := uint32(len(group))
			if f.wrongLengths {
				size = size*2 + 7
			}
			out = f.order().AppendUint32(f.head(out, list[0].tag&0xFFFF0000, UL, 4), size)
		}
		out = append(out, group...)
		list = list[n:]
	}
	return out
}

func (f form) element(e forged) []byte {
	if items, ok := e.value.([][]forged); ok {
		return f.sequence(e.tag, e.vr, items)
	}
	var raw []byte
	switch v := e.value.(type) {
	case string:
		if raw = []byte(v); f.unpadded && (e.vr.text() || e.vr.ascii()) {
			raw = bytes.TrimRight(raw, " \x00")
		} else {
			raw = pad(raw, e.vr)
		}
	case []uint16:
		for _, n := range v {
			raw = f.order().AppendUint16(raw, n)
		}
	case []uint32:
		for _, n := range v {
			raw = f.order().AppendUint32(raw, n)
		}
	case []uint64:
		for _, n := range v {
			raw = f.order().AppendUint64(raw, n)
		}
	}
	return append(f.head(nil, e.tag, e.vr, uint32(len(raw))), raw...)
}

func (f form) sequence(t Tag, vr VR, items [][]forged) []byte {
	inner := f
	if f.unknown || f.unknownDefined { // PS3.5 section 6.2.2 note 4
		inner = form{implicit: true, openSequences: f.openSequences, openItems: f.openItems}
		vr = UN
	}
	var body []byte
	for _, item := range items {
		raw := inner.dataset(item)
		if inner.openItems {
			body = inner.order().AppendUint32(inner.tag(body, Item), undefinedLength)
			body = inner.order().AppendUint32(inner.tag(append(body, raw...), ItemDelimitationItem), 0)
			continue
		}
		body = append(inner.order().AppendUint32(inner.tag(body, Item), uint32(len(raw))), raw...)
		if f.strayDelimiters {
			body = inner.order().AppendUint32(inner.tag(body, ItemDelimitationItem), 0)
		}
	}
	if f.openSequences && !f.unknownDefined || f.unknown {
		out := append(f.head(nil, t, vr, undefinedLength), body...)
		return inner.order().AppendUint32(inner.tag(out, SequenceDelimitationItem), 0)
	}
	return append(f.head(nil, t, vr, uint32(len(body))), body...)
}

// stream is the data set as it stands in a file.
func (f form) stream(list []forged) []byte {
	raw := f.dataset(list)
	if !f.deflated {
		return raw
	}
	var b bytes.Buffer
	if f.zlib {
		b.Write([]byte{0x78, 0x9C})
	}
	z, _ := flate.NewWriter(&b, flate.DefaultCompression)
	z.Write(raw)
	z.Close()
	if f.oddDeflate || b.Len()%2 == 1 {
		b.WriteByte(0)
	}
	return b.Bytes()
}

func (f form) syntax() TransferSyntax {
	switch {
	case f.deflated:
		return DeflatedExplicitVRLittleEndian
	case f.big:
		return ExplicitVRBigEndian
	case f.implicit:
		return ImplicitVRLittleEndian
	}
	return ExplicitVRLittleEndian
}

// meta is file meta information as a test writes it: length is added to what
// its group length should say, or it is left out if length is -1.
func meta(ts TransferSyntax, length int) []byte {
	plain := form{}
	rest := plain.dataset([]forged{
		{FileMetaInformationVersion, OB, "\x00\x01"},
		{MediaStorageSOPClassUID, UI, even(ctImage)},
		{MediaStorageSOPInstanceUID, UI, "1.2.3.4.5\x00"},
		{TransferSyntaxUID, UI, even(string(ts))},
		{ImplementationClassUID, UI, "1.2.3\x00"},
	})
	if length < 0 {
		return rest
	}
	return append(plain.element(forged{FileMetaInformationGroupLength, UL, []uint32{uint32(len(rest) + length)}}), rest...)
}

// even pads a UID with a NUL.
func even(uid string) string { return uid + strings.Repeat("\x00", len(uid)%2) }

// part10 puts preamble and file meta information before a stream.
func part10(ts TransferSyntax, stream []byte) []byte {
	return append(append(append(make([]byte, preambleSize), "DICM"...), meta(ts, 0)...), stream...)
}
