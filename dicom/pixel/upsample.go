package pixel

// upsampled returns the samples of a component at the image's size, shape
// [height][width]. Components halved in width, or in both directions, are
// interpolated as common viewers do; others are repeated.
func (j *jpegDecoder) upsampled(c *component) []uint16 {
	fx, fy := j.hMax/c.h, j.vMax/c.v
	out := make([]uint16, 0, j.width*j.height)
	smooth := c.realW > 2 && fx == 2 && fx*c.h == j.hMax
	wide := make([]uint16, 2*c.realW)
	for y := range j.height {
		switch {
		case smooth && c.v == j.vMax:
			halfWidth(c.row(y), wide)
			out = append(out, wide[:j.width]...)
		case smooth && fy == 2 && fy*c.v == j.vMax:
			near := c.row(y / 2)
			far := c.row(min(max(y/2-1+y%2*2, 0), c.realH-1))
			halfBoth(near, far, wide)
			out = append(out, wide[:j.width]...)
		default:
			row := c.row(y * c.v / j.vMax)
			for x := range j.width {
				out = append(out, row[x*c.h/j.hMax])
			}
		}
	}
	return out
}

// row is row y of the image part of a component.
func (c *component) row(y int) []uint16 { return c.samples[y*c.width : y*c.width+c.realW] }

// halfWidth doubles a row: three parts of the nearer, one of the farther.
func halfWidth(in, out []uint16) {
	last := len(in) - 1
	out[0], out[1] = in[0], uint16((3*uint32(in[0])+uint32(in[1])+2)>>2)
	for i := 1; i < last; i++ {
		v := 3 * uint32(in[i])
		out[2*i] = uint16((v + uint32(in[i-1]) + 1) >> 2)
		out[2*i+1] = uint16((v + uint32(in[i+1]) + 2) >> 2)
	}
	out[2*last], out[2*last+1] = uint16((3*uint32(in[last])+uint32(in[last-1])+1)>>2), in[last]
}

// halfBoth makes one row of twice the width between two rows.
func halfBoth(near, far, out []uint16) {
	last := len(near) - 1
	sum := func(i int) uint32 { return 3*uint32(near[i]) + uint32(far[i]) }
	before, this, next := uint32(0), sum(0), sum(1)
	out[0], out[1] = uint16((this*4+8)>>4), uint16((this*3+next+7)>>4)
	for i := 1; i < last; i++ {
		before, this, next = this, next, sum(i+1)
		out[2*i] = uint16((this*3 + before + 8) >> 4)
		out[2*i+1] = uint16((this*3 + next + 7) >> 4)
	}
	before, this = this, next
	out[2*last], out[2*last+1] = uint16((this*3+before+8)>>4), uint16((this*4+7)>>4)
}
