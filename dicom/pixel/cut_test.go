package pixel

import (
	"image"
	"slices"
	"testing"
)

func TestPartsOfPicturesAreFittedAndMirrored(t *testing.T) {
	t.Parallel()
	img := image.NewGray(image.Rect(0, 0, 4, 3))
	copy(img.Pix, []uint8{
		10, 20, 30, 40,
		50, 60, 70, 80,
		90, 100, 110, 120})
	for _, c := range []struct {
		name   string
		part   image.Rectangle
		size   image.Point
		mx, my bool
		want   []uint8
	}{
		{"as it is", image.Rect(1, 0, 3, 2), image.Pt(2, 2), false, false, []uint8{20, 30, 60, 70}},
		{"left to right", image.Rect(1, 0, 3, 2), image.Pt(2, 2), true, false, []uint8{30, 20, 70, 60}},
		{"top to bottom", image.Rect(1, 0, 3, 2), image.Pt(2, 2), false, true, []uint8{60, 70, 20, 30}},
		{"smaller", image.Rect(0, 0, 4, 2), image.Pt(2, 1), false, false, []uint8{35, 55}},
		{"larger", image.Rect(0, 0, 2, 1), image.Pt(4, 1), false, false, []uint8{10, 13, 18, 20}},
		{"larger both ways", image.Rect(2, 1, 4, 3), image.Pt(2, 4), false, false, []uint8{70, 80, 80, 90, 100, 110, 110, 120}},
		{"one pixel", image.Rect(3, 2, 4, 3), image.Pt(3, 2), true, true, []uint8{120, 120, 120, 120, 120, 120}},
	} {
		got := Cut(img, c.part, c.size, c.mx, c.my)
		if g := got.(*image.Gray); g.Rect.Size() != c.size || !slices.Equal(g.Pix, c.want) {
			t.Errorf("%s: %v of %v, want %v", c.name, g.Pix, g.Rect, c.want)
		}
		rgba := image.NewRGBA(img.Rect)
		for i, v := range img.Pix {
			copy(rgba.Pix[4*i:], []uint8{v, 255 - v, 7, 255})
		}
		colours := Cut(rgba, c.part, c.size, c.mx, c.my).(*image.RGBA)
		for i, v := range c.want {
			if p := colours.Pix[4*i:]; p[0] != v || p[2] != 7 || p[3] != 255 {
				t.Errorf("%s in colour: pixel %d is %v, want red %d", c.name, i, p[:4], v)
			}
		}
	}
}
