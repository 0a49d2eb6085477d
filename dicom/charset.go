package dicom

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// charset is a resolved Specific Character Set (PS3.3 C.12.1.1.2): how the
// text of a data set is split into values and turned into UTF-8.
type charset struct {
	kind charsetKind
	g1   repertoire // of the first value; the G1 set before any escape
	g0   repertoire
	// missed is what bytes above 7F are read as where no set is active: some
	// writers declare a set and leave its escape sequences out.
	missed repertoire
	gbk    bool // written without GB18030's four-byte characters
}

type charsetKind uint8

const (
	kindNone    charsetKind = iota // absent, empty, or a name nobody defined
	kindISO2022                    // single-byte sets, and others by escapes
	kindUTF8
	kindGB // GB18030, and GBK as its part
)

// singleByte are the sets of PS3.3 Table C.12-2 by their ISO-IR number.
var singleByte = map[string]repertoire{
	"6":   ascii,
	"100": latin1, "101": latin2, "109": latin3, "110": latin4, "144": cyrillic,
	"127": arabic, "126": greek, "138": hebrew, "148": latin5, "203": latin9,
	"13": katakana, "166": thai,
}

// resolveCharset reads the values of (0008,0005). Spellings such as "ISO-IR
// 100" or "UTF-8", which real machines write, are understood.
func resolveCharset(raw []byte) charset {
	first, rest, _ := strings.Cut(string(raw), "\\")
	cs := charsetOf(first)
	if cs.kind > kindISO2022 || cs.g1 != none {
		return cs
	}
	for name := range strings.SplitSeq(rest, "\\") { // the first is ISO IR 6, by its name or by leaving it out
		switch other := charsetOf(name); other.kind {
		case kindNone:
		case kindISO2022: // the others come by escapes
			return charset{kind: kindISO2022, missed: other.g1}
		default: // these hold ASCII themselves
			return other
		}
	}
	return cs
}

func charsetOf(name string) charset {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r == ' ' || r == '_' || r == '-' || r == 0:
			return -1
		}
		return r
	}, name)
	switch name {
	case "ISOIR192", "ISO2022IR192", "UTF8":
		return charset{kind: kindUTF8}
	case "GB18030", "ISO2022GB18030":
		return charset{kind: kindGB}
	case "GBK", "GB2312", "CP936", "ISO2022GBK":
		return charset{kind: kindGB, gbk: true}
	case "ISO2022IR58", "ISO2022IR87", "ISO2022IR149", "ISO2022IR159", "ISOIR58", "ISOIR87", "ISOIR149", "ISOIR159":
		return charset{kind: kindISO2022, g1: multiByteG1(name[len(name)-2:])}
	case "LATIN1", "ISO88591":
		return charset{kind: kindISO2022, g1: latin1}
	}
	number, ok := strings.CutPrefix(name, "ISO2022IR")
	if !ok {
		number, ok = strings.CutPrefix(name, "ISOIR")
	}
	set, known := singleByte[number]
	if !ok || !known {
		return charset{}
	}
	cs := charset{kind: kindISO2022, g1: set}
	if set == ascii {
		cs.g1 = none
	}
	if set == katakana {
		cs.g0 = romaji
	}
	return cs
}

// multiByteG1 is the set that is active from the start when a writer names a
// multi-byte set first, by the last digits of its number.
func multiByteG1(number string) repertoire {
	switch number {
	case "58":
		return gb2312
	case "49":
		return ksx1001
	}
	return none
}

// decode turns a value into UTF-8 and cuts it at its backslashes; those inside
// a multi-byte character are part of it. delimited is false for VRs whose text may
// hold backslashes, name true for PN.
func (cs charset) decode(raw []byte, delimited, name bool) []string {
	switch cs.kind {
	case kindISO2022:
		return decodeISO2022(raw, cs, delimited, name)
	case kindGB:
		return each(raw, delimited, splitGB, decodeGB)
	case kindUTF8:
		return each(raw, delimited, splitPlain, toValidUTF8)
	}
	return each(raw, delimited, splitPlain, func(b []byte) string { return decodeWith(charmap.ISO8859_1, b) })
}

func each(raw []byte, delimited bool, split func([]byte) [][]byte, decode func([]byte) string) []string {
	if !delimited {
		return []string{decode(raw)}
	}
	parts := split(raw)
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = decode(p)
	}
	return out
}

func splitPlain(raw []byte) [][]byte { return bytes.Split(raw, []byte{'\\'}) }

// splitGB splits GB18030 or GBK text.
func splitGB(raw []byte) [][]byte {
	var parts [][]byte
	start := 0
	for i := 0; i < len(raw); {
		if raw[i] == '\\' {
			parts = append(parts, raw[start:i])
			start = i + 1
		}
		i += gbLength(raw[i:])
	}
	return append(parts, raw[start:])
}

// gbLength is the number of bytes of the character b starts with.
func gbLength(b []byte) int {
	switch {
	case b[0] < 0x81 || b[0] == 0xFF || len(b) < 2:
		return 1
	case b[1] >= 0x40 && b[1] != 0x7F && b[1] != 0xFF:
		return 2
	case len(b) >= 4 && b[1] >= '0' && b[1] <= '9' && b[2] >= 0x81 && b[2] < 0xFF && b[3] >= '0' && b[3] <= '9':
		return 4
	}
	return 1
}

func decodeGB(b []byte) string { return decodeWith(simplifiedchinese.GB18030, b) }

func decodeWith(e encoding.Encoding, b []byte) string {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return toValidUTF8(b)
	}
	return string(out)
}

func toValidUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// isASCII says that bytes mean the same in every character set.
func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 || c == 0x1B {
			return false
		}
	}
	return true
}
