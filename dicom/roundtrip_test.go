package dicom

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// same compares two data sets: tags, values and items. order is false where
// the two are in different byte orders.
func same(t *testing.T, what string, got, want *Dataset, vr, order bool) {
	t.Helper()
	elements := want.Elements[:0:0]
	for _, e := range want.Elements {
		if e.Tag.Element() != 0 || e.Tag.Group() == 0 {
			elements = append(elements, e)
		}
	}
	if len(got.Elements) != len(elements) {
		t.Errorf("%s: %d elements, want %d", what, len(got.Elements), len(elements))
		return
	}
	for i, w := range elements {
		g := got.Elements[i]
		if g.Tag != w.Tag || vr && g.VR != w.VR || len(g.Items) != len(w.Items) || len(g.Fragments) != len(w.Fragments) {
			t.Errorf("%s: %s %s %d/%d, want %s %s %d/%d", what, g.Tag, g.VR, len(g.Items), len(g.Fragments), w.Tag, w.VR, len(w.Items), len(w.Fragments))
			return
		}
		if order && !bytes.Equal(g.Raw, pad(bytes.Clone(w.Raw), w.VR)) {
			t.Errorf("%s: %s: another value", what, w.Tag)
		}
		for k := range w.Items {
			same(t, what, g.Items[k], w.Items[k], vr, order)
		}
		for k := range w.Fragments {
			if !bytes.Equal(g.Fragments[k].Data, pad(bytes.Clone(w.Fragments[k].Data), OB)) {
				t.Errorf("%s: fragment %d differs", what, k)
			}
		}
	}
}

func rewrite(t *testing.T, what string, d *Dataset, ts TransferSyntax) *Dataset {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d, ts); err != nil {
		t.Errorf("%s as %s: %v", what, ts.Name(), err)
		return nil
	}
	if ts.Deflated() && b.Len()%2 != 0 {
		t.Errorf("%s: a deflated data set of odd length", what)
	}
	back, err := Parse(&b, ts, Options{Keep: -1})
	if err != nil {
		t.Errorf("%s as %s: %v", what, ts.Name(), err)
		return nil
	}
	return back
}

func TestWhatIsWrittenReadsAsBefore(t *testing.T) {
	t.Parallel()
	for rel, path := range corpusFiles(t) {
		// Longer files have more pixels, not more kinds of elements.
		if st, err := os.Stat(path); err != nil || st.Size() > 64<<10 {
			continue
		}
		file, err := readPath(t, path, Options{Keep: -1})
		if err != nil || isMalformed(rel) {
			continue
		}
		d := file.Dataset
		if back := rewrite(t, rel, d, file.Syntax); back != nil {
			same(t, rel, back, d, true, true)
		}
		if e := d.Get(PixelData); file.Syntax.Encapsulated() || e != nil && e.Fragments != nil {
			continue
		}
		for _, ts := range []TransferSyntax{ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian} {
			// Turned to another syntax and back, a value must be what it was.
			there := rewrite(t, rel, d, ts)
			if there == nil {
				continue
			}
			if ts == ImplicitVRLittleEndian {
				same(t, rel+" in implicit VR", there, d, false, !d.Syntax.BigEndian())
				continue
			}
			if back := rewrite(t, rel, there, file.Syntax); back != nil {
				same(t, rel+" by "+ts.Name(), back, d, !file.Syntax.Implicit(), true)
			}
		}
	}
}

func TestWrittenFilesSatisfyDCMTK(t *testing.T) {
	t.Parallel()
	dcmdump, err := exec.LookPath("dcmdump")
	if err != nil {
		t.Skip("dcmdump is not installed: nobody else reads what we write")
	}
	for _, ts := range []TransferSyntax{ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless} {
		d := sample(ts)
		path := filepath.Join(t.TempDir(), "out.dcm")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		m := FileMeta{SOPClassUID: d.Text(SOPClassUID), SOPInstanceUID: d.Text(SOPInstanceUID), Syntax: ts, SourceAETitle: "TEST"}
		if err := WriteFile(f, m, d); err != nil {
			t.Fatal(err)
		}
		f.Close()
		out, err := exec.Command(dcmdump, "+U8", "+P", "PatientName", "+P", "Rows", "+P", "CodeMeaning", "+P", "WindowCenter", path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", ts.Name(), err, out)
		}
		for _, want := range []string{"[Wang^Xiaodong=王^小东]", "US 2", "[胸部]", `[40.5\-600]`} {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s: dcmdump does not show %q:\n%s", ts.Name(), want, out)
			}
		}
	}
}

// sample is a small object with text, numbers, a sequence and pixels.
func sample(ts TransferSyntax) *Dataset {
	d := New()
	d.SetText(SpecificCharacterSet, "GB18030")
	d.SetText(SOPClassUID, "1.2.840.10008.5.1.4.1.1.7")
	d.SetText(SOPInstanceUID, NewUID())
	d.SetName(PatientName, PersonName{Alphabetic: "Wang^Xiaodong", Ideographic: "王^小东"})
	d.SetInts(Rows, 2)
	d.SetInts(Columns, 3)
	d.SetInts(BitsAllocated, 8)
	d.SetInts(SamplesPerPixel, 1)
	d.SetInts(NumberOfFrames, 2)
	d.SetFloats(WindowCenter, 40.5, -600)
	code := New()
	d.SetItems(ProcedureCodeSequence, code)
	code.SetText(CodeMeaning, "胸部")
	if ts.Encapsulated() {
		d.SetFrames(PixelData, [][]byte{append(make([]byte, 64), 5, 1, 2, 3, 4, 5, 6), make([]byte, 66)})
	} else {
		d.SetRaw(PixelData, OW, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	}
	return d
}

func TestFileMetaSaysWhatFollows(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	n, err := WriteMeta(&b, FileMeta{SOPClassUID: "1.2.3", SOPInstanceUID: "1.2.3.4", Syntax: ExplicitVRLittleEndian})
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d, %v", n, b.Len(), err)
	}
	if err := Write(&b, sample(ExplicitVRLittleEndian), ExplicitVRLittleEndian); err != nil {
		t.Fatal(err)
	}
	f, err := Read(&b, Options{})
	if err != nil || !f.Preamble || !f.Complete || f.DatasetOffset != n || f.Syntax != ExplicitVRLittleEndian {
		t.Fatalf("%+v, %v", f, err)
	}
	if length, _ := f.Meta.Int(FileMetaInformationGroupLength); length != n-preambleSize-4-12 {
		t.Errorf("group length %d of %d bytes", length, n)
	}
	if len(f.Dataset.Notes) != 0 {
		t.Errorf("notes of our own file: %v", f.Dataset.Notes)
	}
}

func TestWhatWasNotKeptIsNotWritten(t *testing.T) {
	t.Parallel()
	d := sample(ExplicitVRLittleEndian)
	d.put(Element{Tag: PixelData, VR: OW, Bulk: true, Length: 1 << 20})
	if err := Write(&bytes.Buffer{}, d, ExplicitVRLittleEndian); err == nil {
		t.Error("a bulk value was written as if it were empty")
	}
	if err := Write(&bytes.Buffer{}, sample(ExplicitVRLittleEndian), RLELossless); err == nil {
		t.Error("native pixels were written under RLE")
	}
	if err := Write(&bytes.Buffer{}, sample(RLELossless), ExplicitVRLittleEndian); err == nil {
		t.Error("fragments were written under a native syntax")
	}
}

// Samples of 32 bits are what they were in any byte order, though OW swaps
// words.
func TestLongSamplesKeepTheirValuesInBigEndian(t *testing.T) {
	t.Parallel()
	d := image(ctImage, 1)
	d.SetInts(BitsAllocated, 32)
	d.SetRaw(PixelData, OW, []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"))
	big := rewrite(t, "32 bits", d, ExplicitVRBigEndian)
	if raw := big.Get(PixelData).Raw; string(raw[:8]) != "32107654" {
		t.Errorf("%q", raw[:8])
	}
	if back := rewrite(t, "32 bits", big, ExplicitVRLittleEndian); !bytes.Equal(back.Get(PixelData).Raw, d.Get(PixelData).Raw) {
		t.Error("there and back, the samples changed")
	}
	if a, b := toJSON(t, big, JSONOptions{}), toJSON(t, d, JSONOptions{}); !reflect.DeepEqual(a["7FE00010"], b["7FE00010"]) {
		t.Errorf("JSON: %v, want %v", a["7FE00010"], b["7FE00010"])
	}
}
