package pixel

import "image"

// fitted is the size of a picture whose longest side is at most side; the
// picture's own if side is 0 or larger.
func fitted(w, h, side int) (int, int) {
	if side <= 0 || w <= side && h <= side {
		return w, h
	}
	if w >= h {
		return side, max(1, h*side/w)
	}
	return max(1, w*side/h), side
}

// shrinkGray averages a picture down.
func shrinkGray(img *image.Gray, side int) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	nw, nh := fitted(w, h, side)
	if nw == w && nh == h {
		return img
	}
	out := image.NewGray(image.Rect(0, 0, nw, nh))
	average(img.Pix, img.Stride, w, h, out.Pix, out.Stride, nw, nh, 1)
	return out
}

// shrinkRGBA averages an opaque picture down.
func shrinkRGBA(img *image.RGBA, side int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	nw, nh := fitted(w, h, side)
	if nw == w && nh == h {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, nw, nh))
	average(img.Pix, img.Stride, w, h, out.Pix, out.Stride, nw, nh, 4)
	return out
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
