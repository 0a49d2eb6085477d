package disk

import (
	"context"
	"io"
	"os"
)

// reader reads the next left bytes of an open file.
type reader struct {
	ctx  context.Context
	file *os.File
	left int64
}

// newReader clips the range to the file and takes f over if it returns no error.
func newReader(ctx context.Context, f *os.File, off, n int64) (*reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	left := max(info.Size()-off, 0)
	if n >= 0 {
		left = min(left, n)
	}
	if off > 0 {
		if _, err := f.Seek(off, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return &reader{ctx: ctx, file: f, left: left}, nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// WriteTo implements io.WriterTo. A TCP connection recognises the limited file
// and lets the kernel send it.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := io.Copy(w, io.LimitReader(r.file, r.left))
	r.left -= n
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error { return r.file.Close() }
