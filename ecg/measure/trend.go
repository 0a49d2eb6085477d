package measure

import (
	"cmp"
	"math"
	"slices"
)

// Trend is a long recording in numbers: what a reader looks at before any
// trace.
type Trend struct {
	RateHz  float64 `json:"rate_hz"`
	Seconds float64 `json:"seconds"`
	Beats   int     `json:"beats"`
	// Minutes are the heart rate minute by minute from the start.
	Minutes []Minute `json:"minutes"`
	// Histogram counts RR intervals in steps of HistogramMS from 0; the last
	// step holds all longer ones.
	Histogram   []int `json:"histogram"`
	HistogramMS int   `json:"histogram_ms"`
	Ventricular int   `json:"ventricular"`
	Paced       int   `json:"paced"`
	// Events are what to look at first, in order of time.
	Events []Event `json:"events"`
}

// Minute is the heart rate in one minute, in beats per minute; zeros where no
// two beats followed each other.
type Minute struct {
	Mean int `json:"mean"`
	Low  int `json:"low"`  // over eight beats
	High int `json:"high"` // over eight beats
	V    int `json:"v"`    // suspected ventricular beats
}

// EventKind says what an event is; none is a diagnosis.
type EventKind string

// The kinds of Event; Value is in ms for pauses, in beats per minute for the
// others.
const (
	EventPause   EventKind = "pause"   // no beat for 2 s or more
	EventRun     EventKind = "run"     // three or more suspected ventricular beats
	EventFastest EventKind = "fastest" // over eight beats
	EventSlowest EventKind = "slowest" // over eight beats
)

// Event is a stretch of a recording to look at.
type Event struct {
	Kind    EventKind `json:"kind"`
	Sample  int       `json:"sample"` // where it begins
	Seconds float64   `json:"seconds"`
	Beats   int       `json:"beats"`
	Value   float64   `json:"value"`
}

const (
	histogramMS    = 20
	histogramSteps = 101 // up to 2 s
	rateBeats      = 8   // over which a momentary rate is taken
	maxEvents      = 60  // of each kind, the worst
)

// TrendOf sums up the beats of a result. Beats rarely so close or so far that
// the rate has no meaning are left out of the rates.
func TrendOf(res Result, rateHz float64) Trend {
	t := Trend{RateHz: rateHz, Seconds: res.Seconds, Beats: len(res.Beats), Minutes: []Minute{}, Histogram: make([]int, histogramSteps), HistogramMS: histogramMS,
		Ventricular: res.Rhythm.Ventricular, Paced: res.Rhythm.Paced, Events: []Event{}}
	if !(rateHz > 0) {
		return t
	}
	t.rates(res.Beats)
	for _, b := range res.Beats[min(1, len(res.Beats)):] {
		t.Histogram[min(int(b.RRms)/histogramMS, histogramSteps-1)]++
	}
	t.Events = append(t.Events, worst(pauses(res.Beats), func(e Event) float64 { return e.Value })...)
	t.Events = append(t.Events, worst(runs(res.Beats, rateHz), func(e Event) float64 { return float64(e.Beats) })...)
	slices.SortStableFunc(t.Events, func(a, b Event) int { return cmp.Compare(a.Sample, b.Sample) })
	return t
}

// rates fills the minutes and finds the fastest and the slowest stretch.
func (t *Trend) rates(beats []Beat) {
	t.Minutes = make([]Minute, int(math.Ceil(t.Seconds/60)))
	sums, counts := make([]float64, len(t.Minutes)), make([]int, len(t.Minutes))
	var fastest, slowest Event
	for i, b := range beats {
		m := min(int(float64(b.Sample)/t.RateHz/60), len(t.Minutes)-1)
		if m < 0 {
			continue
		}
		if b.Class == Ventricular && !b.Paced {
			t.Minutes[m].V++
		}
		if i > 0 {
			sums[m] += b.RRms
			counts[m]++
		}
		if i < rateBeats {
			continue
		}
		first := beats[i-rateBeats]
		seconds := float64(b.Sample-first.Sample) / t.RateHz
		rate := math.Round(60 * rateBeats / seconds)
		e := Event{Sample: first.Sample, Seconds: seconds, Beats: rateBeats, Value: rate}
		if fastest.Beats == 0 || rate > fastest.Value {
			fastest = e
			fastest.Kind = EventFastest
		}
		if slowest.Beats == 0 || rate < slowest.Value {
			slowest = e
			slowest.Kind = EventSlowest
		}
		at := &t.Minutes[m]
		at.High = max(at.High, int(rate))
		if at.Low == 0 || int(rate) < at.Low {
			at.Low = int(rate)
		}
	}
	for m := range t.Minutes {
		if counts[m] > 0 && sums[m] > 0 {
			t.Minutes[m].Mean = int(math.Round(60000 * float64(counts[m]) / sums[m]))
		}
	}
	for _, e := range []Event{fastest, slowest} {
		if e.Beats > 0 {
			t.Events = append(t.Events, e)
		}
	}
}

// pauses lists the RR intervals of pauseMS and more.
func pauses(beats []Beat) []Event {
	var out []Event
	for i := 1; i < len(beats); i++ {
		if b := beats[i]; b.RRms >= pauseMS {
			out = append(out, Event{Kind: EventPause, Sample: beats[i-1].Sample, Seconds: b.RRms / 1000, Beats: 2, Value: math.Round(b.RRms)})
		}
	}
	return out
}

// runs lists three and more suspected ventricular beats in a row.
func runs(beats []Beat, rateHz float64) []Event {
	var out []Event
	for i := 0; i < len(beats); i++ {
		k := i
		for k < len(beats) && beats[k].Class == Ventricular && !beats[k].Paced {
			k++
		}
		if n := k - i; n >= 3 {
			seconds := float64(beats[k-1].Sample-beats[i].Sample) / rateHz
			out = append(out, Event{Kind: EventRun, Sample: beats[i].Sample, Seconds: seconds, Beats: n, Value: math.Round(60 * float64(n-1) / seconds)})
		}
		i = max(i, k)
	}
	return out
}

// worst keeps the largest of a kind.
func worst(events []Event, size func(Event) float64) []Event {
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(size(b), size(a)) })
	return events[:min(len(events), maxEvents)]
}
