package suyashkumar

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	yuanzhen "github.com/yuanzhen/yuanzhen/dicom"
)

// corpus are the valid files of the corpus up to a size.
func corpus(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("YUANZHEN_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	all, err := filepath.Glob(filepath.Join(dir, "dicom", "*", "*.dcm"))
	if err != nil || len(all) == 0 {
		t.Skip("no test data here (set YUANZHEN_TESTDATA)")
	}
	return slices.DeleteFunc(all, func(path string) bool {
		st, err := os.Stat(path)
		return err != nil || st.Size() > 1<<20 || strings.Contains(path, "malformed")
	})
}

// theirs parses with the library; ok is false where it fails or panics.
func theirs(path string) (d dicom.Dataset, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	d, err := dicom.ParseFile(path, nil)
	return d, err == nil
}

func read(t *testing.T, path string) (*yuanzhen.File, []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := yuanzhen.Read(bytes.NewReader(raw), yuanzhen.Options{Keep: -1})
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return f, raw
}

// plain are values as both libraries would print them, without padding.
func plain(v dicom.Value) string {
	if s, ok := v.GetValue().([]string); ok {
		for i := range s {
			s[i] = strings.Trim(s[i], " \x00")
		}
		return strings.TrimRight(strings.Join(s, `\`), "=")
	}
	return fmt.Sprint(v.GetValue())
}

// rightText says that the library reads the text of a file right.
func rightText(f *yuanzhen.File) bool {
	switch strings.Join(f.Dataset.Texts(yuanzhen.SpecificCharacterSet), "|") {
	case "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK":
		set, _ := f.Dataset.Repaired()
		return set == ""
	}
	raw, err := f.Dataset.MarshalJSON()
	return err == nil && !bytes.ContainsFunc(raw, func(r rune) bool { return r > 0x7F })
}

func TestBothLibrariesReadTheSameValues(t *testing.T) {
	compared := 0
	for _, path := range corpus(t) {
		want, ok := theirs(path)
		f, raw := read(t, path)
		if !ok || f.Syntax.Deflated() || !rightText(f) || len(f.Dataset.Notes) > 0 {
			continue
		}
		got, err := To(f, bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		for _, w := range want.Elements {
			g, err := got.FindElementByTag(w.Tag)
			if err != nil {
				t.Errorf("%s: %s is lost", filepath.Base(path), w.Tag)
				continue
			}
			if w.Value.ValueType() == dicom.PixelData || w.Value.ValueType() == dicom.Sequences || g.Value.ValueType() != w.Value.ValueType() || tag.IsPrivate(w.Tag.Group) {
				continue
			}
			if compared++; plain(g.Value) != plain(w.Value) {
				t.Errorf("%s: %s %s has another value", filepath.Base(path), w.Tag, w.RawValueRepresentation)
			}
		}
	}
	if compared < 5000 {
		t.Errorf("only %d values were compared", compared)
	}
}

func TestThereAndBackIsTheSame(t *testing.T) {
	done := 0
	for _, path := range corpus(t) {
		f, raw := read(t, path)
		if f.Syntax.Deflated() || f.Syntax.BigEndian() || !rightText(f) {
			continue
		}
		there, err := To(f, bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		back, _, err := From(there)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		for _, tag := range []yuanzhen.Tag{yuanzhen.PatientName, yuanzhen.PatientID, yuanzhen.StudyDescription, yuanzhen.Rows, yuanzhen.WindowCenter,
			yuanzhen.SOPInstanceUID, yuanzhen.FrameIncrementPointer} {
			if a, b := strings.Join(back.Texts(tag), `\`), strings.Join(f.Dataset.Texts(tag), `\`); a != b {
				t.Errorf("%s: %s came back as another value", filepath.Base(path), tag)
			}
		}
		if a, b := back.Get(yuanzhen.PixelData), f.Dataset.Get(yuanzhen.PixelData); (a == nil) != (b == nil) {
			t.Errorf("%s: the pixels are gone", filepath.Base(path))
		} else if samples, _ := f.Dataset.Int(yuanzhen.SamplesPerPixel); a != nil && a.Fragments == nil && samples == 1 && len(a.Raw) <= len(b.Raw) &&
			!bytes.Equal(a.Raw, b.Raw[:len(a.Raw)]) {
			t.Errorf("%s: other pixels", filepath.Base(path))
		}
		done++
	}
	if done < 200 {
		t.Errorf("only %d files went there and back", done)
	}
}
