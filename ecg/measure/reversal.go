package measure

import "math"

const (
	limbQuietUV = 160 // µV peak to peak of a limb lead between two electrodes at one potential
	limbLoudUV  = 450 // of the other limb leads then
	opposite    = -0.55
)

// reversal looks for limb electrodes at the wrong limb. The rules are strict:
// a true dextrocardia or an ectopic atrial rhythm must not read as one.
func reversal(m *medianBeat, b bounds, traces []trace) (code Code, suspected bool) {
	if m == nil || b.qrsOn < 0 {
		return "", false
	}
	one, two, three := m.lead("I"), m.lead("II"), m.lead("III")
	avr, six := m.lead("aVR"), m.lead("V6")
	if one == nil || two == nil || three == nil || avr == nil {
		return "", false
	}
	quiet := func(x, y, z []float64) bool {
		return height(x) < limbQuietUV && height(y) > limbLoudUV && height(z) > limbLoudUV
	}
	// A leg electrode on an arm: both legs have one potential, so the lead
	// between them has almost no signal.
	switch {
	case quiet(two, one, three):
		return ReversedRARL, true
	case quiet(three, one, two):
		return ReversedLARL, true
	}
	if six == nil {
		return "", false
	}
	qrs := func(x []float64) float64 { return area(x, b.qrsOn, b.qrsOff) }
	atrial := func(x []float64) (sum float64, known bool) {
		if b.pOn < 0 {
			return 0, false
		}
		return area(straightened(x[b.pOn:b.pOff+1], m.rate), 0, b.pOff-b.pOn), true
	}
	pOne, known := atrial(one)
	pTwo, _ := atrial(two)
	if !known || qrs(six) <= 0 {
		return "", false
	}
	against := correlation(one[b.qrsOn:b.qrsOff+1], six[b.qrsOn:b.qrsOff+1])
	least := 0.25 * math.Abs(pTwo)
	switch {
	case pOne < -least && qrs(one) < 0 && against < opposite:
		return ReversedLARA, true
	case pTwo < 0 && -pTwo > math.Abs(pOne)*0.8 && qrs(two) < 0 && qrs(avr) > 0 && pAgainst(m, b):
		return ReversedRALL, true
	}
	return "", false
}

// pAgainst reports that P points up in aVR: with right arm and left leg
// exchanged aVR shows what aVF should.
func pAgainst(m *medianBeat, b bounds) bool {
	p := straightened(m.lead("aVR")[b.pOn:b.pOff+1], m.rate)
	return area(p, 0, len(p)-1) > 0
}

// height is the range of x in µV.
func height(x []float64) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	return high - low
}
