package synth

import (
	"math"
	"math/rand/v2"
)

// heart is one person on the couch: a list of beats and what disturbs them.
type heart struct {
	rng   *rand.Rand
	beats []beat
	fib   bool // fibrillating atria
	size  float64
	turn  float64 // rotation of the frontal axis, radians
	chest [8]float64
}

// beat is a set of waves around second at of the recording.
type beat struct {
	at    float64
	gain  float64
	waves []wave
}

// heartOf lays out the beats of kind; ok is false for an unknown kind.
func heartOf(kind Kind, seed uint64) (h *heart, ok bool) {
	h = &heart{rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	h.size = h.between(0.85, 1.15)
	h.turn = h.between(-0.20, 0.20)
	for i := range h.chest {
		h.chest[i] = h.between(0.9, 1.1)
	}
	switch kind {
	case Normal, LeadOff, ArmReversal:
		h.sinus(h.between(66, 84), nil, false)
	case SinusBradycardia:
		h.sinus(h.between(42, 52), nil, false)
	case InferiorSTEMI:
		h.sinus(h.between(70, 95), injury, false)
	case PVCs:
		h.sinus(h.between(66, 84), nil, true)
	case AtrialFibrillation:
		h.fibrillate(h.between(80, 115))
	case CompleteAVBlock:
		h.dissociate(75, 34)
	default:
		return nil, false
	}
	return h, true
}

func (h *heart) between(low, high float64) float64 { return low + (high-low)*h.rng.Float64() }

// qtAt is the QT interval in seconds that goes with an RR interval
// (Fridericia, about 395 ms at 60 per minute).
func qtAt(rr float64) float64 { return 0.395 * math.Cbrt(rr) }

// sinus lays out sinus beats at perMinute with respiratory arrhythmia; st adds
// waves between J point and T; ectopics exchanges three beats.
func (h *heart) sinus(perMinute float64, st func(qt float64) []wave, ectopics bool) {
	base := 60 / perMinute
	pr := h.between(0.135, 0.175)
	breath := h.between(0.22, 0.30)
	phase := h.between(0, 2*math.Pi)
	nth, until := 0, Seconds+1
	for t := -h.between(0.2, base); t < until; nth++ {
		rr := base * (1 + 0.025*math.Sin(2*math.Pi*breath*t+phase) + 0.008*h.rng.NormFloat64())
		qt := qtAt(base)
		waves := append(append(atrium(pr), ventricle()...), repolarisation(qt)...)
		if st != nil {
			waves = append(waves, st(qt)...)
		}
		h.beats = append(h.beats, beat{at: t, gain: h.gain(t, breath, phase), waves: waves})
		if ectopics && nth%4 == 2 {
			// Premature, and followed by a compensatory pause: the next sinus
			// beat comes two cycles after the last one.
			h.beats = append(h.beats, beat{at: t + 0.58*rr, gain: 1, waves: wideVentricle(1)})
			t += 2 * rr
			continue
		}
		t += rr
	}
}

// gain is the beat-to-beat change of amplitude by breathing.
func (h *heart) gain(t, breath, phase float64) float64 {
	return 1 + 0.04*math.Sin(2*math.Pi*breath*t+phase+1) + 0.01*h.rng.NormFloat64()
}

// fibrillate lays out narrow beats without P at irregular distances.
func (h *heart) fibrillate(perMinute float64) {
	h.fib = true
	base := 60 / perMinute
	for t := -h.between(0, base); t < Seconds+1; {
		rr := math.Max(0.36, base*math.Exp(0.23*h.rng.NormFloat64()))
		waves := append(ventricle(), repolarisation(qtAt(base))...)
		h.beats = append(h.beats, beat{at: t, gain: h.gain(t, 0.25, 0), waves: waves})
		t += rr
	}
}

// dissociate lets atria and ventricles beat each at their own rate.
func (h *heart) dissociate(atrial, ventricular float64) {
	for t := -h.between(0, 0.8); t < Seconds+1; {
		h.beats = append(h.beats, beat{at: t, gain: 1, waves: atrium(0)})
		t += 60 / atrial * (1 + 0.015*h.rng.NormFloat64())
	}
	sign := 1.0
	if h.rng.IntN(2) == 0 {
		sign = -1
	}
	for t := h.between(0.2, 1.2); t < Seconds+1; {
		h.beats = append(h.beats, beat{at: t, gain: 0.85, waves: wideVentricle(sign)})
		t += 60 / ventricular * (1 + 0.004*h.rng.NormFloat64())
	}
}

// leads draws the heart on twelve leads: [lead][sample] in µV.
func (h *heart) leads() [12][]float32 {
	var eight [8][]float64
	for i := range eight {
		eight[i] = make([]float64, sampleCount)
	}
	proj := projection()
	for _, b := range h.beats {
		for _, w := range b.waves {
			h.add(&eight, proj, b, w)
		}
	}
	if h.fib {
		h.addFibrillation(&eight, proj)
	}
	h.addCouch(&eight)
	twelve := onTwelve(eight)
	var out [12][]float32
	for i, lead := range twelve {
		out[i] = make([]float32, len(lead))
		for s, mv := range lead {
			// A cart stores whole steps; 2.5 µV is a common one.
			out[i][s] = float32(math.Round(mv*1000/2.5) * 2.5)
		}
	}
	return out
}

// add draws one wave of one beat on the eight independent leads.
func (h *heart) add(eight *[8][]float64, proj [8]vector, b beat, w wave) {
	sin, cos := math.Sincos(h.turn)
	d := w.dipole.scaled(b.gain * h.size)
	d.x, d.y = d.x*cos-d.y*sin, d.x*sin+d.y*cos
	from, to := w.span()
	first := max(0, int((b.at+from)*RateHz))
	last := min(sampleCount-1, int((b.at+to)*RateHz))
	for s := first; s <= last; s++ {
		v := w.value(float64(s)/RateHz - b.at)
		for i, p := range proj {
			eight[i][s] += v * h.chest[i] * (p.x*d.x + p.y*d.y + p.z*d.z)
		}
	}
}

// addFibrillation adds f waves of 4–9 Hz, no two of the same length and size.
func (h *heart) addFibrillation(eight *[8][]float64, proj [8]vector) {
	dipole := vector{-0.02, 0.045, -0.055}
	usual := h.between(5.5, 7.5)
	hz, size, phase, wave := usual, 1.0, 0.0, 0
	swing, drift := h.between(0.3, 0.6), h.between(0, 6)
	for s := range sampleCount {
		t := float64(s) / RateHz
		phase += 2 * math.Pi * hz / RateHz
		if n := int(phase / (2 * math.Pi)); n > wave {
			wave = n
			hz = usual * (1 + h.between(-0.3, 0.3))
			size += 0.5 * (h.between(0.5, 1.5) - size)
		}
		v := size * (0.8 + 0.3*math.Sin(2*math.Pi*swing*t+drift)) * (math.Sin(phase) + 0.35*math.Sin(2*phase+1))
		for i, p := range proj {
			eight[i][s] += v * (p.x*dipole.x + p.y*dipole.y + p.z*dipole.z)
		}
	}
}
