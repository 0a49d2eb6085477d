package draw

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestLineLeavesNoPointFartherThanItsTolerance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tolerance := rapid.Float64Range(0.01, 0.5).Draw(t, "tolerance")
		heights := rapid.SliceOfN(rapid.Float64Range(-3, 3), 1, 200).Draw(t, "heights")
		line := make([]Point, len(heights))
		for i, y := range heights {
			line[i] = Point{X: float64(i) * 0.05, Y: y * tolerance}
		}
		short := simplified(line, tolerance)
		if short[0] != line[0] || short[len(short)-1] != line[len(line)-1] {
			t.Fatal("an end is missing")
		}
		k := 0
		for _, p := range line {
			for k+1 < len(short) && short[k+1].X < p.X {
				k++
			}
			y := short[k].Y
			if k+1 < len(short) {
				a, b := short[k], short[k+1]
				y += (b.Y - a.Y) * (p.X - a.X) / (b.X - a.X)
			}
			if math.Abs(y-p.Y) > tolerance*1.000001 {
				t.Fatalf("at %g mm the line is %g mm off, tolerance %g", p.X, math.Abs(y-p.Y), tolerance)
			}
		}
	})
}

func TestStraightLineIsTwoPoints(t *testing.T) {
	t.Parallel()
	line := make([]Point, 500)
	for i := range line {
		line[i] = Point{X: float64(i), Y: 2}
	}
	if n := len(simplified(line, 0.02)); n != 2 {
		t.Errorf("%d points", n)
	}
}
