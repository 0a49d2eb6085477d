// Package quant finds the whole numbers behind microvolts: a writer that stores
// the same counts as the device did loses nothing.
package quant

import (
	"math"
	"slices"
)

// Limit is the largest count of a 16-bit format whose lowest value stands for a
// gap or is not used.
const Limit = math.MaxInt16

// maxValues is how many different values are looked at: more do not fit 16 bits.
const maxValues = 1<<16 + 1

// Scale turns values into counts: value = Base + Step × count.
type Scale struct {
	Step, Base float64
	// Exact says that every value is a whole number of steps from Base, within
	// the precision of float32.
	Exact bool
}

// Count returns the count nearest to v; ok is false for a gap.
func (s Scale) Count(v float32) (count int, ok bool) {
	if v != v {
		return 0, false
	}
	return int(math.Round((float64(v) - s.Base) / s.Step)), true
}

// Counts returns the counts of samples, gap for each gap.
func (s Scale) Counts(samples []float32, gap int16) []int16 {
	out := make([]int16, len(samples))
	for i, v := range samples {
		out[i] = gap
		if n, ok := s.Count(v); ok {
			out[i] = int16(min(max(n, -Limit), Limit))
		}
	}
	return out
}

// Of returns the scale of signals: the coarsest exact one with counts within
// ±Limit or, where there is none, the finest round one.
func Of(signals ...[]float32) Scale {
	if s := FromZero(signals...); s.Exact {
		return s
	}
	values := distinct(signals)
	if len(values) > 1 && len(values) < maxValues {
		low, high := values[0], values[len(values)-1]
		if step := grid(values, low); step > 0 && (high-low)/step <= 2*Limit {
			return Scale{Step: step, Base: low + math.Round((high-low)/step/2)*step, Exact: true}
		}
	}
	if len(values) > 1 && values[0]*values[len(values)-1] > 0 { // far from zero
		low, high := values[0], values[len(values)-1]
		return Scale{Step: roundUp((high - low) / 2 / Limit), Base: (low + high) / 2}
	}
	return FromZero(signals...)
}

// FromZero is Of for formats in which count 0 is 0 µV.
func FromZero(signals ...[]float32) Scale {
	values := distinct(signals)
	largest := 0.0
	for _, v := range values {
		largest = max(largest, math.Abs(v))
	}
	if largest == 0 {
		return Scale{Step: 1, Exact: true}
	}
	if len(values) < maxValues {
		if i, found := slices.BinarySearch(values, 0); !found {
			values = slices.Insert(values, i, 0)
		}
		if step := grid(values, 0); step > 0 && largest/step <= Limit {
			return Scale{Step: step, Exact: true}
		}
	}
	return Scale{Step: roundUp(largest / Limit)}
}

// WholeBase is Of for formats in which the base is a whole number of steps.
func WholeBase(signal []float32) Scale {
	s := FromZero(signal)
	if s.Exact {
		return s
	}
	whole := func(t Scale) float64 { return math.Round(t.Base/t.Step) * t.Step }
	if t := Of(signal); t.Exact && math.Abs(whole(t)-t.Base) < 1e-6*t.Step {
		t.Base = whole(t)
		return t
	}
	values := distinct([][]float32{signal})
	low, high := values[0], values[len(values)-1]
	t := Scale{Step: roundUp((high - low) / 2 / Limit), Base: (low + high) / 2}
	if t.Base = whole(t); t.Step < s.Step {
		return t
	}
	return s
}

// distinct returns the different values in ascending order, gaps aside: all of
// them if they are fewer than maxValues, else maxValues of which the first and
// last are the extremes.
func distinct(signals [][]float32) []float64 {
	seen := map[float32]struct{}{}
	low, high := math.Inf(1), math.Inf(-1)
	for _, signal := range signals {
		last := float32(math.NaN())
		for _, v := range signal {
			if v != v || v == last {
				continue
			}
			last = v
			low, high = min(low, float64(v)), max(high, float64(v))
			if len(seen) < maxValues {
				seen[v] = struct{}{}
			}
		}
	}
	out := make([]float64, 0, len(seen))
	for v := range seen {
		out = append(out, float64(v))
	}
	slices.Sort(out)
	if n := len(out); n > 0 {
		out[0], out[n-1] = low, high
	}
	return out
}

// grid returns the largest step of which every value is a whole number away
// from origin, one of the values; 0 if none is coarser than what float32 can
// tell apart.
func grid(values []float64, origin float64) float64 {
	noise := max(math.Abs(values[0]), math.Abs(values[len(values)-1])) * 0x1p-23
	gaps := make([]float64, 0, len(values))
	for i := 1; i < len(values); i++ {
		if d := values[i] - values[i-1]; d > 0 {
			gaps = append(gaps, d)
		}
	}
	slices.Sort(gaps)
	step := 0.0
	if len(gaps) > 0 {
		step = gaps[0]
	}
	for step > 8*noise {
		smaller, steps := refine(gaps, step, noise)
		if smaller == 0 {
			return simplest(values, origin, (values[len(values)-1]-values[0])/steps, noise)
		}
		step = smaller
	}
	return 0
}

// refine goes through the gaps from the smallest on and measures the step ever
// more precisely. It returns what is left over of a gap that is no whole number
// of steps, else 0 and how many steps all gaps are.
func refine(gaps []float64, step, noise float64) (smaller, steps float64) {
	length := 0.0
	for i, d := range gaps {
		n := math.Round(d / step)
		doubt := 2 * noise
		if steps > 0 {
			doubt += 2 * noise * n * math.Sqrt(float64(i)) / steps
		}
		if rest := math.Abs(d - n*step); rest > doubt+step*1e-3 {
			return rest, 0
		}
		length, steps = length+d, steps+n
		step = length / steps
	}
	return 0, steps
}

// simplest returns the step near step with the fewest digits, of itself or of
// its steps in a millivolt, that still fits all values; 0 if none does.
func simplest(values []float64, origin, step, noise float64) float64 {
	const mostDigits = 12
	for digits := 1; digits <= mostDigits; digits++ {
		for _, s := range []float64{rounded(step, digits), 1000 / rounded(1000/step, digits)} {
			if fits(values, origin, s, noise) {
				return s
			}
		}
	}
	return 0
}

func fits(values []float64, origin, step, noise float64) bool {
	for _, v := range []float64{values[0], values[len(values)-1]} {
		if !onGrid(v-origin, step, noise) {
			return false
		}
	}
	for _, v := range values {
		if !onGrid(v-origin, step, noise) {
			return false
		}
	}
	return true
}

func onGrid(distance, step, noise float64) bool {
	return math.Abs(distance-math.Round(distance/step)*step) <= 1.5*noise
}

// rounded keeps some significant digits of v > 0.
func rounded(v float64, digits int) float64 {
	power := digits - 1 - int(math.Floor(math.Log10(v)))
	if power < 0 {
		unit := math.Pow10(-power)
		return math.Round(v/unit) * unit
	}
	unit := math.Pow10(power)
	return math.Round(v*unit) / unit
}

// roundUp returns the next of 1, 2 and 5 times a power of ten; of a range of no
// width, a thousandth.
func roundUp(v float64) float64 {
	if !(v > 1e-3) {
		return 1e-3
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}
