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
		p := phasorAt(turn, w*width)
		for _, v := range rest[w*width : (w+1)*width] {
			if v <= limit && v >= -limit {
				cc, ss, cs = cc+p.cos*p.cos, ss+p.sin*p.sin, cs+p.sin*p.cos
				xc, xs = xc+v*p.cos, xs+v*p.sin
			}
			p.next()
		}
		if det := cc*ss - cs*cs; det > float64(width) {
			fits[w] = wave{(xc*ss - xs*cs) / det, (xs*cc - xc*cs) / det}
		} else if w > 0 {
			fits[w] = fits[w-1]
		}
	}
	// Between the middles of two stretches the one goes over into the other.
	for from, to := 0, width/2; from < len(x); from, to = to, to+width {
		w := min(max((from-width/2)/width, 0), len(fits)-1)
		first, last := fits[w], fits[min(w+1, len(fits)-1)]
		if from == 0 {
			last = first
		}
		p := phasorAt(turn, from)
		for i := range x[from:min(to, len(x))] {
			share := (float64(i) + 0.5) / float64(width)
			x[from+i] -= (first.cos+(last.cos-first.cos)*share)*p.cos + (first.sin+(last.sin-first.sin)*share)*p.sin
			p.next()
		}
	}
}

// phasor is an oscillation sample by sample; it is turned, which costs a
// fraction of a sine, and set anew for each stretch, so that errors do not add up.
type phasor struct{ cos, sin, stepCos, stepSin float64 }

// phasorAt is the oscillation that turns by turn radians a sample, at sample i.
func phasorAt(turn float64, i int) phasor {
	var p phasor
	p.sin, p.cos = math.Sincos(turn * float64(i))
	p.stepSin, p.stepCos = math.Sincos(turn)
	return p
}

func (p *phasor) next() {
	p.cos, p.sin = p.cos*p.stepCos-p.sin*p.stepSin, p.sin*p.stepCos+p.cos*p.stepSin
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
