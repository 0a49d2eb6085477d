// Package codec decodes JPEG-LS, JPEG 2000 and HTJ2K codestreams and encodes
// JPEG-LS. The codecs are other people's, compiled to WebAssembly and run in a
// sandbox without cgo: files/ is filled by `make build` and ignored by git.
//
// It gets the bytes of one frame and gives samples. It knows nothing of data
// sets: package pixel compares a codestream's header with one before it
// decodes. A codestream can neither hold the program up, for each call has a
// limit of time, nor fill its memory, for each call has a bound.
package codec

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// ErrNotBuilt says that this binary was built without the codec.
var ErrNotBuilt = errors.New("codec is not built in: run make build")

// ErrUnsupported is the errors.Is target for codestreams that are valid, but
// of a kind this package does not decode.
var ErrUnsupported = errors.New("codec: unsupported")

// Image is what a codestream says of its samples.
type Image struct {
	Rows, Columns int
	Components    int
	Bits          int // of a sample: 1 to 16 can be decoded
	Signed        bool
	Levels        int // how often JPEG 2000 can halve the image; 0 for JPEG-LS

	jpegls bool
	simple bool // JPEG 2000: all components have one size and one depth
	stream []byte
}

// Cell is how many bytes a decoded sample takes: 1 or 2.
func (i *Image) Cell() int { return (i.Bits + 7) / 8 }

// size is the number of bytes of all samples.
func (i *Image) size() int64 {
	return int64(i.Rows) * int64(i.Columns) * int64(i.Components) * int64(i.Cell())
}

//go:embed files
var files embed.FS

//go:embed SHA256SUMS
var sums string

// load reads one module from tree and checks it against sums, whose lines are
// those of sha256sum: hash, two spaces, name.
func load(tree fs.FS, name, sums string) ([]byte, error) {
	wasm, err := fs.ReadFile(tree, "files/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("codec %s: %w", name, err)
	}
	sum := sha256.Sum256(wasm)
	got := hex.EncodeToString(sum[:])
	for line := range strings.Lines(sums) {
		if want, of, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && of == name {
			if got != want {
				return nil, fmt.Errorf("codec %s: SHA-256 is %s, want %s: run make clean build", name, got, want)
			}
			return wasm, nil
		}
	}
	return nil, fmt.Errorf("codec %s: no line in SHA256SUMS", name)
}

// Decode returns the samples, of shape [row][column][component] in little
// endian cells of Cell bytes; signed ones fill their cells. halve makes the
// sides of a JPEG 2000 image half as long so many times, at most Levels; each
// halving rounds up. Errors are ErrNotBuilt, ErrUnsupported or say what is
// wrong with the codestream. It may be called concurrently; two run at a time.
func (i *Image) Decode(halve int) ([]byte, error) {
	if halve < 0 || halve > i.Levels {
		return nil, fmt.Errorf("codec: halve %d times, of %d", halve, i.Levels)
	}
	if i.jpegls {
		return i.decodeJPEGLS()
	}
	return i.decodeJPEG2000(halve)
}
