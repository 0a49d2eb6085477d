package deident

import (
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// action is what happens to one attribute, PS3.15 Table E.1-1a.
type action uint8

const (
	keep   action = iota // K
	remove               // X
	empty                // Z
	dummy                // D
	clean                // C
	newUID               // U
	shift                // C of a date
)

// ofBasic are the actions of the basic profile. Where the table leaves it to
// the object's class whether an attribute must stay, it stays in the form that
// every class allows; one that is absent is never added.
var ofBasic = map[string]action{
	"X": remove, "Z": empty, "D": dummy, "U": newUID,
	"X/Z": empty, "X/D": dummy, "Z/D": dummy, "X/Z/D": dummy, "X/Z/U*": newUID,
}

// action is what the profile and its options do to a standard attribute.
func (p *pass) action(e *dicom.Element) action {
	if g := e.Tag.Group() >> 8; g == 0x50 || g == 0x60 {
		return remove // bitmaps cannot be looked into (E.3.3)
	}
	if i, ok := slices.BinarySearchFunc(table[:], e.Tag, func(r rule, t dicom.Tag) int { return int(int64(r.tag) - int64(t)) }); ok {
		return p.options.apply(table[i])
	}
	return p.options.unlisted(e)
}

// apply looks whether an option changes what the basic profile does.
func (o *Options) apply(r rule) action {
	has := func(letter string) bool { return strings.Contains(r.except, letter) }
	switch {
	case has("U") && o.KeepUIDs, has("V") && o.KeepDevice, has("I") && o.KeepInstitution, has("P") && o.KeepPatient, has("T") && o.KeepDates:
		return keep
	case has("T") && o.ShiftDates:
		return shift
	case has("v") && o.KeepDevice, has("p") && o.KeepPatient, has("S") && o.CleanText, has("C") && o.CleanContent, has("G") && o.CleanGraphics:
		return clean
	}
	return ofBasic[r.basic]
}

// unlisted is what happens to an attribute that is not in the table: it stays,
// unless its VR shows that it may identify, or the dictionary does not know it:
// a later edition of the table may.
func (o *Options) unlisted(e *dicom.Element) action {
	if _, known := dicom.Lookup(e.Tag); !known {
		return remove
	}
	switch vrOf(e) {
	case dicom.UN, dicom.UR:
		return remove
	case dicom.UI:
		if o.KeepUIDs || slices.Contains(kinds, e.Tag) {
			return keep
		}
		return newUID
	case dicom.PN:
		return dummy
	case dicom.AE:
		return empty
	case dicom.DA, dicom.DT, dicom.TM:
		switch {
		case o.KeepDates:
			return keep
		case o.ShiftDates:
			return shift
		}
		return dummy
	}
	return keep
}

// kinds are the attributes whose UIDs name a kind, a code or a way of encoding,
// and so lead to nobody, be they of the standard or of a manufacturer. All
// others that the table does not list name an instance, as that of a
// concatenation's source.
var kinds = []dicom.Tag{
	dicom.SOPClassUID, dicom.ReferencedSOPClassUID, 0x0008001A, 0x0008001B, 0x00080062, 0x0008115A, 0x30100052, 0x30100053, // SOP classes
	dicom.AvailableTransferSyntaxUID, 0x0008040E, 0x00340003, 0x04000010, 0x04000510, // transfer syntaxes
	0x0008010C, 0x0008010D, 0x00080117, 0x00080118, 0x00089123, 0x3010001F, // coding schemes, groups of codes, software, templates
}

// vrOf is the element's VR, or that of PS3.6 for a value that came as UN.
func vrOf(e *dicom.Element) dicom.VR {
	if e.Items != nil {
		return dicom.SQ
	}
	if e.VR != dicom.UN {
		return e.VR
	}
	if entry, ok := dicom.Lookup(e.Tag); ok && entry.VR != dicom.SQ {
		return entry.VR
	}
	return dicom.UN
}
