package dicom

import (
	"bytes"
	"fmt"
	"io"
)

// preambleSize is the free space before the magic word, PS3.10 section 7.1.
const preambleSize = 128

// maxMeta is how many elements group 0002 may have; the standard has 15.
const maxMeta = 256

// File is a PS3.10 file, or a stream that looks like the data set of one.
type File struct {
	Preamble bool     // it starts with 128 bytes and the magic word
	Meta     *Dataset // group 0002, explicit VR little endian; nil if absent
	// Syntax is how the data set is encoded: as Meta says, unless the bytes
	// show otherwise; the Dataset's Notes tell then.
	Syntax  TransferSyntax
	Dataset *Dataset
	// DatasetOffset is where the data set starts in the stream. Offsets of
	// elements count from the start of the stream too; behind a deflated data
	// set's start they count inflated bytes.
	DatasetOffset int64
	// Complete says that the data set was read to its end; Reason says why not,
	// if it was not. Whether it holds the pixels it promises, PixelLoss tells.
	Complete bool
	Reason   string
}

// Read reads a file: with or without preamble, with or without file meta
// information, whose group length need not be right. With an error it returns
// what was read before it, never Complete; the error is a *ParseError, and Is
// ErrTruncated if r ended too early.
func Read(r io.Reader, o Options) (*File, error) {
	src := newSource(r)
	defer src.close()
	f := &File{}
	p := newParser(src, o)
	err := f.read(p, o)
	f.Complete = err == nil
	if fault, ok := err.(*ParseError); ok {
		f.Reason = fault.Reason
	}
	return f, err
}

func (f *File) read(p *parser, o Options) error {
	if err := f.skipPreamble(p.src); err != nil {
		return err
	}
	if err := f.readMeta(p); err != nil {
		f.Dataset = &Dataset{Syntax: ExplicitVRLittleEndian, Notes: p.notes}
		return err
	}
	f.DatasetOffset = p.src.off
	if err := f.chooseSyntax(p); err != nil {
		f.Dataset = &Dataset{Syntax: ExplicitVRLittleEndian, Notes: p.notes}
		return err
	}
	if f.Syntax.Deflated() {
		inflated := newInflater(p.src, p.keepAll)
		p.maxKept = keptOfDeflated
		defer inflated.Close()
		src := newSource(inflated)
		defer src.close()
		src.off = f.DatasetOffset
		p.src = src
	}
	f.Dataset = p.root(f.Syntax)
	if p.err == nil && len(f.Dataset.Elements) == 0 {
		p.err = &ParseError{Offset: f.DatasetOffset, Reason: "no data set", err: ErrTruncated}
	}
	return p.finish(f.Dataset)
}

// skipPreamble passes over the preamble and the magic word, or over the magic
// word alone where a writer left out the preamble.
func (f *File) skipPreamble(src *source) error {
	b := src.peek(preambleSize + 8)
	if len(b) == 0 {
		if fault := src.fault(); fault != errEnd {
			return &ParseError{Reason: "cannot read: " + fault.Error(), err: fault}
		}
		return &ParseError{Reason: "no bytes", err: ErrTruncated}
	}
	switch {
	case len(b) >= preambleSize+4 && string(b[preambleSize:preambleSize+4]) == "DICM" && !magicByChance(b):
		f.Preamble = true
		src.advance(preambleSize + 4)
	case bytes.HasPrefix(b, []byte("DICM")):
		src.advance(4)
	}
	return nil
}

// magicByChance says that the magic word is text of a data set that has no
// preamble: an element starts it, and no file meta information follows.
func magicByChance(b []byte) bool {
	after := b[preambleSize+4:]
	meta := len(after) >= 4 && after[0] == 2 && after[1] == 0
	return !meta && looksExplicit(b, false)
}

// readMeta reads group 0002 by its tags: the group length is often wrong.
func (f *File) readMeta(p *parser) error {
	b := p.src.peek(8)
	if len(b) < 8 || b[0] != 2 || b[1] != 0 {
		return nil
	}
	ts := ExplicitVRLittleEndian
	if _, _, ok := vrOf(b[4], b[5]); !ok {
		p.note(0, "file meta information without VRs")
		ts = ImplicitVRLittleEndian
	}
	p.setSyntax(ts)
	f.Meta = &Dataset{Syntax: ts}
	var err error
	for err == nil {
		t, ok := p.peekTag()
		if !ok || t.Group() != 2 {
			break
		}
		var h header
		if h, err = p.header(-1, 0, false); err == nil {
			e := Element{Tag: h.tag, VR: h.vr, Offset: p.src.off, Length: h.length}
			err = p.value(f.Meta, &e, -1, 0)
			f.Meta.put(e)
		}
		if len(f.Meta.Elements) > maxMeta {
			err = p.fail(h.tag, "more than %d elements of file meta information", maxMeta)
		}
	}
	f.Syntax = TransferSyntax(f.Meta.Text(TransferSyntaxUID))
	return err
}

// chooseSyntax sets Syntax by what the file says and what its bytes show.
func (f *File) chooseSyntax(p *parser) error {
	said := f.Syntax
	b := p.src.peek(16)
	if said.Deflated() && !looksExplicit(b, false) {
		return nil
	}
	seen, ok := sniff(b)
	switch {
	case !ok && said != "":
		return nil
	case !ok && len(b) < 8:
		return &ParseError{Offset: p.src.off, Reason: "no data set", err: ErrTruncated}
	case !ok:
		return &ParseError{Offset: p.src.off, Reason: "neither a DICOM file nor a data set"}
	case said == "":
		f.Syntax = seen
		p.note(0, "no transfer syntax given; the bytes look like %s", seen.Name())
	case said.Implicit() != seen.Implicit() || said.BigEndian() != seen.BigEndian() || said.Deflated():
		f.Syntax = seen
		p.note(0, "transfer syntax %s given; the bytes look like %s", said.Name(), seen.Name())
	}
	return nil
}

// sniff tells the encoding of a data set from its first element's header.
func sniff(b []byte) (TransferSyntax, bool) {
	switch {
	case looksExplicit(b, false):
		return ExplicitVRLittleEndian, true
	case looksExplicit(b, true):
		return ExplicitVRBigEndian, true
	case looksImplicit(b, false):
		return ImplicitVRLittleEndian, true
	case looksImplicit(b, true):
		return implicitVRBigEndianGE, true
	}
	return "", false
}

// looksExplicit checks for a low group number and a VR.
func looksExplicit(b []byte, big bool) bool {
	if len(b) < 8 {
		return false
	}
	_, _, ok := vrOf(b[4], b[5])
	return ok && lowGroup(b, big)
}

// looksImplicit checks for a low group number and a length that a first
// element may have.
func looksImplicit(b []byte, big bool) bool {
	if len(b) < 8 || !lowGroup(b, big) {
		return false
	}
	p := parser{big: big}
	n := p.uint32(b[4:])
	return n < 1<<16 || n == undefinedLength
}

// lowGroup says that a data set may well start with the group in b: those up
// to 0x00FF hold patient, study and acquisition, and objects begin there.
func lowGroup(b []byte, big bool) bool {
	if big {
		return b[0] == 0 && b[1] != 0
	}
	return b[1] == 0 && b[0] != 0
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
