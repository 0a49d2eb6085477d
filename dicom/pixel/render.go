package pixel

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// MaxRendered is how many bytes the samples of a frame may take that is drawn.
// With them in memory are the stored frame, what a codec needs, which is six
// times as much at most, and the picture.
const MaxRendered = 128 << 20

// RenderOptions say how a frame becomes a picture.
type RenderOptions struct {
	// Width is the longest side of the picture in pixels; larger images are
	// averaged down to it. 0 keeps the image's size.
	Width int
	// WindowCenter and WindowWidth replace the object's own window, in the
	// units of its modality LUT, if WindowWidth is above 0.
	WindowCenter, WindowWidth float64
	// Frame counts from 0 and picks the attributes of that frame in multi-frame
	// functional groups.
	Frame int
	// NoOverlays leaves out what lies over the image: lines and letters of
	// overlay planes.
	NoOverlays bool
	// SquarePixels stretches an image whose pixels are not square, so that
	// circles are round.
	SquarePixels bool
}

// Drawable says whether frames of d's size are drawn, before one is read: nil,
// ErrUnsupported or ErrCorrupt.
func Drawable(d *dicom.Dataset) error {
	f, err := FormatOf(d)
	if err == nil && f.size() > MaxRendered {
		return unknown(fmt.Sprintf("a picture of %d rows and %d columns", f.Rows, f.Columns))
	}
	return err
}

// Render decodes one frame of d's pixel data and applies modality LUT, VOI LUT
// or window, palette or colour space, and overlays: an *image.Gray or an
// *image.RGBA. A JPEG 2000 image is decoded no larger than needed. Errors are
// ErrUnsupported or ErrCorrupt.
func Render(d *dicom.Dataset, frame []byte, o RenderOptions) (image.Image, error) {
	out, err := Renders(d, frame, o, o.Width)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Renders is Render for pictures of several sizes, which stand for o.Width:
// the frame is decoded and drawn once.
func Renders(d *dicom.Dataset, frame []byte, o RenderOptions, widths ...int) ([]image.Image, error) {
	if err := Drawable(d); err != nil {
		return nil, err
	}
	most := slices.Max(widths)
	if slices.Contains(widths, 0) {
		most = 0
	}
	aspect := 1.0
	if o.SquarePixels {
		aspect = aspectOf(d, o.Frame)
	}
	f, halved, err := decodeFor(d, frame, int(float64(most)*max(aspect, 1/aspect)))
	if err != nil {
		return nil, err
	}
	img, err := paint(d, f, o, halved)
	if err != nil {
		return nil, err
	}
	out := make([]image.Image, len(widths))
	for i, w := range widths {
		out[i] = shrink(img, w, aspect)
	}
	return out, nil
}

// paint draws a frame that was halved so many times, pixel for pixel.
func paint(d *dicom.Dataset, f *Frame, o RenderOptions, halved int) (img draw.Image, err error) {
	switch {
	case f.Samples == 1 && f.Photometric == "PALETTE COLOR":
		var p *palette
		if p, err = newPalette(d, f); err == nil {
			img = p.paint(f)
		}
	case f.Samples == 1:
		img = gray(d, f, o)
	case f.Samples == 3 && !f.Float && f.Allocated <= 16:
		img, err = colour(f)
	default:
		err = unknown(f.Photometric + " picture")
	}
	if err == nil && !o.NoOverlays {
		paintOverlays(d, f, img, o.Frame, halved)
	}
	return img, err
}

// mostAspect is the most that pixels are stretched; files that say more lie.
const mostAspect = 10

// aspectOf is how much higher than wide a pixel is, PS3.3 sections C.7.6.3.1.7
// and 10.7.1.
func aspectOf(d *dicom.Dataset, frame int) float64 {
	from := d
	if group := functional(d, frame, dicom.PixelMeasuresSequence); group != nil {
		from = group
	}
	for _, t := range []dicom.Tag{dicom.PixelAspectRatio, dicom.PixelSpacing, dicom.ImagerPixelSpacing} {
		if v := from.Floats(t); len(v) == 2 && v[0] > 0 && v[1] > 0 {
			if a := v[0] / v[1]; a < mostAspect && a > 1.0/mostAspect {
				return a
			}
		}
	}
	return 1
}

// colour converts three samples per pixel to RGB.
func colour(f *Frame) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, f.Columns, f.Rows))
	if f.Photometric == "YBR_FULL_422" && len(f.Data) == f.pixels()*2 {
		paint422(img, f.Data)
		return img, nil
	}
	if int64(len(f.Data)) < f.size() {
		return nil, corrupt("%d bytes of samples, %d are needed", len(f.Data), f.size())
	}
	ybr := f.Photometric == "YBR_FULL" || f.Photometric == "YBR_FULL_422"
	partial := f.Photometric == "YBR_PARTIAL_422" || f.Photometric == "YBR_PARTIAL_420"
	for i := range f.pixels() {
		a, b, c := f.byteAt(3*i), f.byteAt(3*i+1), f.byteAt(3*i+2)
		switch {
		case ybr:
			a, b, c = color.YCbCrToRGB(a, b, c)
		case partial:
			a, b, c = color.YCbCrToRGB(fullRange(a, 219, 16), fullRange(b, 224, 16), fullRange(c, 224, 16))
		}
		p := img.Pix[4*i : 4*i+4]
		p[0], p[1], p[2], p[3] = a, b, c, 255
	}
	return img, nil
}

// byteAt is the high 8 of the stored bits of one sample.
func (f *Frame) byteAt(i int) uint8 {
	if f.Allocated == 8 {
		return f.Data[i]
	}
	v := uint(f.Data[2*i]) | uint(f.Data[2*i+1])<<8
	if f.Stored >= 8 {
		return uint8(v >> (f.HighBit - 7))
	}
	return uint8(v << (8 - f.Stored))
}

// fullRange stretches a video level to 0 to 255.
func fullRange(v uint8, span, from int) uint8 {
	return uint8(min(max((int(v)-from)*255/span, 0), 255))
}

// paint422 paints native YBR_FULL_422: Y1 Y2 Cb Cr for each two pixels.
func paint422(img *image.RGBA, data []byte) {
	for i := 0; i+4 <= len(data); i += 4 {
		for k := range 2 {
			r, g, b := color.YCbCrToRGB(data[i+k], data[i+2], data[i+3])
			p := img.Pix[2*i+4*k : 2*i+4*k+4]
			p[0], p[1], p[2], p[3] = r, g, b, 255
		}
	}
}
