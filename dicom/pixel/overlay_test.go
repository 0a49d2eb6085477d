package pixel

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func TestOverlaysLieOverTheImage(t *testing.T) {
	t.Parallel()
	d := gray8(2, 4)
	d.SetInts(dicom.OverlayRows, 2)
	d.SetInts(dicom.OverlayColumns, 2)
	d.SetInts(dicom.OverlayOrigin, 1, 3)
	d.SetRaw(dicom.OverlayData, dicom.OW, []byte{0b1001, 0}) // its diagonal
	frame := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	if got := greys(t, d, frame, RenderOptions{}); !slices.Equal(got, []uint8{1, 2, 255, 4, 5, 6, 7, 255}) {
		t.Errorf("a plane at column 3: %v", got)
	}
	if got := greys(t, d, frame, RenderOptions{NoOverlays: true}); !slices.Equal(got, frame) {
		t.Errorf("without overlays: %v", got)
	}
	d.SetInts(dicom.NumberOfFramesInOverlay, 1)
	d.SetInts(overlayFrameOrigin, 2)
	if got := greys(t, d, frame, RenderOptions{Frame: 0}); !slices.Equal(got, frame) {
		t.Errorf("a plane of the second frame shows on the first: %v", got)
	}
	if got := greys(t, d, frame, RenderOptions{Frame: 1}); got[2] != 255 {
		t.Errorf("a plane of the second frame does not show there: %v", got)
	}
	d.SetInts(dicom.OverlayRows, 2000) // more than there are bits
	if got := greys(t, d, frame, RenderOptions{Frame: 1}); !slices.Equal(got, frame) {
		t.Errorf("a plane that is cut short: %v", got)
	}
}

func TestOverlayInUnusedBitsOfSamplesShows(t *testing.T) {
	t.Parallel()
	d := gray16(1, 3)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetFloats(dicom.WindowCenter, 50)
	d.SetFloats(dicom.WindowWidth, 100)
	group := dicom.Tag(0x00020000) // 6002
	d.SetInts(dicom.OverlayRows+group, 1)
	d.SetInts(dicom.OverlayColumns+group, 3)
	d.SetInts(dicom.OverlayBitPosition+group, 13)
	got := greys(t, d, []byte{0, 0x20, 0, 0, 0, 0x10}, RenderOptions{})
	if !slices.Equal(got, []uint8{255, 0, 0}) {
		t.Errorf("%v", got)
	}
}

func TestPaddingStaysBlackAndOutOfTheWindow(t *testing.T) {
	t.Parallel()
	d := gray16(1, 4)
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME1")
	d.SetInts(dicom.PixelPaddingValue, -2000&0xFFFF) // as US, which some write
	frame := []byte{0x30, 0x08, 0, 0, 50, 0, 100, 0} // -2000, 0, 50, 100
	if got := greys(t, d, frame, RenderOptions{}); !slices.Equal(got, []uint8{0, 255, 127, 0}) {
		t.Errorf("%v", got)
	}
	d.SetInts(dicom.PixelPaddingRangeLimit, 0)
	if got := greys(t, d, frame, RenderOptions{}); !slices.Equal(got, []uint8{0, 0, 255, 0}) {
		t.Errorf("a range: %v", got)
	}
}

func TestPixelsThatAreNotSquareCanBeMadeSo(t *testing.T) {
	t.Parallel()
	d := gray8(100, 200)
	frame := make([]byte, 100*200)
	for _, c := range []struct {
		tag                  dicom.Tag
		vertical, horizontal float64
		o                    RenderOptions
		want                 image.Point
	}{
		{dicom.PixelAspectRatio, 2, 1, RenderOptions{SquarePixels: true}, image.Pt(100, 100)},
		{dicom.PixelSpacing, 0.5, 1, RenderOptions{SquarePixels: true}, image.Pt(200, 50)},
		{dicom.PixelSpacing, 0.5, 1, RenderOptions{}, image.Pt(200, 100)},
		{dicom.PixelSpacing, 0.5, 1, RenderOptions{SquarePixels: true, Width: 100}, image.Pt(100, 25)},
		{dicom.PixelSpacing, 1, 1e9, RenderOptions{SquarePixels: true}, image.Pt(200, 100)},
	} {
		d.Delete(dicom.PixelAspectRatio)
		d.SetFloats(c.tag, c.vertical, c.horizontal)
		img, err := Render(d, frame, c.o)
		if err != nil || img.Bounds().Size() != c.want {
			t.Errorf("%+v: %v, %v", c, img.Bounds(), err)
		}
	}
}

func TestPreviewOfJPEG2000LooksLikeTheImage(t *testing.T) {
	t.Parallel()
	if !builtCodecs() {
		t.Skip("codecs are not built in (make build): skipped")
	}
	raw, err := os.ReadFile(filepath.Join(testdata.Dir(t), "dicom/derived/ct-utf8-j2k.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := frames.Read(bytes.NewReader(raw), 0)
	if err != nil {
		t.Fatal(err)
	}
	f, halved, err := decodeFor(file.Dataset, frame, 60)
	if err != nil || halved != 2 || f.Rows != 64 || f.Columns != 64 || int64(len(f.Data)) != f.size() {
		t.Fatalf("256 pixels for 60: halved %d times, %v", halved, err)
	}
	small := greys(t, file.Dataset, frame, RenderOptions{Width: 64})
	whole, err := Decode(file.Dataset, frame)
	if err != nil {
		t.Fatal(err)
	}
	full, err := paint(file.Dataset, whole, RenderOptions{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	img := shrink(full, 64, 1)
	far := 0
	for i, v := range img.(*image.Gray).Pix {
		if d := int(v) - int(small[i]); d > 40 || d < -40 {
			far++
		}
	}
	if far > len(small)/20 {
		t.Errorf("%d of %d pixels differ much", far, len(small))
	}
}
