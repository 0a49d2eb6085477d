package deident

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// block is a private block by its creator, and the elements in it that hold
// no identity (low byte of the element number).
type block struct {
	group    uint16
	creator  string
	elements string
}

// safeBlocks are those attributes of PS3.15 Table E.3.10-1 that hold numbers
// and codes: diffusion, scaling, dose and uptake values, which research cannot
// do without. Its texts, UIDs and codestreams are left out.
var safeBlocks = []block{
	{0x0019, "GEMS_ACQU_01", "\x23\x24\x27\x9E"},
	{0x0019, "SIEMENS MR HEADER", "\x0C\x0D\x0E\x27"},
	{0x0025, "GEMS_SERS_01", "\x07"},
	{0x0043, "GEMS_PARM_01", "\x27\x39\x6F"},
	{0x0045, "GEMS_HELIOS_01", "\x01\x02"},
	{0x00E1, "ELSCINT1", "\x21\x50"},
	{0x01E1, "ELSCINT1", "\x26"},
	{0x01F1, "ELSCINT1", "\x01\x07\x26\x27"},
	{0x2001, "Philips Imaging DD 001", "\x03\x04"},
	{0x2005, "Philips MR Imaging DD 001", "\x0D\x0E"},
	{0x7053, "Philips PET Private Group", "\x00\x09"},
}

// The attributes by which an object says which of its private blocks are safe,
// PS3.3 section C.12.1.
const (
	privateDataElementCharacteristics dicom.Tag = 0x00080300
	privateGroupReference             dicom.Tag = 0x00080301
	privateCreatorReference           dicom.Tag = 0x00080302
	blockIdentifyingInformation       dicom.Tag = 0x00080303
	nonidentifyingPrivateElements     dicom.Tag = 0x00080304
)

// safePrivate says that a private attribute is known, or declared by the
// object, to hold no identity. The creator of a block with such an attribute
// is safe too.
func (p *pass) safePrivate(in *dicom.Dataset, e *dicom.Element) bool {
	n := e.Tag.Element()
	if n < 0x10 {
		return false
	}
	number := n >> 8
	if n <= 0xFF {
		number = n
	}
	creator := strings.TrimSpace(in.Text(dicom.Tag(e.Tag.Group())<<16 | dicom.Tag(number)))
	if creator == "" {
		return false
	}
	safe := p.safeElements(in, e.Tag.Group(), creator)
	if n <= 0xFF {
		return safe != nil
	}
	return safe[byte(n)]
}

// safeElements are the low bytes of the safe elements of a block; nil if it
// has none.
func (p *pass) safeElements(in *dicom.Dataset, group uint16, creator string) map[byte]bool {
	var safe map[byte]bool
	add := func(b byte) {
		if safe == nil {
			safe = map[byte]bool{}
		}
		safe[b] = true
	}
	for _, b := range safeBlocks {
		if b.group == group && b.creator == creator {
			for i := range len(b.elements) {
				add(b.elements[i])
			}
		}
	}
	for _, item := range in.Items(privateDataElementCharacteristics) {
		g, _ := item.Int(privateGroupReference)
		if uint16(g) != group || item.Text(privateCreatorReference) != creator {
			continue
		}
		switch item.Text(blockIdentifyingInformation) {
		case "SAFE":
			for b := range 256 {
				add(byte(b))
			}
		case "MIXED":
			for _, n := range item.Ints(nonidentifyingPrivateElements) {
				add(byte(n))
			}
		}
	}
	return safe
}
