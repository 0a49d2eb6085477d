package decode

import (
	"io"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/ishne"
)

// Stream reads the head of a file of size bytes in a format that long
// recordings come in: EDF, BDF and ISHNE. ErrUnknownFormat says that it is of
// another; other errors are *ecg.FormatError and those of r.
func Stream(r io.ReaderAt, size int64) (ecg.Stream, error) {
	head := make([]byte, min(size, 4096))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return nil, err
	}
	switch Detect(head) {
	case ecg.FormatEDF:
		return edf.Open(r, size)
	case ecg.FormatISHNE:
		return ishne.Open(r, size)
	}
	return nil, ecg.ErrUnknownFormat
}
