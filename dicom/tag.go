package dicom

import "strconv"

// Tag is a data element tag: group in the high, element in the low 16 bits.
type Tag uint32

// Group is the high half of the tag.
func (t Tag) Group() uint16 { return uint16(t >> 16) }

// Element is the low half of the tag.
func (t Tag) Element() uint16 { return uint16(t) }

// Private says that the tag's meaning is the manufacturer's: an odd group
// (PS3.5 section 7.8).
func (t Tag) Private() bool { return t&0x00010000 != 0 }

// String is the standard's form, "(0010,0010)".
func (t Tag) String() string {
	h := t.Hex()
	return "(" + h[:4] + "," + h[4:] + ")"
}

// Hex is the form of DICOM JSON and DICOMweb, "00100010".
func (t Tag) Hex() string {
	var b [8]byte
	for i := range b {
		b[i] = "0123456789ABCDEF"[t>>(28-4*i)&15]
	}
	return string(b[:])
}

// ParseTag reads eight hexadecimal digits or a PS3.6 keyword, the two ways in
// which DICOMweb names an attribute (PS3.18 section 8.3.4).
func ParseTag(s string) (Tag, bool) {
	if len(s) == 8 {
		if n, err := strconv.ParseUint(s, 16, 32); err == nil {
			return Tag(n), true
		}
	}
	return TagOf(s)
}
