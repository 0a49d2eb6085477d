package intake

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// maxMeta bounds the file meta information that is read before the data set.
const maxMeta = 64 << 10

// fileHead is what stands before the data set in a file: preamble and group 2,
// as received or as the hub writes them. That of a file without either is
// empty, that of an object that came without a file is nil.
type fileHead []byte

// headFor is the head the hub gives an object that came without a file, so
// that what it keeps can always be read as one.
func headFor(class, uid string, ts dicom.TransferSyntax) fileHead {
	var b bytes.Buffer
	if _, err := dicom.WriteMeta(&b, dicom.FileMeta{SOPClassUID: class, SOPInstanceUID: uid, Syntax: ts}); err != nil {
		return fileHead{} // no transfer syntax to name
	}
	return b.Bytes()
}

// headOf is the head of an object as it came, or as the hub writes it.
func (a *arrival) headOf() fileHead {
	switch {
	case a.head != nil:
		return a.head
	case a.object != nil:
		return headFor(a.object.instance.Class, a.object.instance.UID, a.syntax)
	}
	return headFor(a.src.Class, a.src.UID, a.syntax)
}

// readMeta takes preamble and group 2 off a file. The reader it returns
// continues with the data set. meta is nil when the file has no complete meta
// header in the usual place; the reader then starts with the file's first
// byte.
func readMeta(r io.Reader) (rest io.Reader, head fileHead, meta *dicom.Dataset, err error) {
	br := bufio.NewReaderSize(r, maxMeta)
	const prefix = 128 + 4 + 12 // preamble, DICM, (0002,0000) UL with its value
	b, err := br.Peek(prefix)
	if err != nil && err != io.EOF {
		return nil, nil, nil, err
	}
	if len(b) < prefix || string(b[128:132]) != "DICM" || !bytes.Equal(b[132:140], []byte{2, 0, 0, 0, 'U', 'L', 4, 0}) {
		return br, nil, nil, nil
	}
	length := int(binary.LittleEndian.Uint32(b[140:144]))
	if length <= 0 || prefix+length+4 > maxMeta {
		return br, nil, nil, nil
	}
	b, err = br.Peek(prefix + length + 4)
	if err != nil && err != io.EOF {
		return nil, nil, nil, err
	}
	if len(b) < prefix+length {
		return br, nil, nil, nil
	}
	// A wrong group length shows in what follows: the next element must not be
	// of group 2 and the group must hold a transfer syntax.
	if len(b) == prefix+length+4 && b[prefix+length] == 2 && b[prefix+length+1] == 0 {
		return br, nil, nil, nil
	}
	ds, perr := dicom.Parse(bytes.NewReader(b[prefix:prefix+length]), dicom.ExplicitVRLittleEndian, dicom.Options{Keep: -1})
	if perr != nil || ds.Text(dicom.TransferSyntaxUID) == "" {
		return br, nil, nil, nil
	}
	head = bytes.Clone(b[:prefix+length])
	br.Discard(prefix + length)
	return br, head, ds, nil
}
