package pixel

import "image"

// fitted is the size of a picture whose longest side is at most side, of any
// length if side is 0, and whose pixels are aspect times as high as wide. The
// larger direction is made smaller to make pixels square.
func fitted(w, h, side int, aspect float64) (int, int) {
	switch {
	case aspect > 1:
		w = max(1, int(float64(w)/aspect+0.5))
	case aspect < 1:
		h = max(1, int(float64(h)*aspect+0.5))
	}
	if side <= 0 || w <= side && h <= side {
		return w, h
	}
	if w >= h {
		return side, max(1, h*side/w)
	}
	return max(1, w*side/h), side
}

// shrink averages a picture down; one in colour is opaque.
func shrink(img image.Image, side int, aspect float64) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	nw, nh := fitted(w, h, side, aspect)
	if nw == w && nh == h {
		return img
	}
	switch in := img.(type) {
	case *image.Gray:
		out := image.NewGray(image.Rect(0, 0, nw, nh))
		average(in.Pix, in.Stride, w, h, out.Pix, out.Stride, nw, nh, 1)
		return out
	case *image.RGBA:
		out := image.NewRGBA(image.Rect(0, 0, nw, nh))
		average(in.Pix, in.Stride, w, h, out.Pix, out.Stride, nw, nh, 4)
		return out
	}
	return img
}

// average makes each of nw × nh pixels the mean of those it covers.
func average(in []uint8, inStride, w, h int, out []uint8, outStride, nw, nh, channels int) {
	for y := range nh {
		y0, y1 := y*h/nh, max((y+1)*h/nh, y*h/nh+1)
		for x := range nw {
			x0, x1 := x*w/nw, max((x+1)*w/nw, x*w/nw+1)
			n := (y1 - y0) * (x1 - x0)
			for c := range channels {
				sum := n / 2
				for sy := y0; sy < y1; sy++ {
					row := in[sy*inStride:]
					for sx := x0; sx < x1; sx++ {
						sum += int(row[sx*channels+c])
					}
				}
				out[y*outStride+x*channels+c] = uint8(sum / n)
			}
		}
	}
}
