package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Limits on what one data set may ask of the reader. Real objects stay far
// below; a hostile one gets a ParseError.
const (
	// DefaultKeep is the longest value kept in Raw when Options says nothing.
	DefaultKeep = 64 << 10
	// MaxDepth is how deep sequences may nest.
	MaxDepth = 256
	// MaxElements is how many elements a data set may have with all its items.
	MaxElements = 1 << 19
	// MaxEmpty is how many it may have if most of them hold nothing.
	MaxEmpty = 1 << 17
	// MaxKept is how many bytes of values are kept in all, of a deflated data
	// set a quarter of that; the values after that become Bulk. Options.Keep -1
	// lifts it.
	MaxKept = 64 << 20
	// MaxFragments is how many fragments encapsulated pixel data may have.
	MaxFragments = 1 << 19
	// MaxOffsetTable is the longest basic offset table kept, in bytes.
	MaxOffsetTable = 4 * MaxFragments
	// MaxNotes is how many notes are taken of one data set.
	MaxNotes = 32
)

// undefinedLength in a length field says that a delimiter ends the value.
const undefinedLength = 0xFFFFFFFF

// slabSize is the size of the blocks that hold short values.
const slabSize = 8 << 10

// Options say how to parse.
type Options struct {
	// Keep is the length in bytes above which a value is passed over and
	// becomes Bulk; 0 means DefaultKeep, -1 keeps all, also fragments.
	Keep int64
	// Learned is what text of this sender turned out to be when its declared
	// character set did not fit: "GB18030" as Dataset.Repaired gave it. Text
	// that is too short or too rare to be sure of is then repaired as well.
	Learned string
}

// Parse reads a bare data set, as DIMSE carries it, to the end of r. With an
// error it returns what was read before it; the error is a *ParseError, and
// Is ErrTruncated if r ended too early. Of a deflated syntax offsets count in
// the inflated bytes.
func Parse(r io.Reader, ts TransferSyntax, o Options) (*Dataset, error) {
	src := newSource(r)
	defer func() { src.close() }()
	if ts.Deflated() {
		inflated := newInflater(src, o.Keep < 0)
		defer inflated.Close()
		src = newSource(inflated)
	}
	p := newParser(src, o)
	if ts.Deflated() {
		p.maxKept = keptOfDeflated
	}
	d := p.root(ts)
	return d, p.finish(d)
}

// parser reads elements from a source into a Dataset.
type parser struct {
	src      *source
	keepAll  bool
	keep     int64
	kept     int64
	maxKept  int64 // MaxKept, or less
	elements int
	slab     []byte
	stack    []Element // elements of the items that are not yet complete
	notes    []string
	big      bool
	implicit bool
	signed   bool // Pixel Representation is 1
	within   bool // a sequence under VR UN is held in memory
	learned  bool // the sender's text is GB18030 whatever it declares
	err      error
}

func newParser(src *source, o Options) *parser {
	keep := o.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	return &parser{src: src, keep: keep, keepAll: keep < 0, maxKept: MaxKept, learned: o.Learned == "GB18030", stack: *stacks.Get().(*[]Element)}
}

// maxPooled is how many elements a stack may have to be used again.
const maxPooled = 2048

var stacks = sync.Pool{New: func() any { s := make([]Element, 0, 256); return &s }}

func (p *parser) setSyntax(ts TransferSyntax) {
	p.big, p.implicit = ts.BigEndian(), ts.Implicit()
}

// root reads the outermost data set; p.err tells what stopped it.
func (p *parser) root(ts TransferSyntax) *Dataset {
	d := &Dataset{Syntax: ts}
	p.setSyntax(ts)
	p.err = p.dataset(d, -1, 0)
	return d
}

// finish completes the outermost data set and returns the parser's error.
func (p *parser) finish(d *Dataset) error {
	if p.stack != nil {
		stack := p.stack
		stacks.Put(&stack)
		p.stack = nil
	}
	d.Notes = p.notes
	d.judge(p.learned)
	return p.err
}

func (p *parser) note(t Tag, format string, args ...any) {
	p.noteAt(p.src.off, t, format, args...)
}

func (p *parser) noteAt(off int64, t Tag, format string, args ...any) {
	if len(p.notes) >= MaxNotes {
		return
	}
	place := fmt.Sprintf("at byte %d", off)
	if t != 0 {
		place += ", " + t.String()
	}
	p.notes = append(p.notes, place+": "+fmt.Sprintf(format, args...))
}

func (p *parser) fail(t Tag, format string, args ...any) error {
	return &ParseError{Tag: t, Offset: p.src.off, Reason: fmt.Sprintf(format, args...)}
}

// broken turns a source's error into a ParseError.
func (p *parser) broken(t Tag, err error, doing string) error {
	if errors.Is(err, errEnd) || errors.Is(err, errCutDeflate) {
		return &ParseError{Tag: t, Offset: p.src.off, Reason: "the data ends within " + doing, err: ErrTruncated}
	}
	return &ParseError{Tag: t, Offset: p.src.off, Reason: "cannot read on: " + err.Error(), err: err}
}

// dataset reads elements until the byte end, or, if end is -1, until an item
// delimiter within an item and until the end of the stream at depth 0.
func (p *parser) dataset(d *Dataset, end int64, depth int) error {
	base := len(p.stack)
	err := p.run(d, end, depth)
	if base == 0 && cap(p.stack) > maxPooled {
		d.Elements, p.stack = p.stack, nil
	} else {
		d.Elements = slices.Clone(p.stack[base:])
		clear(p.stack[base:])
		p.stack = p.stack[:base]
	}
	p.sort(d)
	return err
}

// sort brings elements into the order of their tags; those with one tag stay
// in theirs.
func (p *parser) sort(d *Dataset) {
	e := d.Elements
	repeated, sorted := -1, true
	for i := 1; i < len(e); i++ {
		if e[i].Tag <= e[i-1].Tag {
			repeated = i
			sorted = sorted && e[i].Tag == e[i-1].Tag
		}
	}
	if repeated >= 0 {
		p.noteAt(e[repeated].Offset, e[repeated].Tag, "out of order or repeated")
	}
	if sorted {
		return
	}
	keys := make([]uint64, len(e)) // elements are too large to be moved often
	for i := range e {
		keys[i] = uint64(e[i].Tag)<<32 | uint64(i)
	}
	slices.Sort(keys)
	d.Elements = make([]Element, len(e))
	for i, k := range keys {
		d.Elements[i] = e[uint32(k)]
	}
}

func (p *parser) run(d *Dataset, end int64, depth int) error {
	first := len(p.stack)
	for end < 0 || p.src.off < end {
		h, err := p.header(end, depth, len(p.stack) > first)
		if err != nil {
			return err
		}
		if h.stop {
			return nil
		}
		if err := p.count(h.tag); err != nil {
			return err
		}
		e := p.push(h)
		if h.length < 0 || h.vr == SQ {
			at := len(p.stack) - 1
			e = &Element{Tag: h.tag, VR: h.vr, Offset: p.src.off, Length: h.length}
			err = p.value(d, e, end, depth)
			p.stack[at] = *e // which items have moved
		} else {
			err = p.value(d, e, end, depth)
		}
		if err != nil {
			return err
		}
		if h.tag == PixelRepresentation && depth == 0 {
			p.signed = len(e.Raw) > 1 && e.Raw[0]|e.Raw[1] == 1
		}
	}
	if p.src.off > end {
		return p.fail(0, "an element is longer than its item")
	}
	return nil
}

// count takes one more element or item. Each costs twenty times the bytes of an
// empty one.
func (p *parser) count(t Tag) error {
	switch p.elements++; {
	case p.elements > MaxElements:
		return p.fail(t, "more than %d elements", MaxElements)
	case p.elements > MaxEmpty && p.src.off < 9*int64(p.elements):
		return p.fail(t, "more than %d elements, most of them empty", MaxEmpty)
	}
	return nil
}

// push adds an element to the stack. The stack is zero behind its end.
func (p *parser) push(h header) *Element {
	p.stack = doubled(p.stack)
	p.stack = p.stack[:len(p.stack)+1]
	e := &p.stack[len(p.stack)-1]
	e.Tag, e.VR, e.Offset, e.Length = h.tag, h.vr, p.src.off, h.length
	return e
}

// doubled makes room for one more, twice as much each time: append's own
// smaller steps would leave five times a long list behind as garbage.
func doubled[T any](s []T) []T {
	if len(s) < cap(s) {
		return s
	}
	out := make([]T, len(s), max(2*len(s), 16))
	copy(out, s)
	return out
}

// value reads what follows an element's header. d is the data set it is in,
// end the byte where that ends, or -1.
func (p *parser) value(d *Dataset, e *Element, end int64, depth int) error {
	if e.Length >= 0 {
		if end >= 0 && e.Length > end-p.src.off {
			return p.fail(e.Tag, "a value of %d bytes, but its item has %d left", e.Length, end-p.src.off)
		}
		if n, ok := p.src.known(); ok && e.Length > n {
			return &ParseError{Tag: e.Tag, Offset: p.src.off, err: ErrTruncated,
				Reason: fmt.Sprintf("a value of %d bytes, but only %d remain", e.Length, n)}
		}
		switch {
		case e.VR == SQ && e.Length > 0:
			return p.definedSequence(d, e, depth)
		case e.Tag == PixelData && d.Syntax.Encapsulated() && p.encapsulated(e.Length):
			p.note(e.Tag, "encapsulated pixel data of defined length")
			return p.fragments(e, p.src.off+e.Length)
		case e.VR == UN && !p.within && e.Length <= min(maxUnknown, p.maxKept-p.kept) && implicitVR(e.Tag, false) == SQ:
			return p.unknownDefined(d, e, depth)
		}
		return p.plain(e)
	}
	switch {
	case e.VR == SQ:
		return p.sequence(d, e, -1, depth)
	case e.Tag == PixelData || e.VR == OB || e.VR == OW:
		return p.fragments(e, -1)
	case e.VR == UN:
		return p.unknown(d, e, depth)
	}
	if t, ok := p.peekTag(); ok && (t == Item || t == SequenceDelimitationItem) {
		p.note(e.Tag, "a sequence under VR %s", e.VR)
		return p.sequence(d, e, -1, depth)
	}
	return p.fail(e.Tag, "undefined length under VR %s", e.VR)
}

// encapsulated says that a value of n bytes starts with the item of a basic
// offset table that fits into it, and with the item of a fragment after it.
func (p *parser) encapsulated(n int64) bool {
	b := p.src.peek(8)
	if len(b) < 8 || n < 16 || Tag(binary.LittleEndian.Uint16(b))<<16|Tag(binary.LittleEndian.Uint16(b[2:])) != Item {
		return false
	}
	table := int64(binary.LittleEndian.Uint32(b[4:]))
	return table%4 == 0 && table <= n-16
}

// definedSequence reads a sequence whose length is known. Content that is no
// item is kept as it is, since its end is certain.
func (p *parser) definedSequence(d *Dataset, e *Element, depth int) error {
	t, ok := p.peekTag()
	if ok && t != Item && t != SequenceDelimitationItem {
		p.note(e.Tag, "a sequence without items, kept as unknown bytes")
		e.VR = UN
		return p.plain(e)
	}
	return p.sequence(d, e, p.src.off+e.Length, depth)
}

// unknown reads UN of undefined length: items in implicit VR little endian,
// whatever surrounds them (PS3.5 section 6.2.2 note 4). Some writers changed
// the VR of a sequence alone, and left the VRs within it.
func (p *parser) unknown(d *Dataset, e *Element, depth int) error {
	if !p.implicit && p.explicitItem() {
		p.note(e.Tag, "items in explicit VR under VR UN")
		return p.sequence(d, e, -1, depth)
	}
	big, implicit := p.big, p.implicit
	p.big, p.implicit = false, true
	defer func() { p.big, p.implicit = big, implicit }()
	return p.sequence(d, e, -1, depth)
}

// maxUnknown is the longest sequence under VR UN that is held in memory to see
// whether it is one.
const maxUnknown = 1 << 20

// unknownDefined reads a sequence of the standard that some node on the way did
// not know and sent on as UN of defined length (PS3.5 section 6.2.2). Content
// that cannot be read as items stays unknown bytes.
func (p *parser) unknownDefined(d *Dataset, e *Element, depth int) error {
	raw, err := p.src.take(e.Length)
	if err != nil {
		return p.broken(e.Tag, err, fmt.Sprintf("a value of %d bytes", e.Length))
	}
	outer, big, implicit, notes := p.src, p.big, p.implicit, p.notes
	p.src = newSource(bytes.NewReader(raw))
	p.src.off = e.Offset
	p.big, p.implicit, p.within = false, true, true
	if !implicit && p.explicitItem() {
		p.implicit = false
	}
	err = p.sequence(d, e, e.Offset+e.Length, depth)
	p.src.close()
	p.src, p.big, p.implicit, p.within = outer, big, implicit, false
	if err != nil {
		p.notes = notes
		p.note(e.Tag, "a sequence under VR UN that holds no items")
		p.kept += e.Length
		e.Items, e.Raw = nil, raw
	}
	return nil
}

// explicitItem says that the item that comes next starts with an element that
// has a VR, and whose length would pass all bounds if it had none.
func (p *parser) explicitItem() bool {
	b := p.src.peek(16)
	if len(b) < 16 || p.tag(b) != Item {
		return false
	}
	_, _, ok := vrOf(b[12], b[13])
	implicit := int64(binary.LittleEndian.Uint32(b[12:]))
	item := length32(p.uint32(b[4:]))
	return ok && (item >= 0 && implicit > item || implicit > MaxKept)
}

// plain reads or passes over a value of e.Length bytes.
func (p *parser) plain(e *Element) error {
	n := e.Length
	if n&1 == 1 {
		p.note(e.Tag, "odd length %d", n)
	}
	if !p.keepAll && (n > p.keep && !isTable(e) || p.kept+n > p.maxKept) {
		e.Bulk = true
		if err := p.src.skip(n); err != nil {
			return p.broken(e.Tag, err, fmt.Sprintf("a value of %d bytes", n))
		}
		return nil
	}
	raw, err := p.bytes(n)
	if err != nil {
		return p.broken(e.Tag, err, fmt.Sprintf("a value of %d bytes", n))
	}
	p.kept += n
	e.Raw = raw
	return nil
}

// maxTable is the longest lookup table kept whatever Options.Keep says:
// 65536 entries as segments.
const maxTable = 512 << 10

// isTable says that a value is needed to find or to show frames, and bounded,
// so that it is kept although it is long.
func isTable(e *Element) bool {
	switch e.Tag {
	case ExtendedOffsetTable, ExtendedOffsetTableLengths:
		return e.Length <= 8*MaxFragments
	case LUTData, RedPaletteColorLookupTableData, GreenPaletteColorLookupTableData, BluePaletteColorLookupTableData,
		SegmentedRedPaletteColorLookupTableData, SegmentedGreenPaletteColorLookupTableData, SegmentedBluePaletteColorLookupTableData:
		return e.Length <= maxTable
	}
	return false
}

// bytes reads n bytes, short ones into a shared block.
func (p *parser) bytes(n int64) ([]byte, error) {
	if n > slabSize/8 {
		return p.src.take(n)
	}
	if int64(cap(p.slab)-len(p.slab)) < n {
		p.slab = make([]byte, 0, slabSize)
	}
	at := len(p.slab)
	p.slab = p.slab[:at+int(n)]
	raw := p.slab[at : at+int(n) : at+int(n)]
	return raw, p.src.read(raw)
}

// syntax is how the parser reads at the moment, for an item's Syntax.
func (p *parser) syntax(d *Dataset) TransferSyntax {
	if d.Syntax.Implicit() == p.implicit && d.Syntax.BigEndian() == p.big {
		return d.Syntax
	}
	return ImplicitVRLittleEndian
}
