package dicom

import "fmt"

// sequence reads the items of e, until the byte end or, if end is -1, the
// sequence delimiter (PS3.5 section 7.5).
func (p *parser) sequence(d *Dataset, e *Element, end int64, depth int) error {
	if depth >= MaxDepth {
		return p.fail(e.Tag, "sequences nested more than %d deep", MaxDepth)
	}
	e.Items = []*Dataset{}
	for end < 0 || p.src.off < end {
		t, n, err := p.item(e.Tag, end)
		if err != nil {
			return err
		}
		switch {
		case t == SequenceDelimitationItem && end < 0:
			return nil
		case t != Item:
			p.note(e.Tag, "a delimiter in a sequence of defined length")
			continue
		}
		if err := p.count(e.Tag); err != nil {
			return err
		}
		item := &Dataset{Syntax: p.syntax(d), parent: d}
		e.Items = append(doubled(e.Items), item)
		stop := int64(-1)
		if n >= 0 {
			stop = p.src.off + n
			if end >= 0 && stop > end { // the sequence's end is where the next element starts
				p.note(e.Tag, "an item of %d bytes, but its sequence has %d left", n, end-p.src.off)
				stop = end
			}
		}
		if err := p.dataset(item, stop, depth+1); err != nil {
			return err
		}
		item.judge(p.learned)
	}
	if p.src.off > end {
		return p.fail(e.Tag, "an item is longer than its sequence")
	}
	return nil
}

// item reads the header of an item or the sequence's delimiter. An item
// delimiter left over by a writer that knew its item's length is passed over,
// and returned only where the sequence ends with it.
func (p *parser) item(seq Tag, end int64) (Tag, int64, error) {
	for {
		b := p.src.peek(8)
		if len(b) < 8 {
			return 0, 0, p.broken(seq, p.src.fault(), "a sequence")
		}
		t, n := p.tag(b), length32(p.uint32(b[4:]))
		switch {
		case t == Item || t == SequenceDelimitationItem:
			p.src.advance(8)
			return t, n, nil
		case t == ItemDelimitationItem && n == 0:
			p.src.advance(8)
			if p.src.off == end {
				return t, n, nil
			}
			p.note(seq, "an item delimiter where none is due")
		default:
			return 0, 0, p.fail(seq, "%s where an item is due", t)
		}
	}
}

// fragments reads encapsulated pixel data: the basic offset table and the
// places of the fragments (PS3.5 section A.4), until the sequence delimiter
// or, for writers that gave its length, until the byte end. It is always little
// endian.
func (p *parser) fragments(e *Element, end int64) error {
	big := p.big
	p.big = false
	defer func() { p.big = big }()
	e.Fragments = []Fragment{}
	for first := true; end < 0 || p.src.off < end; first = false {
		t, n, err := p.item(e.Tag, end)
		if err != nil {
			return err
		}
		if t != Item {
			if end >= 0 {
				return p.src.skip(end - p.src.off)
			}
			return nil
		}
		if n < 0 {
			return p.fail(e.Tag, "a fragment of undefined length")
		}
		if left, ok := p.src.known(); ok && n > left {
			return &ParseError{Tag: e.Tag, Offset: p.src.off, err: ErrTruncated,
				Reason: fmt.Sprintf("a fragment of %d bytes, but only %d remain", n, left)}
		}
		if len(e.Fragments) >= MaxFragments {
			return p.fail(e.Tag, "more than %d fragments", MaxFragments)
		}
		if err := p.fragment(e, n, first); err != nil {
			return p.broken(e.Tag, err, fmt.Sprintf("a fragment of %d bytes", n))
		}
	}
	if p.src.off > end {
		return p.fail(e.Tag, "a fragment is longer than the pixel data")
	}
	return nil
}

func (p *parser) fragment(e *Element, n int64, first bool) (err error) {
	if first {
		if n > MaxOffsetTable {
			p.note(e.Tag, "a basic offset table of %d bytes, not kept", n)
			return p.src.skip(n)
		}
		e.OffsetTable, err = p.src.take(n)
		return err
	}
	f := Fragment{Offset: p.src.off, Length: n, start: startsFrame(p.src.peek(int(min(n, 12))))}
	if p.keepAll {
		f.Data, err = p.src.take(n)
	} else {
		err = p.src.skip(n)
	}
	if err == nil {
		e.Fragments = append(doubled(e.Fragments), f)
	}
	return err
}
