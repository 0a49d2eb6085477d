package dicom

import (
	"bytes"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// repertoire is one coded character set of ISO 2022.
type repertoire uint8

const (
	none repertoire = iota
	ascii
	romaji // JIS X 0201, the lower half
	katakana
	latin1
	latin2
	latin3
	latin4
	latin5
	latin9
	cyrillic
	arabic
	greek
	hebrew
	thai
	jisx0208
	jisx0212
	ksx1001
	gb2312
)

// escapes are the sequences of PS3.3 Tables C.12-3 and C.12-4, without ESC.
var escapes = []struct {
	bytes string
	set   repertoire
	g1    bool
}{
	{"(B", ascii, false}, {"(J", romaji, false}, {")I", katakana, true},
	{"-A", latin1, true}, {"-B", latin2, true}, {"-C", latin3, true}, {"-D", latin4, true},
	{"-L", cyrillic, true}, {"-G", arabic, true}, {"-F", greek, true}, {"-H", hebrew, true},
	{"-M", latin5, true}, {"-b", latin9, true}, {"-T", thai, true},
	{"$B", jisx0208, false}, {"$@", jisx0208, false}, {"$(B", jisx0208, false},
	{"$(D", jisx0212, false}, {"$)C", ksx1001, true}, {"$)A", gb2312, true},
}

// iso2022 decodes text with code extensions, PS3.5 section 6.1.2.5.
type iso2022 struct {
	initial charset
	g0, g1  repertoire
	out     strings.Builder
	values  []string
}

func decodeISO2022(raw []byte, cs charset, delimited, name bool) []string {
	s := &iso2022{initial: cs}
	s.reset()
	for i := 0; i < len(raw); {
		i += s.step(raw[i:], delimited, name)
	}
	return append(s.values, s.out.String())
}

// reset goes back to the sets of the first value of Specific Character Set,
// as delimiters do (PS3.5 section 6.1.2.5.3).
func (s *iso2022) reset() { s.g0, s.g1 = s.initial.g0, s.initial.g1 }

// step decodes what b starts with and returns how many bytes it was.
func (s *iso2022) step(b []byte, delimited, name bool) int {
	c := b[0]
	switch {
	case c == 0x1B:
		return s.escape(b)
	case c < 0x20:
		if c == '\t' || c == '\n' || c == '\f' || c == '\r' {
			s.reset()
		}
		s.out.WriteByte(c)
		return 1
	case c < 0x80 && doubleByte(s.g0):
		return s.pair(b, s.g0)
	case c == '\\' && delimited:
		s.values = append(s.values, s.out.String())
		s.out.Reset()
		s.reset()
		return 1
	case c < 0x80:
		if name && (c == '^' || c == '=') {
			s.reset()
		}
		s.out.WriteByte(c)
		return 1
	}
	set := s.g1
	if set == none {
		set = s.initial.missed
	}
	if doubleByte(set) {
		return s.pair(b, set)
	}
	s.out.WriteString(decodeWith(charmapOf(set), b[:1]))
	return 1
}

// escape switches a set; an unknown sequence is left out of the text.
func (s *iso2022) escape(b []byte) int {
	for _, e := range escapes {
		if bytes.HasPrefix(b[1:], []byte(e.bytes)) {
			if e.g1 {
				s.g1 = e.set
			} else {
				s.g0 = e.set
			}
			return 1 + len(e.bytes)
		}
	}
	return 1
}

// pair decodes a character of two bytes, both in the same half of the code.
func (s *iso2022) pair(b []byte, set repertoire) int {
	if len(b) < 2 || b[0]&0x80 != b[1]&0x80 || b[1]&0x7F < 0x20 {
		s.out.WriteRune('\uFFFD')
		return 1
	}
	two := []byte{b[0] | 0x80, b[1] | 0x80}
	var e encoding.Encoding
	switch set {
	case jisx0208:
		e = japanese.EUCJP
	case jisx0212:
		e, two = japanese.EUCJP, []byte{0x8F, two[0], two[1]}
	case ksx1001:
		e = korean.EUCKR
	default:
		e = simplifiedchinese.GBK
	}
	s.out.WriteString(decodeWith(e, two))
	return 2
}

func doubleByte(r repertoire) bool { return r >= jisx0208 }

// charmapOf is the code page of the upper half of a single-byte set. Bytes
// where no set is declared are read as Latin-1, so that none is lost.
func charmapOf(r repertoire) encoding.Encoding {
	switch r {
	case latin2:
		return charmap.ISO8859_2
	case latin3:
		return charmap.ISO8859_3
	case latin4:
		return charmap.ISO8859_4
	case latin5:
		return charmap.ISO8859_9
	case latin9:
		return charmap.ISO8859_15
	case cyrillic:
		return charmap.ISO8859_5
	case arabic:
		return charmap.ISO8859_6
	case greek:
		return charmap.ISO8859_7
	case hebrew:
		return charmap.ISO8859_8
	case thai:
		return charmap.Windows874
	case katakana:
		return japanese.ShiftJIS
	}
	return charmap.ISO8859_1
}
