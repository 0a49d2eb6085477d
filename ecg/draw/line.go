package draw

import "math"

// Point is a place on the page in mm from its upper left corner.
type Point struct{ X, Y float64 }

// simplified leaves out points of a line that runs to the right, as long as
// the rest stays within tolerance mm of every point left out, measured
// vertically. First and last point stay. The result is new.
func simplified(line []Point, tolerance float64) []Point {
	if len(line) < 3 {
		return append([]Point(nil), line...)
	}
	out := line[:1:1]
	anchor := line[0]
	low, high := math.Inf(-1), math.Inf(1) // slopes that pass all points since
	for i := 1; i < len(line); i++ {
		dx := line[i].X - anchor.X
		slope := (line[i].Y - anchor.Y) / dx
		if slope < low || slope > high {
			anchor = line[i-1]
			out = append(out, anchor)
			dx = line[i].X - anchor.X
			low, high = math.Inf(-1), math.Inf(1)
		}
		low = math.Max(low, (line[i].Y-tolerance-anchor.Y)/dx)
		high = math.Min(high, (line[i].Y+tolerance-anchor.Y)/dx)
	}
	return append(out, line[len(line)-1])
}
