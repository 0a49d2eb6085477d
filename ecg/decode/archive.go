package decode

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// Bounds on an archive that holds one ECG.
const (
	maxEntries  = 4096
	maxUnpacked = 256 << 20 // bytes of all entries together
)

// IsArchive says that data begin as a ZIP archive does.
func IsArchive(data []byte) bool { return bytes.HasPrefix(data, []byte("PK\x03\x04")) }

// Archive decodes the one ECG that a ZIP archive holds: a WFDB record of several
// files, or one file of another format. Several ECGs are an error, because a
// recording is of one. Errors are *ecg.FormatError and those of Decode.
func Archive(data []byte) (*ecg.Recording, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, archiveFault("archive", err)
	}
	total := uint64(0)
	for _, f := range z.File {
		total += f.UncompressedSize64
	}
	if len(z.File) > maxEntries || total > maxUnpacked {
		return nil, archiveError("%d files of %d bytes; at most %d of %d are read", len(z.File), total, maxEntries, maxUnpacked)
	}
	records, err := Records(z)
	if err != nil {
		return nil, err
	}
	switch len(records) {
	case 0:
		return single(z)
	case 1:
		rec, err := wfdb.Decode(z, records[0])
		if err != nil {
			return nil, err
		}
		return checked(rec), nil
	}
	return nil, archiveError("it holds %d records; send one at a time", len(records))
}

func archiveError(format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatArchive, Offset: -1, Field: "archive", Reason: fmt.Sprintf(format, args...)}
}

// archiveFault is an archive that cannot be read because of err.
func archiveFault(what string, err error) error {
	return &ecg.FormatError{Format: ecg.FormatArchive, Offset: -1, Field: what, Reason: err.Error(), Err: err}
}

// Records returns the headers of the WFDB records in folder, segments and
// layouts of others aside.
func Records(folder fs.FS) ([]string, error) {
	var headers []string
	parts := map[string]bool{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".hea") {
			return err
		}
		data, err := readFile(folder, name)
		if err != nil {
			return err
		}
		if ecg.Detect(data) != ecg.FormatWFDB {
			return nil
		}
		headers = append(headers, name)
		for _, segment := range wfdb.Segments(data) {
			parts[path.Join(path.Dir(name), segment+".hea")] = true
		}
		return nil
	})
	if err != nil {
		return nil, archiveFault("archive", err)
	}
	whole := headers[:0]
	for _, h := range headers {
		if !parts[h] {
			whole = append(whole, h)
		}
	}
	return whole, nil
}

// single decodes the only file of a known format. A report or picture beside a
// signal is not what the archive is about.
func single(z *zip.Reader) (*ecg.Recording, error) {
	var signals, drawings []*zip.File
	for i, f := range z.File {
		if f.FileInfo().IsDir() || f.UncompressedSize64 > ecg.MaxFileBytes {
			continue
		}
		data, err := unpack(f)
		if err != nil {
			return nil, archiveFault(fmt.Sprintf("entry %d", i+1), err)
		}
		switch Detect(data) {
		case ecg.FormatUnknown, ecg.FormatArchive:
		case ecg.FormatPDF, ecg.FormatPicture:
			drawings = append(drawings, f)
		default:
			signals = append(signals, f)
		}
	}
	if len(signals) == 0 {
		signals = drawings
	}
	switch len(signals) {
	case 0:
		return nil, ecg.ErrUnknownFormat
	case 1:
		data, err := unpack(signals[0])
		if err != nil {
			return nil, archiveFault("archive", err)
		}
		rec, err := Decode(data)
		if err != nil {
			return nil, err
		}
		if err := Beside(rec, rec.Samples(), z, signals[0].Name); err != nil {
			return nil, archiveFault("annotations", err)
		}
		return rec, nil
	}
	return nil, archiveError("it holds more than one ECG; send one at a time")
}

// unpack reads an entry, which the archive's directory has bounded.
func unpack(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, ecg.MaxFileBytes))
}

// RecordFiles returns the names in folder of the files of the WFDB record whose
// header is called header, those that are there, and how many bytes they have.
func RecordFiles(folder fs.FS, header string) (names []string, size int64, err error) {
	for _, name := range wfdb.Files(folder, header) {
		info, err := fs.Stat(folder, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		if size += info.Size(); size > ecg.MaxStreamBytes {
			return nil, 0, fmt.Errorf("the record's files have more than %d bytes", int64(ecg.MaxStreamBytes))
		}
		names = append(names, name)
	}
	return names, size, nil
}

// packedMost is the size up to which Pack compresses a file. Of a larger one
// parts will be read, which is quick only where the bytes lie as they are.
const packedMost = 8 << 20

// Pack writes files of folder to w as a ZIP archive; the same files give the same
// bytes.
func Pack(w io.Writer, folder fs.FS, names []string) error {
	z := zip.NewWriter(w)
	for _, name := range names {
		f, err := folder.Open(name)
		if err != nil {
			return err
		}
		err = packFile(z, path.Base(name), f)
		f.Close()
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func packFile(z *zip.Writer, name string, f fs.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head := &zip.FileHeader{Name: name, Method: zip.Deflate}
	if info.Size() > packedMost {
		head.Method = zip.Store
	}
	w, err := z.CreateHeader(head)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
