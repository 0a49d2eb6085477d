package synth

import "math"

// vector is a dipole in mV: x to the left, y to the feet, z to the back.
type vector struct{ x, y, z float64 }

func (v vector) scaled(f float64) vector { return vector{v.x * f, v.y * f, v.z * f} }

// wave is one dipole: its peak at second at after the R peak, its widths (one
// standard deviation before and after the peak) in seconds.
type wave struct {
	at         float64
	hold       float64 // seconds that the peak is held: an ST segment
	rise, fall float64
	dipole     vector
}

// reach is how many widths a wave is drawn to; beyond it is < 0.1 µV.
const reach = 4.5

// value is the share of the peak at t seconds after the R peak.
func (w wave) value(t float64) float64 {
	d, width := t-w.at, w.rise
	if d > 0 {
		d, width = math.Max(0, d-w.hold), w.fall
	}
	return math.Exp(-0.5 * d * d / (width * width))
}

// span is where the wave differs from zero, in seconds from the R peak.
func (w wave) span() (from, to float64) {
	return w.at - reach*w.rise, w.at + w.hold + reach*w.fall
}

// atrium is the P wave of a heart whose PR interval is pr seconds.
func atrium(pr float64) []wave {
	onset := -pr - qrsLead
	return []wave{
		{at: onset + 0.042, rise: 0.018, fall: 0.020, dipole: vector{0.060, 0.060, -0.030}},
		{at: onset + 0.072, rise: 0.020, fall: 0.019, dipole: vector{0.085, 0.048, 0.025}},
	}
}

// qrsLead is how long before the R peak the narrow QRS begins, in seconds.
const qrsLead = 0.036

// ventricle is a narrow QRS: septum, free wall, base.
func ventricle() []wave {
	return []wave{
		{at: -0.020, rise: 0.0065, fall: 0.0065, dipole: vector{-0.14, -0.06, -0.20}},
		{at: 0, rise: 0.0105, fall: 0.0100, dipole: vector{1.10, 0.75, 0.25}},
		{at: 0.021, rise: 0.0090, fall: 0.0085, dipole: vector{-0.12, -0.12, 0.45}},
	}
}

// repolarisation is a T wave that ends qt seconds after the onset of QRS.
func repolarisation(qt float64) []wave {
	const rise, fall = 0.052, 0.034
	end := qt - qrsLead
	return []wave{{at: end - 2.4*fall, rise: rise, fall: fall, dipole: vector{0.30, 0.18, -0.12}}}
}

// wideVentricle is a beat born in the ventricles: QRS of about 150 ms and a T
// wave against it. sign turns it to the left (1) or to the right (-1).
func wideVentricle(sign float64) []wave {
	return []wave{
		{at: -0.020, rise: 0.014, fall: 0.018, dipole: vector{0.50 * sign, -0.60, 0.55 * sign}},
		{at: 0.012, rise: 0.016, fall: 0.016, dipole: vector{0.70 * sign, -1.00, 0.50 * sign}},
		{at: 0.050, rise: 0.018, fall: 0.015, dipole: vector{0.65 * sign, -0.55, 0.60 * sign}},
		{at: 0.270, rise: 0.062, fall: 0.048, dipole: vector{-0.36 * sign, 0.44, -0.30 * sign}},
	}
}

// injury is an ST segment that points at the inferior wall.
func injury(qt float64) []wave {
	const begin = 0.055
	return []wave{{
		at: begin, hold: qt - qrsLead - 0.150 - begin, rise: 0.013, fall: 0.050,
		dipole: vector{-0.02, 0.27, 0.03},
	}}
}

// projection gives the leads I, II, V1–V6 in mV per mV of dipole (x, y, z).
//
// Source: Dower GE, Machado HB, Osborne JA. On deriving the electrocardiogram
// from vectorcardiographic leads. Clin Cardiol 1980;3:87–95.
func projection() [8]vector {
	return [8]vector{
		{0.632, -0.235, 0.059}, // I
		{0.235, 1.066, -0.132}, // II
		{-0.515, 0.157, -0.917},
		{0.044, 0.164, -1.387},
		{0.882, 0.098, -1.277},
		{1.213, 0.127, -0.601},
		{1.125, 0.127, -0.086},
		{0.831, 0.076, 0.230},
	}
}

// onTwelve fills III and the augmented leads from I and II, and copies the
// chest leads: [8][sample] to [12][sample], in mV.
func onTwelve(eight [8][]float64) [12][]float64 {
	n := len(eight[0])
	var out [12][]float64
	for i := range out {
		out[i] = make([]float64, n)
	}
	for s := range n {
		one, two := eight[0][s], eight[1][s]
		out[0][s], out[1][s], out[2][s] = one, two, two-one
		out[3][s], out[4][s], out[5][s] = -(one+two)/2, one-two/2, two-one/2
		for v := range 6 {
			out[6+v][s] = eight[2+v][s]
		}
	}
	return out
}
