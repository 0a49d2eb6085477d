package pdfecg

import (
	"bytes"
	"strconv"
)

// Values of a PDF (ISO 32000-1 section 7.3): float64, bool, nil, []byte for
// strings, name, []any, dict, ref; keyword for operators.
type (
	name    string
	keyword string
	dict    map[name]any
	ref     int // number of an object
)

const maxNesting = 32

// lexer reads values from data. At the end it gives ok false; what is damaged
// is stepped over, for a drawing with a fault in one place still is one.
type lexer struct {
	data []byte
	at   int
	deep int
}

// Kinds of characters (ISO 32000-1 section 7.2.2).
const (
	regular = iota
	white
	delimiter
)

var kinds = makeKinds()

func makeKinds() (k [256]byte) {
	for _, c := range []byte(" \n\r\t\f\x00") {
		k[c] = white
	}
	for _, c := range []byte("()<>[]{}/%") {
		k[c] = delimiter
	}
	return k
}

func isSpace(c byte) bool { return kinds[c] == white }

func isDelimiter(c byte) bool { return kinds[c] == delimiter }

func (l *lexer) space() {
	for l.at < len(l.data) {
		switch c := l.data[l.at]; {
		case isSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.data) && l.data[l.at] != '\n' && l.data[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// word returns the regular characters from here on.
func (l *lexer) word() []byte {
	from := l.at
	for l.at < len(l.data) && kinds[l.data[l.at]] == regular {
		l.at++
	}
	return l.data[from:l.at]
}

// next reads one value.
func (l *lexer) next() (value any, ok bool) {
	l.space()
	if l.at >= len(l.data) {
		return nil, false
	}
	switch c := l.data[l.at]; {
	case c == '/':
		l.at++
		return unescape(l.word()), true
	case c == '(':
		return l.literal(), true
	case c == '<' && l.at+1 < len(l.data) && l.data[l.at+1] == '<':
		l.at += 2
		return l.dict(), true
	case c == '<':
		return l.hex(), true
	case c == '[':
		l.at++
		return l.array(), true
	case isDelimiter(c):
		l.at++
		if c == '>' && l.at < len(l.data) && l.data[l.at] == '>' {
			l.at++
			return keyword(">>"), true
		}
		return keyword(c), true
	}
	w := l.word()
	if v, isNumber := number(w); isNumber {
		return v, true
	}
	switch string(w) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	return keyword(w), true
}

// number reads a number if the next value is one.
func (l *lexer) number() (float64, bool) {
	l.space()
	from := l.at
	v, ok := number(l.word())
	if !ok {
		l.at = from
	}
	return v, ok
}

// number reads the digits of a PDF number: no exponents.
func number(w []byte) (float64, bool) {
	if len(w) == 0 || len(w) > 32 {
		return 0, false
	}
	sign, whole, scale := 1.0, 0.0, 0.0
	digits := 0
	for i, c := range w {
		switch {
		case c == '-' && i == 0:
			sign = -1
		case c == '+' && i == 0:
		case c == '.' && scale == 0:
			scale = 1
		case c >= '0' && c <= '9':
			whole = 10*whole + float64(c-'0')
			scale *= 10
			digits++
		default:
			return 0, false
		}
	}
	if scale > 1 {
		whole /= scale
	}
	return sign * whole, digits > 0
}

// unescape replaces #xx in a name.
func unescape(w []byte) name {
	if bytes.IndexByte(w, '#') < 0 {
		return name(w)
	}
	var out []byte
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if v, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return name(out)
}

// literal reads a string in parentheses.
func (l *lexer) literal() []byte {
	out := []byte{}
	l.at++
	for depth := 1; l.at < len(l.data); l.at++ {
		c := l.data[l.at]
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				return out
			}
		case '\\':
			out = append(out, l.escape()...)
			continue
		}
		out = append(out, c)
	}
	l.at = min(l.at, len(l.data))
	return out
}

// escape reads what follows a backslash and leaves at on its last byte.
func (l *lexer) escape() []byte {
	l.at++
	if l.at >= len(l.data) {
		return nil
	}
	switch c := l.data[l.at]; {
	case c >= '0' && c <= '7':
		v := 0
		for n := 0; n < 3 && l.at < len(l.data) && l.data[l.at] >= '0' && l.data[l.at] <= '7'; n++ {
			v = 8*v + int(l.data[l.at]-'0')
			l.at++
		}
		l.at--
		return []byte{byte(v)}
	case c == '\n':
		return nil
	case c == '\r':
		if l.at+1 < len(l.data) && l.data[l.at+1] == '\n' {
			l.at++
		}
		return nil
	default:
		if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
			return []byte{"\n\r\t\b\f"[i]}
		}
		return []byte{c}
	}
}

func (l *lexer) hex() []byte {
	l.at++
	var digits []byte
	for ; l.at < len(l.data) && l.data[l.at] != '>'; l.at++ {
		if c := l.data[l.at]; !isSpace(c) {
			digits = append(digits, c)
		}
	}
	l.at = min(l.at+1, len(l.data))
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		v, err := strconv.ParseUint(string(digits[i:i+2]), 16, 8)
		if err != nil {
			return nil
		}
		out = append(out, byte(v))
	}
	return out
}

func (l *lexer) array() []any {
	out := []any{}
	if l.deep++; l.deep > maxNesting {
		return out
	}
	defer func() { l.deep-- }()
	for {
		v, ok := l.next()
		if !ok || v == keyword("]") || v == keyword(">>") {
			return out
		}
		out = appendValue(out, v)
	}
}

// appendValue appends v, or makes a reference of "n g R".
func appendValue(list []any, v any) []any {
	if v == keyword("R") && len(list) >= 2 {
		if n, ok := list[len(list)-2].(float64); ok && n >= 0 && n < maxObjects {
			return append(list[:len(list)-2], ref(n))
		}
	}
	return append(list, v)
}

func (l *lexer) dict() dict {
	out := dict{}
	if l.deep++; l.deep > maxNesting {
		return out
	}
	defer func() { l.deep-- }()
	var list []any
	for {
		v, ok := l.next()
		if !ok || v == keyword(">>") || v == keyword("endobj") {
			break
		}
		list = appendValue(list, v)
	}
	for i := 0; i+1 < len(list); i += 2 {
		if key, ok := list[i].(name); ok {
			out[key] = list[i+1]
		}
	}
	return out
}
