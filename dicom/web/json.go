package web

import (
	"strconv"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Array builds an array of DICOM JSON objects (PS3.18 Annex F) from values that
// are known one by one, as the rows of an index are. Attributes of an object
// are added in the order of their tags; VRs come from PS3.6.
type Array struct {
	buf   []byte
	first bool // the next attribute is its object's first
}

// Object starts a new object; End ends it.
func (a *Array) Object() {
	if len(a.buf) == 0 {
		a.buf = append(a.buf, '[')
	} else {
		a.buf = append(a.buf, ',')
	}
	a.buf = append(a.buf, '{')
	a.first = true
}

// Raw adds a whole object.
func (a *Array) Raw(object []byte) {
	a.Object()
	a.buf = append(a.buf[:len(a.buf)-1], object...)
}

// End ends an object.
func (a *Array) End() { a.buf = append(a.buf, '}') }

// Bytes ends the array and returns it.
func (a *Array) Bytes() []byte {
	if len(a.buf) == 0 {
		return []byte("[]")
	}
	return append(a.buf, ']')
}

const hexDigits = "0123456789ABCDEF"

func (a *Array) open(tag dicom.Tag) dicom.VR {
	if !a.first {
		a.buf = append(a.buf, ',')
	}
	a.first = false
	a.buf = append(a.buf, '"')
	for shift := 28; shift >= 0; shift -= 4 {
		a.buf = append(a.buf, hexDigits[tag>>shift&15])
	}
	d, ok := dicom.Lookup(tag)
	if !ok {
		d.VR = dicom.UN
	}
	a.buf = append(a.buf, `":{"vr":"`...)
	a.buf = append(a.buf, d.VR...)
	a.buf = append(a.buf, '"')
	return d.VR
}

// Text adds an attribute with its values; without any, or with one empty
// value, it has none. Texts that stand for numbers become numbers.
func (a *Array) Text(tag dicom.Tag, values ...string) {
	vr := a.open(tag)
	if len(values) > 0 && !(len(values) == 1 && values[0] == "") {
		a.buf = append(a.buf, `,"Value":[`...)
		for i, v := range values {
			if i > 0 {
				a.buf = append(a.buf, ',')
			}
			a.value(vr, v)
		}
		a.buf = append(a.buf, ']')
	}
	a.buf = append(a.buf, '}')
}

func (a *Array) value(vr dicom.VR, v string) {
	switch {
	case v == "":
		a.buf = append(a.buf, "null"...)
	case vr == dicom.PN:
		a.name(dicom.ParseName(v))
	case vr == dicom.IS || vr == dicom.US || vr == dicom.UL:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			a.buf = strconv.AppendInt(a.buf, n, 10)
			return
		}
		a.buf = appendQuoted(a.buf, v)
	default:
		a.buf = appendQuoted(a.buf, v)
	}
}

func (a *Array) name(n dicom.PersonName) {
	sep := byte('{')
	for _, g := range [...]struct{ key, value string }{
		{`"Alphabetic":`, n.Alphabetic}, {`"Ideographic":`, n.Ideographic}, {`"Phonetic":`, n.Phonetic},
	} {
		if g.value == "" {
			continue
		}
		a.buf = append(a.buf, sep)
		a.buf = append(a.buf, g.key...)
		a.buf = appendQuoted(a.buf, g.value)
		sep = ','
	}
	if sep == '{' {
		a.buf = append(a.buf, '{')
	}
	a.buf = append(a.buf, '}')
}

// Int adds an attribute with one number.
func (a *Array) Int(tag dicom.Tag, n int) {
	a.open(tag)
	a.buf = append(a.buf, `,"Value":[`...)
	a.buf = strconv.AppendInt(a.buf, int64(n), 10)
	a.buf = append(a.buf, "]}"...)
}

// appendQuoted appends s as a JSON string (RFC 8259 section 7).
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < 0x20:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			default:
				b = append(b, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		b = utf8.AppendRune(b, r) // a broken byte becomes U+FFFD
		i += n
	}
	return append(b, '"')
}
