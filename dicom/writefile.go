package dicom

import (
	"bytes"
	"fmt"
	"io"
)

// How this software names itself in files and associations, PS3.7 D.3.3.2.
const (
	ImplementationUID     = "2.25.173025948391472561803275617280473665217"
	ImplementationVersion = "YUANZHEN_1"
)

// FileMeta is what a file says about its data set, PS3.10 section 7.1.
type FileMeta struct {
	SOPClassUID    string
	SOPInstanceUID string
	Syntax         TransferSyntax
	SourceAETitle  string // left out if empty
}

// WriteFile writes a PS3.10 file.
func WriteFile(w io.Writer, m FileMeta, d *Dataset) error {
	if _, err := WriteMeta(w, m); err != nil {
		return err
	}
	return Write(w, d, m.Syntax)
}

// WriteMeta writes what stands in a file before the data set: 128 zero bytes,
// the magic word and group 0002. It returns how many bytes that were.
func WriteMeta(w io.Writer, m FileMeta) (n int64, err error) {
	if m.Syntax == "" {
		return 0, fmt.Errorf("dicom: write file: no transfer syntax")
	}
	d := New()
	d.SetRaw(FileMetaInformationVersion, OB, []byte{0, 1})
	d.SetText(MediaStorageSOPClassUID, m.SOPClassUID)
	d.SetText(MediaStorageSOPInstanceUID, m.SOPInstanceUID)
	d.SetText(TransferSyntaxUID, string(m.Syntax))
	d.SetText(ImplementationClassUID, ImplementationUID)
	d.SetText(ImplementationVersionName, ImplementationVersion)
	if m.SourceAETitle != "" {
		d.SetText(SourceApplicationEntityTitle, m.SourceAETitle)
	}
	var group bytes.Buffer
	e := newEncoder(&group, ExplicitVRLittleEndian)
	for i := range d.Elements {
		e.plain(d, &d.Elements[i])
	}
	if err := e.close(); err != nil {
		return 0, err
	}
	head := make([]byte, preambleSize, preambleSize+16+group.Len())
	head = append(head, "DICM"...)
	head = append(head, 2, 0, 0, 0, 'U', 'L', 4, 0)
	head = appendUint(head, ExplicitVRLittleEndian.order(), uint64(group.Len()), 4)
	head = append(head, group.Bytes()...)
	k, err := w.Write(head)
	return int64(k), err
}
