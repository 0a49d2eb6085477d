package dicom

import (
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// A deflated data set may become inflatePassed bytes long whatever it was
// before: masks are nearly empty, and passing over them costs a fraction of a
// second. Beyond that, and beyond inflateKept where all its values are kept in
// memory, more than inflateRatio times its compressed length is taken for an
// attack (deflate reaches 1032).
const (
	inflatePassed = 128 << 20
	inflateKept   = 32 << 20
	inflateRatio  = 200
)

// keptOfDeflated is MaxKept for a deflated data set, which costs its sender
// next to nothing.
const keptOfDeflated = 16 << 20

var errBomb = errors.New("it inflates more than 200-fold")

// inflater reads a deflated data set (PS3.5 section A.5).
type inflater struct {
	io.ReadCloser
	src  *source
	free int64 // how long the result may be whatever it was before
	in   int64 // src's position at the start
	out  int64
}

// newInflater starts at the source's position; keepAll says that all values
// will be kept. A zlib header, which some writers put before the deflated bytes,
// is passed over.
func newInflater(src *source, keepAll bool) *inflater {
	if b := src.peek(2); len(b) == 2 && b[0] == 0x78 && (uint(b[0])<<8|uint(b[1]))%31 == 0 {
		src.advance(2)
	}
	free := int64(inflatePassed)
	if keepAll {
		free = inflateKept
	}
	return &inflater{ReadCloser: flate.NewReader(src), src: src, free: free, in: src.off}
}

func (f *inflater) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.out += int64(n)
	if f.out > f.free && f.out/inflateRatio > f.src.off-f.in {
		return n, errBomb
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, errCutDeflate
	}
	return n, err
}

// errCutDeflate is the end of the compressed bytes before their last block.
var errCutDeflate = errors.New("the deflated data ends too early")

// Read gives the source's remaining bytes to the decompressor.
func (s *source) Read(p []byte) (int, error) {
	b := s.peek(1)
	if len(b) == 0 {
		return 0, s.err
	}
	n := copy(p, s.buf[s.pos:s.end])
	s.advance(n)
	return n, nil
}

// ReadByte spares the decompressor a buffer of its own.
func (s *source) ReadByte() (byte, error) {
	b := s.peek(1)
	if len(b) == 0 {
		return 0, s.err
	}
	s.advance(1)
	return b[0], nil
}

// Inflate reads what the deflated data set in r (PS3.5 section A.5) inflates
// to. Bytes that inflate without measure, and a cut, are errors. The caller
// closes it.
func Inflate(r io.Reader) io.ReadCloser {
	src := newSource(r)
	return &inflatedSet{newInflater(src, false), src}
}

// inflatedSet gives the source's buffer back when it is closed.
type inflatedSet struct {
	*inflater
	src *source
}

// Close implements io.Closer.
func (s *inflatedSet) Close() error {
	err := s.inflater.Close()
	s.src.close()
	return err
}
