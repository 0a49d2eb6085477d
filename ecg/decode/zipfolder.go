package decode

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
)

// keptBack is how much of an unpacked entry is kept behind the place where it is
// read: long recordings are read forwards, in blocks that overlap a little.
const keptBack = 2 << 20

// zipFolder is an archive as a folder whose files can be read from any place:
// stored entries where they lie, packed ones by unpacking up to that place.
type zipFolder struct {
	*zip.Reader
	r io.ReaderAt
}

// Open opens an entry; the file is an io.ReaderAt.
func (z zipFolder) Open(name string) (fs.File, error) {
	f, err := z.Reader.Open(name)
	if err != nil {
		return nil, err
	}
	for _, e := range z.File {
		if e.Name == name {
			return zipFile{f, entryAt(e, z.r)}, nil
		}
	}
	return f, nil // a folder
}

// zipFile is an entry that is read from its start or from any place.
type zipFile struct {
	fs.File
	io.ReaderAt
}

// entryAt reads entry e of the archive in r from any place.
func entryAt(e *zip.File, r io.ReaderAt) io.ReaderAt {
	if e.Method == zip.Store {
		if at, err := e.DataOffset(); err == nil {
			return io.NewSectionReader(r, at, int64(e.UncompressedSize64))
		}
	}
	return &unpacked{entry: e}
}

// unpacked reads a packed entry. What lies before the bytes kept is reached by
// beginning anew.
type unpacked struct {
	entry *zip.File
	r     io.ReadCloser
	kept  []byte // the bytes before the place of r
	end   int64  // that place
}

// ReadAt implements io.ReaderAt, for one goroutine at a time.
func (u *unpacked) ReadAt(p []byte, off int64) (int, error) {
	if u.r == nil || off < u.end-int64(len(u.kept)) {
		if u.r != nil {
			u.r.Close()
		}
		var err error
		if u.r, err = u.entry.Open(); err != nil {
			return 0, err
		}
		u.kept, u.end = u.kept[:0], 0
	}
	size := int64(u.entry.UncompressedSize64)
	for u.end < min(off+int64(len(p)), size) {
		if err := u.step(int(min(size-u.end, 64<<10))); err != nil {
			return 0, err
		}
		start := u.end - int64(len(u.kept))
		if before := min(off, u.end) - start; before >= keptBack {
			u.drop(int(before - keptBack/2))
		}
	}
	at := off - (u.end - int64(len(u.kept)))
	if at >= int64(len(u.kept)) {
		return 0, io.EOF
	}
	n := copy(p, u.kept[at:])
	if len(u.kept) > 2*keptBack {
		u.drop(len(u.kept) - keptBack)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// step unpacks n bytes more.
func (u *unpacked) step(n int) error {
	at := len(u.kept)
	u.kept = append(u.kept, make([]byte, n)...)
	got, err := io.ReadFull(u.r, u.kept[at:])
	u.kept, u.end = u.kept[:at+got], u.end+int64(got)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// drop forgets the first n bytes kept.
func (u *unpacked) drop(n int) {
	u.kept = u.kept[:copy(u.kept, u.kept[n:])]
}
