package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Canonical rewrites a JSON text so that equal values have equal bytes: no
// space, members sorted by UTF-16 code units, numbers and strings as ECMAScript
// writes them. A name that comes twice in one object, text that is not UTF-8
// and a number beyond double precision's range are errors.
//
// Source: RFC 8785 (JCS), section 3.2.
func Canonical(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("canonical JSON: not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	out, err := canonicalValue(dec, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: offset %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("canonical JSON: offset %d: something follows the value", dec.InputOffset())
	}
	return out, nil
}

// maxDepth bounds nesting.
const maxDepth = 64

func canonicalValue(dec *json.Decoder, out []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return canonicalObject(dec, out, depth)
		}
		return canonicalArray(dec, out, depth)
	case string:
		return appendString(out, v), nil
	case json.Number:
		return appendNumber(out, v)
	case bool:
		return strconv.AppendBool(out, v), nil
	}
	return append(out, "null"...), nil
}

func canonicalArray(dec *json.Decoder, out []byte, depth int) ([]byte, error) {
	out = append(out, '[')
	var err error
	for first := true; dec.More(); first = false {
		if !first {
			out = append(out, ',')
		}
		if out, err = canonicalValue(dec, out, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = dec.Token()
	return append(out, ']'), err
}

func canonicalObject(dec *json.Decoder, out []byte, depth int) ([]byte, error) {
	type member struct {
		units []uint16
		bytes []byte
	}
	var members []member
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder accepts nothing else here
		value, err := canonicalValue(dec, append(appendString(nil, name), ':'), depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{utf16.Encode([]rune(name)), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.units, b.units) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if slices.Equal(m.units, members[i-1].units) {
				return nil, errors.New("a member's name comes twice")
			}
			out = append(out, ',')
		}
		out = append(out, m.bytes...)
	}
	return append(out, '}'), nil
}

// appendString is RFC 8785 section 3.2.2.2.
func appendString(out []byte, s string) []byte {
	short := map[rune]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r', '"': '"', '\\': '\\'}
	out = append(out, '"')
	for _, r := range s {
		if c, ok := short[r]; ok {
			out = append(out, '\\', c)
		} else if r < 0x20 {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

// appendNumber is RFC 8785 section 3.2.2.3: ECMA-262's Number::toString.
func appendNumber(out []byte, n json.Number) ([]byte, error) {
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("number beyond double precision: %w", err)
	}
	size := math.Abs(f)
	if size == 0 {
		return append(out, '0'), nil
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(out, f, 'f', -1, 64), nil
	}
	text := strconv.FormatFloat(f, 'e', -1, 64) // two digits of exponent at least; ECMAScript writes one
	text = strings.Replace(strings.Replace(text, "e-0", "e-", 1), "e+0", "e+", 1)
	return append(out, text...), nil
}
