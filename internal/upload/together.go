package upload

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// errHeld says that an upload's verdict waits for other files of its batch.
var errHeld = errors.New("upload: waits for the other files of its ECG")

// headerEnding is how the header of an ECG of several files is named.
const headerEnding = ".hea"

// together judges a file of a batch that is part of an ECG of several files: a
// header, and the files it names, in one folder of the batch. The verdict is
// that of the whole, and the last file to come gets it for all; until then the
// answer is errHeld. Neither verdict nor error means that the file stands for
// itself, as it does when the others have not come in all the time an upload is
// kept.
func (s *Service) together(ctx context.Context, src intake.Source, u *db.Upload) (*Verdict, error) {
	if time.Since(u.CreatedAt) > s.Work.Rules.UploadKeep {
		return nil, nil
	}
	b, err := s.beside(ctx, u)
	if err != nil {
		return nil, err
	}
	for _, header := range b.headers {
		if b.came[header] == nil {
			return nil, errHeld // it may name this file
		}
	}
	for _, header := range b.headers {
		if err := b.load(ctx, s, header); err != nil {
			return nil, err
		}
		for _, segment := range wfdb.Segments(b.data[header]) {
			if name := segment + headerEnding; b.came[name] != nil {
				if err := b.load(ctx, s, name); err != nil {
					return nil, err
				}
			}
		}
	}
	records, err := decode.Records(b)
	if err != nil {
		return nil, nil
	}
	for _, header := range records {
		names := wfdb.Files(b, header)
		if !slices.Contains(names, path.Base(u.Filename)) {
			continue
		}
		return s.whole(ctx, src, u, b, header, names)
	}
	return nil, nil
}

// whole takes the record in when all its declared files have come.
func (s *Service) whole(ctx context.Context, src intake.Source, u *db.Upload, b *folder, header string, names []string) (*Verdict, error) {
	for _, name := range names {
		if b.declared[name] && b.came[name] == nil {
			return nil, errHeld
		}
	}
	for _, name := range names {
		if b.came[name] != nil {
			if err := b.load(ctx, s, name); err != nil {
				return nil, err
			}
		}
	}
	data, packed, err := decode.Pack(b, header)
	if err != nil {
		return nil, nil
	}
	src.Name = b.came[header].Filename
	v, err := s.take(ctx, src, ecgForm, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, name := range packed {
		if other := b.came[name]; other.ID != u.ID && other.State == "open" {
			if err := s.finish(ctx, src.Actor, other, v); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// folder is what a batch declares in one folder, by name without it, and what
// has come of that; as an fs.FS it holds the bytes that were loaded.
type folder struct {
	declared map[string]bool
	headers  []string
	came     map[string]*db.Upload // complete and not judged
	data     map[string][]byte
	size     int64
}

// beside finds the files of the batch in u's folder.
func (s *Service) beside(ctx context.Context, u *db.Upload) (*folder, error) {
	b := &folder{declared: map[string]bool{}, came: map[string]*db.Upload{}, data: map[string][]byte{}}
	tx := s.DB.Read(ctx)
	files, err := tx.BatchFiles(u.Batch)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if path.Dir(f.Path) != path.Dir(u.Filename) {
			continue
		}
		name := path.Base(f.Path)
		b.declared[name] = true
		if strings.HasSuffix(name, headerEnding) {
			b.headers = append(b.headers, name)
		}
	}
	if len(b.headers) == 0 {
		return b, nil
	}
	uploads, err := tx.UploadsOfBatch(u.Batch)
	for _, other := range uploads {
		if path.Dir(other.Filename) == path.Dir(u.Filename) && other.Offset == other.Size && other.State == "open" {
			b.came[path.Base(other.Filename)] = other
		}
	}
	return b, err
}

// load reads the bytes of a file that came. What is too large for an ECG is
// left out, so that its absence is the reason given.
func (b *folder) load(ctx context.Context, s *Service, name string) error {
	u := b.came[name]
	if b.data[name] != nil || b.size+u.Size > 2*ecg.MaxFileBytes {
		return nil
	}
	parts, err := s.DB.Read(ctx).UploadParts(u.ID)
	if err != nil {
		return err
	}
	data, err := openPieces(ctx, s.Objects, u, parts)
	if err != nil {
		return err
	}
	body := data.Reader()
	defer body.Close()
	b.size += u.Size
	b.data[name], err = readAll(body, u.Size)
	return err
}

// Open opens a file that was loaded, or the folder itself.
func (b *folder) Open(name string) (fs.File, error) {
	if data, ok := b.data[name]; ok {
		return &loaded{Reader: bytes.NewReader(data), name: name}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists what was loaded.
func (b *folder) ReadDir(string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	for name, data := range b.data {
		out = append(out, fs.FileInfoToDirEntry(&loaded{Reader: bytes.NewReader(data), name: name}))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Stat describes a file, or the folder.
func (b *folder) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return &loaded{Reader: bytes.NewReader(nil), name: name, folder: true}, nil
	}
	f, err := b.Open(name)
	if err != nil {
		return nil, err
	}
	return f.Stat()
}

// loaded is a file in memory and its description.
type loaded struct {
	*bytes.Reader
	name   string
	folder bool
}

func (f *loaded) Stat() (fs.FileInfo, error) { return f, nil }
func (f *loaded) Close() error               { return nil }
func (f *loaded) Name() string               { return f.name }
func (f *loaded) Size() int64                { return f.Reader.Size() }
func (f *loaded) ModTime() time.Time         { return time.Time{} }
func (f *loaded) IsDir() bool                { return f.folder }
func (f *loaded) Sys() any                   { return nil }

func (f *loaded) Mode() fs.FileMode {
	if f.folder {
		return fs.ModeDir | 0o500
	}
	return 0o400
}
