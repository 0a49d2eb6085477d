package dicom

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
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
		severe := slices.ContainsFunc(Check(file, nil), func(f Finding) bool { return f.Severe })
		if lost := PixelLoss(d); !file.Complete || lost != nil && !severe {
			t.Fatalf("complete %v, %q, lost %v, severe %v", file.Complete, file.Reason, lost, severe)
		}
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

// FuzzText reads any bytes in any character set: what comes out is UTF-8 and
// not much longer.
func FuzzText(f *testing.F) {
	for _, set := range []string{"", "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", `\ISO 2022 IR 58`, `\ISO 2022 IR 87\ISO 2022 IR 159`,
		`ISO 2022 IR 13\ISO 2022 IR 87`, `\ISO 2022 IR 149`, "ISO_IR 166", "ISO_IR 13"} {
		f.Add(set, []byte("Wang^A=\x1b$)A\xcd\xf5^\x1b$B;3\x1b(B\\\x81\x5c\x95\x32\x82\x36\xe7\x8e\x8b"), false)
		f.Add(set, []byte("\xb1\xe8\xc5\xc2\xb9\xfc\x1b"), true)
	}
	f.Fuzz(func(t *testing.T, set string, raw []byte, learned bool) {
		if len(raw) > 1<<12 || len(set) > 64 {
			return
		}
		d := New()
		d.SetRaw(SpecificCharacterSet, CS, []byte(set))
		d.SetRaw(PatientName, PN, raw)
		d.SetRaw(StudyDescription, LO, raw)
		d.SetRaw(TextValue, UT, raw)
		d.judge(learned)
		for _, tag := range []Tag{PatientName, StudyDescription, TextValue} {
			n := 0
			for _, s := range d.Texts(tag) {
				if !utf8.ValidString(s) {
					t.Fatalf("%s: %q", tag, s)
				}
				n += len(s)
			}
			if n > 4*len(raw) {
				t.Fatalf("%s: %d bytes became %d", tag, len(raw), n)
			}
		}
		found := checkValues(d)
		for _, f := range found {
			if f.Offset < 0 || f.Offset > int64(len(raw)+len(set)) {
				t.Fatalf("%s lies outside its value", f)
			}
		}
		shown := strings.Join(d.Texts(PatientName), "")
		if strings.Contains(shown, "\uFFFD") && len(found) == 0 && !bytes.Contains(raw, []byte("\uFFFD")) && !bytes.Contains(raw, []byte("\x84\x31\xa4\x37")) {
			t.Fatalf("%q shows a character that could not be read, and nothing is found", shown)
		}
		d.Name(PatientName).Display()
		if raw, err := d.MarshalJSON(); err != nil || !json.Valid(raw) {
			t.Fatalf("%v: %s", err, raw)
		}
	})
}
