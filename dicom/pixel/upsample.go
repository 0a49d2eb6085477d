package pixel

// emitRow gives row y of a component to the frame. Components halved in width,
// or in both directions, are interpolated as common viewers do; others are
// repeated.
func (j *jpegDecoder) emitRow(c *component, y int, row []uint16) {
	smooth := c.realW > 2 && 2*c.h == j.hMax
	switch {
	case c.h == j.hMax && c.v == j.vMax:
		j.put(c, y, row)
	case smooth && c.v == j.vMax:
		halfWidth(row, c.wide)
		j.put(c, y, c.wide)
	case smooth && 2*c.v == j.vMax:
		if y == 0 {
			copy(c.above, row)
		}
		halfBoth(c.above, row, c.wide)
		j.put(c, 2*y-1, c.wide)
		halfBoth(row, c.above, c.wide)
		j.put(c, 2*y, c.wide)
		if y == c.realH-1 {
			halfBoth(row, row, c.wide)
			j.put(c, 2*y+1, c.wide)
		}
		copy(c.above, row)
	default:
		for x := range j.width {
			c.wide[x] = row[x*c.h/j.hMax]
		}
		for at := ceilDiv(y*j.vMax, c.v); at*c.v/j.vMax == y; at++ {
			j.put(c, at, c.wide)
		}
	}
}

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
