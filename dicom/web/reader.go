package web

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Bounds of a multipart body.
const (
	maxBoundary = 256      // RFC 2046 allows 70; senders use more
	maxHeaders  = 16 << 10 // of one part
	readBuffer  = 64 << 10
)

// ErrMultipart is the errors.Is target for bodies that are not multipart.
var ErrMultipart = errors.New("malformed multipart body")

type multipartError string

func (e multipartError) Error() string        { return "multipart body: " + string(e) }
func (e multipartError) Is(target error) bool { return target == ErrMultipart }

// Reader reads a multipart body part by part (RFC 2046 section 5.1) without
// keeping any. A preamble, an epilogue and lines that end with a bare line feed
// are tolerated. It is used by one goroutine.
type Reader struct {
	r     io.Reader
	delim []byte // "\n--boundary"
	buf   []byte
	pos   int
	end   int
	err   error // of r, sticky
	bare  bool  // the sender's lines end with a bare line feed
	state readerState
	part  *Part
}

type readerState int

const (
	inPreamble readerState = iota
	inPart
	atDelimiter // behind "\n--boundary" of the next part
	closed
)

// NewReader reads r, whose Content-Type names the boundary.
func NewReader(r io.Reader, boundary string) (*Reader, error) {
	if boundary == "" || len(boundary) > maxBoundary || strings.ContainsAny(boundary, "\r\n") {
		return nil, multipartError("no boundary, or an impossible one")
	}
	m := &Reader{r: r, delim: []byte("\n--" + boundary), buf: make([]byte, readBuffer)}
	m.buf[0], m.end = '\n', 1 // the first delimiter may start the body
	return m, nil
}

// Part is one part of a body. Read it before the next call of Next.
type Part struct {
	// ContentType is as sent, "" if the part has none.
	ContentType string
	// Location is the Content-Location as sent: which bulk data this is.
	Location string
	m        *Reader
}

// Next returns the next part, or io.EOF behind the last one. What was left
// unread of the part before is passed over. The error is ErrMultipart, or
// io.ErrUnexpectedEOF, or the reader's own.
func (m *Reader) Next() (*Part, error) {
	if m.state == inPreamble || m.state == inPart {
		if err := m.toDelimiter(); err != nil {
			return nil, err
		}
	}
	if m.state == closed {
		return nil, io.EOF
	}
	last, err := m.delimiterLine()
	if err != nil {
		return nil, err
	}
	if last {
		m.state = closed
		return nil, io.EOF
	}
	p := &Part{m: m}
	if err := m.headers(p); err != nil {
		return nil, err
	}
	m.state, m.part = inPart, p
	return p, nil
}

// Read reads the part's bytes; a body that ends within it gives
// io.ErrUnexpectedEOF.
func (p *Part) Read(b []byte) (int, error) {
	if p.m.part != p || p.m.state != inPart {
		return 0, io.EOF
	}
	return p.m.read(b)
}

// read gives bytes before the next delimiter.
func (m *Reader) read(b []byte) (int, error) {
	for {
		if n := m.plain(); n > 0 {
			n = copy(b, m.buf[m.pos:m.pos+n])
			m.pos += n
			return n, nil
		}
		if m.state != inPart {
			return 0, io.EOF
		}
		if m.err != nil {
			return 0, m.fault()
		}
		m.fill()
	}
}

// plain is how many bytes at pos surely belong to the part. At a delimiter it
// is 0 and the state changes.
func (m *Reader) plain() int {
	window := m.buf[m.pos:m.end]
	from := 0
	for {
		i := bytes.Index(window[from:], m.delim)
		if i < 0 {
			break
		}
		i += from
		isDelim, sure := m.delimiterAt(window[i+len(m.delim):])
		switch {
		case !sure:
			return m.before(window, i)
		case !isDelim:
			from = i + 1
			continue
		}
		if n := m.before(window, i); n > 0 {
			return n
		}
		m.pos += i + len(m.delim)
		m.state = atDelimiter
		return 0
	}
	// The end of the window may be the beginning of a delimiter.
	keep := len(m.delim) + 1
	if len(window) <= keep {
		if m.err == nil {
			return 0
		}
		return len(window)
	}
	return len(window) - keep
}

// before is the length of the part up to the line break that belongs to the
// delimiter at i.
func (m *Reader) before(window []byte, i int) int {
	if i > 0 && !m.bare && window[i-1] == '\r' {
		return i - 1
	}
	return i
}

// delimiterAt says whether what follows the boundary makes it a delimiter:
// "--", white space or a line break. sure is false if more bytes are needed.
func (m *Reader) delimiterAt(after []byte) (is, sure bool) {
	if len(after) < 2 && m.err == nil {
		return false, false
	}
	if len(after) == 0 {
		return true, true
	}
	switch after[0] {
	case '\n', '\r', ' ', '\t':
		return true, true
	case '-':
		return len(after) > 1 && after[1] == '-', true
	}
	return false, true
}

func (m *Reader) fill() {
	if m.pos > 0 {
		m.end = copy(m.buf, m.buf[m.pos:m.end])
		m.pos = 0
	}
	for range 100 {
		n, err := m.r.Read(m.buf[m.end:])
		m.end += n
		if m.err = err; n > 0 || err != nil {
			return
		}
	}
	m.err = io.ErrNoProgress
}

// fault is why there are no more bytes.
func (m *Reader) fault() error {
	if m.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return m.err
}

// toDelimiter passes over bytes up to behind the next boundary.
func (m *Reader) toDelimiter() error {
	preamble := m.state == inPreamble
	m.state = inPart
	for m.state == inPart {
		n := m.plain()
		m.pos += n
		if n > 0 || m.state != inPart {
			continue
		}
		if m.err != nil {
			if preamble && m.err == io.EOF {
				return multipartError("the boundary does not occur")
			}
			return m.fault()
		}
		m.fill()
	}
	return nil
}

// delimiterLine reads the rest of the delimiter's line.
func (m *Reader) delimiterLine() (last bool, err error) {
	line, err := m.line()
	if strings.HasPrefix(line, "--") {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	m.bare = !strings.HasSuffix(line, "\r")
	if strings.Trim(line, " \t\r") != "" {
		return false, multipartError("text behind a boundary")
	}
	return false, nil
}

// headers reads the part's header lines up to the empty one.
func (m *Reader) headers(p *Part) error {
	size := 0
	for {
		line, err := m.line()
		if err != nil {
			return err
		}
		if size += len(line); size > maxHeaders {
			return multipartError("headers of a part are too long")
		}
		line = strings.TrimRight(line, "\r")
		if line == "" {
			m.pos-- // the delimiter of an empty part needs the line break before it
			return m.openBody()
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-type":
			p.ContentType = strings.TrimSpace(value)
		case "content-location":
			p.Location = strings.TrimSpace(value)
		}
	}
}

// openBody decides whether the line break that ends the headers starts a
// delimiter: then the part is empty, else it is not part of the body.
func (m *Reader) openBody() error {
	for m.end-m.pos < len(m.delim)+2 && m.err == nil {
		m.fill()
	}
	window := m.buf[m.pos:m.end]
	if bytes.HasPrefix(window, m.delim) {
		if is, _ := m.delimiterAt(window[len(m.delim):]); is {
			return nil
		}
	}
	m.pos++
	return nil
}

// line reads up to a line feed, which it consumes and does not return.
func (m *Reader) line() (string, error) {
	for {
		window := m.buf[m.pos:m.end]
		if i := bytes.IndexByte(window, '\n'); i >= 0 {
			m.pos += i + 1
			return string(window[:i]), nil
		}
		if len(window) > maxHeaders {
			return "", multipartError("a header line is too long")
		}
		if m.err != nil {
			m.pos = m.end
			return string(window), m.fault()
		}
		m.fill()
	}
}
