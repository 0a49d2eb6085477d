package decode

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/ishne"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// Bounds on what an archive of a long recording unpacks to, against one that
// unfolds without end: so many times its size beyond freely given bytes.
const (
	maxRatio    = 200
	freeUnpack  = 64 << 20
	streamHead  = 4096 // tells the formats that Stream reads
	maxSearched = 64   // entries that are looked into for the one ECG
)

// Stream reads the head of a file of size bytes in a format that long
// recordings come in: EDF, BDF, ISHNE and DICOM, and in a ZIP archive WFDB or one
// file of the others. ErrUnknownFormat says that it is of another; other errors
// are *ecg.FormatError and those of r.
func Stream(r io.ReaderAt, size int64) (ecg.Stream, error) {
	head := make([]byte, min(size, streamHead))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return nil, err
	}
	if IsArchive(head) {
		return streamArchive(r, size)
	}
	return streamOf(ecg.Detect(head), r, size)
}

// OpenStream does as Stream for the file called name in folder; of a WFDB record,
// named by its header, the other files lie beside it. Files have to be
// io.ReaderAt. The stream is read until the process ends: it has no Close.
func OpenStream(folder fs.FS, name string) (ecg.Stream, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	r, ok := f.(io.ReaderAt)
	if err == nil && !ok {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	var head []byte
	if err == nil {
		head = make([]byte, min(info.Size(), streamHead))
		_, err = io.ReadFull(io.NewSectionReader(r, 0, info.Size()), head)
	}
	switch {
	case err != nil:
		f.Close()
		return nil, err
	case ecg.Detect(head) == ecg.FormatWFDB:
		f.Close()
		return wfdb.Open(folder, name)
	}
	return Stream(r, info.Size())
}

func streamOf(format ecg.Format, r io.ReaderAt, size int64) (ecg.Stream, error) {
	switch format {
	case ecg.FormatEDF:
		return edf.Open(r, size)
	case ecg.FormatISHNE:
		return ishne.Open(r, size)
	case ecg.FormatDICOM:
		return dicomwave.Open(r, size)
	}
	return nil, ecg.ErrUnknownFormat
}

// streamArchive reads the one record, or the one file of a known format, that an
// archive holds.
func streamArchive(r io.ReaderAt, size int64) (ecg.Stream, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, archiveFault("archive", err)
	}
	total := uint64(0)
	for _, f := range z.File {
		total += f.UncompressedSize64
	}
	if len(z.File) > maxEntries || total > freeUnpack+maxRatio*uint64(size) || total > ecg.MaxStreamBytes {
		return nil, archiveError("%d files of %d bytes unpacked are too many", len(z.File), total)
	}
	records, err := Records(z)
	if err != nil {
		return nil, err
	}
	switch len(records) {
	case 0:
		return streamSingle(z, r)
	case 1:
		return wfdb.Open(zipFolder{z, r}, records[0])
	}
	return nil, archiveError("it holds %d records; send one at a time", len(records))
}

// streamSingle reads the only file of a format that Stream knows.
func streamSingle(z *zip.Reader, r io.ReaderAt) (ecg.Stream, error) {
	var only *zip.File
	var format ecg.Format
	for i, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if i >= maxSearched {
			return nil, ecg.ErrUnknownFormat
		}
		head, err := headOf(f)
		if err != nil {
			return nil, archiveFault(fmt.Sprintf("entry %d", i+1), err)
		}
		switch found := ecg.Detect(head); found {
		case ecg.FormatUnknown:
		case ecg.FormatEDF, ecg.FormatISHNE, ecg.FormatDICOM:
			if only != nil {
				return nil, archiveError("it holds more than one ECG; send one at a time")
			}
			only, format = f, found
		default: // Archive says what is to become of it
			return nil, ecg.ErrUnknownFormat
		}
	}
	if only == nil {
		return nil, ecg.ErrUnknownFormat
	}
	stream, err := streamOf(format, entryAt(only, r), int64(only.UncompressedSize64))
	if err != nil {
		return nil, err
	}
	if err := Beside(stream.Head(), stream.Samples(), z, only.Name); err != nil {
		return nil, archiveFault("annotations", err)
	}
	return stream, nil
}

func headOf(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, min(f.UncompressedSize64, streamHead))
	_, err = io.ReadFull(r, head)
	return head, err
}
