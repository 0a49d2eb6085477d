package decode

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/ishne"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// Open decodes the file called name in folder. Further files of its record are
// taken from beside it, and from nowhere else: the signal files and segments of
// a WFDB record, the annotations of an ISHNE file. Errors are those of Decode and of reading.
func Open(folder fs.FS, name string) (*ecg.Recording, error) {
	data, err := readFile(folder, name)
	if err != nil {
		return nil, err
	}
	if ecg.Detect(data) == ecg.FormatWFDB {
		rec, err := wfdb.Decode(folder, name)
		if err != nil {
			return nil, err
		}
		return checked(rec), nil
	}
	rec, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if err := Beside(rec, rec.Samples(), folder, name); err != nil {
		return nil, err
	}
	return rec, nil
}

// Beside adds to rec, the recording or the head of an ECG with so many samples,
// what a further file beside it in folder says of it: the beats of an ISHNE
// annotation file. A damaged one is left out with a note; errors are those of
// reading.
func Beside(rec *ecg.Recording, samples int, folder fs.FS, name string) error {
	name = strings.TrimSuffix(name, path.Ext(name)) + ".ann"
	if rec.Format != ecg.FormatISHNE || !fs.ValidPath(name) {
		return nil
	}
	data, err := readFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := ishne.Annotate(rec, samples, data); err != nil {
		rec.Notef(ecg.NoteIgnored, "the annotations were left out: %v", err)
	}
	return nil
}

// readFile reads at most ecg.MaxFileBytes; a larger file is an error.
func readFile(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a folder")}
	case info.Size() > ecg.MaxFileBytes:
		return nil, fmt.Errorf("the file has %d bytes, at most %d are read", info.Size(), ecg.MaxFileBytes)
	}
	data, err := io.ReadAll(io.LimitReader(f, ecg.MaxFileBytes+1))
	if err == nil && len(data) > ecg.MaxFileBytes {
		err = fmt.Errorf("the file has more than %d bytes", ecg.MaxFileBytes)
	}
	return data, err
}
