package api

import (
	"bytes"
	"context"
	"errors"
	stdimage "image"
	"runtime"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// Not parallel: it counts what the whole program allocates.
func TestALargeViewportTakesTheMemoryOfItsPixels(t *testing.T) {
	w := wish{width: maxSide, height: maxArea / maxSide, region: region{0, 0, 64, 32}}
	for name, c := range map[string]struct {
		img  stdimage.Image
		most uint64 // bytes a pixel
	}{
		"grey":   {stdimage.NewGray(stdimage.Rect(0, 0, 64, 64)), 1},
		"colour": {stdimage.NewRGBA(stdimage.Rect(0, 0, 64, 64)), 4},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		img, err := w.cut(c.img)
		if err != nil || img.Bounds().Dx()*img.Bounds().Dy() != maxArea {
			t.Fatalf("%s: %v, %v", name, img.Bounds(), err)
		}
		var b bytes.Buffer
		if err := pixel.EncodeJPEG(&b, img, renderQuality); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if took, most := after.TotalAlloc-before.TotalAlloc, c.most*maxArea+24<<20; took > most {
			t.Errorf("%s: %d MB were allocated, want %d at most", name, took>>20, most>>20)
		}
	}
}

func TestPicturesAreMadeTwoAtATime(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	ctx, stop := context.WithCancel(t.Context())
	var last func()
	for range 2 {
		release, err := h.s.Settled.Place(ctx)
		must(t, err)
		last = release
	}
	stop()
	if _, err := h.s.Settled.Place(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a third picture is begun: %v", err)
	}
	last()
	if _, err := h.s.Settled.Place(t.Context()); err != nil {
		t.Errorf("a place that was given back is not free: %v", err)
	}
}
