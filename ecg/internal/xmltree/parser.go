package xmltree

import (
	"bytes"
	"fmt"
	"strings"
)

// parser walks text once; open is the stack of elements not yet closed. Nodes
// and attributes come from slabs and names are shared, because a file with an
// annotation for each beat is mostly small elements.
type parser struct {
	text     []byte
	at       int
	open     []*Node
	root     *Node
	elements int
	nodes    []Node
	attrs    []Attr
	names    map[string]string
}

const slab = 256

func (p *parser) newNode() *Node {
	if len(p.nodes) == 0 {
		p.nodes = make([]Node, slab)
	}
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	n.Offset = int64(p.at)
	return n
}

// shared returns name without its prefix as a string, the same for all
// elements of that name.
func (p *parser) shared(name []byte) string {
	name = local(name)
	if s, ok := p.names[string(name)]; ok {
		return s
	}
	s := string(name)
	p.names[s] = s
	return s
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{Offset: int64(p.at), Reason: fmt.Sprintf(format, args...)}
}

// document reads all markup up to the end of the root element; what follows it
// is not looked at.
func (p *parser) document() (*Node, error) {
	for {
		i := bytes.IndexByte(p.text[p.at:], '<')
		if i < 0 {
			if len(p.open) > 0 {
				return nil, p.fail("the document ends inside <%.32s>", p.open[len(p.open)-1].Name)
			}
			return nil, p.fail("the document has no root element")
		}
		p.addText(p.text[p.at : p.at+i])
		p.at += i
		if err := p.markup(); err != nil {
			return nil, err
		}
		if p.root != nil && len(p.open) == 0 {
			return p.root, nil
		}
	}
}

// markup reads what starts at the '<' under the parser.
func (p *parser) markup() error {
	rest := p.text[p.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return p.skip("-->", "comment")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		end := bytes.Index(rest, []byte("]]>"))
		if end < 0 {
			return p.fail("CDATA section without end")
		}
		p.addLiteral(rest[len("<![CDATA["):end])
		p.at += end + 3
		return nil
	case bytes.HasPrefix(rest, []byte("<?")):
		return p.skip("?>", "processing instruction")
	case bytes.HasPrefix(rest, []byte("<!")):
		return p.doctype(rest)
	case bytes.HasPrefix(rest, []byte("</")):
		return p.closeTag(rest)
	}
	return p.openTag()
}

func (p *parser) skip(end, what string) error {
	i := bytes.Index(p.text[p.at:], []byte(end))
	if i < 0 {
		return p.fail("%s without end", what)
	}
	p.at += i + len(end)
	return nil
}

// doctype steps over a document type that only names a file, as MUSE writes it.
// One with declarations inside could define entities and is refused.
func (p *parser) doctype(rest []byte) error {
	end := bytes.IndexByte(rest, '>')
	if end < 0 {
		return p.fail("declaration without end")
	}
	if bytes.IndexByte(rest[:end], '[') >= 0 {
		return p.fail("document type declarations are not accepted")
	}
	p.at += end + 1
	return nil
}

func (p *parser) closeTag(rest []byte) error {
	end := bytes.IndexByte(rest, '>')
	if end < 0 {
		return p.fail("end tag without end")
	}
	name := local(bytes.TrimSpace(rest[2:end]))
	if len(p.open) == 0 {
		return p.fail("end tag without start")
	}
	if top := p.open[len(p.open)-1]; top.Name != string(name) {
		return p.fail("<%.32s> is closed by </%.32s>", top.Name, name)
	}
	p.open = p.open[:len(p.open)-1]
	p.at += end + 1
	return nil
}

// openTag reads a start tag or an empty element.
func (p *parser) openTag() error {
	node := p.newNode()
	p.at++
	name := p.name()
	if len(name) == 0 {
		return p.fail("'<' without a name")
	}
	node.Name = p.shared(name)
	first := len(p.attrs)
	if p.elements++; p.elements > maxElements {
		return p.fail("more than %d elements", maxElements)
	}
	for {
		p.space()
		switch {
		case p.at >= len(p.text):
			return p.fail("the document ends inside a tag")
		case p.text[p.at] == '>':
			p.at++
			return p.push(node, true)
		case p.text[p.at] == '/' && p.at+1 < len(p.text) && p.text[p.at+1] == '>':
			p.at += 2
			return p.push(node, false)
		}
		if len(p.attrs) == cap(p.attrs) {
			p.attrs = append(make([]Attr, 0, slab+maxAttributes), p.attrs[first:]...)
			first = 0
		}
		if len(p.attrs)-first == maxAttributes {
			return p.fail("more than %d attributes", maxAttributes)
		}
		if err := p.attribute(); err != nil {
			return err
		}
		node.Attrs = p.attrs[first:len(p.attrs):len(p.attrs)]
	}
}

func (p *parser) push(node *Node, open bool) error {
	if n := len(p.open); n > 0 {
		p.open[n-1].Children = append(p.open[n-1].Children, node)
	} else {
		p.root = node
	}
	if open {
		if len(p.open) == maxDepth {
			return p.fail("elements are nested deeper than %d", maxDepth)
		}
		p.open = append(p.open, node)
	}
	return nil
}

func (p *parser) attribute() error {
	name := p.name()
	p.space()
	if len(name) == 0 || p.at >= len(p.text) || p.text[p.at] != '=' {
		return p.fail("attribute without name or value")
	}
	p.at++
	p.space()
	if p.at >= len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\'' {
		return p.fail("attribute value without quotes")
	}
	end := bytes.IndexByte(p.text[p.at+1:], p.text[p.at])
	if end < 0 {
		return p.fail("attribute value without end")
	}
	value := p.text[p.at+1 : p.at+1+end]
	p.at += end + 2
	text := string(value)
	if strings.IndexByte(text, '&') >= 0 {
		text = expand(value)
	}
	p.attrs = append(p.attrs, Attr{Name: p.shared(name), Value: text})
	return nil
}

// addText appends text that may hold references to the open element.
func (p *parser) addText(text []byte) {
	if len(p.open) == 0 || len(text) == 0 {
		return
	}
	top := p.open[len(p.open)-1]
	if bytes.IndexByte(text, '&') >= 0 {
		top.raw = true
	}
	p.append(top, text)
}

// addLiteral appends text in which '&' means itself.
func (p *parser) addLiteral(text []byte) {
	if len(p.open) == 0 {
		return
	}
	top := p.open[len(p.open)-1]
	if bytes.IndexByte(text, '&') >= 0 {
		top.raw = true
		text = bytes.ReplaceAll(text, []byte("&"), []byte("&amp;"))
	}
	p.append(top, text)
}

// append keeps the document's bytes while there is one piece of text, and
// copies when a comment or child splits it. Space between children is dropped,
// or every element of an indented file would cost a copy.
func (p *parser) append(n *Node, text []byte) {
	switch {
	case len(n.text) == 0:
		n.text = text[:len(text):len(text)]
	case len(bytes.TrimSpace(text)) == 0:
	default:
		n.text = append(n.text, text...)
	}
}

func (p *parser) name() []byte {
	start := p.at
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n', '/', '>', '=', '<', '"', '\'':
			return p.text[start:p.at]
		}
	}
	return p.text[start:p.at]
}

func (p *parser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\r' || p.text[p.at] == '\t') {
		p.at++
	}
}

// local cuts the namespace prefix off.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}
