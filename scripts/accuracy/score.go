package main

import (
	"fmt"
	"math"
	"slices"
)

// window is how far a found beat or wave may lie from the marked one.
const windowSeconds = 0.150

// score counts matches.
type score struct{ hit, missed, extra int }

func (s *score) merge(o score) { s.hit += o.hit; s.missed += o.missed; s.extra += o.extra }

func percent(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}

func (s score) sensitivity() float64 { return percent(s.hit, s.hit+s.missed) }
func (s score) precision() float64   { return percent(s.hit, s.hit+s.extra) }
func (s score) f1() float64          { return percent(2*s.hit, 2*s.hit+s.missed+s.extra) }

// beatByBeat pairs found with true beats as bxb of the WFDB software does: in
// order of time, each with the nearer of two neighbours. It returns the pairs
// as indexes into truth and found.
func beatByBeat(truth, found []int, window int) (s score, pairs [][2]int) {
	i, k := 0, 0
	for i < len(truth) || k < len(found) {
		switch {
		case i == len(truth):
			s.extra++
			k++
		case k == len(found):
			s.missed++
			i++
		case found[k] < truth[i]:
			near := truth[i] - found[k]
			if near <= window && (k+1 == len(found) || near <= apart(found[k+1], truth[i])) {
				pairs = append(pairs, [2]int{i, k})
				s.hit++
				i++
			} else {
				s.extra++
			}
			k++
		default:
			near := found[k] - truth[i]
			if near <= window && (i+1 == len(truth) || near <= apart(truth[i+1], found[k])) {
				pairs = append(pairs, [2]int{i, k})
				s.hit++
				k++
			} else {
				s.missed++
			}
			i++
		}
	}
	return s, pairs
}

func apart(a, b int) int { return max(a-b, b-a) }

// spread collects deviations in ms.
type spread struct {
	n          int
	sum, power float64
}

func (d *spread) add(ms float64) { d.n++; d.sum += ms; d.power += ms * ms }

func (d *spread) merge(o spread) { d.n += o.n; d.sum += o.sum; d.power += o.power }

func (d spread) mean() float64 { return d.sum / float64(d.n) }

func (d spread) sd() float64 {
	m := d.mean()
	return math.Sqrt(math.Max(0, d.power/float64(d.n)-m*m))
}

func (d spread) String() string {
	if d.n == 0 {
		return "–"
	}
	return fmt.Sprintf("%+.1f ± %.1f", d.mean(), d.sd())
}

// middle is the median of values, which it sorts; NaN without values.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[len(values)/2]
}
