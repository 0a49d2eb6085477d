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
	// Left arm and left leg; hard to see, so seldom suspected.
	ReversedLALL Code = "ecg.reversed_la_ll"
	// All three limb electrodes one place on.
	ReversedLimbs Code = "ecg.reversed_limbs"
	// Both arm electrodes on the legs.
	ReversedArmsLegs Code = "ecg.reversed_arms_legs"
	ChestOrder       Code = "ecg.chest_order" // two chest electrodes exchanged
	WrongGain        Code = "ecg.wrong_gain"  // amplitudes no heart has, or far too small
	WrongSpeed       Code = "ecg.wrong_speed" // intervals no heart has
	NoBeats          Code = "ecg.no_beats"    // no QRS complex was found
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
	// Earlier: it shows by comparison with an earlier ECG of the patient; which of
	// the two is wrong is left open.
	Earlier bool `json:"earlier,omitempty"`
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
	heartlessUV   = 20    // µV of QRS in the usual beat: the lead picks up no heart
	heartUV       = 200   // µV of QRS on some lead: there is a heart to be seen
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

// judge grades the leads, each with its signs, and the recording.
func judge(rec *ecg.Recording, names []string, signs []leadSigns, seconds float64) Quality {
	found := map[Code][]string{}
	noisy, grade := 0, map[Code]Grade{}
	for i, s := range signs {
		name := names[i]
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
	if 2*noisy >= len(names) && noisy > 0 {
		grade[Noise] = Poor
	}
	q := Quality{Grade: OK, Findings: []Finding{}}
	for _, code := range []Code{LeadOff, LeadFlat, Saturated, Noise, Wander, Mains} {
		if len(found[code]) > 0 {
			q.add(Finding{Code: code, Leads: found[code], Grade: grade[code]})
		}
	}
	q.judgeWhole(rec, len(names), seconds)
	return q
}

// markHeartless marks the leads that move and yet show nothing when QRS stands
// on others: a loose electrode picks up mains and noise.
func markHeartless(signs []leadSigns, names []string, m *medianBeat, b bounds) {
	if m == nil || b.qrsOn < 0 {
		return
	}
	tallest := 0.0
	for _, x := range m.x {
		tallest = math.Max(tallest, height(x[b.qrsOn:b.qrsOff+1]))
	}
	for k, name := range names {
		if x := m.lead(name); x != nil && !signs[k].flat && tallest >= heartUV && height(x[b.qrsOn:b.qrsOff+1]) < heartlessUV {
			signs[k] = leadSigns{off: true, missing: signs[k].missing}
		}
	}
}

func worseIf(severe bool) Grade {
	if severe {
		return Poor
	}
	return Fair
}

// ambulatorySeconds is the length from which a recording was worn, not taken
// at rest.
const ambulatorySeconds = 3600.0

// judgeWhole adds what concerns the whole recording.
func (q *Quality) judgeWhole(rec *ecg.Recording, leads int, seconds float64) {
	if seconds < minSeconds {
		q.add(Finding{Code: Short, Grade: Poor})
	}
	if seconds >= ambulatorySeconds {
		return // a Holter recorder has two or three leads at a low rate by design
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

// Exchanged reports whether electrodes are suspected of having changed places.
func (q Quality) Exchanged() bool {
	return slices.ContainsFunc(q.Findings, func(f Finding) bool {
		switch f.Code {
		case ReversedLARA, ReversedRALL, ReversedRARL, ReversedLARL, ReversedLALL, ReversedLimbs, ReversedArmsLegs, ChestOrder:
			return true
		}
		return false
	})
}

// With is q with one finding more; q stays as it is.
func (q Quality) With(f Finding) Quality {
	q.Findings = slices.Clone(q.Findings)
	q.add(f)
	return q
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
