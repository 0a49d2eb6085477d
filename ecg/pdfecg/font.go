package pdfecg

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// font turns the bytes of strings into text: by its ToUnicode map, or by what
// fonts without one mostly mean. A nil font is one of single bytes.
type font struct {
	wide    bool // two bytes a character
	unicode map[int]string
}

// glyphsBeforeSpace: TrueType fonts of Windows number their glyphs in the order
// of ASCII, with the space third, which is all there is to read in a font
// without a map.
const glyphsBeforeSpace = 3

// font returns the font v refers to, which is read once.
func (d *document) font(v any) *font {
	key, isRef := v.(ref)
	if f := d.fonts[key]; isRef && f != nil {
		return f
	}
	info := d.dict(v)
	f := &font{wide: info["Subtype"] == name("Type0"), unicode: map[int]string{}}
	if o := d.stream(info["ToUnicode"]); o != nil {
		f.readMap(d.inflate(o))
	}
	if isRef {
		d.fonts[key] = f
	}
	return f
}

// readMap reads the ranges of a ToUnicode map (9.10.3).
func (f *font) readMap(data []byte) {
	l := &lexer{data: data}
	var args []any
	for len(f.unicode) < 1<<16 {
		v, ok := l.next()
		if !ok {
			return
		}
		op, isOp := v.(keyword)
		if !isOp {
			if len(args) < 1<<12 {
				args = append(args, v)
			}
			continue
		}
		switch op {
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				f.unicode[code(args[i])] = utf(args[i+1])
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				f.readRange(code(args[i]), code(args[i+1]), args[i+2])
			}
		}
		args = args[:0]
	}
}

func (f *font) readRange(from, to int, target any) {
	if to-from > 1<<12 {
		return
	}
	list, isList := target.([]any)
	first := []rune(utf(target))
	for k := 0; from+k <= to; k++ {
		switch {
		case isList && k < len(list):
			f.unicode[from+k] = utf(list[k])
		case len(first) == 1:
			f.unicode[from+k] = string(first[0] + rune(k))
		}
	}
}

func code(v any) int {
	b, _ := v.([]byte)
	n := 0
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n & 0xFFFF
}

func utf(v any) string {
	b, _ := v.([]byte)
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

func (f *font) decode(b []byte) string {
	var out strings.Builder
	if f == nil || !f.wide {
		for _, c := range b {
			if f != nil && f.unicode[int(c)] != "" {
				out.WriteString(f.unicode[int(c)])
			} else {
				out.WriteRune(charmap.Windows1252.DecodeByte(c))
			}
		}
		return out.String()
	}
	for i := 0; i+1 < len(b); i += 2 {
		n := int(b[i])<<8 | int(b[i+1])
		switch s, ok := f.unicode[n]; {
		case ok:
			out.WriteString(s)
		case len(f.unicode) == 0 && n >= glyphsBeforeSpace && n < 127-' '+glyphsBeforeSpace:
			out.WriteByte(byte(n - glyphsBeforeSpace + ' '))
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}
