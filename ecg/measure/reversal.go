package measure

import "math"

const (
	limbQuietUV = 100 // µV peak to peak of a limb lead between two electrodes at one potential
	limbLoudUV  = 300 // of the other limb leads then
	opposite    = -0.55
)

// reversal looks for limb electrodes at the wrong limb. The rules are strict:
// a true dextrocardia or an ectopic atrial rhythm must not read as one. quiet
// is the lead that a leg electrode on an arm has silenced, "" if none.
func reversal(m *medianBeat, b bounds, names []string, signs []leadSigns) (code Code, quiet string, suspected bool) {
	if m == nil || b.qrsOn < 0 {
		return "", "", false
	}
	if code, quiet, suspected = legOnArm(m, names, signs); suspected {
		return code, quiet, true
	}
	one, two, avr, six := m.lead("I"), m.lead("II"), m.lead("aVR"), m.lead("V6")
	if one == nil || two == nil || avr == nil || six == nil || b.pOn < 0 {
		return "", "", false
	}
	qrs := func(x []float64) float64 { return area(x, b.qrsOn, b.qrsOff) }
	if qrs(six) <= 0 {
		return "", "", false
	}
	pOne, pTwo, pAVR := pArea(m, b, one), pArea(m, b, two), pArea(m, b, avr)
	against := correlation(one[b.qrsOn:b.qrsOff+1], six[b.qrsOn:b.qrsOff+1])
	switch {
	case pTwo < -0.8*math.Abs(pOne) && pAVR > 0 && qrs(two) < 0 && qrs(avr) > 0:
		return ReversedRALL, "", true
	case pOne < -0.25*math.Abs(pTwo) && qrs(one) < 0 && against < opposite:
		return ReversedLARA, "", true
	}
	return "", "", false
}

// legOnArm: both legs have one potential, so the lead between a leg and the
// right leg's electrode on an arm has almost no signal, while the two others
// are alike and large.
func legOnArm(m *medianBeat, names []string, signs []leadSigns) (code Code, quiet string, suspected bool) {
	heights := map[string]float64{}
	for i, name := range names {
		switch x := m.lead(name); {
		case x != nil:
			heights[name] = height(x)
		case signs[i].missing < offShare:
			heights[name] = 0 // recorded, and off
		}
	}
	silent := func(name, other, third string) bool {
		h, recorded := heights[name]
		return recorded && h < limbQuietUV && heights[other] > limbLoudUV && heights[third] > limbLoudUV
	}
	switch {
	case silent("II", "I", "III"):
		return ReversedRARL, "II", true
	case silent("III", "I", "II"):
		return ReversedLARL, "III", true
	}
	return "", "", false
}

// pArea is the area under P on one lead, above the line between its ends.
func pArea(m *medianBeat, b bounds, x []float64) float64 {
	p := straightened(x[b.pOn:b.pOff+1], m.rate)
	return area(p, 0, len(p)-1)
}

// height is the range of x in µV.
func height(x []float64) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	return high - low
}
