package web

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"strconv"
)

// Writer writes a multipart/related body. Where each part's length is known
// before its bytes, the body's can be too.
type Writer struct {
	w        io.Writer
	boundary string
	parts    int
}

// NewWriter writes to w with a random boundary.
func NewWriter(w io.Writer) *Writer {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return &Writer{w: w, boundary: hex.EncodeToString(b[:])}
}

// ContentType is the body's media type for parts of a type; syntax may be "".
func (m *Writer) ContentType(kind, syntax string) string {
	s := Related + `; type="` + kind + `"; boundary=` + m.boundary
	if syntax != "" {
		s += `; transfer-syntax=` + syntax
	}
	return s
}

// Header is one header line of a part.
type Header struct{ Name, Value string }

// Part starts a part of length bytes, -1 if that is not known yet; they follow
// by writes to the underlying writer.
func (m *Writer) Part(length int64, headers ...Header) error {
	_, err := io.WriteString(m.w, m.open(length, headers))
	m.parts++
	return err
}

func (m *Writer) open(length int64, headers []Header) string {
	s := ""
	if m.parts > 0 {
		s = "\r\n"
	}
	s += "--" + m.boundary + "\r\n"
	for _, h := range headers {
		s += h.Name + ": " + h.Value + "\r\n"
	}
	if length >= 0 {
		s += "Content-Length: " + strconv.FormatInt(length, 10) + "\r\n"
	}
	return s + "\r\n"
}

// Close ends the body.
func (m *Writer) Close() error {
	_, err := io.WriteString(m.w, m.end())
	return err
}

func (m *Writer) end() string { return "\r\n--" + m.boundary + "--\r\n" }

// OnePartLength is the length of a body with a single part.
func (m *Writer) OnePartLength(length int64, headers ...Header) int64 {
	return int64(len(m.open(length, headers))) + length + int64(len(m.end()))
}
