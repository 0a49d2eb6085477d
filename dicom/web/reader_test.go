package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// body writes parts with a line ending.
func body(boundary, nl, preamble, epilogue string, parts ...string) string {
	s := preamble
	for _, p := range parts {
		s += nl + "--" + boundary + nl + "Content-Type: application/dicom" + nl + nl + p
	}
	return s + nl + "--" + boundary + "--" + epilogue
}

func readAll(r io.Reader, boundary string) (parts []string, err error) {
	m, err := NewReader(r, boundary)
	if err != nil {
		return nil, err
	}
	for {
		p, err := m.Next()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return parts, err
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return parts, err
		}
		parts = append(parts, string(b))
	}
}

func TestPartsComeBackWhateverTheyHold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\r\n--zau", 30_000)
	for name, want := range map[string][]string{
		"ordinary":                   {"one", "two"},
		"empty parts":                {"", "", "x", ""},
		"line breaks at the ends":    {"\r\n", "\n", "\r", "a\r\n", "\r\na"},
		"what looks like a boundary": {"\r\n--zaunkönig", "x--zaun--", "\n--zaun!", "-- zaun", "\r\n--zaun-"},
		"beginnings of boundaries":   {long, "\r\n--zau"},
		"longer than the buffer":     {strings.Repeat("x", readBuffer*3+17), strings.Repeat("\n", readBuffer)},
	} {
		for _, nl := range []string{"\r\n", "\n"} {
			text := body("zaun", nl, "", "", want...)
			for how, r := range map[string]io.Reader{"whole": strings.NewReader(text), "halves": iotest.HalfReader(strings.NewReader(text)),
				"with its end": iotest.DataErrReader(strings.NewReader(text + nl + "epilogue"))} {
				got, err := readAll(r, "zaun")
				if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
					t.Errorf("%s, %q, %s: %v, %.200q", name, nl, how, err, got)
				}
			}
		}
	}
}

func TestPartLeftUnreadIsPassedOver(t *testing.T) {
	t.Parallel()
	m, err := NewReader(strings.NewReader(body("b", "\r\n", "preamble\r\n", "\r\nepilogue", strings.Repeat("x", 200_000), "second")), "b")
	if err != nil {
		t.Fatal(err)
	}
	first, err := m.Next()
	if err != nil || first.ContentType != "application/dicom" {
		t.Fatalf("%v %q", err, first.ContentType)
	}
	second, err := m.Next()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Read(make([]byte, 8)); n != 0 || err != io.EOF {
		t.Errorf("the first part can still be read: %d %v", n, err)
	}
	if b, _ := io.ReadAll(second); string(b) != "second" {
		t.Errorf("got %q", b)
	}
	if _, err := m.Next(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
}

func TestBodyThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	whole := body("zaun", "\r\n", "", "", "first part", "second part")
	for n := range len(whole) - 1 {
		got, err := readAll(strings.NewReader(whole[:n]), "zaun")
		if err == nil {
			t.Fatalf("cut to %d bytes it has %d parts and no error", n, len(got))
		}
		for _, p := range got {
			if p != "first part" && p != "second part" {
				t.Fatalf("cut to %d bytes it gives %q", n, p)
			}
		}
	}
	if _, err := readAll(strings.NewReader("no boundary here"), "zaun"); !errors.Is(err, ErrMultipart) {
		t.Errorf("got %v", err)
	}
	if _, err := readAll(strings.NewReader("--zaun\r\nA: "+strings.Repeat("x", maxHeaders+10)+"\r\n\r\n"), "zaun"); !errors.Is(err, ErrMultipart) {
		t.Errorf("endless header: %v", err)
	}
	broken := errors.New("the line broke")
	if _, err := readAll(io.MultiReader(strings.NewReader(whole[:40]), iotest.ErrReader(broken)), "zaun"); !errors.Is(err, broken) {
		t.Errorf("the reader's own error became %v", err)
	}
}

func TestWrittenBodyHasTheLengthItSays(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := NewWriter(&b)
	h := Header{"Content-Type", "application/dicom"}
	want := w.OnePartLength(5, h)
	w.Part(5, h)
	b.WriteString("bytes")
	w.Close()
	if int64(b.Len()) != want {
		t.Errorf("%d bytes, said %d", b.Len(), want)
	}
	kind, err := ParseMedia(w.ContentType(DICOM, ""))
	if err != nil || kind.Params["type"] != DICOM {
		t.Fatalf("%v %v", kind, err)
	}
	if got, err := readAll(&b, kind.Params["boundary"]); err != nil || len(got) != 1 || got[0] != "bytes" {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add("zaun", body("zaun", "\r\n", "p", "e", "one", "", "\r\n"))
	f.Add("zaun", body("zaun", "\n", "", "", "one", "two"))
	f.Add("a", "--a\r\n\r\n\r\n--a--")
	f.Fuzz(func(t *testing.T, boundary, text string) {
		got, err := readAll(strings.NewReader(text), boundary)
		slow, slowErr := readAll(iotest.OneByteReader(strings.NewReader(text)), boundary)
		if fmt.Sprint(err) != fmt.Sprint(slowErr) || len(got) != len(slow) {
			t.Fatalf("%d parts, %v; byte by byte %d parts, %v", len(got), err, len(slow), slowErr)
		}
		size := 0
		for i, p := range got {
			if size += len(p); p != slow[i] {
				t.Fatalf("part %d: %q, byte by byte %q", i, p, slow[i])
			}
		}
		if size > len(text) {
			t.Fatalf("%d bytes out of %d", size, len(text))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	text := []byte(body("loadgen-7e1f0a5c", "\r\n", "", "", strings.Repeat("\x00\n\r-pixels", 52_500)))
	buf := make([]byte, 32<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m, _ := NewReader(bytes.NewReader(text), "loadgen-7e1f0a5c")
		p, err := m.Next()
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = p.Read(buf)
		}
	}
}
