package measure

import (
	"math"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Code names one defect of a recording; it is the key of the sentence
// catalogue (see Sentence).
type Code string

// Defects of a lead and of a whole recording.
const (
	LeadOff      Code = "ecg.lead_off"       // no signal for most of the time
	LeadFlat     Code = "ecg.lead_flat"      // no signal for part of the time
	Saturated    Code = "ecg.saturated"      // the amplifier hit its limit
	Noise        Code = "ecg.noise"          // muscle noise
	Wander       Code = "ecg.wander"         // baseline wander
	Mains        Code = "ecg.mains"          // 50 or 60 Hz
	Short        Code = "ecg.short"          // under 10 s
	FewLeads     Code = "ecg.few_leads"      // under 12 leads
	RateTooLow   Code = "ecg.rate_too_low"   // under 250 Hz
	RateLow      Code = "ecg.rate_low"       // under 500 Hz
	ReversedLARA Code = "ecg.reversed_la_ra" // suspected exchange of arm electrodes
	ReversedRALL Code = "ecg.reversed_ra_ll" // right arm and left leg
	ReversedRARL Code = "ecg.reversed_ra_rl" // right arm and right leg
	ReversedLARL Code = "ecg.reversed_la_rl" // left arm and right leg
	NoBeats      Code = "ecg.no_beats"       // no QRS complex was found
)

// Grade is the proposed grade of the tracing.
type Grade string

// The grades: 合格, 基本合格, 不合格.
const (
	OK   Grade = "ok"
	Fair Grade = "fair"
	Poor Grade = "poor"
)

// Finding is one defect and the leads it was seen on; Leads is empty when it
// concerns the whole recording.
type Finding struct {
	Code  Code     `json:"code"`
	Leads []string `json:"leads,omitempty"`
	Grade Grade    `json:"grade"` // the best grade a tracing with it can have
}

// Quality is what a technician can still mend while the patient is there.
type Quality struct {
	Grade    Grade     `json:"grade"`
	Findings []Finding `json:"findings"` // worst first; empty, never nil
}

// Has reports whether code was found, on lead if lead is not empty.
func (q Quality) Has(code Code, lead string) bool {
	for _, f := range q.Findings {
		if f.Code == code && (lead == "" || slices.Contains(f.Leads, lead)) {
			return true
		}
	}
	return false
}

// Limits of the defects.
const (
	quietUV       = 15    // µV peak to peak in quietSeconds: nobody's ECG
	quietSeconds  = 2.0   // s: at 30 beats per minute one stands in it
	offShare      = 0.8   // of the time without signal: lead off
	railUV        = 1000  // µV from the middle: where a flat top is a limit
	railSeconds   = 0.010 // s at the same extreme value
	noiseUV       = 25    // µV RMS above 25 Hz between the beats
	severeNoiseUV = 70
	mainsUV       = 25  // µV amplitude of the mains
	mainsInNoise  = 1.5 // what a squared mains amplitude adds to the squared restlessness
	wanderUV      = 500
	severeWander  = 1500
	minSeconds    = 9.9 // 10 s as carts count them
	wantedLeads   = 12
)

// leadSigns is what the samples of one lead show.
type leadSigns struct {
	off, flat, rail      bool
	noise, mains, wander float64 // µV
}

// examine looks at one lead; scratch is as long as the lead.
func examine(tr trace, rate float64, scratch []float64) leadSigns {
	var s leadSigns
	silent := silentShare(tr.x, rate)
	s.off = len(tr.x) == 0 || silent >= offShare || tr.missing >= offShare
	s.flat = !s.off && (silent > 0 || tr.missing > 0.01)
	if s.off {
		return s
	}
	s.rail = clipped(tr.x, rate)
	s.wander = wander(tr.x, rate, scratch)
	s.mains = math.Max(tone(tr.x, 50, rate), tone(tr.x, 60, rate))
	s.noise = restlessness(tr.x, rate, scratch)
	return s
}

// silentShare is the share of stretches of quietSeconds in which x hardly moves.
func silentShare(x []float64, rate float64) float64 {
	width := min(span(quietSeconds, rate), max(1, len(x)))
	silent, count := 0, 0
	for from := 0; from+width <= len(x); from += width {
		count++
		if low, high := extremes(x[from : from+width]); high-low < quietUV {
			silent++
		}
	}
	if count == 0 {
		return 0
	}
	return float64(silent) / float64(count)
}

// clipped reports flat tops: runs at exactly the highest or lowest value, far
// from the middle.
func clipped(x []float64, rate float64) bool {
	low, high := extremes(x)
	middle := mean(x)
	atLimit, run := 0, 0
	limit := span(railSeconds, rate)
	for _, v := range x {
		if (v == high && high-middle >= railUV) || (v == low && middle-low >= railUV) {
			run++
			if run >= max(3, limit) {
				atLimit++
			}
			continue
		}
		run = 0
	}
	return atLimit > 0
}

// wander is the range in µV of the line about which the beats stand.
func wander(x []float64, rate float64, slow []float64) float64 {
	movingMean(slow, x, span(1.0, rate))
	edge := min(span(0.5, rate), len(slow)/4) // half-filled means at the ends
	slow = slow[edge : len(slow)-edge]
	low, high := extremes(slow)
	return high - low
}

// tone is the amplitude in µV of a steady oscillation at hz: the median over
// stretches of 0.2 s, so that beats do not count.
func tone(x []float64, hz, rate float64) float64 {
	if rate < 2.5*hz {
		return 0
	}
	width := span(0.2, rate)
	turn := 2 * math.Cos(2*math.Pi*hz/rate)
	var amplitudes []float64
	for from := 0; from+width <= len(x); from += width {
		// Goertzel on second differences would be steeper; on first
		// differences a slope of the baseline is a constant and drops out.
		a, b, level := 0.0, 0.0, (x[from+width-1]-x[from])/float64(width-1)
		for i := 1; i < width; i++ {
			a, b = x[from+i]-x[from+i-1]-level+turn*a-b, a
		}
		power := a*a + b*b - turn*a*b
		gain := 2 * math.Sin(math.Pi*hz/rate) // of the first difference
		amplitudes = append(amplitudes, 2*math.Sqrt(math.Max(0, power))/float64(width-1)/gain)
	}
	if len(amplitudes) == 0 {
		return 0
	}
	return median(amplitudes)
}

// restlessness is the RMS in µV of what a 20 ms mean takes away, judged where
// the lead is calm: the median ignores QRS complexes. Mains count in full; the
// caller takes them off.
func restlessness(x []float64, rate float64, smooth []float64) float64 {
	movingMean(smooth, x, span(slopeMean, rate))
	var histogram [1024]int // µV; sorting the samples would cost more than all else
	for i, v := range smooth {
		histogram[min(int(math.Abs(x[i]-v)), len(histogram)-1)]++
	}
	below := 0
	for uv, count := range histogram {
		if below += count; 2*below >= len(x) {
			return (float64(uv) + 0.5) / 0.6745
		}
	}
	return 0
}

// judge grades the leads and the recording; it clears usable on traces that
// must not be measured.
func judge(rec *ecg.Recording, traces []trace, rate, seconds float64) Quality {
	found := map[Code][]string{}
	noisy, grade := 0, map[Code]Grade{}
	scratch := make([]float64, len(traces[0].x))
	for i := range traces {
		s, name := examine(traces[i], rate, scratch), traces[i].name
		traces[i].usable = !s.off
		mark := func(is bool, code Code, g Grade) {
			if is {
				found[code] = append(found[code], name)
				if g == Poor || grade[code] == "" {
					grade[code] = g
				}
			}
		}
		noise := math.Sqrt(math.Max(0, s.noise*s.noise-mainsInNoise*s.mains*s.mains))
		mark(s.off, LeadOff, Poor)
		mark(s.flat, LeadFlat, Fair)
		mark(s.rail, Saturated, Fair)
		mark(s.mains > mainsUV, Mains, Fair)
		mark(noise > noiseUV, Noise, Fair)
		mark(s.wander > wanderUV, Wander, worseIf(s.wander > severeWander))
		if noise > severeNoiseUV {
			noisy++
		}
	}
	if 2*noisy >= len(traces) && noisy > 0 {
		grade[Noise] = Poor
	}
	q := Quality{Grade: OK, Findings: []Finding{}}
	for _, code := range []Code{LeadOff, LeadFlat, Saturated, Noise, Wander, Mains} {
		if len(found[code]) > 0 {
			q.add(Finding{Code: code, Leads: found[code], Grade: grade[code]})
		}
	}
	q.judgeWhole(rec, len(traces), seconds)
	return q
}

func worseIf(severe bool) Grade {
	if severe {
		return Poor
	}
	return Fair
}

// judgeWhole adds what concerns the whole recording.
func (q *Quality) judgeWhole(rec *ecg.Recording, leads int, seconds float64) {
	if seconds < minSeconds {
		q.add(Finding{Code: Short, Grade: Poor})
	}
	if leads < wantedLeads {
		q.add(Finding{Code: FewLeads, Leads: missingLeads(rec), Grade: Poor})
	}
	switch {
	case rec.RateHz < 249.5:
		q.add(Finding{Code: RateTooLow, Grade: Poor})
	case rec.RateHz < 499.5:
		q.add(Finding{Code: RateLow, Grade: Fair})
	}
}

// missingLeads lists the standard leads rec neither has nor can derive.
func missingLeads(rec *ecg.Recording) []string {
	limbs := rec.Lead("I") != nil && rec.Lead("II") != nil
	var missing []string
	for i, name := range ecg.StandardLeads() {
		if rec.Lead(name) == nil && !(limbs && i < 6) {
			missing = append(missing, name)
		}
	}
	return missing
}

// drop removes a finding on one lead: another finding explains it.
func (q *Quality) drop(code Code, lead string) {
	findings := q.Findings
	*q = Quality{Grade: OK, Findings: []Finding{}}
	for _, f := range findings {
		if f.Code == code {
			f.Leads = slices.DeleteFunc(f.Leads, func(l string) bool { return l == lead })
			if len(f.Leads) == 0 {
				continue
			}
		}
		q.add(f)
	}
}

// add puts f in its place, worst first, and lowers the grade.
func (q *Quality) add(f Finding) {
	at := len(q.Findings)
	if f.Grade == Poor {
		at = slices.IndexFunc(q.Findings, func(o Finding) bool { return o.Grade != Poor })
		if at < 0 {
			at = len(q.Findings)
		}
	}
	q.Findings = slices.Insert(q.Findings, at, f)
	q.Grade = Fair
	if q.Findings[0].Grade == Poor {
		q.Grade = Poor
	}
}
