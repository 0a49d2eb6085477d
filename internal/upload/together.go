package upload

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// errHeld says that an upload's verdict waits for other files of its batch.
var errHeld = errors.New("upload: waits for the other files of its ECG")

// headerEnding is how the header of an ECG of several files is named, and
// longestHeader how many bytes of it are looked at.
const (
	headerEnding  = ".hea"
	longestHeader = 1 << 20
)

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
		if err := b.find(ctx, s, header); err != nil {
			return nil, err
		}
		text := make([]byte, min(b.found[header].size, longestHeader))
		if _, err := b.found[header].ReadAt(text, 0); err != nil {
			return nil, err
		}
		for _, segment := range wfdb.Segments(text) {
			if name := segment + headerEnding; b.came[name] != nil {
				if err := b.find(ctx, s, name); err != nil {
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
			if err := b.find(ctx, s, name); err != nil {
				return nil, err
			}
		}
	}
	src.Name = b.came[header].Filename
	v, packed, err := s.record(ctx, src, b, header)
	if v == nil || err != nil {
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

// record takes in the files of the record whose header is called header as one
// archive, which is made while it is read, and names them. There is no verdict if
// they cannot be put together.
func (s *Service) record(ctx context.Context, src intake.Source, files fs.FS, header string) (v *Verdict, names []string, err error) {
	names, _, err = decode.RecordFiles(files, header)
	if hub.KindOf(err) == hub.Busy {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, nil
	}
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := decode.Pack(w, files, names)
		packed <- err
		w.CloseWithError(err)
	}()
	out, _, err := s.Intake.ECG(ctx, src, r)
	r.Close()
	if fault := <-packed; fault != nil && !errors.Is(fault, io.ErrClosedPipe) && hub.KindOf(fault) != hub.Busy {
		return nil, nil, nil
	}
	v, err = taken(out, err)
	return v, names, err
}

// folder is what a batch declares in one folder, by name without it, and what
// has come of that; as an fs.FS it gives the bytes that were found.
type folder struct {
	declared map[string]bool
	headers  []string
	came     map[string]*db.Upload // complete and not judged
	found    map[string]*pieces
}

// beside finds the files of the batch in u's folder.
func (s *Service) beside(ctx context.Context, u *db.Upload) (*folder, error) {
	b := &folder{declared: map[string]bool{}, came: map[string]*db.Upload{}, found: map[string]*pieces{}}
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

// find finds the bytes of a file that came.
func (b *folder) find(ctx context.Context, s *Service, name string) error {
	if b.found[name] != nil {
		return nil
	}
	u := b.came[name]
	parts, err := s.DB.Read(ctx).UploadParts(u.ID)
	if err != nil {
		return err
	}
	b.found[name], err = openPieces(ctx, s.Objects, u, parts)
	return err
}

// Open opens a file that was found.
func (b *folder) Open(name string) (fs.File, error) {
	p := b.found[name]
	if p == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &opened{SectionReader: io.NewSectionReader(p, 0, p.size), name: name}, nil
}

// ReadDir lists what was found.
func (b *folder) ReadDir(string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	for name := range b.found {
		info, err := b.Stat(name)
		if err != nil {
			return nil, err
		}
		out = append(out, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Stat describes a file, or the folder.
func (b *folder) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return &opened{SectionReader: new(io.SectionReader), name: name, folder: true}, nil
	}
	f, err := b.Open(name)
	if err != nil {
		return nil, err
	}
	return f.Stat()
}

// opened is a file that came and its description.
type opened struct {
	*io.SectionReader
	name   string
	folder bool
}

func (f *opened) Stat() (fs.FileInfo, error) { return f, nil }
func (f *opened) Close() error               { return nil }
func (f *opened) Name() string               { return f.name }
func (f *opened) Size() int64                { return f.SectionReader.Size() }
func (f *opened) ModTime() time.Time         { return time.Time{} }
func (f *opened) IsDir() bool                { return f.folder }
func (f *opened) Sys() any                   { return nil }

func (f *opened) Mode() fs.FileMode {
	if f.folder {
		return fs.ModeDir | 0o500
	}
	return 0o400
}
