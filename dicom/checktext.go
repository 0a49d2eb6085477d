package dicom

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// fault is where a value has bytes that are no text in the character set: the
// index of the first of them and why, or "" if there are none. declared are
// the sets that escape sequences may switch to. Values of VR PN set name.
func (cs charset) fault(raw []byte, declared []repertoire, delimited, name bool) (at int, why string) {
	switch cs.kind {
	case kindISO2022:
		return faultISO2022(raw, cs, declared, delimited, name)
	case kindGB:
		return faultOf(raw, "GB18030", func(b []byte) (int, bool) {
			n := gbLength(b)
			return n, !strings.ContainsRune(decodeGB(b[:n]), utf8.RuneError)
		})
	case kindUTF8:
		return faultOf(raw, "UTF-8", func(b []byte) (int, bool) {
			r, n := utf8.DecodeRune(b)
			return n, r != utf8.RuneError || n > 1
		})
	}
	if i := bytes.IndexFunc(raw, func(r rune) bool { return r >= 0x80 || r == 0x1B }); i >= 0 {
		return i, fmt.Sprintf("byte %02X, but no character set is declared", raw[i])
	}
	return 0, ""
}

// faultOf finds the first byte that next, which reads one character, refuses.
func faultOf(raw []byte, set string, next func([]byte) (n int, ok bool)) (int, string) {
	for i := 0; i < len(raw); {
		if raw[i] == 0x1B {
			return i, "an escape sequence, which " + set + " has none of"
		}
		n, ok := 1, true
		if raw[i] >= 0x80 {
			n, ok = next(raw[i:])
		}
		if !ok {
			return i, fmt.Sprintf("byte %02X starts no character of %s", raw[i], set)
		}
		i += n
	}
	return 0, ""
}

func faultISO2022(raw []byte, cs charset, declared []repertoire, delimited, name bool) (int, string) {
	s := &iso2022{initial: cs}
	s.reset()
	for i := 0; i < len(raw); {
		n := s.step(raw[i:], delimited, name)
		switch c := raw[i]; {
		case c == 0x1B && n == 1:
			return i, "an escape sequence of no character set of PS3.3 C.12.1.1.2"
		case c == 0x1B && !mayEscape(raw[i+1:i+n], declared):
			return i, "an escape sequence to a character set that (0008,0005) does not name"
		case c >= 0x80 && s.g1 == none:
			return i, fmt.Sprintf("byte %02X without an escape sequence that gives it a meaning", c)
		case strings.HasSuffix(s.out.String(), "\uFFFD"):
			return i, fmt.Sprintf("byte %02X starts no character of its character set", c)
		}
		i += n
	}
	return 0, ""
}

// mayEscape says that the set of an escape sequence, without its ESC, is among
// those declared. ASCII always is (PS3.5 section 6.1.2.5.3).
func mayEscape(sequence []byte, declared []repertoire) bool {
	for _, e := range escapes {
		if e.bytes != string(sequence) {
			continue
		}
		if e.set == ascii {
			return true
		}
		for _, set := range declared {
			if set == e.set {
				return true
			}
		}
	}
	return false
}

// declaredSets are the sets that the values of (0008,0005) name.
func declaredSets(raw []byte) []repertoire {
	var sets []repertoire
	for term := range strings.SplitSeq(string(raw), "\\") {
		switch cs := charsetOf(term); {
		case cs.g1 != none:
			sets = append(sets, cs.g1, cs.g0)
		case strings.HasSuffix(strings.TrimRight(term, " \x00"), "159"):
			sets = append(sets, jisx0212)
		case strings.HasSuffix(strings.TrimRight(term, " \x00"), "87"):
			sets = append(sets, jisx0208)
		}
	}
	return sets
}
