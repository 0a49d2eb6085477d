// Package encode writes an ecg.Recording in any format that can be written. It
// is the inverse of ecg/decode: samples, names, rate, time, patient and the
// device's measurements come back, and whatever a format cannot hold is named.
package encode

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/aecg"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/scpecg"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// Formats lists what can be written.
func Formats() []ecg.Format {
	return []ecg.Format{ecg.FormatDICOM, ecg.FormatAECG, ecg.FormatSCP, ecg.FormatEDF, ecg.FormatWFDB}
}

// File is one file of a written record.
type File struct {
	Name string
	Data []byte
}

// Encode writes rec to w; a WFDB record, which is several files, as a ZIP
// archive of them. It returns what the format could not hold. Errors are
// ecg.ErrUnknownFormat for a format that is not written, *ecg.FormatError for a
// recording the format cannot hold, and those of w.
func Encode(w io.Writer, rec *ecg.Recording, format ecg.Format) ([]ecg.Note, error) {
	switch format {
	case ecg.FormatDICOM:
		return dicomwave.Encode(w, rec)
	case ecg.FormatAECG:
		return aecg.Encode(w, rec)
	case ecg.FormatSCP:
		return scpecg.Encode(w, rec)
	case ecg.FormatEDF:
		return edf.Encode(w, rec)
	case ecg.FormatWFDB:
		files, notes, err := Files(rec, format, "record.hea")
		if err != nil {
			return nil, err
		}
		return notes, archive(w, files)
	}
	return nil, fmt.Errorf("%w: %.16q is not written", ecg.ErrUnknownFormat, format)
}

// Files encodes rec into the files of a record, the first of which is called
// name: one file, or those of a WFDB record whose header is name. Errors are
// those of Encode.
func Files(rec *ecg.Recording, format ecg.Format, name string) ([]File, []ecg.Note, error) {
	if format != ecg.FormatWFDB || strings.HasSuffix(strings.ToLower(name), ".zip") {
		var out bytes.Buffer
		notes, err := Encode(&out, rec, format)
		return []File{{name, out.Bytes()}}, notes, err
	}
	parts, notes, err := wfdb.Encode(rec, strings.TrimSuffix(name, ".hea"))
	if err != nil {
		return nil, nil, err
	}
	var files []File
	for _, p := range parts {
		files = append(files, File{p.Name, p.Data})
	}
	return files, notes, nil
}

// archive writes files into a ZIP archive.
func archive(w io.Writer, files []File) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		part, err := z.Create(f.Name)
		if err != nil {
			return err
		}
		if _, err := part.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}
