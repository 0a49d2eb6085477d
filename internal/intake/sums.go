package intake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/yuanzhen/yuanzhen/storage"
)

// Sums are CRC-32C of the blocks of a long recording and of its pyramid. Of
// either, parts are read alone, about which the digest of the whole says
// nothing.
type Sums struct {
	Recording []uint32
	Pyramid   []uint32
}

// Each sum is of sumBlock bytes, the last of what is left; mostSums bounds
// them: a recording of ecg.MaxStreamBytes has half as many.
const (
	sumBlock = 256 << 10
	mostSums = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// summer makes sums of bytes as they come.
type summer struct {
	sums []uint32
	crc  uint32 // of the block under way
	n    int    // its bytes so far
}

func (s *summer) add(p []byte) {
	for len(p) > 0 {
		step := min(len(p), sumBlock-s.n)
		s.crc = crc32.Update(s.crc, castagnoli, p[:step])
		s.n += step
		p = p[step:]
		if s.n == sumBlock {
			s.sums, s.crc, s.n = append(s.sums, s.crc), 0, 0
		}
	}
}

// done returns the sums of all that came.
func (s *summer) done() []uint32 {
	if s.n > 0 {
		return append(s.sums, s.crc)
	}
	return s.sums
}

// Size is how many bytes the sums take where they are kept.
func (s *Sums) Size() int64 { return 8 + 4*int64(len(s.Recording)+len(s.Pyramid)) }

// bytes is what is kept: both counts, then the sums, little-endian.
func (s *Sums) bytes() []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(le.AppendUint32(nil, uint32(len(s.Recording))), uint32(len(s.Pyramid)))
	for _, list := range [][]uint32{s.Recording, s.Pyramid} {
		for _, sum := range list {
			out = le.AppendUint32(out, sum)
		}
	}
	return out
}

// ReadSums reads what an overview begins with. Errors are storage.ErrCorrupt and
// those of r.
func ReadSums(r io.ReaderAt) (*Sums, error) {
	head := make([]byte, 8)
	if err := readFully(r, head, 0); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	recording, pyramid := le.Uint32(head), le.Uint32(head[4:])
	if recording > mostSums || pyramid > mostSums {
		return nil, fmt.Errorf("an overview of %d and %d blocks: %w", recording, pyramid, storage.ErrCorrupt)
	}
	raw := make([]byte, 4*(recording+pyramid))
	if err := readFully(r, raw, 8); err != nil {
		return nil, err
	}
	all := make([]uint32, recording+pyramid)
	for i := range all {
		all[i] = le.Uint32(raw[4*i:])
	}
	return &Sums{Recording: all[:recording], Pyramid: all[recording:]}, nil
}

// readFully fills p; bytes that are missing are storage.ErrCorrupt.
func readFully(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%d of %d bytes are there at %d: %w", n, len(p), off, storage.ErrCorrupt)
	}
	return err
}

// Checked reads size bytes of r by the block and returns storage.ErrCorrupt
// instead of bytes that sums do not fit. It is for one goroutine.
func Checked(r io.ReaderAt, size int64, sums []uint32) io.ReaderAt {
	return &checked{r: r, size: size, sums: sums, at: -1}
}

type checked struct {
	r     io.ReaderAt
	size  int64
	sums  []uint32
	at    int64  // number of the block held, -1 for none
	block []byte // checked
}

// ReadAt implements io.ReaderAt.
func (c *checked) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= c.size {
			return done, io.EOF
		}
		if n := at / sumBlock; n != c.at {
			if err := c.load(n); err != nil {
				return done, err
			}
		}
		done += copy(p[done:], c.block[at-c.at*sumBlock:])
	}
	return done, nil
}

// load reads and checks block n.
func (c *checked) load(n int64) error {
	c.at = -1
	if c.block == nil {
		c.block = make([]byte, sumBlock)
	}
	c.block = c.block[:min(sumBlock, c.size-n*sumBlock)]
	if err := readFully(c.r, c.block, n*sumBlock); err != nil {
		return err
	}
	if n >= int64(len(c.sums)) || crc32.Checksum(c.block, castagnoli) != c.sums[n] {
		return fmt.Errorf("the %d bytes at %d differ from those stored: %w", len(c.block), n*sumBlock, storage.ErrCorrupt)
	}
	c.at = n
	return nil
}
