package pixel

import (
	"image"
	"slices"
)

// Cut takes part out of a picture that Render made and brings it to a size,
// which it fills: averaged where it gets smaller in both directions, else with
// greys and colours between those of the nearest pixels. It may be mirrored
// left to right and top to bottom. part lies within the picture.
func Cut(img image.Image, part image.Rectangle, size image.Point, mirrorX, mirrorY bool) image.Image {
	to := image.Rectangle{Max: size}
	if in, ok := img.(*image.Gray); ok {
		out := image.NewGray(to)
		fit(in.Pix[in.PixOffset(part.Min.X, part.Min.Y):], in.Stride, part.Size(), out.Pix, size, 1)
		mirror(out.Pix, size, 1, mirrorX, mirrorY)
		return out
	}
	in, out := img.(*image.RGBA), image.NewRGBA(to)
	fit(in.Pix[in.PixOffset(part.Min.X, part.Min.Y):], in.Stride, part.Size(), out.Pix, size, 4)
	mirror(out.Pix, size, 4, mirrorX, mirrorY)
	return out
}

// fit fills out, whose rows follow each other.
func fit(in []uint8, stride int, from image.Point, out []uint8, to image.Point, channels int) {
	if to.X <= from.X && to.Y <= from.Y {
		average(in, stride, from.X, from.Y, out, to.X*channels, to.X, to.Y, channels)
		return
	}
	across, down := between(from.X, to.X), between(from.Y, to.Y)
	for _, d := range down {
		upper, lower := in[d.first*stride:], in[d.second*stride:]
		for _, a := range across {
			l, r := a.first*channels, a.second*channels
			for c := range channels {
				u := uint32(upper[l+c])*(256-a.share) + uint32(upper[r+c])*a.share
				v := uint32(lower[l+c])*(256-a.share) + uint32(lower[r+c])*a.share
				out[c] = uint8((u*(256-d.share) + v*d.share + 1<<15) >> 16)
			}
			out = out[channels:]
		}
	}
}

// mix is two neighbours in a row or column, and the share of the second in 256.
type mix struct {
	first, second int
	share         uint32
}

// between says where the middle of each of n new pixels lies among old ones.
func between(old, n int) []mix {
	out := make([]mix, n)
	for i := range out {
		at := max((2*i+1)*old*128/n-128, 0) // in 256ths of an old pixel, from the middle of the first
		first := min(at/256, old-1)
		out[i] = mix{first, min(first+1, old-1), uint32(at % 256)}
	}
	return out
}

// mirror turns rows and columns round.
func mirror(pix []uint8, size image.Point, channels int, x, y bool) {
	stride := size.X * channels
	for row := 0; y && row < size.Y/2; row++ {
		upper, lower := pix[row*stride:][:stride], pix[(size.Y-1-row)*stride:][:stride]
		for i := range upper {
			upper[i], lower[i] = lower[i], upper[i]
		}
	}
	for row := 0; x && row < size.Y; row++ {
		line := pix[row*stride:][:stride]
		slices.Reverse(line)
		for i := 0; i < stride; i += channels {
			slices.Reverse(line[i : i+channels])
		}
	}
}
