package dicom

import (
	"slices"
	"strings"
)

// DictEntry is what PS3.6 says of an attribute. VR is the one used most where
// the standard offers several.
type DictEntry struct {
	Keyword, Name string
	VR            VR
}

// Lookup finds the attribute of a tag in PS3.6, including the repeating groups
// 50xx, 60xx and 7Fxx; false for private and unknown tags. Group lengths have
// no entry but those of groups 0000 and 0002.
func Lookup(t Tag) (DictEntry, bool) {
	i, ok := dictIndex(t)
	if !ok {
		return DictEntry{}, false
	}
	e := dictRows[i]
	switch e.VR {
	case usOrSS:
		e.VR = US
	case obOrOW, usOrOW:
		e.VR = OW
	}
	return e, true
}

// TagOf finds the tag of a PS3.6 keyword, "PatientName". Keywords of repeating
// groups give their first group.
func TagOf(keyword string) (Tag, bool) {
	i, ok := slices.BinarySearchFunc(dictByKeyword[:], keyword, func(i uint16, k string) int {
		return strings.Compare(dictRows[i].Keyword, k)
	})
	if !ok {
		return 0, false
	}
	return dictTags[dictByKeyword[i]], true
}

func dictIndex(t Tag) (int, bool) {
	if i, ok := slices.BinarySearch(dictTags[:], t); ok {
		return i, true
	}
	mask := repeating(t)
	if mask == 0 {
		return 0, false
	}
	return slices.BinarySearch(dictTags[:], t&mask)
}

// repeating returns the mask under which a tag of a repeating group or element
// stands in the dictionary, or 0.
func repeating(t Tag) Tag {
	switch g := t.Group(); {
	case t.Private():
		return 0
	case g>>8 == 0x50, g>>8 == 0x60, g>>8 == 0x7F:
		return 0xFF00FFFF
	case g == 0x0020 && t.Element()>>8 == 0x31:
		return 0xFFFFFF00
	case g == 0x0028 && (t.Element()>>8 == 0x04 || t.Element()>>8 == 0x08):
		return 0xFFFFFF0F
	case g == 0x1000:
		return 0xFFFF000F
	case g == 0x1010:
		return 0xFFFF0000
	}
	return 0
}

// implicitVR is the VR of an element that was sent without one (PS3.5 A.1).
// signed says that Pixel Representation is 1.
func implicitVR(t Tag, signed bool) VR {
	switch {
	case t.Element() == 0:
		return UL
	case t.Private():
		if t.Element() >= 0x10 && t.Element() <= 0xFF {
			return LO
		}
		return UN
	}
	i, ok := dictIndex(t)
	if !ok {
		return UN
	}
	switch vr := dictRows[i].VR; vr {
	case usOrSS:
		if signed {
			return SS
		}
		return US
	case obOrOW, usOrOW:
		return OW
	default:
		return vr
	}
}
