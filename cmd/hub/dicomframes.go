package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	for i := range frames.Count() {
		frame, err := decodedFrame(src, file.Dataset, frames, i)
		if err != nil {
			return sums, fmt.Errorf("frame %d: %w", i+1, err)
		}
		sums = append(sums, hexSum(frame.Data))
	}
	return sums, nil
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
