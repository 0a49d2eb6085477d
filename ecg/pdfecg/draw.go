package pdfecg

import (
	"math"
	"slices"
)

// Bounds on what a page draws.
const (
	maxPoints = 4 << 20
	maxTexts  = 1 << 14
	maxForms  = 8 // within each other

	maxOperands = 64
)

// point is a place on the page as it is shown: x to the right, y upwards, in
// points of 1/72 inch.
type point struct{ x, y float64 }

// line is one run of straight strokes.
type line []point

// text is a string and where it starts.
type text struct {
	at   point
	text string
}

// matrix is [a b c d e f] of ISO 32000-1 section 8.3.3.
type matrix [6]float64

func (m matrix) times(n matrix) matrix {
	return matrix{m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5]}
}

func (m matrix) apply(x, y float64) point {
	return point{x*m[0] + y*m[2] + m[4], x*m[1] + y*m[3] + m[5]}
}

// shown is how a page's /Rotate turns it for display.
func shown(rotate int) matrix {
	switch rotate {
	case 90:
		return matrix{0, -1, 1, 0, 0, 0}
	case 180:
		return matrix{-1, 0, 0, -1, 0, 0}
	case 270:
		return matrix{0, 1, -1, 0, 0, 0}
	}
	return matrix{1, 0, 0, 1, 0, 0}
}

// canvas follows a content stream and keeps lines and texts.
type canvas struct {
	doc    *document
	lines  []line
	texts  []text
	points int

	ctm   matrix
	stack []matrix
	path  []line

	fonts     dict
	font      *font
	textAt    matrix // text line matrix
	textStart matrix
	leading   float64
}

// paint draws one page.
func (d *document) paint(p page) *canvas {
	c := &canvas{doc: d, ctm: shown(p.rotate)}
	c.run(p.content, p.resources, 0)
	return c
}

func (c *canvas) run(content []byte, resources dict, deep int) {
	l := &lexer{data: content}
	var n []float64 // the operands that are numbers, and
	var args []any  // all others
	outer := c.fonts
	c.fonts = c.doc.dict(resources["Font"])
	for c.points < maxPoints {
		if v, ok := l.number(); ok {
			if len(n) < maxOperands {
				n = append(n, v)
			}
			continue
		}
		v, ok := l.next()
		if !ok {
			break
		}
		op, isOp := v.(keyword)
		if !isOp {
			if len(args) < maxOperands {
				args = append(args, v)
			}
			continue
		}
		switch op {
		case "Do":
			c.form(args, resources, deep)
		case "BI": // an inline image: its bytes are no operators
			for l.at+2 < len(l.data) && !(isSpace(l.data[l.at]) && l.data[l.at+1] == 'E' && l.data[l.at+2] == 'I') {
				l.at++
			}
		default:
			c.operate(op, args, n)
		}
		args, n = args[:0], n[:0]
	}
	c.fonts = outer
}

// form draws an XObject that is a drawing itself.
func (c *canvas) form(args []any, resources dict, deep int) {
	if len(args) != 1 || deep == maxForms {
		return
	}
	key, _ := args[0].(name)
	o := c.doc.stream(c.doc.dict(resources["XObject"])[key])
	if o == nil {
		return
	}
	info, _ := o.value.(dict)
	if info["Subtype"] != name("Form") {
		return
	}
	saved, depth := c.ctm, len(c.stack)
	if list, ok := c.doc.resolve(info["Matrix"]).([]any); ok {
		if m, ok := toMatrix(numbers(list)); ok {
			c.ctm = m.times(c.ctm)
		}
	}
	inner := c.doc.dict(info["Resources"])
	if inner == nil {
		inner = resources
	}
	c.run(c.doc.inflate(o), inner, deep+1)
	c.ctm, c.stack = saved, c.stack[:min(depth, len(c.stack))]
}

func toMatrix(n []float64) (m matrix, ok bool) {
	if len(n) != len(m) {
		return m, false
	}
	return matrix(n), true
}

// numbers returns list as numbers, nil if an element is none.
func numbers(list []any) []float64 {
	out := make([]float64, len(list))
	for i, v := range list {
		n, ok := v.(float64)
		if !ok {
			return nil
		}
		out[i] = n
	}
	return out
}

// operate follows the operators of state and path (8.4 and 8.5); text has its
// own.
func (c *canvas) operate(op keyword, args []any, n []float64) {
	need := func(count int) bool { return len(n) == count && len(args) == 0 }
	switch op {
	case "q":
		if len(c.stack) < 1<<10 {
			c.stack = append(c.stack, c.ctm)
		}
	case "Q":
		if k := len(c.stack); k > 0 {
			c.ctm, c.stack = c.stack[k-1], c.stack[:k-1]
		}
	case "cm":
		if m, ok := toMatrix(n); ok {
			c.ctm = m.times(c.ctm)
		}
	case "m":
		if need(2) {
			c.path = append(c.path, line{c.ctm.apply(n[0], n[1])})
		}
	case "l":
		if need(2) {
			c.to(n[0], n[1])
		}
	case "c":
		if need(6) {
			c.to(n[4], n[5]) // a trace drawn in curves passes through their ends
		}
	case "v", "y":
		if need(4) {
			c.to(n[2], n[3])
		}
	case "h":
		if k := len(c.path); k > 0 {
			c.path[k-1] = append(c.path[k-1], c.path[k-1][0])
		}
	case "re":
		if need(4) {
			x, y, w, h := n[0], n[1], n[2], n[3]
			c.path = append(c.path, line{c.ctm.apply(x, y), c.ctm.apply(x+w, y), c.ctm.apply(x+w, y+h), c.ctm.apply(x, y+h), c.ctm.apply(x, y)})
		}
	case "S", "s", "B", "B*", "b", "b*":
		c.lines = append(c.lines, c.path...)
		c.path = nil
	case "f", "F", "f*", "n":
		c.path = nil
	default:
		c.write(op, args, n)
	}
}

func (c *canvas) to(x, y float64) {
	k := len(c.path)
	if k == 0 {
		return
	}
	c.path[k-1] = append(c.path[k-1], c.ctm.apply(x, y))
	c.points++
}

// write follows the text operators (9.4). Widths of glyphs are not known, so
// that strings on one line are told apart by their starts only.
func (c *canvas) write(op keyword, args []any, n []float64) {
	move := func(x, y float64) {
		c.textStart = matrix{1, 0, 0, 1, x, y}.times(c.textStart)
		c.textAt = c.textStart
	}
	switch op {
	case "BT":
		c.textStart = matrix{1, 0, 0, 1, 0, 0}
		c.textAt = c.textStart
	case "Tm":
		if m, ok := toMatrix(n); ok {
			c.textStart, c.textAt = m, m
		}
	case "TL":
		if len(n) == 1 {
			c.leading = n[0]
		}
	case "Td", "TD":
		if len(n) == 2 {
			if op == "TD" {
				c.leading = -n[1]
			}
			move(n[0], n[1])
		}
	case "T*":
		move(0, -c.leading)
	case "Tf":
		if len(args) == 1 {
			key, _ := args[0].(name)
			c.font = c.doc.font(c.fonts[key])
		}
	case "'", "\"":
		move(0, -c.leading)
		fallthrough
	case "Tj":
		if len(args) > 0 {
			c.show(args[len(args)-1:])
		}
	case "TJ":
		if len(args) == 1 {
			list, _ := args[0].([]any)
			c.show(list)
		}
	}
}

// show keeps a string; a wide gap inside it counts as a space.
func (c *canvas) show(parts []any) {
	s := ""
	for _, p := range parts {
		switch v := p.(type) {
		case []byte:
			s += c.font.decode(v)
		case float64:
			if v < -200 {
				s += " "
			}
		}
	}
	if s == "" || len(c.texts) == maxTexts {
		return
	}
	m := c.textAt.times(c.ctm)
	c.texts = append(c.texts, text{m.apply(0, 0), s})
}

// joined links lines that go on where another ended: software that draws each
// step of a trace by itself.
func (c *canvas) joined() []line {
	var out []line
	for _, l := range c.lines {
		if k := len(out) - 1; k >= 0 && len(l) > 1 && len(out[k]) > 1 && near(out[k][len(out[k])-1], l[0]) {
			out[k] = append(out[k], l[1:]...)
			continue
		}
		out = append(out, slices.Clone(l))
	}
	return out
}

func near(a, b point) bool { return math.Abs(a.x-b.x) < 1e-3 && math.Abs(a.y-b.y) < 1e-3 }
