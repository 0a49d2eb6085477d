package pixel

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// gray8 is an image of one sample of 8 bits.
func gray8(rows, columns int64) *dicom.Dataset {
	d := dicom.New()
	d.SetInts(dicom.Rows, rows)
	d.SetInts(dicom.Columns, columns)
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetInts(dicom.BitsAllocated, 8)
	d.SetInts(dicom.BitsStored, 8)
	d.SetInts(dicom.HighBit, 7)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	return d
}

// gray16 is an image of one signed sample in 16 bits.
func gray16(rows, columns int64) *dicom.Dataset {
	d := gray8(rows, columns)
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetInts(dicom.BitsStored, 12)
	d.SetInts(dicom.HighBit, 11)
	d.SetInts(dicom.PixelRepresentation, 1)
	return d
}

func greys(t *testing.T, d *dicom.Dataset, frame []byte, o RenderOptions) []uint8 {
	t.Helper()
	img, err := Render(d, frame, o)
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.Gray).Pix
}

func TestPicturesBeyondTheLimitAreNotBegun(t *testing.T) {
	t.Parallel()
	d := gray16(16_000, 16_000)
	if _, err := Render(d, nil, RenderOptions{Width: 128}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("512 MB of samples: %v, want ErrUnsupported before the frame is looked at", err)
	}
	d.SetInts(dicom.Columns, 4_000)
	if _, err := Render(d, nil, RenderOptions{Width: 128}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("128 MB of samples, none of them there: %v, want ErrCorrupt", err)
	}
}

func TestDecodedSamplesOutliveTheirFrame(t *testing.T) {
	t.Parallel()
	frame := []byte{1, 2, 3, 4}
	f, err := Decode(gray8(2, 2), frame)
	if err != nil {
		t.Fatal(err)
	}
	if clear(frame); !slices.Equal(f.Data, []byte{1, 2, 3, 4}) {
		t.Errorf("they become %v when the frame's bytes are used anew", f.Data)
	}
}

func TestWindowFollowsTheStandard(t *testing.T) {
	t.Parallel()
	// PS3.3 C.11.2.1.2: c 2048, w 4096 maps 0 to 4095; here on the values of a
	// CT in hounsfield units, stored with an offset of 1024.
	d := gray16(1, 5)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetFloats(dicom.RescaleIntercept, -1024)
	d.SetFloats(dicom.RescaleSlope, 1)
	d.SetFloats(dicom.WindowCenter, 40)
	d.SetFloats(dicom.WindowWidth, 400)
	frame := []byte{0, 0, 0x68, 0x03, 0x28, 0x04, 0xF0, 0x04, 0xFF, 0x0F} // -1024, -152, 40, 240, 3071
	if got := greys(t, d, frame, RenderOptions{}); !slices.Equal(got, []uint8{0, 5, 128, 255, 255}) {
		t.Errorf("soft tissue: %v", got)
	}
	if got := greys(t, d, frame, RenderOptions{WindowCenter: -600, WindowWidth: 1500}); got[1] < 195 || got[1] > 210 {
		t.Errorf("lung: %v", got)
	}
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME1")
	if got := greys(t, d, frame, RenderOptions{}); !slices.Equal(got, []uint8{255, 250, 127, 0, 0}) {
		t.Errorf("inverted: %v", got)
	}
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	d.SetText(dicom.VOILUTFunction, "SIGMOID")
	if got := greys(t, d, frame, RenderOptions{}); got[2] != 128 || got[0] != 0 || got[3] < 220 || got[3] > 230 {
		t.Errorf("sigmoid: %v", got)
	}
}

func TestSignedValuesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	d := gray16(1, 4)
	frame := []byte{0x00, 0x08, 0xFF, 0x0F, 0x00, 0x00, 0xFF, 0x07} // -2048, -1, 0, 2047
	got := greys(t, d, frame, RenderOptions{})
	if got[0] != 0 || got[3] != 255 || got[1] > got[2] || got[1] < 120 {
		t.Errorf("%v", got)
	}
}

func TestBitsAboveTheStoredOnesDoNotShow(t *testing.T) {
	t.Parallel()
	d := gray16(1, 2)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetFloats(dicom.WindowCenter, 50)
	d.SetFloats(dicom.WindowWidth, 100)
	got := greys(t, d, []byte{50, 0xF0, 50, 0x00}, RenderOptions{}) // an overlay in bits 12 to 15
	if got[0] != got[1] {
		t.Errorf("%v", got)
	}
}

func TestLookupTablesApply(t *testing.T) {
	t.Parallel()
	d := gray8(1, 4)
	lut := dicom.New()
	lut.SetInts(dicom.LUTDescriptor, 3, 1, 8)
	lut.SetRaw(dicom.LUTData, dicom.OW, []byte{10, 0, 20, 0, 255, 0})
	d.SetItems(dicom.VOILUTSequence, lut)
	if got := greys(t, d, []byte{0, 1, 2, 200}, RenderOptions{}); !slices.Equal(got, []uint8{10, 10, 20, 255}) {
		t.Errorf("VOI LUT: %v", got)
	}
	p := gray8(1, 3)
	p.SetText(dicom.PhotometricInterpretation, "PALETTE COLOR")
	for i, tag := range []dicom.Tag{dicom.RedPaletteColorLookupTableDescriptor, dicom.GreenPaletteColorLookupTableDescriptor, dicom.BluePaletteColorLookupTableDescriptor} {
		p.SetInts(tag, 4, 0, 16)
		data := []dicom.Tag{dicom.SegmentedRedPaletteColorLookupTableData, dicom.SegmentedGreenPaletteColorLookupTableData, dicom.SegmentedBluePaletteColorLookupTableData}[i]
		// one entry of 0, then a line of three entries up to 0xFFFF
		p.SetRaw(data, dicom.OW, []byte{0, 0, 1, 0, 0, 0, 1, 0, 3, 0, 0xFF, 0xFF})
	}
	img, err := Render(p, []byte{0, 1, 3}, RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := img.(*image.RGBA).Pix; !slices.Equal(got, []uint8{0, 0, 0, 255, 85, 85, 85, 255, 255, 255, 255, 255}) {
		t.Errorf("segmented palette: %v", got)
	}
}

func TestColoursOfEverySpaceAgree(t *testing.T) {
	t.Parallel()
	d := gray8(1, 2)
	d.SetInts(dicom.SamplesPerPixel, 3)
	for name, c := range map[string]struct {
		frame  []byte
		planar int64
	}{
		"RGB":          {[]byte{255, 0, 0, 255, 0, 0}, 0},
		"RGB planes":   {[]byte{255, 255, 0, 0, 0, 0}, 1},
		"YBR_FULL":     {[]byte{76, 85, 255, 76, 85, 255}, 0},
		"YBR_FULL_422": {[]byte{76, 76, 85, 255}, 0},
	} {
		d.SetText(dicom.PhotometricInterpretation, name[:len(name)-len(" planes")*int(c.planar)])
		d.SetInts(dicom.PlanarConfiguration, c.planar)
		img, err := Render(d, c.frame, RenderOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for x := range 2 {
			p := img.(*image.RGBA).RGBAAt(x, 0)
			if p.R < 250 || p.G > 5 || p.B > 5 {
				t.Errorf("%s: pixel %d is %v, want red", name, x, p)
			}
		}
	}
}

func TestPicturesOfSeveralSizesKeepTheirSides(t *testing.T) {
	t.Parallel()
	d := gray8(100, 400)
	frame := bytes.Repeat([]byte{0, 200}, 20000)
	widths := []int{128, 512, 0}
	pictures, err := Renders(d, frame, RenderOptions{}, widths...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []image.Point{{128, 32}, {400, 100}, {400, 100}} {
		if got := pictures[i].Bounds().Size(); got != want {
			t.Errorf("%d: %v, want %v", widths[i], got, want)
		}
	}
	small := greys(t, d, frame, RenderOptions{Width: 100})
	if v := small[len(small)/2]; v != 100 {
		t.Errorf("stripes of 0 and 200 average to %d", v)
	}
}

func TestFramesThatAreTooShortAreCorrupt(t *testing.T) {
	t.Parallel()
	for _, photometric := range []string{"MONOCHROME2", "PALETTE COLOR", "RGB"} {
		d := gray8(10, 10)
		d.SetText(dicom.PhotometricInterpretation, photometric)
		if _, err := Render(d, make([]byte, 99), RenderOptions{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", photometric, err)
		}
	}
	d := gray8(65535, 65535)
	if _, err := Render(d, nil, RenderOptions{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("4 gigapixels: %v", err)
	}
}
