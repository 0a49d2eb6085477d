package backup

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// lineWriter writes a compressed file of JSON lines and hashes it.
type lineWriter struct {
	file *os.File
	hash hash.Hash
	buf  *bufio.Writer
	zip  *gzip.Writer
	text []byte
}

func createLines(path string) (*lineWriter, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &lineWriter{file: f, hash: sha256.New()}
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.hash), 64<<10)
	w.zip, err = gzip.NewWriterLevel(w.buf, gzip.BestSpeed)
	return w, err
}

// line writes values as one JSON list.
func (w *lineWriter) line(values []any) error {
	b := append(w.text[:0], '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, v); err != nil {
			return fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	w.text = append(b, ']', '\n')
	_, err := w.zip.Write(w.text)
	return err
}

// finish makes the file durable and returns its SHA-256 in hexadecimal.
func (w *lineWriter) finish() (string, error) {
	err := errors.Join(w.zip.Close(), w.buf.Flush(), w.file.Sync(), w.file.Close())
	return hex.EncodeToString(w.hash.Sum(nil)), err
}

// abandon closes the file of a writer that was not finished.
func (w *lineWriter) abandon() { w.file.Close() }

// maxLine bounds a line in bytes: a report's texts and its signed content fit
// many times.
const maxLine = 64 << 20

// lineReader reads what a lineWriter wrote.
type lineReader struct {
	name  string
	file  *os.File
	lines *bufio.Scanner
	n     int
}

// openLines opens a file whose hash must be want: nothing of a file that was
// changed is used.
func openLines(path, want string) (*lineReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &lineReader{name: filepath.Base(path), file: f}
	if err := r.begin(want); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", r.name, err), f.Close())
	}
	return r, nil
}

func (r *lineReader) begin(want string) error {
	h := sha256.New()
	if _, err := io.Copy(h, r.file); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("SHA-256 is %s, the manifest says %s: the file is damaged", got, want)
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := gzip.NewReader(bufio.NewReader(r.file))
	if err != nil {
		return err
	}
	r.lines = bufio.NewScanner(z)
	r.lines.Buffer(make([]byte, 64<<10), maxLine)
	return nil
}

// next returns the values of the next line, or io.EOF.
func (r *lineReader) next() ([]any, error) {
	if !r.lines.Scan() {
		if err := r.lines.Err(); err != nil {
			return nil, fmt.Errorf("%s after line %d: %w", r.name, r.n, err)
		}
		return nil, io.EOF
	}
	r.n++
	values, err := parseLine(r.lines.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s line %d: %w", r.name, r.n, err)
	}
	return values, nil
}

// head returns the first line, which must be a list of names.
func (r *lineReader) head() ([]string, error) {
	values, err := r.next()
	if err != nil {
		return nil, fmt.Errorf("%s: first line: %w", r.name, err)
	}
	names := make([]string, len(values))
	for i, v := range values {
		name, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%s: first line holds no names", r.name)
		}
		names[i] = name
	}
	return names, nil
}

func (r *lineReader) close() error { return r.file.Close() }
