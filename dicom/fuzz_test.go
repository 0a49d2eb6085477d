package dicom

import (
	"bytes"
	"os"
	"testing"
)

// seeds adds the small files of the corpus, damaged ones too.
func seeds(f *testing.F) {
	f.Helper()
	for _, path := range corpusFiles(f) {
		if st, err := os.Stat(path); err != nil || st.Size() > 16<<10 {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// FuzzParse reads any bytes as a file; what can be read, can be shown, indexed
// and written, and then reads as before.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), Options{Keep: -1})
		slow, slowErr := Read(onlyReader{bytes.NewReader(raw)}, Options{Keep: -1})
		if (err == nil) != (slowErr == nil) {
			t.Fatalf("seekable: %v, streamed: %v", err, slowErr)
		}
		if err != nil {
			return
		}
		d := file.Dataset
		first, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if other, _ := slow.Dataset.MarshalJSON(); !bytes.Equal(first, other) {
			t.Fatal("seeking and streaming read differently")
		}
		if _, err := IndexFrames(d); err != nil && d.Get(PixelData) == nil && d.Get(FloatPixelData) == nil && d.Get(DoubleFloatPixelData) == nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if Write(&b, d, file.Syntax) != nil {
			return // pixel data that the syntax does not allow
		}
		back, err := Parse(bytes.NewReader(b.Bytes()), file.Syntax, Options{Keep: -1})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		var again bytes.Buffer
		if err := Write(&again, back, file.Syntax); err != nil {
			t.Fatal(err)
		}
		if !file.Syntax.Deflated() && !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Fatal("written twice, the bytes differ")
		}
	})
}

// FuzzJSON reads any bytes as DICOM JSON; what can be read comes back the same.
func FuzzJSON(f *testing.F) {
	for _, path := range corpusFiles(f) {
		if file, err := readPath(f, path, Options{Keep: 256}); err == nil {
			if raw, err := file.Dataset.MarshalJSON(); err == nil && len(raw) < 8<<10 {
				f.Add(raw)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := ParseJSON(bytes.NewReader(raw))
		if err != nil {
			return
		}
		first, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseJSON(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("our own JSON: %v in %s", err, first)
		}
		if second, _ := back.MarshalJSON(); !bytes.Equal(first, second) {
			t.Fatalf("%s became %s", first, second)
		}
	})
}
