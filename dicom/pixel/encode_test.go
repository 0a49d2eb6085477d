package pixel

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
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

// harsh has in each of its 64 blocks what makes one coefficient of the transform
// as large as can be.
func harsh() *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	wave := func(at int) bool { return math.Cos(float64((2*(at%8)+1)*(at/8))*math.Pi/16) > 0 }
	for i := range img.Pix {
		if wave(i%64) == wave(i/64) {
			img.Pix[i] = 255
		}
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
	d, frame := slice()
	noisy, err := Render(d, frame, RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range []*image.Gray{smooth(1, 1), smooth(8, 8), smooth(17, 9), smooth(300, 200), smooth(512, 512), harsh(), noisy.(*image.Gray)} {
		size, most := img.Rect.Size(), 1.023 // 0.1 dB
		if len(img.Pix) < 10_000 {
			most = 1.1 // few coefficients are rounded one way or the other
		}
		for _, quality := range []int{1, 30, 50, 85, 100} {
			var ours, theirs bytes.Buffer
			if err := EncodeJPEG(&ours, img, quality); err != nil {
				t.Fatal(err)
			}
			if err := jpeg.Encode(&theirs, img, &jpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			a, b := distance(t, img, ours.Bytes()), distance(t, img, theirs.Bytes())
			if a > b*most+0.01 {
				t.Errorf("%v at %d: error %.3f, image/jpeg has %.3f", size, quality, a, b)
			}
			if ours.Len() > theirs.Len()*103/100+32 {
				t.Errorf("%v at %d: %d bytes, image/jpeg makes %d", size, quality, ours.Len(), theirs.Len())
			}
		}
	}
}

func TestLibjpegReadsGreyJPEGTheSameWay(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("djpeg"); err != nil {
		t.Skip("djpeg (libjpeg-turbo-progs) is not installed: skipped")
	}
	img := smooth(301, 203)
	var raw bytes.Buffer
	if err := EncodeJPEG(&raw, img, 90); err != nil {
		t.Fatal(err)
	}
	ours, err := jpeg.Decode(bytes.NewReader(raw.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("djpeg", "-pnm")
	cmd.Stdin = &raw
	said, err := cmd.Output()
	head := []byte("P5\n301 203\n255\n")
	if err != nil || !bytes.HasPrefix(said, head) || len(said) != len(head)+len(img.Pix) {
		t.Fatalf("djpeg gives %d bytes: %v", len(said), err)
	}
	for i, v := range said[len(head):] {
		if far := int(v) - int(ours.(*image.Gray).GrayAt(i%301, i/301).Y); far < -2 || far > 2 {
			t.Fatalf("pixel %d differs by %d", i, far)
		}
	}
}

// slice is a CT slice of 512² with noise, in a soft tissue window.
func slice() (*dicom.Dataset, []byte) {
	d, frame := gray16(512, 512), make([]byte, 512*512*2)
	d.SetInts(dicom.BitsStored, 16)
	d.SetInts(dicom.HighBit, 15)
	d.SetFloats(dicom.WindowCenter, 40)
	d.SetFloats(dicom.WindowWidth, 400)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 512 * 512 {
		x, y, v := float64(i%512-256)/220, float64(i/512-256)/180, -1000
		if far := x*x + y*y; far < 1 {
			v = 40 + int(60*(1-far)) + (i/512/8+i%512/8)%8*6
		}
		v += int(r.NormFloat64() * 18)
		binary.LittleEndian.PutUint16(frame[2*i:], uint16(v))
	}
	return d, frame
}

// BenchmarkRenderedSlice is what a rendered CT slice takes without what the hub
// does around it.
func BenchmarkRenderedSlice(b *testing.B) {
	d, frame := slice()
	img, err := Render(d, frame, RenderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("render", func(b *testing.B) {
		for b.Loop() {
			if _, err := Render(d, frame, RenderOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, encode := range map[string]func(io.Writer) error{
		"encode":     func(w io.Writer) error { return EncodeJPEG(w, img, 90) },
		"image_jpeg": func(w io.Writer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 90}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := encode(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
