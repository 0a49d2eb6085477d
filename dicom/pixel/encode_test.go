package pixel

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// smooth is a picture with gradients, edges and noise.
func smooth(w, h int) *image.Gray {
	img, r := image.NewGray(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(3, 4))
	for i := range img.Pix {
		x, y := i%w, i/w
		img.Pix[i] = uint8(min(x*200/w+y/8%2*40+r.IntN(16), 255))
	}
	return img
}

// distance is the mean square of the differences of two pictures.
func distance(t *testing.T, want *image.Gray, raw []byte) float64 {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := img.(*image.Gray)
	if !ok || got.Rect != want.Rect {
		t.Fatalf("%T of %v, want %v", img, img.Bounds(), want.Rect)
	}
	sum := 0.0
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			d := float64(want.GrayAt(x, y).Y) - float64(got.GrayAt(x, y).Y)
			sum += d * d
		}
	}
	return sum / float64(len(want.Pix))
}

func TestGreyJPEGIsAsGoodAndAsSmallAsImageJPEG(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 1}, {8, 8}, {17, 9}, {300, 200}, {512, 512}} {
		img := smooth(size.X, size.Y)
		for _, quality := range []int{1, 30, 50, 85, 100} {
			var ours, theirs bytes.Buffer
			if err := EncodeJPEG(&ours, img, quality); err != nil {
				t.Fatal(err)
			}
			if err := jpeg.Encode(&theirs, img, &jpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			a, b := distance(t, img, ours.Bytes()), distance(t, img, theirs.Bytes())
			if a > b*1.05+0.5 {
				t.Errorf("%v at %d: error %.2f, image/jpeg has %.2f", size, quality, a, b)
			}
			if ours.Len() > theirs.Len()*21/20+32 {
				t.Errorf("%v at %d: %d bytes, image/jpeg makes %d", size, quality, ours.Len(), theirs.Len())
			}
		}
	}
}

func BenchmarkEncodeGreyJPEG(b *testing.B) {
	img := smooth(512, 512)
	for name, encode := range map[string]func() error{
		"ours":       func() error { return EncodeJPEG(&bytes.Buffer{}, img, 85) },
		"image_jpeg": func() error { return jpeg.Encode(&bytes.Buffer{}, img, &jpeg.Options{Quality: 85}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := encode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
