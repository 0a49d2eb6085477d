package ecg

import (
	"fmt"
	"math"
	"slices"
)

// Bounds of plausibility. A cart samples at 100 Hz at least; skin potentials
// after the high-pass stay below 20 mV, and 12 leads that never pass 20 µV are
// scaled wrongly or not connected.
const (
	plausibleLowHz     = 100
	plausibleHighHz    = 16000
	plausiblePeakUV    = 20000
	plausibleLeastUV   = 20
	einthovenShare     = 0.15 // of the leads' own amplitude
	einthovenFloorUV   = 30   // rounding and filters of single leads
	einthovenQuantile  = 0.95
	einthovenMinSample = 50
)

// Check returns what is implausible about a recording, without changing it: the
// findings of CheckRate, CheckAmplitude and CheckEinthoven.
func Check(r *Recording) []Note {
	return slices.Concat(CheckRate(r), CheckAmplitude(r), CheckEinthoven(r))
}

// CheckRate notes a sampling rate that no electrocardiograph has.
func CheckRate(r *Recording) []Note {
	if r.RateHz >= plausibleLowHz && r.RateHz <= plausibleHighHz {
		return nil
	}
	return []Note{{Code: NoteImplausibleRate, Text: fmt.Sprintf("a sampling rate of %.4g Hz is unusual", r.RateHz)}}
}

// CheckAmplitude notes leads whose values, without their median, pass 20 mV, and
// a recording of which no lead passes 20 µV: mostly a wrong unit or scale.
func CheckAmplitude(r *Recording) []Note {
	var notes []Note
	largest := 0.0
	for _, l := range r.Leads {
		peak := deviation(l.Samples)
		largest = max(largest, peak)
		if peak > plausiblePeakUV {
			notes = append(notes, Note{Code: NoteImplausibleAmplitude,
				Text: fmt.Sprintf("lead %.16s reaches %.1f mV: the unit or scale may be wrong", l.Name, peak/1000)})
		}
	}
	if len(r.Leads) > 1 && largest < plausibleLeastUV {
		notes = append(notes, Note{Code: NoteImplausibleAmplitude,
			Text: fmt.Sprintf("no lead reaches more than %.1f µV: the unit or scale may be wrong, or no lead is connected", largest)})
	}
	return notes
}

// deviation returns the largest distance from the middle of extremes, gaps
// aside; 0 without a sample.
func deviation(samples []float32) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range samples {
		v := float64(s)
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if high < low {
		return 0
	}
	return (high - low) / 2
}

// CheckEinthoven notes stored limb leads that are not what I and II make of
// them, as III = II − I: swapped names, a lead of another time, or one scaled
// differently. Constant offsets between leads do not count.
func CheckEinthoven(r *Recording) []Note {
	one, two := r.Lead("I"), r.Lead("II")
	if one == nil || two == nil {
		return nil
	}
	var notes []Note
	for _, name := range []string{"III", "aVR", "aVL", "aVF"} {
		lead := r.Lead(name)
		if lead == nil {
			continue
		}
		a, b := limbWeights(name)
		off, scale, ok := disagreement(one.Samples, two.Samples, lead.Samples, a, b)
		if ok && off > einthovenFloorUV && off > einthovenShare*scale {
			notes = append(notes, Note{Code: NoteEinthoven,
				Text: fmt.Sprintf("lead %s differs by %.0f µV from what I and II make of it", name, off)})
		}
	}
	return notes
}

// disagreement returns the 95 % quantile of |lead − (a·I + b·II)| about its
// median, and the half range of lead; ok is false with too few samples.
func disagreement(one, two, lead []float32, a, b float32) (off, scale float64, ok bool) {
	n := min(len(one), len(two), len(lead))
	step := n/500 + 1 // some five hundred samples tell enough
	var rest []float64
	for i := 0; i < n; i += step {
		if d := float64(lead[i] - a*one[i] - b*two[i]); !math.IsNaN(d) {
			rest = append(rest, d)
		}
	}
	if len(rest) < einthovenMinSample {
		return 0, 0, false
	}
	slices.Sort(rest)
	middle := rest[len(rest)/2]
	for i, d := range rest {
		rest[i] = math.Abs(d - middle)
	}
	slices.Sort(rest)
	return rest[int(einthovenQuantile*float64(len(rest)-1))], deviation(lead), true
}
