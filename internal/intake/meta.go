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

// readMeta takes preamble and group 2 off a file. The reader it returns
// continues with the data set. meta is nil when the file has no complete meta
// header in the usual place; the reader then starts with the file's first
// byte.
func readMeta(r io.Reader) (rest io.Reader, meta *dicom.Dataset, err error) {
	br := bufio.NewReaderSize(r, maxMeta)
	const prefix = 128 + 4 + 12 // preamble, DICM, (0002,0000) UL with its value
	head, err := br.Peek(prefix)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	if len(head) < prefix || string(head[128:132]) != "DICM" || !bytes.Equal(head[132:140], []byte{2, 0, 0, 0, 'U', 'L', 4, 0}) {
		return br, nil, nil
	}
	length := int(binary.LittleEndian.Uint32(head[140:144]))
	if length <= 0 || prefix+length+4 > maxMeta {
		return br, nil, nil
	}
	head, err = br.Peek(prefix + length + 4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	if len(head) < prefix+length {
		return br, nil, nil
	}
	// A wrong group length shows in what follows: the next element must not be
	// of group 2 and the group must hold a transfer syntax.
	if len(head) == prefix+length+4 && head[prefix+length] == 2 && head[prefix+length+1] == 0 {
		return br, nil, nil
	}
	ds, perr := dicom.Parse(bytes.NewReader(head[prefix:prefix+length]), dicom.ExplicitVRLittleEndian, dicom.Options{Keep: -1})
	if perr != nil || ds.Text(dicom.TransferSyntaxUID) == "" {
		return br, nil, nil
	}
	br.Discard(prefix + length)
	return br, ds, nil
}
