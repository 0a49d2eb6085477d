package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// frameSums is the SHA-256 of each decoded frame in hexadecimal: little endian
// cells of Bits Allocated, the samples of a pixel side by side. Pixels of one
// bit run on from frame to frame without a gap, so they have one sum together.
// With an error it returns the sums of the frames before it.
func frameSums(f *os.File, file *dicom.File) ([]string, error) {
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil || frames.Count() == 0 {
		return nil, err
	}
	src := pixelBytes(f, file)
	if bits, _ := file.Dataset.Int(dicom.BitsAllocated); bits == 1 && frames.Native() {
		return packedSum(src, frames)
	}
	var sums []string
	packed := joiner{to: sha256.New()}
	err = eachFrame(src, file.Dataset, frames, func(f *pixel.Frame) {
		if f.Allocated == 1 { // encoded each by itself
			packed.add(f)
			return
		}
		sums = append(sums, hexSum(f.Data))
	})
	if err == nil && packed.any {
		sums = []string{packed.sum()}
	}
	return sums, err
}

// eachFrame decodes the frames one after the other, until one fails.
func eachFrame(src io.ReaderAt, d *dicom.Dataset, frames *dicom.Frames, do func(*pixel.Frame)) error {
	for i := range frames.Count() {
		frame, err := decodedFrame(src, d, frames, i)
		if err != nil {
			return fmt.Errorf("frame %d: %w", i+1, err)
		}
		do(frame)
	}
	return nil
}

func decodedFrame(src io.ReaderAt, d *dicom.Dataset, frames *dicom.Frames, i int) (*pixel.Frame, error) {
	raw, err := frames.Read(src, i)
	if err != nil {
		return nil, err
	}
	return pixel.Decode(d, raw)
}

// packedSum sums the bytes of all frames of one-bit pixels.
func packedSum(src io.ReaderAt, frames *dicom.Frames) ([]string, error) {
	first, last := frames.Ranges(0)[0], frames.Ranges(frames.Count() - 1)[0]
	h := sha256.New()
	n := last.Offset + last.Length - first.Offset
	if k, err := io.Copy(h, io.NewSectionReader(src, first.Offset, n)); err != nil || k < n {
		return nil, errors.Join(err, dicom.ErrTruncated)
	}
	return []string{hex.EncodeToString(h.Sum(nil))}, nil
}

// joiner sums frames of one-bit pixels as if they lay side by side.
type joiner struct {
	to   hash.Hash
	rest uint // bits that do not fill a byte yet
	held uint // how many
	any  bool
}

func (j *joiner) add(f *pixel.Frame) {
	j.any = true
	out := make([]byte, 0, len(f.Data))
	for left, i := uint(f.Rows*f.Columns), 0; left > 0 && i < len(f.Data); i++ {
		n := min(left, 8)
		j.rest |= uint(f.Data[i]) & (1<<n - 1) << j.held
		j.held, left = j.held+n, left-n
		if j.held >= 8 {
			out, j.rest, j.held = append(out, byte(j.rest)), j.rest>>8, j.held-8
		}
	}
	j.to.Write(out)
}

func (j *joiner) sum() string {
	if j.held > 0 {
		j.to.Write([]byte{byte(j.rest)})
	}
	return hex.EncodeToString(j.to.Sum(nil))
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// pixelBytes is where the offsets of a file's elements lead to: the file, or
// what its data set inflates to.
func pixelBytes(f *os.File, file *dicom.File) io.ReaderAt {
	if !file.Syntax.Deflated() {
		return f
	}
	return &inflated{f: f, start: file.DatasetOffset}
}

// inflated reads a deflated data set at any place, forwards without starting
// again. Offsets are those of the elements: the data set begins at start.
type inflated struct {
	f     *os.File
	start int64
	at    int64 // place of the next byte of r, if r is not nil
	r     io.ReadCloser
}

// ReadAt implements io.ReaderAt for one goroutine at a time.
func (z *inflated) ReadAt(p []byte, off int64) (int, error) {
	if z.r == nil || off < z.at {
		z.r = dicom.Inflate(io.NewSectionReader(z.f, z.start, 1<<62))
		z.at = z.start
	}
	n, err := io.CopyN(io.Discard, z.r, off-z.at)
	z.at += n
	if err != nil {
		return 0, err
	}
	k, err := io.ReadFull(z.r, p)
	z.at += int64(k)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return k, err
}
