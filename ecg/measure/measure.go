// Package measure looks at an electrocardiogram while the patient is still on
// the couch: how good the tracing is, where the beats are, what the usual
// numbers are, and whether something on the list of critical values is
// suspected.
//
// It belongs to the step check. In goes an ecg.Recording, out comes a Result;
// nothing is filtered in place, stored or sent. What it finds are measurements
// and suspicions for a person to judge, never an interpretation of the
// tracing, and "not measurable" is a result like any other.
package measure

import (
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Result is everything measured on one recording.
type Result struct {
	Quality      Quality      `json:"quality"`
	Measurements Measurements `json:"measurements"`
	Rhythm       Rhythm       `json:"rhythm"`
	Beats        []Beat       `json:"beats"`
	// Pacing are the samples of pacing pulses, seen or marked by the device.
	Pacing []int `json:"pacing,omitempty"`
	// Median is the representative beat; nil when there is none.
	Median *Median `json:"median,omitempty"`
	// Seconds is how much of the recording was analysed.
	Seconds float64 `json:"seconds"`
	// Waves are the limits of every beat on every lead by its name, one entry
	// per beat of Beats.
	Waves map[string][]Waves `json:"waves,omitempty"`
}

// Median is the representative beat of the dominant shape and the global wave
// limits on it.
type Median struct {
	RateHz  float64     `json:"rate_hz"`
	Leads   []string    `json:"leads"`
	Samples [][]float32 `json:"samples"` // [lead][sample] in µV
	R       int         `json:"r"`       // index of the R peak
	// Wave limits in ms after the R peak.
	POn    Value `json:"p_on_ms,omitzero"`
	POff   Value `json:"p_off_ms,omitzero"`
	QRSOn  Value `json:"qrs_on_ms,omitzero"`
	QRSOff Value `json:"qrs_off_ms,omitzero"`
	TPeak  Value `json:"t_peak_ms,omitzero"`
	TEnd   Value `json:"t_end_ms,omitzero"`
}

// Analyse measures rec. It accepts any recording, also an empty one, and does
// not change it; the calibration pulse at its end is left out. Waves are there
// for a recording of up to two and a half minutes. Memory grows with the beats,
// not with the samples. It may be called concurrently.
func Analyse(rec *ecg.Recording) Result { return analyse(rec, false) }

// AnalyseAll measures as Analyse does and gives the waves of every beat,
// however long the recording is.
func AnalyseAll(rec *ecg.Recording) Result { return analyse(rec, true) }

func analyse(rec *ecg.Recording, everyWave bool) Result {
	rate := rec.RateHz
	leads, n := leadsOf(rec)
	if !(rate >= minRateHz && rate <= maxRateHz) || n == 0 || len(leads) == 0 {
		return unmeasured(rec)
	}
	s := survey{leads: leads, n: n, rate: rate}
	for _, b := range blocksOf(n, rate) {
		s.add(&b, everyWave)
	}
	return s.result(rec)
}

// unmeasured is the result for a recording without samples or with a rate no
// ECG has.
func unmeasured(rec *ecg.Recording) Result {
	res := Result{Quality: Quality{Grade: OK, Findings: []Finding{}}, Beats: []Beat{}}
	res.Quality.judgeWhole(rec, len(rec.Leads), rec.Duration().Seconds())
	res.Quality.add(Finding{Code: NoBeats, Grade: Poor})
	return res
}

// representative makes the median beat of one shape twice: first about a rough baseline to
// find QRS, then about the level just before it, and finds the waves.
func representative(traces []trace, beats []Beat, shape int, rate float64) (*medianBeat, bounds) {
	none := bounds{pOn: -1, pOff: -1, qrsOn: -1, qrsOff: -1, tPeak: -1, tEnd: -1}
	m := medianOf(traces, beats, shape, rate, -span(0.060, rate), roughAfter)
	if m == nil {
		return nil, none
	}
	on, _, ok := delineateQRS(m)
	if !ok {
		return m, none
	}
	m = medianOf(traces, beats, shape, rate, on-m.r-span(0.012, rate), medianAfter)
	if m == nil { // none stands in the recording as far as its T wave
		return nil, none
	}
	b := none
	if b.qrsOn, b.qrsOff, ok = delineateQRS(m); !ok {
		return m, none
	}
	delineateT(m, &b, usualRR(beats)/1000)
	delineateP(m, &b, tightBefore(beats, shape))
	return m, b
}

// usualRR is the median RR interval in ms; 0 with fewer than two beats.
func usualRR(beats []Beat) float64 {
	var gaps []float64
	for _, b := range beats[1:] {
		gaps = append(gaps, b.RRms)
	}
	if len(gaps) == 0 {
		return 0
	}
	return median(gaps)
}

// exported copies the median beat into the form of the result.
func exported(m *medianBeat, b bounds) *Median {
	out := &Median{RateHz: m.rate, Leads: m.names, R: m.r}
	for _, x := range m.x {
		lead := make([]float32, len(x))
		for i, v := range x {
			lead[i] = float32(math.Round(v*10) / 10)
		}
		out.Samples = append(out.Samples, lead)
	}
	at := func(index int) Value {
		if index < 0 {
			return Value{}
		}
		return rounded(m.ms(index), 1)
	}
	out.POn, out.POff = at(b.pOn), at(b.pOff)
	out.QRSOn, out.QRSOff = at(b.qrsOn), at(b.qrsOff)
	out.TPeak, out.TEnd = at(b.tPeak), at(b.tEnd)
	return out
}
