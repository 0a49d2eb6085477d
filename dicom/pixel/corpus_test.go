package pixel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
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

// differs lists the files whose frames are not as the truth has them, and why.
var differs = map[string]string{
	"other/pydicom-pydicom__SC_rgb_small_odd_big_endian.dcm":                                                        "bytes in words of which the frame's last is cut in half",
	"compressed/cornerstonejs-cornerstone3D__CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm":   "progressive JPEG of 12 bits",
	"compressed/cornerstonejs-cornerstone3D__CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm": "progressive JPEG of 12 bits",
	"malformed/fo-dicom-fo-dicom__GH340.dcm":                                                                        "12 bits allocated (ACR-NEMA)",
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
	if err != nil || file.Syntax.Deflated() {
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

// samplesChecked leaves out frames so large that the race detector would take
// minutes; smaller ones of the same encodings are there.
const samplesChecked = 3 << 20

// framesChecked bounds how many frames of a long loop are decoded.
const framesChecked = 2

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
		src, ok := open(t, path)
		rel = filepath.ToSlash(rel)
		if !ok || want.Unit != "frame" {
			continue
		}
		if src.frames.Count() != want.N {
			t.Errorf("%s: %d frames, want %d", rel, src.frames.Count(), want.N)
			continue
		}
		wrong := false
		for i := range min(want.N, framesChecked) {
			f, err := Decode(src.Dataset, src.frame(t, i))
			if errors.Is(err, ErrUnsupported) && !builtCodecs() {
				break
			}
			got := ""
			if err == nil {
				sum := sha256.Sum256(f.Data)
				got = hex.EncodeToString(sum[:])
			}
			if wrong = wrong || got != want.SHA256[i]; wrong && differs[rel] == "" {
				t.Errorf("%s: frame %d is not what %s makes of it: %v", rel, i, tr.Pixels.Preferred, err)
				break
			}
			checked[src.Syntax]++
		}
		if !wrong && differs[rel] != "" && checked[src.Syntax] > 0 {
			t.Errorf("%s agrees now: take it off the list", rel)
		}
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
