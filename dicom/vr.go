package dicom

// VR is a value representation, PS3.5 section 6.2.
type VR string

// The value representations of PS3.5 Table 6.2-1.
const (
	AE VR = "AE"
	AS VR = "AS"
	AT VR = "AT"
	CS VR = "CS"
	DA VR = "DA"
	DS VR = "DS"
	DT VR = "DT"
	FD VR = "FD"
	FL VR = "FL"
	IS VR = "IS"
	LO VR = "LO"
	LT VR = "LT"
	OB VR = "OB"
	OD VR = "OD"
	OF VR = "OF"
	OL VR = "OL"
	OV VR = "OV"
	OW VR = "OW"
	PN VR = "PN"
	SH VR = "SH"
	SL VR = "SL"
	SQ VR = "SQ"
	SS VR = "SS"
	ST VR = "ST"
	SV VR = "SV"
	TM VR = "TM"
	UC VR = "UC"
	UI VR = "UI"
	UL VR = "UL"
	UN VR = "UN"
	UR VR = "UR"
	US VR = "US"
	UT VR = "UT"
	UV VR = "UV"
)

// Entries of the dictionary whose VR depends on other elements, PS3.5 A.1.
const (
	usOrSS VR = "xs" // by Pixel Representation
	obOrOW VR = "ox" // OW in implicit VR
	usOrOW VR = "lt" // OW in implicit VR
)

// vrOf returns the constant for the two letters of an explicit VR, without
// allocating, and whether its length field has 32 bits (PS3.5 section 7.1.2).
// ok is false for letters that are no VR of the standard.
func vrOf(a, b byte) (vr VR, long, ok bool) {
	switch uint16(a)<<8 | uint16(b) {
	case 'A'<<8 | 'E':
		return AE, false, true
	case 'A'<<8 | 'S':
		return AS, false, true
	case 'A'<<8 | 'T':
		return AT, false, true
	case 'C'<<8 | 'S':
		return CS, false, true
	case 'D'<<8 | 'A':
		return DA, false, true
	case 'D'<<8 | 'S':
		return DS, false, true
	case 'D'<<8 | 'T':
		return DT, false, true
	case 'F'<<8 | 'D':
		return FD, false, true
	case 'F'<<8 | 'L':
		return FL, false, true
	case 'I'<<8 | 'S':
		return IS, false, true
	case 'L'<<8 | 'O':
		return LO, false, true
	case 'L'<<8 | 'T':
		return LT, false, true
	case 'P'<<8 | 'N':
		return PN, false, true
	case 'S'<<8 | 'H':
		return SH, false, true
	case 'S'<<8 | 'L':
		return SL, false, true
	case 'S'<<8 | 'S':
		return SS, false, true
	case 'S'<<8 | 'T':
		return ST, false, true
	case 'T'<<8 | 'M':
		return TM, false, true
	case 'U'<<8 | 'I':
		return UI, false, true
	case 'U'<<8 | 'L':
		return UL, false, true
	case 'U'<<8 | 'S':
		return US, false, true
	}
	return longVR(a, b)
}

// longVR is the part of vrOf for VRs with a 32-bit length.
func longVR(a, b byte) (vr VR, long, ok bool) {
	switch uint16(a)<<8 | uint16(b) {
	case 'O'<<8 | 'B':
		return OB, true, true
	case 'O'<<8 | 'D':
		return OD, true, true
	case 'O'<<8 | 'F':
		return OF, true, true
	case 'O'<<8 | 'L':
		return OL, true, true
	case 'O'<<8 | 'V':
		return OV, true, true
	case 'O'<<8 | 'W':
		return OW, true, true
	case 'S'<<8 | 'Q':
		return SQ, true, true
	case 'S'<<8 | 'V':
		return SV, true, true
	case 'U'<<8 | 'C':
		return UC, true, true
	case 'U'<<8 | 'N':
		return UN, true, true
	case 'U'<<8 | 'R':
		return UR, true, true
	case 'U'<<8 | 'T':
		return UT, true, true
	case 'U'<<8 | 'V':
		return UV, true, true
	}
	return "", false, false
}

// size is the number of bytes of one number of a binary VR, and so the unit
// in which its bytes are swapped; 1 for text and bytes.
func (v VR) size() int {
	switch v {
	case US, SS, OW, AT:
		return 2
	case UL, SL, FL, OF, OL:
		return 4
	case FD, SV, UV, OD, OV:
		return 8
	}
	return 1
}

// text says that a value is written in the Specific Character Set.
func (v VR) text() bool {
	switch v {
	case LO, LT, PN, SH, ST, UC, UT:
		return true
	}
	return false
}

// ascii says that a value is characters of the default repertoire.
func (v VR) ascii() bool {
	switch v {
	case AE, AS, CS, DA, DS, DT, IS, TM, UI, UR:
		return true
	}
	return false
}

// single says that a backslash is part of the text, not a separator.
func (v VR) single() bool {
	switch v {
	case LT, ST, UT, UR:
		return true
	}
	return false
}

// bytes says that a value is a run of bytes, words or samples that DICOM JSON
// writes as InlineBinary.
func (v VR) bytes() bool {
	switch v {
	case OB, OD, OF, OL, OV, OW, UN:
		return true
	}
	return false
}
