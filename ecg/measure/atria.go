package measure

import (
	"cmp"
	"math"
	"slices"
)

// atrialSigns is what can be told about the atria.
type atrialSigns struct {
	steadyP     bool // P before the beats at a steady distance
	dissociated bool // P at its own rate
	flutter     bool // waves without pause, faster than P
	rate        Value
}

const (
	steadyMatch     = 0.50 // mean correlation of any two P waves
	steadyLeast     = 0.20 // of that, however noisy
	humpPower       = 0.4  // mean power of a hump by that of its peak
	noiseInP        = 0.08 // power of noise that is left in the band of P
	steadySpare     = 0.25 // of the beats: a premature or a dropped P is no reason to doubt the rest
	steadyErratic   = 0.92 // the same where RR is so uneven that chance must be kept out
	steadyQuiet     = 0.70 // the same where it is quiet before P
	quietBefore     = 0.45 // of P: no more goes on there
	atrialShortest  = 0.33 // s: a faster atrial cycle is flutter, not P waves
	flutterShortest = 0.19 // s
	flutterLongest  = 0.28
	flutterMatch    = 0.50 // of the rest's self-likeness at one cycle of flutter
	atrialLongest   = 1.30
	atrialMatch     = 0.35 // of the rest's self-likeness at one cycle
	atrialMinUV     = 15   // µV RMS over the leads that must be left
	flutterAgain    = 0.30 // of that at two cycles: fibrillation has lost its step by then
	fadeSeconds     = 0.030
	freeSeconds     = 60   // of a long recording: enough to see P march through
	steadyVentricle = 0.10 // change of RR, as a share, that dissociation allows
)

// atriaOf looks for P waves that belong to the beats and for such that do not.
// noise is how restless the leads are, in µV.
func atriaOf(traces []trace, beats []Beat, m *medianBeat, b bounds, noise float64) atrialSigns {
	var signs atrialSigns
	if m == nil || b.qrsOn < 0 {
		return signs
	}
	if cycle, ok := conductedTwoToOne(traces, beats, m, b); ok {
		signs.flutter, signs.rate = true, rounded(60/cycle, 1)
		return signs
	}
	match, spare := math.Max(steadyLeast, steadyMatch*clarity(b.pUV, noise)), steadySpare
	if isErratic(beats) {
		match, spare = steadyErratic, 0
		if restBefore(traces, beats, m, b) <= quietBefore {
			match = steadyQuiet
		}
	}
	signs.steadyP = b.pOn >= 0 && steadiness(traces, m, b, spare) >= match
	if signs.steadyP {
		return signs
	}
	cycle, likeness, again := freeCycle(traces, beats, m, b)
	switch {
	case cycle == 0:
	case cycle <= flutterLongest && likeness >= flutterMatch && again >= flutterAgain:
		signs.flutter, signs.rate = true, rounded(60/cycle, 1)
	case cycle >= atrialShortest && !isErratic(beats) && cycle*1000 <= 0.85*usualRR(beats):
		signs.dissociated, signs.rate = true, rounded(60/cycle, 1)
	}
	return signs
}

// clarity is the share of P in the power of a single P of size µV on a noisy
// lead: what two of them can have in common.
func clarity(size, noise float64) float64 {
	p, n := size*size*humpPower, noise*noise*noiseInP
	if p <= 0 {
		return 0
	}
	return p / (p + n)
}

// isErratic reports RR intervals too uneven for a ventricle left to itself.
func isErratic(beats []Beat) bool {
	changes, usual := changesOf(beats)
	return len(changes) == 0 || median(changes) > steadyVentricle*usual
}

// steadiness is how alike the single P waves are: the mean correlation of any
// two of them, all usable leads taken together, without the share spare of them
// that is least like the others. It is 0 with one beat.
func steadiness(traces []trace, m *medianBeat, b bounds, spare float64) float64 {
	from, to := max(0, b.pOn-span(0.010, m.rate)), b.pOff
	var all [][]float64
	for _, at := range m.at {
		lo, hi := at-m.r+from, at-m.r+to
		if lo < 0 || hi >= len(traces[0].x) {
			continue
		}
		all = append(all, singleP(traces, lo, hi, m.rate))
	}
	sum := sumOf(all)
	slices.SortFunc(all, func(a, b []float64) int { return cmp.Compare(dot(a, sum), dot(b, sum)) })
	all = all[int(spare*float64(len(all))):]
	n := float64(len(all))
	if n < 2 {
		return 0
	}
	// The sum of unit vectors has the squared length n + the sum over pairs.
	sum = sumOf(all)
	return (dot(sum, sum) - n) / (n * (n - 1))
}

func sumOf(vectors [][]float64) []float64 {
	var sum []float64
	for _, v := range vectors {
		if sum == nil {
			sum = make([]float64, len(v))
		}
		for i, x := range v {
			sum[i] += x
		}
	}
	return sum
}

// restBefore is how much goes on in front of P, beside P itself: fibrillation and
// flutter know no pause. It is infinite when too few beats come late enough for
// their T to be over by then.
func restBefore(traces []trace, beats []Beat, m *medianBeat, b bounds) float64 {
	if b.pOn < 0 || b.tEnd < 0 {
		return math.Inf(1)
	}
	width, gap := b.pOff-b.pOn, span(0.010, m.rate)
	var shares []float64
	for _, i := range m.used {
		p := beats[i].Sample - m.r + b.pOn
		from := p - gap - width
		if i == 0 || from < beats[i-1].Sample-m.r+b.tEnd || p+width >= len(traces[0].x) {
			continue
		}
		shares = append(shares, math.Sqrt(wavePower(traces, from, from+width, m.rate)/wavePower(traces, p, p+width, m.rate)))
	}
	if len(shares) < enoughBeats {
		return math.Inf(1)
	}
	return median(shares)
}

// wavePower is what stands out of a straight line from lo to hi, over the usable leads.
func wavePower(traces []trace, lo, hi int, rate float64) float64 {
	power := 0.0
	for _, tr := range traces {
		if tr.usable {
			x := straightened(tr.x[lo:hi+1], rate)
			power += dot(x, x)
		}
	}
	return power
}

// singleP is one P wave on all usable leads, brought to length one.
func singleP(traces []trace, lo, hi int, rate float64) []float64 {
	var one []float64
	for _, tr := range traces {
		if tr.usable {
			one = append(one, straightened(tr.x[lo:hi+1], rate)...)
		}
	}
	length := math.Sqrt(dot(one, one))
	for i := range one {
		if length > 0 {
			one[i] /= length
		}
	}
	return one
}

// straightened is x lightly smoothed minus the straight line between its ends.
func straightened(x []float64, rate float64) []float64 {
	out := make([]float64, len(x))
	movingMean(out, x, span(0.020, rate))
	left, right, last := out[0], out[len(out)-1], float64(len(out)-1)
	for i := range out {
		out[i] -= left + (right-left)*float64(i)/last
	}
	return out
}

func correlation(a, b []float64) float64 {
	scale := math.Sqrt(dot(a, a) * dot(b, b))
	if scale == 0 {
		return 0
	}
	return dot(a, b) / scale
}

// freeCycle takes QRS and T out of every beat and looks for something
// that comes back at a steady cycle, in seconds, in what is left; likeness says
// how well it does. 0 stands for none.
func freeCycle(traces []trace, beats []Beat, m *medianBeat, b bounds) (cycle, likeness, again float64) {
	rests, mask, thin := rests(traces, beats, m, b)
	if rests == nil {
		return 0, 0, 0
	}
	step := m.rate / float64(thin)
	lo, hi := int(flutterShortest*step), int(atrialLongest*step)
	alike := selfLikeness(rests, mask, hi+1)
	best := 0
	for lag := lo; lag <= hi && lag+1 < len(alike); lag++ {
		peak := alike[lag] >= alike[lag-1] && alike[lag] >= alike[lag+1]
		if peak && alike[lag] >= atrialMatch && (best == 0 || alike[lag] > alike[best]+0.12) {
			best = lag
		}
	}
	if best == 0 {
		return 0, 0, 0
	}
	likeness = alike[best]
	for lag := 2*best - 1; lag <= 2*best+1 && lag < len(alike); lag++ {
		again = math.Max(again, alike[lag])
	}
	return float64(best) / step, likeness, again
}

// rests returns, per usable lead and thinned to about 100 Hz, the recording
// without its beats, and a mask of the samples that are free of QRS. thin is
// the thinning factor; the result is nil when too little is left to be atrial.
func rests(traces []trace, beats []Beat, m *medianBeat, b bounds) (out [][]float64, mask []bool, thin int) {
	thin = span(0.010, m.rate)
	lead, power, count := 0, 0.0, 0
	for _, tr := range traces {
		if !tr.usable {
			continue
		}
		rest := withoutBeats(tr.x, beats, m, b, m.x[lead])
		lead++
		if mask == nil {
			mask = freeOfQRS(min(len(rest), span(freeSeconds, m.rate)), beats, m, b, thin)
		}
		band := humpBand(rest, m.rate)
		thinned := make([]float64, 0, len(mask))
		for i := 0; i < len(band) && len(thinned) < len(mask); i += thin {
			v := band[i]
			if !mask[len(thinned)] {
				v = 0
			} else {
				power += v * v
				count++
			}
			thinned = append(thinned, v)
		}
		out = append(out, thinned)
	}
	if count == 0 || math.Sqrt(power/float64(count)) < atrialMinUV/3 {
		return nil, nil, thin
	}
	return out, mask, thin
}

// humpBand keeps what has the width of a P wave: a 30 ms mean minus a 200 ms
// mean.
func humpBand(x []float64, rate float64) []float64 {
	narrow, broad := make([]float64, len(x)), make([]float64, len(x))
	movingMean(narrow, x, span(0.030, rate))
	movingMean(broad, x, span(0.200, rate))
	for i := range narrow {
		narrow[i] -= broad[i]
	}
	return narrow
}

// withoutBeats subtracts QRS and T of the median from every dominant beat of x. P
// stays: where it belongs to the beats it comes back with them, and where it does
// not, the few beats of a slow heart leave a share of it in the median.
func withoutBeats(x []float64, beats []Beat, m *medianBeat, b bounds, lead []float64) []float64 {
	out := append([]float64(nil), x...)
	pattern := ventricular(lead, m, b)
	for _, beat := range beats {
		if beat.Class != Dominant {
			continue
		}
		for s, v := range pattern {
			if k := beat.Sample - m.r + s; v != 0 && k >= 0 && k < len(out) {
				out[k] -= v
			}
		}
	}
	return out
}

// ventricular is lead, one of m, from before QRS to behind T, fading out there.
func ventricular(lead []float64, m *medianBeat, b bounds) []float64 {
	out := make([]float64, len(lead))
	fade := span(fadeSeconds, m.rate)
	last := len(lead)
	if b.tEnd >= 0 {
		last = min(last, b.tEnd+2*fade)
	}
	for s := max(0, b.qrsOn-fade); s < last; s++ {
		share := math.Min(float64(s-b.qrsOn+fade), float64(last-s)) / float64(fade)
		out[s] = lead[s] * math.Min(1, share)
	}
	return out
}

// freeOfQRS marks the thinned samples outside QRS, and outside the whole beat
// where its shape is not the dominant one.
func freeOfQRS(samples int, beats []Beat, m *medianBeat, b bounds, thin int) []bool {
	mask := make([]bool, (samples+thin-1)/thin)
	for i := range mask {
		mask[i] = true
	}
	for _, beat := range beats {
		from, to := beat.Sample+b.qrsOn-m.r, beat.Sample+b.qrsOff-m.r
		if beat.Class != Dominant {
			to = beat.Sample + span(0.45, m.rate)
		}
		from, to = from-span(0.020, m.rate), to+span(0.040, m.rate)
		for k := max(0, from/thin); k <= to/thin && k < len(mask); k++ {
			mask[k] = false
		}
	}
	return mask
}

// selfLikeness is the autocorrelation of the rests over all leads for lags
// below count, counting only where both samples are free, relative to the
// power there.
func selfLikeness(rests [][]float64, mask []bool, count int) []float64 {
	out := make([]float64, min(count+1, len(mask)))
	for lag := 1; lag < len(out); lag++ {
		both, power := 0.0, 0.0
		for _, x := range rests {
			for i := 0; i+lag < len(x) && i+lag < len(mask); i++ {
				if mask[i] && mask[i+lag] {
					both += x[i] * x[i+lag]
					power += (x[i]*x[i] + x[i+lag]*x[i+lag]) / 2
				}
			}
		}
		if power > 0 {
			out[lag] = both / power
		}
	}
	return out
}
