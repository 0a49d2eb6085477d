package dicom

import (
	"encoding/binary"
	"strings"
)

// header is an element's tag, VR and length (-1 if undefined). stop says that
// the data set has ended instead.
type header struct {
	tag    Tag
	vr     VR
	length int64
	stop   bool
}

func (p *parser) uint16(b []byte) uint16 {
	if p.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (p *parser) uint32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (p *parser) tag(b []byte) Tag {
	return Tag(p.uint16(b))<<16 | Tag(p.uint16(b[2:]))
}

// peekTag shows the next tag without consuming it.
func (p *parser) peekTag() (Tag, bool) {
	b := p.src.peek(4)
	if len(b) < 4 {
		return 0, false
	}
	return p.tag(b), true
}

// header reads the next element's header (PS3.5 section 7.1). any says that
// the data set has elements already.
func (p *parser) header(end int64, depth int, any bool) (header, error) {
	for {
		b := p.src.peek(12)
		if len(b) < 8 {
			return p.tail(b, end, depth)
		}
		if end >= 0 && end-p.src.off < 8 {
			return header{}, p.fail(0, "an item ends within an element's header")
		}
		t := p.tag(b)
		if t.Group() == 0xFFFE {
			stop, err := p.delimiter(t, b, end, depth)
			if stop || err != nil {
				return header{stop: stop}, err
			}
			continue
		}
		if depth == 0 && any && p.padding(b) {
			return p.trailing()
		}
		if p.implicit {
			h := header{tag: t, vr: implicitVR(t, p.signed), length: length32(p.uint32(b[4:]))}
			p.src.advance(8)
			return h, nil
		}
		return p.explicit(t, b, depth)
	}
}

// explicit reads a header with a VR.
func (p *parser) explicit(t Tag, b []byte, depth int) (header, error) {
	vr, long, ok := vrOf(b[4], b[5])
	if !ok {
		return p.oddVR(t, b, depth)
	}
	if !long {
		p.src.advance(8)
		return header{tag: t, vr: vr, length: int64(p.uint16(b[6:]))}, nil
	}
	return p.long(t, vr, b)
}

// long reads a header with two reserved bytes and a length of 32 bits. Where
// these bytes are not zero, and what stands in the place of the length is
// beyond all measure, they are a length of 16 bits.
func (p *parser) long(t Tag, vr VR, b []byte) (header, error) {
	if len(b) < 12 {
		return header{}, p.broken(t, errEnd, "an element's header")
	}
	n := length32(p.uint32(b[8:]))
	if (b[6] != 0 || b[7] != 0) && n > MaxKept && t != PixelData {
		p.note(t, "VR %s with a length of 16 bits", vr)
		return p.short(t, vr, b), nil
	}
	p.src.advance(12)
	return header{tag: t, vr: vr, length: n}, nil
}

// oddVR reads a header whose VR is not of the standard. New VRs have long
// lengths behind two zero bytes (PS3.5 section 6.2); letters without them, and
// a VR that was left blank, have short ones. Anything else is taken for an
// element without VR.
func (p *parser) oddVR(t Tag, b []byte, depth int) (header, error) {
	if isUpper(b[4]) && isUpper(b[5]) {
		p.note(t, "unknown VR")
		if b[6] != 0 || b[7] != 0 {
			return p.short(t, UN, b), nil
		}
		return p.long(t, UN, b)
	}
	if depth == 0 && p.elements > 0 && p.pastPixels() {
		return p.trailing()
	}
	vr := implicitVR(t, p.signed)
	n := length32(p.uint32(b[4:]))
	if _, long, _ := vrOf(vr[0], vr[1]); blank(b[4:6]) && (b[4] != 0 || !long) && (vr != UN || t.Private()) {
		p.note(t, "a blank VR")
		return p.short(t, vr, b), nil
	}
	if vr == UN && !t.Private() || n > MaxKept {
		return header{}, p.fail(t, "no value representation")
	}
	p.note(t, "an element without VR in explicit VR")
	p.src.advance(8)
	return header{tag: t, vr: vr, length: n}, nil
}

// short reads a header with a length of 16 bits.
func (p *parser) short(t Tag, vr VR, b []byte) header {
	p.src.advance(8)
	return header{tag: t, vr: vr, length: int64(p.uint16(b[6:]))}
}

// blank says that a writer left the two letters of a VR out.
func blank(vr []byte) bool {
	switch string(vr) {
	case "  ", "??", "--", "\x00\x00":
		return true
	}
	return false
}

// delimiter deals with the tags of group FFFE between elements; stop says that
// the data set ends with it.
func (p *parser) delimiter(t Tag, b []byte, end int64, depth int) (stop bool, err error) {
	open := depth > 0 && end < 0 // an item that a delimiter ends
	switch {
	case t == ItemDelimitationItem && open:
		p.src.advance(8)
		return true, nil
	case t == Item || t != ItemDelimitationItem && t != SequenceDelimitationItem || p.uint32(b[4:]) != 0:
		return false, p.fail(t, "an item where an element is due")
	case open: // the sequence ends here; its item had no end
		p.note(t, "an item without its delimiter")
		return true, nil
	}
	p.note(t, "a delimiter where none is due")
	p.src.advance(8)
	return end >= 0 && p.src.off >= end, nil
}

// tail deals with fewer bytes than a header has.
func (p *parser) tail(b []byte, end int64, depth int) (header, error) {
	fault := p.src.fault()
	if fault != errEnd || depth > 0 || end >= 0 {
		return header{}, p.broken(0, fault, "an item")
	}
	if len(b) == 0 {
		return header{stop: true}, nil
	}
	if strings.Trim(string(b), "\x00") == "" {
		return p.trailing()
	}
	return header{}, p.broken(0, errEnd, "an element's header")
}

// padding recognises filling after the last element: bytes that are all 0 or
// all 0xFF, which is no header.
func (p *parser) padding(b []byte) bool {
	if b[0] != 0 && b[0] != 0xFF {
		return false
	}
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}

// pastPixels says that the last element was one an object can end with.
func (p *parser) pastPixels() bool {
	return len(p.stack) > 0 && p.stack[len(p.stack)-1].Tag.Group() >= 0x7FE0
}

// trailing passes over bytes behind the last element.
func (p *parser) trailing() (header, error) {
	at := p.src.off
	n, err := p.src.drain()
	if err != nil {
		return header{}, p.broken(0, err, "trailing bytes")
	}
	p.noteAt(at, 0, "%s after the last element", plural(n, "byte"))
	return header{stop: true}, nil
}

func length32(n uint32) int64 {
	if n == undefinedLength {
		return -1
	}
	return int64(n)
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
