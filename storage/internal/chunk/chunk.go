// Package chunk gathers bytes of unknown number in memory without ever copying
// what is there already, and gives the memory back for the next instance.
package chunk

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Size is the length of one chunk in bytes. An average ultrasound frame or ECG
// fits into one, a CT slice into nine.
const Size = 64 << 10

type block [Size]byte

// Pool lends chunks to lists. The zero Pool is ready; it is safe for concurrent
// use.
type Pool struct{ free sync.Pool }

func (p *Pool) get() *block {
	if b, ok := p.free.Get().(*block); ok {
		return b
	}
	return new(block)
}

// NewList returns an empty list that borrows from p.
func (p *Pool) NewList() *List { return &List{pool: p} }

// List is a growing run of bytes. It is not safe for concurrent use.
type List struct {
	pool   *Pool
	blocks []*block
	n      int64
}

// Len is the number of bytes held.
func (l *List) Len() int64 { return l.n }

// Write appends b. It never fails; the caller bounds the length.
func (l *List) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		used := int(l.n % Size)
		if used == 0 {
			l.blocks = append(l.blocks, l.pool.get())
		}
		n := copy(l.blocks[len(l.blocks)-1][used:], b)
		b = b[n:]
		l.n += int64(n)
	}
	return written, nil
}

// WriteTo writes all bytes to w, one call per chunk, and keeps them.
func (l *List) WriteTo(w io.Writer) (int64, error) {
	var done int64
	for _, b := range l.blocks {
		n, err := w.Write(b[:min(Size, l.n-done)])
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// at returns the bytes from off to the end of their chunk; off < Len.
func (l *List) at(off int64) []byte {
	i := off / Size
	return l.blocks[i][off-i*Size : min(Size, l.n-i*Size)]
}

// Reset empties the list and gives its memory back.
func (l *List) Reset() {
	for _, b := range l.blocks {
		l.pool.free.Put(b)
	}
	l.blocks, l.n = nil, 0
}

// Reader reads several lists one after the other and can start again, as a
// repeated request needs. The lists must not change meanwhile.
type Reader struct {
	lists []*List
	size  int64
	off   int64 // in all
	list  int   // the list that off lies in
	start int64 // where that list begins
}

var errSeek = errors.New("chunk: seek before the start")

// NewReader returns a reader of lists in their order.
func NewReader(lists ...*List) *Reader {
	r := &Reader{lists: lists}
	for _, l := range lists {
		r.size += l.n
	}
	return r
}

// Size is the number of bytes from the beginning to the end.
func (r *Reader) Size() int64 { return r.size }

// Read reads up to the end of one chunk.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.off >= r.size {
		return 0, io.EOF
	}
	for r.off >= r.start+r.lists[r.list].n {
		r.start += r.lists[r.list].n
		r.list++
	}
	n := copy(p, r.lists[r.list].at(r.off-r.start))
	r.off += int64(n)
	return n, nil
}

// Seek moves as io.Seeker says.
func (r *Reader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		off += r.off
	case io.SeekEnd:
		off += r.size
	default:
		return 0, fmt.Errorf("chunk: seek from %d", whence)
	}
	if off < 0 {
		return 0, errSeek
	}
	r.off, r.list, r.start = off, 0, 0
	return off, nil
}
