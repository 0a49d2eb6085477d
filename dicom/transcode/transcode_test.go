package transcode

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

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
			out, err := through(data, from, to)
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
	if _, err := through(b.Bytes(), dicom.JPEGLosslessSV1, dicom.ExplicitVRLittleEndian); !errors.Is(err, pixel.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if _, err := through(b.Bytes(), dicom.JPEGLosslessSV1, dicom.JPEG2000Lossless); !errors.Is(err, pixel.ErrUnsupported) {
		t.Errorf("an encoder appeared: %v", err)
	}
}

// through gives a data set in another syntax.
func through(data []byte, from, to dicom.TransferSyntax) ([]byte, error) {
	d, err := dicom.Parse(bytes.NewReader(data), from, dicom.Options{Keep: 16}) // nearly all passes by
	if err != nil {
		return nil, err
	}
	if from.Deflated() { // offsets count inflated bytes
		if data, err = io.ReadAll(flate.NewReader(bytes.NewReader(data))); err != nil {
			return nil, err
		}
	}
	o, err := Prepare(d, bytes.NewReader(data), to)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = o.Write(&b, bytes.NewReader(data))
	return b.Bytes(), err
}

// rle is a data set of frames in which every sample of frame n is byte(n).
func rle(rows, columns, count int) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SOPInstanceUID, "1.2.3")
	for tag, n := range map[dicom.Tag]int{dicom.Rows: rows, dicom.Columns: columns, dicom.SamplesPerPixel: 1, dicom.BitsAllocated: 8, dicom.BitsStored: 8, dicom.HighBit: 7, dicom.NumberOfFrames: count} {
		d.SetInts(tag, int64(n))
	}
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	frames := make([][]byte, count)
	for n := range frames {
		frames[n] = make([]byte, 64, 64+2*rows*columns/128) // PS3.5 annex G: one segment
		frames[n][0], frames[n][4] = 1, 64
		for left := rows * columns; left > 0; left -= 128 {
			frames[n] = append(frames[n], byte(257-min(left, 128)), byte(n))
		}
	}
	d.SetFrames(dicom.PixelData, frames)
	return d
}

func encoded(t *testing.T, d *dicom.Dataset, ts dicom.TransferSyntax) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dicom.Write(&b, d, ts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFaultInALaterFrameEndsTheObject(t *testing.T) {
	t.Parallel()
	d := rle(16, 16, 3)
	d.Get(dicom.PixelData).Fragments[2].Data[0] = 9
	if _, err := through(encoded(t, d, dicom.RLELossless), dicom.RLELossless, dicom.ExplicitVRLittleEndian); !errors.Is(err, pixel.ErrCorrupt) || !strings.Contains(err.Error(), "frame 3") {
		t.Errorf("%v", err)
	}
}

func TestCompressedIconIsDecodedOrLeftOut(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{true, false} {
		d, icon := rle(16, 16, 2), rle(4, 4, 1)
		if !whole {
			icon.Get(dicom.PixelData).Fragments[0].Data[0] = 9
		}
		d.SetItems(iconImages, icon)
		out, err := through(encoded(t, d, dicom.RLELossless), dicom.RLELossless, dicom.ImplicitVRLittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		back, err := dicom.Parse(bytes.NewReader(out), dicom.ImplicitVRLittleEndian, dicom.Options{Keep: -1})
		if err != nil {
			t.Fatal(err)
		}
		if items := back.Items(iconImages); whole != (len(items) == 1) || whole && !bytes.Equal(items[0].Get(dicom.PixelData).Raw, make([]byte, 16)) {
			t.Errorf("readable %v: %d icons", whole, len(items))
		}
		if n := len(back.Get(dicom.PixelData).Raw); n != 2*16*16 {
			t.Errorf("%d bytes of pixels", n)
		}
	}
}

func TestFramesOfSingleBitsFollowEachOther(t *testing.T) {
	t.Parallel()
	p := packer{bits: 5}
	var got []byte
	for _, frame := range []byte{0b10101, 0b11111, 0b00001} { // as "bits from the lowest": 10101 11111 10000
		got = append(got, p.add([]byte{frame | 0xE0})...)
	}
	if got = append(got, p.rest()...); !bytes.Equal(got, []byte{0b11110101, 0b00000111}) {
		t.Errorf("%08b", got)
	}
}

// FuzzTranscode converts whatever parses: no panic, and what is written parses.
func FuzzTranscode(f *testing.F) {
	syntaxes := []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.ExplicitVRBigEndian, dicom.RLELossless, dicom.JPEGBaseline8Bit, dicom.JPEGLosslessSV1}
	for _, name := range testdata.Files(f, "dicom", "*.dcm") {
		if st, err := os.Stat(name); err != nil || st.Size() > 20<<10 {
			continue
		}
		if data, from, ok := dataset(name); ok {
			f.Add(data, uint8(max(0, slices.Index(syntaxes, from))))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		from := syntaxes[int(which)%len(syntaxes)]
		d, _ := dicom.Parse(bytes.NewReader(data), from, dicom.Options{})
		rows, _ := d.Int(dicom.Rows)
		columns, _ := d.Int(dicom.Columns)
		if frames, _ := d.Int(dicom.NumberOfFrames); rows*columns > 1<<20 || frames > 16 {
			t.Skip("right or not, it takes long")
		}
		for _, to := range []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.JPEGLSLossless} {
			out, err := through(data, from, to)
			if err != nil || to == from {
				continue
			}
			if _, err := dicom.Parse(bytes.NewReader(out), to, dicom.Options{}); err != nil {
				t.Fatalf("%s to %s: %v", from.Name(), to.Name(), err)
			}
		}
	})
}
