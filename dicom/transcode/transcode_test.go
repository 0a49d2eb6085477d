package transcode

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// TestDecodedObjectsShowTheSameFrames turns every readable file of the test
// data into each native syntax: frame by frame the samples stay.
func TestDecodedObjectsShowTheSameFrames(t *testing.T) {
	t.Parallel()
	compressed, seen := 0, map[dicom.TransferSyntax]int{}
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		if st, err := os.Stat(name); err != nil || st.Size() > 300<<10 || strings.Contains(name, "malformed") {
			continue
		}
		data, from, ok := dataset(name)
		if !ok || seen[from] == 3 {
			continue
		}
		want, err := frames(data, from)
		if err != nil || len(want) == 0 || len(want) > 10 {
			continue
		}
		seen[from]++
		if from.Encapsulated() {
			compressed++
		}
		for _, to := range []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.DeflatedExplicitVRLittleEndian} {
			out, err := Native(data, from, to)
			if err != nil {
				t.Errorf("%s from %s to %s: %v", filepath.Base(name), from.Name(), to.Name(), err)
				continue
			}
			got, err := frames(out, to)
			if err != nil || len(got) != len(want) {
				t.Errorf("%s from %s to %s: %d frames, want %d: %v", filepath.Base(name), from.Name(), to.Name(), len(got), len(want), err)
				continue
			}
			for i := range want {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%s from %s to %s: frame %d differs", filepath.Base(name), from.Name(), to.Name(), i+1)
					break
				}
			}
		}
	}
	if compressed < 5 {
		t.Errorf("only %d compressed files were compared", compressed)
	}
}

// dataset is a file's data set with its transfer syntax.
func dataset(name string) ([]byte, dicom.TransferSyntax, bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, "", false
	}
	f, err := dicom.Read(bytes.NewReader(b), dicom.Options{Keep: 1 << 10})
	if err != nil || !f.Complete {
		return nil, "", false
	}
	return b[f.DatasetOffset:], f.Syntax, true
}

// frames are the decoded samples of an object's frames.
func frames(data []byte, ts dicom.TransferSyntax) (list [][]byte, err error) {
	d, err := dicom.Parse(bytes.NewReader(data), ts, dicom.Options{Keep: -1})
	if err != nil || d.Get(dicom.PixelData) == nil {
		return nil, err
	}
	if ts.Deflated() || ts.BigEndian() { // offsets count inflated bytes, samples are turned round: take them from an object in plain form
		var b bytes.Buffer
		if err := dicom.Write(&b, d, dicom.ExplicitVRLittleEndian); err != nil {
			return nil, err
		}
		return frames(b.Bytes(), dicom.ExplicitVRLittleEndian)
	}
	index, err := dicom.IndexFrames(d)
	if err != nil {
		return nil, err
	}
	for i := range index.Count() {
		raw, err := index.Read(bytes.NewReader(data), i)
		if err != nil {
			return nil, err
		}
		f, err := pixel.Decode(d, raw)
		if err != nil {
			return nil, err
		}
		list = append(list, f.Data)
	}
	return list, nil
}

func TestWhatCannotBeDecodedIsSaidSo(t *testing.T) {
	t.Parallel()
	d := dicom.New()
	d.SetText(dicom.SOPInstanceUID, "1.2.3")
	d.SetInts(dicom.Rows, 1)
	d.SetInts(dicom.Columns, 1)
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetInts(dicom.BitsAllocated, 8)
	d.SetInts(dicom.BitsStored, 8)
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	d.SetFrames(dicom.PixelData, [][]byte{[]byte("no codestream")})
	var b bytes.Buffer
	if err := dicom.Write(&b, d, dicom.JPEGLosslessSV1); err != nil {
		t.Fatal(err)
	}
	if _, err := Native(b.Bytes(), dicom.JPEGLosslessSV1, dicom.ExplicitVRLittleEndian); !errors.Is(err, pixel.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if _, err := Native(b.Bytes(), dicom.JPEGLosslessSV1, dicom.JPEGLSLossless); err == nil {
		t.Error("an encoder appeared")
	}
	if _, err := Native(b.Bytes()[:40], dicom.JPEGLosslessSV1, dicom.ExplicitVRLittleEndian); err == nil {
		t.Error("half an object was decoded")
	}
}
