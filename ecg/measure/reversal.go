package measure

import "math"

const (
	limbQuietUV = 100 // µV peak to peak of a limb lead between two electrodes at one potential
	limbLoudUV  = 300 // of the other limb leads then

	fitWeight   = 4.0  // of the likeness to what the chest leads foretell
	axisWeight  = 0.8  // of each 45° that P points away from where it should
	axisOfP     = 50.0 // degrees
	axisMost    = 90.0 // so that P alone, which may come from elsewhere, is no reason
	swapMargin  = 1.8  // by which an exchange must explain the leads better
	leftMargin  = 2.4  // the same for left arm and left leg, which look like a heart turned to the left
	plainMargin = 1.0  // by which a rotation must beat the exchange of two
)

// exchange is a way to mix up the limb electrodes: which electrode lies on the
// right arm, the left arm and the left leg (0, 1, 2 for those of R, L, F).
type exchange struct {
	code Code
	at   [3]int
}

// exchanges lists the ways that leave three potentials; an electrode of the
// right leg on an arm is another matter, see legOnArm. Exchanged legs change
// nothing.
func exchanges() []exchange {
	return []exchange{
		{ReversedLARA, [3]int{1, 0, 2}},
		{ReversedRALL, [3]int{2, 1, 0}},
		{ReversedLALL, [3]int{0, 2, 1}},
		{ReversedLimbs, [3]int{1, 2, 0}},
		{ReversedLimbs, [3]int{2, 0, 1}},
	}
}

// undone returns I and II as they would be with the electrodes put right.
func (e exchange) undone(one, two []float64) (i, ii []float64) {
	i, ii = make([]float64, len(one)), make([]float64, len(one))
	for s := range one {
		// Only differences count: the electrode R is taken as zero.
		seen := [3]float64{0, one[s], two[s]}
		var limb [3]float64 // potentials of right arm, left arm, left leg
		for electrode, place := range e.at {
			limb[place] = seen[electrode]
		}
		i[s], ii[s] = limb[1]-limb[0], limb[2]-limb[0]
	}
	return i, ii
}

// reversal looks for limb electrodes at the wrong limb: does an exchange fit
// the chest leads and the direction of P much better than the leads as they
// are? quiet is the lead that a leg electrode on an arm has silenced, "" if
// none.
func reversal(m *medianBeat, b bounds, names []string, signs []leadSigns) (code Code, quiet string, suspected bool) {
	if m == nil || b.qrsOn < 0 {
		return "", "", false
	}
	if code, quiet, suspected := legOnArm(m, names, signs); suspected {
		return code, quiet, true
	}
	one, two := m.lead("I"), m.lead("II")
	chest, all := m.chest()
	if one == nil || two == nil || !all {
		return "", "", false
	}
	asIs := plausible(m, b, one, two, chest)
	var best, plain Code // of all, and of those of two electrodes
	most, plainMost := math.Inf(-1), math.Inf(-1)
	for _, e := range exchanges() {
		i, ii := e.undone(one, two)
		score := plausible(m, b, i, ii, chest)
		if score > most {
			best, most = e.code, score
		}
		if e.code != ReversedLimbs && score > plainMost {
			plain, plainMost = e.code, score
		}
	}
	if plainMost > most-plainMargin {
		best = plain
	}
	if best == ReversedLALL {
		return best, "", most > asIs+leftMargin
	}
	return best, "", most > asIs+swapMargin
}

// chest returns V1 to V6; ok is false unless all are usable.
func (m *medianBeat) chest() (leads [6][]float64, ok bool) {
	for i, name := range [6]string{"V1", "V2", "V3", "V4", "V5", "V6"} {
		if leads[i] = m.lead(name); leads[i] == nil {
			return leads, false
		}
	}
	return leads, true
}

// plausible says how well I and II go with the chest leads and P with a sinus
// rhythm; the higher the better.
func plausible(m *medianBeat, b bounds, one, two []float64, chest [6][]float64) float64 {
	both, own, foretold := 0.0, 0.0, 0.0
	weights := limbsOfChest()
	for s := b.qrsOn; s <= b.qrsOff; s++ {
		i, ii := 0.0, 0.0
		for v := range chest {
			i += weights[0][v] * chest[v][s]
			ii += weights[1][v] * chest[v][s]
		}
		both += i*one[s] + ii*two[s]
		own += one[s]*one[s] + two[s]*two[s]
		foretold += i*i + ii*ii
	}
	score := 0.0
	if own > 0 && foretold > 0 {
		score = fitWeight * both / math.Sqrt(own*foretold)
	}
	if b.pOn < 0 {
		return score
	}
	pOne, pTwo := pArea(m, b, one), pArea(m, b, two)
	degrees := math.Atan2((2*pTwo-pOne)/math.Sqrt(3), pOne) * 180 / math.Pi
	away := math.Abs(math.Remainder(degrees-axisOfP, 360))
	return score - axisWeight*math.Min(away, axisMost)/45
}

// limbsOfChest foretells I and II during QRS from V1–V6: a least squares fit to
// the development half of the Lobachevsky records at their true amplitudes, each
// record counting alike (docs/accuracy.md).
func limbsOfChest() [2][6]float64 {
	return [2][6]float64{
		{-0.642, 0.220, 0.233, -0.318, 0.353, 0.085},
		{0.278, -0.453, 0.071, 0.189, 0.064, 0.355},
	}
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
	case silent("I", "II", "III"):
		return ReversedArmsLegs, "I", true
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
	low, high := extremes(x)
	return high - low
}
