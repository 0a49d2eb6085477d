package dicom

import (
	"cmp"
	"slices"
)

// Element is one data element.
type Element struct {
	Tag Tag
	// Bulk says that the value was longer than Options.Keep allows and is not
	// in Raw.
	Bulk bool
	VR   VR
	// Raw is the value as it stood in the stream, in the byte order of the
	// Dataset's Syntax and with its padding; nil for sequences, fragments and
	// bulk.
	Raw []byte
	// Items are the items of a sequence: VR SQ, or UN which is read as one in
	// implicit VR little endian (PS3.5 6.2.2): all of undefined length, and
	// those that are sequences by PS3.6.
	Items []*Dataset
	// Fragments are those of encapsulated pixel data after the basic offset
	// table, PS3.5 section A.4.
	Fragments []Fragment
	// OffsetTable is the value of the basic offset table; empty if it had none.
	OffsetTable []byte
	// Offset and Length tell where the value lies in the stream that was
	// parsed, in bytes from its start; Length is -1 if undefined.
	Offset, Length int64
	// URI is where the value can be had, of a value that DICOM JSON gave as
	// BulkDataURI.
	URI string
}

// Fragment is one piece of encapsulated pixel data: where its bytes lie in the
// stream that was parsed. Data is set only by SetFrames and Options.Keep -1.
type Fragment struct {
	Offset, Length int64
	Data           []byte

	start bool // its first bytes are those of a codestream
}

// Dataset is a list of elements, the whole of an object or one item of a
// sequence.
type Dataset struct {
	// Elements are in the order of their tags. Of several with one tag the
	// first counts.
	Elements []Element
	// Syntax is the byte order and form of the Raw values; of an item within
	// UN it is implicit VR little endian whatever the object's is.
	Syntax TransferSyntax
	// Notes say what was unlike the standard and tolerated, in the order it
	// was met; on the outermost Dataset only.
	Notes []string

	parent *Dataset // nil for the outermost
	repair repair   // set where a character set is declared, and outermost
}

// Get returns the element with the tag, or nil. It may be called on a nil
// Dataset.
func (d *Dataset) Get(t Tag) *Element {
	if d == nil {
		return nil
	}
	i, ok := d.find(t)
	if !ok {
		return nil
	}
	return &d.Elements[i]
}

// Items returns the items of a sequence, nil if there is none.
func (d *Dataset) Items(t Tag) []*Dataset {
	if e := d.Get(t); e != nil {
		return e.Items
	}
	return nil
}

func (d *Dataset) find(t Tag) (int, bool) {
	return slices.BinarySearchFunc(d.Elements, t, func(e Element, t Tag) int { return cmp.Compare(e.Tag, t) })
}

// put inserts an element or replaces the one with its tag.
func (d *Dataset) put(e Element) {
	i, ok := d.find(e.Tag)
	if ok {
		d.Elements[i] = e
		return
	}
	d.Elements = slices.Insert(d.Elements, i, e)
}

// Delete removes the elements with the tag, if there are any.
func (d *Dataset) Delete(t Tag) {
	d.Elements = slices.DeleteFunc(d.Elements, func(e Element) bool { return e.Tag == t })
}
