package dicom

import (
	"strings"
	"unicode"
)

// PersonName is a value of VR PN: one name in up to three writings, each with
// its parts separated by "^" (PS3.5 section 6.2.1).
type PersonName struct {
	Alphabetic, Ideographic, Phonetic string
}

// Name returns the first value of a name.
func (d *Dataset) Name(t Tag) PersonName { return ParseName(d.Text(t)) }

// ParseName splits a name at "=".
func ParseName(s string) PersonName {
	var n PersonName
	parts := strings.SplitN(s, "=", 3)
	n.Alphabetic = strings.TrimRight(parts[0], " ")
	if len(parts) > 1 {
		n.Ideographic = strings.TrimRight(parts[1], " ")
	}
	if len(parts) > 2 {
		n.Phonetic = strings.TrimRight(parts[2], " ")
	}
	return n
}

// String is the value as DICOM writes it, its writings joined by "=".
func (n PersonName) String() string {
	return strings.TrimRight(n.Alphabetic+"="+n.Ideographic+"="+n.Phonetic, "=")
}

// Display is the name as a screen shows it: the ideographic writing if there
// is one, parts joined without a space when they are Chinese characters.
func (n PersonName) Display() string {
	s := n.Ideographic
	for _, other := range []string{n.Alphabetic, n.Phonetic} {
		if strings.Trim(s, "^ ") == "" {
			s = other
		}
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '^' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if allHan(strings.Join(parts, "")) {
		return strings.Join(parts, "")
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

func allHan(s string) bool {
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) && r != '·' {
			return false
		}
	}
	return s != ""
}
