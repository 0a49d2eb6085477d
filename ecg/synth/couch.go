package synth

import "math"

// addCouch adds what the electrodes add: breathing, a slow drift and a little
// muscle noise, each electrode its own.
func (h *heart) addCouch(eight *[8][]float64) {
	breath := h.between(0.20, 0.30)
	for i := range eight {
		wander, phase := h.between(0.015, 0.045), h.between(0, 2*math.Pi)
		drift, slow := h.between(-0.03, 0.03), 0.0
		muscle := h.between(0.003, 0.006)
		offset := h.between(-0.05, 0.05)
		for s := range eight[i] {
			t := float64(s) / RateHz
			slow += 0.0006 * h.rng.NormFloat64()
			slow *= 0.999
			eight[i][s] += offset + wander*math.Sin(2*math.Pi*breath*t+phase) +
				drift*math.Sin(2*math.Pi*0.05*t+phase) + slow + muscle*h.rng.NormFloat64()
		}
	}
}

// detach takes the electrode of a chest lead off: the amplifier shows a flat
// line with its own noise of a step or two.
func (h *heart) detach(leads [12][]float32, lead int) {
	for s := range leads[lead] {
		leads[lead][s] = float32(math.Round(h.rng.NormFloat64()*0.4) * 2.5)
	}
}

// exchangeArms draws what a cart draws when the left and the right arm
// electrodes are exchanged: I turns over, II and III change places, aVR and
// aVL change places, aVF and the chest leads stay.
func exchangeArms(leads [12][]float32) {
	for s := range leads[0] {
		leads[0][s] = -leads[0][s]
		leads[1][s], leads[2][s] = leads[2][s], leads[1][s]
		leads[3][s], leads[4][s] = leads[4][s], leads[3][s]
	}
}
