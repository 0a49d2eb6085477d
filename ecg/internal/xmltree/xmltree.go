// Package xmltree reads the XML of ECG files into a small tree. It knows no
// document type definitions, fetches nothing and expands no entity but the five
// of XML and character references; depth, elements and attributes are bounded.
//
// It reads the text in place: ECG files are long runs of digits, for which
// encoding/xml takes tens of milliseconds.
package xmltree

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on a document. A 12-lead file with 400 annotated beats has 40,000
// elements.
const (
	maxDepth      = 64
	maxElements   = 1 << 18
	maxAttributes = 64
)

// Node is one element. Names are without prefix.
type Node struct {
	Name     string
	Attrs    []Attr
	Children []*Node
	// Offset is where the element starts in the UTF-8 text.
	Offset int64
	text   []byte // as in the document, children cut out
	raw    bool   // text has references to expand
}

// Attr is one attribute; Name is without prefix.
type Attr struct{ Name, Value string }

// Error says where a document is not well-formed.
type Error struct {
	Offset int64
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Parse reads data, whose character set is found by UTF8. The tree may share
// memory with data. set is the character set the text was taken for and guessed
// says that the document does not declare it or declares it wrongly.
func Parse(data []byte) (root *Node, set string, guessed bool, err error) {
	text, set, guessed, err := UTF8(data)
	if err != nil {
		return nil, set, guessed, err
	}
	p := &parser{text: text, names: map[string]string{}}
	root, err = p.document()
	return root, set, guessed, err
}

// Attr returns the attribute called name, "" if there is none.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Child returns the first child element called name, nil if there is none; nil
// has none.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Path follows Child along names.
func (n *Node) Path(names ...string) *Node {
	for _, name := range names {
		n = n.Child(name)
	}
	return n
}

// All returns the child elements called name, in order.
func (n *Node) All(name string) []*Node {
	var out []*Node
	if n != nil {
		for _, c := range n.Children {
			if c.Name == name {
				out = append(out, c)
			}
		}
	}
	return out
}

// Text returns the element's own text without the space around it.
func (n *Node) Text() string {
	if n == nil {
		return ""
	}
	if n.raw {
		return strings.TrimSpace(expand(n.text))
	}
	return string(bytes.TrimSpace(n.text))
}

// Bytes returns the element's own text as it stands in the document, for long
// runs of digits or base64; references are not expanded. It must not be changed.
func (n *Node) Bytes() []byte {
	if n == nil {
		return nil
	}
	return n.text
}

// expand replaces character references and the five entities of XML; others
// stay as they are, for nothing here declares them.
func expand(text []byte) string {
	var out strings.Builder
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			out.Write(text)
			return out.String()
		}
		out.Write(text[:i])
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 || end > 12 {
			out.WriteByte('&')
			text = text[i+1:]
			continue
		}
		if r, ok := reference(string(text[i+1 : i+end])); ok {
			out.WriteRune(r)
		} else {
			out.Write(text[i : i+end+1])
		}
		text = text[i+end+1:]
	}
}

func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}
