package measure

import (
	"fmt"
	"math"
)

const (
	previousLike  = 0.90 // how alike the two ECGs must be with the electrodes put right
	limbMargin    = 0.20 // and how much more than as they are: the heart's axis changes from day to day
	chestMargin   = 0.05 // the same of chest leads, neighbours of which are much alike
	previousSmall = 8.0  // µV over three leads: P or T too small to point anywhere
	previousLags  = 12   // steps of imprintStep by which QRS is shifted to fit
	pWeight       = 0.35 // of P beside QRS
	tWeight       = 0.35
)

// Against holds an ECG against an earlier one of the same patient and returns
// the exchange of electrodes that explains how they differ; ok is false when
// none does, also when they are alike as they are. Which of the two has the
// electrodes wrong it cannot say.
func (p *Imprint) Against(earlier *Imprint) (found Finding, ok bool) {
	best, asIs := 0.0, p.limbsLike(earlier, nil)
	for _, e := range exchanges() {
		if like := p.limbsLike(earlier, &e); like > best {
			best, found = like, Finding{Code: e.code, Grade: Fair, Earlier: true}
		}
	}
	if best >= previousLike && best >= asIs+limbMargin {
		return found, true
	}
	return p.chestAgainst(earlier)
}

// limbsLike is how alike the limb leads are once e is undone, from −1 to 1: the
// correlation of QRS on I, II and III and, as far as they point anywhere, of P
// and T.
func (p *Imprint) limbsLike(earlier *Imprint, e *exchange) float64 {
	undone := func(i, ii []float64) (a, b []float64) {
		if e == nil {
			return i, ii
		}
		return e.undone(i, ii)
	}
	one, two := undone(p.qrs[0], p.qrs[1])
	sum, weights := shifted([][]float64{one, two, less(two, one)},
		[][]float64{earlier.qrs[0], earlier.qrs[1], less(earlier.qrs[1], earlier.qrs[0])}, p.r-earlier.r), 1.0
	for _, wave := range []struct {
		now, then [imprintLeads]float64
		weight    float64
	}{{p.p, earlier.p, pWeight}, {p.t, earlier.t, tWeight}} {
		i, ii := undone(wave.now[:1], wave.now[1:2])
		now, then := []float64{i[0], ii[0], ii[0] - i[0]}, []float64{wave.then[0], wave.then[1], wave.then[1] - wave.then[0]}
		if min(dot(now, now), dot(then, then)) > previousSmall*previousSmall {
			sum += wave.weight * correlation(now, then)
			weights += wave.weight
		}
	}
	return sum / weights
}

// chestAgainst looks for two chest electrodes that have changed places.
func (p *Imprint) chestAgainst(earlier *Imprint) (Finding, bool) {
	like := func(a, b int) float64 {
		chest := append([][]float64(nil), p.qrs[2:]...)
		chest[a], chest[b] = chest[b], chest[a]
		return shifted(chest, earlier.qrs[2:], p.r-earlier.r)
	}
	asIs, best, first, second := like(0, 0), 0.0, 0, 0
	for i := range 6 {
		for k := i + 1; k < 6; k++ {
			if v := like(i, k); v > best {
				best, first, second = v, i, k
			}
		}
	}
	if best < previousLike || best < asIs+chestMargin {
		return Finding{}, false
	}
	return Finding{Code: ChestOrder, Leads: []string{fmt.Sprintf("V%d", first+1), fmt.Sprintf("V%d", second+1)}, Grade: Fair, Earlier: true}, true
}

// shifted is the correlation of a with b, all leads together, at the shift
// around shift at which it is greatest: with other leads the peak that R stands
// for is another. Beyond their ends both are zero.
func shifted(a, b [][]float64, shift int) float64 {
	power := func(x [][]float64) (sum float64) {
		for _, lead := range x {
			sum += dot(lead, lead)
		}
		return sum
	}
	scale := math.Sqrt(power(a) * power(b))
	if scale == 0 {
		return 0
	}
	best := -1.0
	for lag := shift - previousLags; lag <= shift+previousLags; lag++ {
		sum := 0.0
		for k := range a {
			x, y := a[k], b[k]
			if lag >= 0 {
				x = x[min(lag, len(x)):]
			} else {
				y = y[min(-lag, len(y)):]
			}
			sum += dot(x, y)
		}
		best = max(best, sum/scale)
	}
	return best
}

// less is a minus b.
func less(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}
