package measure

import (
	"math"
	"slices"
)

// What amplitudes and intervals no heart has. A wrong unit, gain or speed is
// off by a factor of two at least, mostly of ten or more.
const (
	tallestUV   = 9000 // of a median beat on any lead
	lowestUV    = 350  // of the tallest of eight leads or more
	usualUV     = 4000 // of the middle one of so many
	narrowestMS = 36   // QRS
	widestMS    = 280
	longestQTMS = 900
	fastestRate = 250 // with a QRS as narrow as
	fastestQRS  = 50
	slowestRate = 30 // with a QRS as wide as
	slowestQRS  = 220
)

// A whole beat that is long in all its parts, or short in all, was drawn at
// another speed: no disease does that to P, PR, QRS and QT together.
const (
	longP, longPR, longQRS, longQTc     = 140, 230, 125, 520 // ms or more
	shortP, shortPR, shortQRS, shortQTc = 70, 100, 70, 330   // ms or less
)

// judgeScale adds findings where amplitudes or intervals are implausible.
func (res *Result) judgeScale() {
	if res.Median == nil {
		return
	}
	var tall []string
	var heights []float64
	for i, x := range res.Median.Samples {
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range x {
			low, high = math.Min(low, float64(v)), math.Max(high, float64(v))
		}
		heights = append(heights, high-low)
		if high-low > tallestUV {
			tall = append(tall, res.Median.Leads[i])
		}
	}
	if len(tall) == 0 && len(heights) >= 8 && (slices.Max(heights) < lowestUV || median(heights) > usualUV) {
		tall = res.Median.Leads
	}
	if len(tall) > 0 {
		res.Quality.add(Finding{Code: WrongGain, Leads: tall, Grade: Poor})
	}
	m := res.Measurements
	out := func(v Value, low, high float64) bool { return v.Measurable && (v.Number < low || v.Number > high) }
	fast := out(m.HR, 0, fastestRate) && out(m.QRS, fastestQRS, math.Inf(1))
	slow := out(m.HR, slowestRate, math.Inf(1)) && out(m.QRS, 0, slowestQRS)
	long := m.P.Number >= longP && m.PR.Number >= longPR && m.QRS.Number >= longQRS && m.QTc.Number >= longQTc
	short := m.P.Measurable && m.P.Number <= shortP && m.PR.Number <= shortPR && m.QRS.Number <= shortQRS && m.QTc.Measurable && m.QTc.Number <= shortQTc
	if fast || slow || long || short || out(m.QRS, narrowestMS, widestMS) || out(m.QT, 0, longestQTMS) {
		res.Quality.add(Finding{Code: WrongSpeed, Grade: Poor})
	}
}
