package measure

import "math"

// Rhythm is how the beats follow each other.
type Rhythm struct {
	// Regular: nine in ten RR intervals differ from the one before by less
	// than a tenth of the usual interval.
	Regular bool `json:"regular"`
	// Irregularity is the median change from one RR interval to the next as a
	// share of the usual interval, between beats of the dominant shape.
	Irregularity Value `json:"irregularity,omitzero"`
	// PWaves: a P wave stands before the beats at a steady distance.
	PWaves bool `json:"p_waves"`
	// AFSuspected: irregular without P waves; unevenly conducted flutter looks
	// the same.
	AFSuspected bool `json:"af_suspected"`
	// FlutterSuspected: atrial waves without pause, at AtrialRate; twice the rate
	// of a regular ventricle when each second one is conducted.
	FlutterSuspected bool `json:"flutter_suspected"`
	// Dissociated: P waves march through at their own rate, which is AtrialRate.
	Dissociated bool  `json:"dissociated"`
	AtrialRate  Value `json:"atrial_rate_bpm,omitzero"`
	// ShortestRR and LongestRR are in ms. LongestRR counts the time before the
	// first and after the last beat when that alone is longer.
	ShortestRR Value `json:"shortest_rr_ms,omitzero"`
	LongestRR  Value `json:"longest_rr_ms,omitzero"`
	// LongestOpen: LongestRR runs into the start or the end of the recording,
	// so the pause is at least that long.
	LongestOpen bool `json:"longest_rr_open,omitempty"`
	// Paced is the number of beats that follow a pacing pulse.
	Paced int `json:"paced"`
	// Pauses is the number of RR intervals of pauseMS and more.
	Pauses int `json:"pauses"`
	// Ventricular is the number of beats suspected to be ventricular;
	// LongestRun the longest sequence of them and RunRate its rate.
	Ventricular int   `json:"ventricular"`
	LongestRun  int   `json:"longest_run"`
	RunRate     Value `json:"run_rate_bpm,omitzero"`

	meanRR float64 // ms; 0 with fewer than two beats
}

const (
	regularChange = 0.10
	regularShare  = 0.9
	afChange      = 0.065 // median change above which rhythm is irregular
	afMinRR       = 5
	pauseMS       = 2000
)

// rhythmOf judges the sequence of beats over seconds of recording.
func rhythmOf(beats []Beat, rate, seconds float64, atria atrialSigns) Rhythm {
	r := Rhythm{PWaves: atria.steadyP, Dissociated: atria.dissociated, FlutterSuspected: atria.flutter, AtrialRate: atria.rate}
	if len(beats) >= 2 {
		first, last := beats[0].Sample, beats[len(beats)-1].Sample
		r.meanRR = float64(last-first) / rate * 1000 / float64(len(beats)-1)
	}
	r.intervals(beats, rate, seconds)
	changes, usual := changesOf(beats)
	if len(changes) > 0 {
		calm := 0
		for _, c := range changes {
			if c < regularChange*usual {
				calm++
			}
		}
		r.Regular = float64(calm) >= regularShare*float64(len(changes))
		share := median(changes) / usual
		r.Irregularity = rounded(share, 0.001)
		r.AFSuspected = len(changes) >= afMinRR-1 && share > afChange && !r.PWaves && !r.Dissociated && !r.FlutterSuspected
	}
	r.ventricular(beats)
	return r
}

// intervals finds the shortest and the longest RR.
func (r *Rhythm) intervals(beats []Beat, rate, seconds float64) {
	if len(beats) == 0 {
		return
	}
	shortest, longest := math.Inf(1), 0.0
	for _, b := range beats[1:] {
		if b.RRms >= pauseMS {
			r.Pauses++
		}
		shortest, longest = math.Min(shortest, b.RRms), math.Max(longest, b.RRms)
	}
	first := float64(beats[0].Sample) / rate * 1000
	last := seconds*1000 - float64(beats[len(beats)-1].Sample)/rate*1000
	if edge := math.Max(first, last); edge > longest {
		longest, r.LongestOpen = edge, true
	}
	r.ShortestRR, r.LongestRR = rounded(shortest, 1), rounded(longest, 1)
}

// changesOf lists the absolute changes between successive RR intervals that
// neither begin nor end at a beat of another shape, and the usual interval.
func changesOf(beats []Beat) (changes []float64, usual float64) {
	var gaps []float64
	plain := func(i int) bool {
		return beats[i].Class != Ventricular && beats[i-1].Class != Ventricular
	}
	for i := 1; i < len(beats); i++ {
		if !plain(i) {
			continue
		}
		gaps = append(gaps, beats[i].RRms)
		if i >= 2 && plain(i-1) {
			changes = append(changes, math.Abs(beats[i].RRms-beats[i-1].RRms))
		}
	}
	if len(gaps) == 0 {
		return nil, 0
	}
	return changes, median(gaps)
}

// ventricular counts suspected ventricular beats and their runs.
func (r *Rhythm) ventricular(beats []Beat) {
	run, length := 0, 0.0
	for i, b := range beats {
		if b.Paced {
			r.Paced++
		}
		if b.Class != Ventricular || b.Paced {
			run, length = 0, 0
			continue
		}
		r.Ventricular++
		if run > 0 {
			length += beats[i].RRms
		}
		run++
		if run > r.LongestRun {
			r.LongestRun = run
			if run >= 3 {
				r.RunRate = rounded(60000/(length/float64(run-1)), 1)
			}
		}
	}
}
