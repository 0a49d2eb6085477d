package pixel

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// truth is what other decoders made of a file's pixels.
type truth struct {
	Pixels struct {
		Decoders map[string]struct {
			Unit   string
			N      int
			SHA256 []string
		}
		Preferred string
	}
}

// undecoded are the files whose truth is the hash of the codestreams, since no
// decoder was at hand, and what the samples are: here those of its sibling
// without _deflate.
var undecoded = map[string]string{
	"seg-rt/pydicom-pydicom-data__liver_nonbyte_aligned_deflate.dcm": "63adc0fcf10447f89ab4d8ef1ea116c6700efaf1b5626d3a15f59e7b28b40c18",
}

// source is an open file of the corpus with its frames.
type source struct {
	*dicom.File
	frames *dicom.Frames
	raw    []byte
}

func open(t *testing.T, path string) (*source, bool) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
	if err == nil && file.Syntax.Deflated() {
		if raw, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw[file.DatasetOffset:]))); err == nil {
			raw = append(make([]byte, file.DatasetOffset), raw...) // offsets count inflated bytes
		}
	}
	if err != nil {
		return nil, false
	}
	if ft, err := FormatOf(file.Dataset); err == nil && ft.size() > samplesChecked {
		return nil, false
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil {
		return nil, false
	}
	return &source{file, frames, raw}, true
}

func (s *source) frame(t *testing.T, i int) []byte {
	t.Helper()
	b, err := s.frames.Read(bytes.NewReader(s.raw), i)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hashes are those of the first n frames.
func (s *source) hashes(t *testing.T, n int) (out []string, err error) {
	t.Helper()
	for i := range n {
		f, err := Decode(s.Dataset, s.frame(t, i))
		if err != nil {
			return nil, err
		}
		out = append(out, hash(f.Data))
	}
	return out, nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// joined is the hash of the pixels of one bit of all frames, one after the
// other.
func (s *source) joined(t *testing.T) ([]string, error) {
	t.Helper()
	var all []byte
	bits := 0
	for i := range s.frames.Count() {
		f, err := Decode(s.Dataset, s.frame(t, i))
		if err != nil {
			return nil, err
		}
		for k := range f.pixels() {
			if bits%8 == 0 {
				all = append(all, 0)
			}
			all[bits/8] |= f.Data[k/8] >> (k % 8) & 1 << (bits % 8)
			bits++
		}
	}
	return []string{hash(all)}, nil
}

// samplesChecked leaves out frames so large that the race detector would take
// minutes; smaller ones of the same encodings are there.
const samplesChecked = 3 << 20

// framesChecked bounds how many frames of a long loop are decoded.
const framesChecked = 3

func TestFramesDecodeToTheBitLikeOtherDecoders(t *testing.T) {
	t.Parallel()
	root := filepath.Join(testdata.Dir(t), "dicom")
	checked := map[dicom.TransferSyntax]int{}
	for _, path := range testdata.Files(t, "dicom", "*.dcm") {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(root, "truth", rel+".json"))
		if err != nil {
			continue
		}
		var tr truth
		if err := json.Unmarshal(raw, &tr); err != nil {
			t.Fatal(err)
		}
		want := tr.Pixels.Decoders[tr.Pixels.Preferred]
		if sum, ok := undecoded[filepath.ToSlash(rel)]; ok {
			want.SHA256 = []string{sum}
		}
		src, ok := open(t, path)
		if !ok || want.N == 0 {
			continue
		}
		var got []string
		if want.Unit == "frame" {
			if src.frames.Count() != want.N {
				t.Errorf("%s: %d frames, want %d", rel, src.frames.Count(), want.N)
				continue
			}
			got, err = src.hashes(t, min(want.N, len(want.SHA256), framesChecked))
		} else {
			got, err = src.joined(t)
		}
		if errors.Is(err, ErrUnsupported) && !builtCodecs() {
			continue
		}
		if err != nil || !slices.Equal(got, want.SHA256[:len(got)]) {
			t.Errorf("%s: not what %s makes of it: %v", rel, tr.Pixels.Preferred, err)
		}
		checked[src.Syntax] += len(got)
	}
	least := map[dicom.TransferSyntax]int{dicom.ExplicitVRLittleEndian: 100, dicom.ExplicitVRBigEndian: 4, dicom.RLELossless: 4,
		dicom.JPEGBaseline8Bit: 4, dicom.JPEGExtended12Bit: 4, dicom.JPEGLossless: 4, dicom.JPEGLosslessSV1: 4}
	if builtCodecs() {
		maps.Copy(least, map[dicom.TransferSyntax]int{dicom.JPEGLSLossless: 15, dicom.JPEGLSNearLossless: 8,
			dicom.JPEG2000Lossless: 15, dicom.JPEG2000: 20, dicom.HTJ2KLossless: 1, dicom.HTJ2K: 1})
	}
	for ts, n := range least {
		if checked[ts] < n {
			t.Errorf("only %d frames of %s were compared", checked[ts], ts.Name())
		}
	}
}

func TestEveryDecodableFrameRenders(t *testing.T) {
	t.Parallel()
	rendered := 0
	for _, path := range testdata.Files(t, "dicom", "*.dcm") {
		src, ok := open(t, path)
		if !ok || src.frames.Count() == 0 {
			continue
		}
		i := src.frames.Count() / 2
		img, err := Render(src.Dataset, src.frame(t, i), RenderOptions{Width: 128, Frame: i})
		if err != nil {
			if !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		if b := img.Bounds(); b.Dx() > 128 || b.Dy() > 128 || b.Empty() {
			t.Errorf("%s: %v", path, b)
		}
		rendered++
	}
	if rendered < 250 {
		t.Errorf("only %d files render", rendered)
	}
}

func TestMissingCodecsSaySo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"JPEG 2000", "JPEG-LS", "HTJ2K"} {
		err := codecFault(name, codec.ErrNotBuilt)
		if !errors.Is(err, ErrUnsupported) || err.Error() != name+" codec is not built in: run make build" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// builtCodecs says whether the modules of package codec are there.
func builtCodecs() bool {
	_, err := os.Stat("../codec/files/openjpegwasm_decode.wasm")
	return err == nil
}

func TestCodestreamUnlikeItsDataSetIsRefusedByTag(t *testing.T) {
	t.Parallel()
	ls := []byte{0xFF, 0xD8, 0xFF, 0xF7, 0, 11, 12, 0, 4, 0, 2, 1, 1, 0x11, 0}
	for tag, change := range map[dicom.Tag]func(d *dicom.Dataset){
		dicom.Rows:            func(d *dicom.Dataset) { d.SetInts(dicom.Rows, 5) },
		dicom.Columns:         func(d *dicom.Dataset) { d.SetInts(dicom.Columns, 3) },
		dicom.SamplesPerPixel: func(d *dicom.Dataset) { d.SetInts(dicom.SamplesPerPixel, 3) },
		dicom.BitsAllocated:   func(d *dicom.Dataset) { d.SetInts(dicom.BitsAllocated, 8) },
	} {
		d := gray16(4, 2)
		d.Syntax = dicom.JPEGLSLossless
		change(d)
		d.SetFrames(dicom.PixelData, [][]byte{ls})
		if _, err := Decode(d, ls); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tag.String()) {
			t.Errorf("%s: %v", tag, err)
		}
	}
}
