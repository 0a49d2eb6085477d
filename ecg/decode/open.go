package decode

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// Open decodes the file called name in folder. Further files of its record, as
// WFDB records have, are taken from folder too, and from nowhere else. Errors
// are those of Decode and of reading.
func Open(folder fs.FS, name string) (*ecg.Recording, error) {
	data, err := readFile(folder, name)
	if err != nil {
		return nil, err
	}
	if ecg.Detect(data) != ecg.FormatWFDB {
		return Decode(data)
	}
	rec, err := wfdb.Decode(folder, name)
	if err != nil {
		return nil, err
	}
	return checked(rec), nil
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
