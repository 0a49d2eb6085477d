package intake

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/storage"
)

// copied is what arrives, kept to be read from any place until it is stored: up
// to HeldMost bytes in memory, more on the local disk.
type copied struct {
	folder string
	held   bytes.Buffer
	file   *os.File
	size   int64
	sums   summer
}

// Write implements io.Writer; a full disk is storage.ErrUnavailable.
func (c *copied) Write(p []byte) (int, error) {
	if c.file == nil && c.held.Len()+len(p) > HeldMost {
		f, err := os.CreateTemp(c.folder, "ecg-*")
		if err != nil {
			return 0, fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
		}
		c.file = f
		if _, err := c.held.WriteTo(f); err != nil {
			return 0, fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
		}
		c.held = bytes.Buffer{}
	}
	c.size += int64(len(p))
	c.sums.add(p)
	if c.file == nil {
		return c.held.Write(p)
	}
	n, err := c.file.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (c *copied) ReadAt(p []byte, off int64) (int, error) {
	if c.file == nil {
		return bytes.NewReader(c.held.Bytes()).ReadAt(p, off)
	}
	return c.file.ReadAt(p, off)
}

// all reads from the start.
func (c *copied) all() io.Reader { return io.NewSectionReader(c, 0, c.size) }

// discard forgets the bytes; it does nothing without any.
func (c *copied) discard() {
	if c == nil || c.file == nil {
		return
	}
	c.file.Close()
	os.Remove(c.file.Name())
	c.file = nil
}
