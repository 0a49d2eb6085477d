package measure

import "math"

const (
	humFloorUV = 8.0   // amplitude from which mains are taken out
	humSeconds = 0.400 // over which their size and phase are taken as steady
	humQuiet   = 3.0   // of the usual restlessness: QRS is larger and does not count
)

// withoutHum takes a steady oscillation at hz out of x, in place: in each
// stretch the one that fits best between the beats. smooth and rest are scratch
// as long as x.
func withoutHum(x []float64, hz, rate float64, smooth, rest []float64) {
	width := span(humSeconds, rate)
	if len(x) < 2*width {
		return
	}
	movingMean(smooth, x, span(1/hz, rate))
	for i := range x {
		rest[i] = x[i] - smooth[i]
	}
	limit := humQuiet * usualSize(rest)
	type wave struct{ cos, sin float64 }
	turn := 2 * math.Pi * hz / rate
	fits := make([]wave, len(x)/width)
	for w := range fits {
		var cc, ss, cs, xc, xs float64
		for i := w * width; i < (w+1)*width; i++ {
			if math.Abs(rest[i]) > limit {
				continue
			}
			sin, cos := math.Sincos(turn * float64(i))
			cc, ss, cs = cc+cos*cos, ss+sin*sin, cs+sin*cos
			xc, xs = xc+rest[i]*cos, xs+rest[i]*sin
		}
		if det := cc*ss - cs*cs; det > float64(width) {
			fits[w] = wave{(xc*ss - xs*cs) / det, (xs*cc - xc*cs) / det}
		} else if w > 0 {
			fits[w] = fits[w-1]
		}
	}
	for i := range x {
		// Between the middles of two stretches the one goes over into the other.
		at := (float64(i)+0.5)/float64(width) - 0.5
		w := min(max(int(math.Floor(at)), 0), len(fits)-1)
		next := min(w+1, len(fits)-1)
		share := math.Min(math.Max(at-float64(w), 0), 1)
		sin, cos := math.Sincos(turn * float64(i))
		x[i] -= (fits[w].cos*(1-share)+fits[next].cos*share)*cos + (fits[w].sin*(1-share)+fits[next].sin*share)*sin
	}
}

// usualSize is the median of the absolute values, to a µV.
func usualSize(x []float64) float64 {
	var histogram [4096]int // sorting would cost more than all else
	for _, v := range x {
		histogram[min(int(math.Abs(v)), len(histogram)-1)]++
	}
	below := 0
	for uv, count := range histogram {
		if below += count; 2*below >= len(x) {
			return float64(uv) + 0.5
		}
	}
	return 0
}
