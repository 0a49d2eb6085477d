package measure

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sources of an Alert.
const (
	FromMeasurement = "measurement"
	FromDevice      = "device"
)

// Alert is a suspicion that an item of the critical list is met. It may raise
// the priority of a task and nothing else; a person decides.
type Alert struct {
	Item     string `json:"item"`     // "E01" … "E13"
	Evidence string `json:"evidence"` // "R-R 3.4 s", or the device's own words
	Source   string `json:"source"`
}

// Rules are the thresholds of the pre-alert. Provinces differ, so each is
// configuration; DefaultRules gives the national list's.
type Rules struct {
	Off []string // items never raised, such as "E12"

	STLimbUV      float64 // E01: J level in limb leads and V4–V6
	STChestUV     float64 // E01: J level in V1–V3
	WideQRSms     float64 // E04, E06: QRS as wide as this is wide
	VTRate        float64 // E04: per minute
	VTRunBeats    int     // E04: a run of that many suspected ventricular beats
	SVTRate       float64 // E06: per minute
	AFRate        float64 // E07: mean per minute
	PreexcitedRR  float64 // E08: shortest RR in ms
	SlowRate      float64 // E09: mean per minute
	BlockRate     float64 // E10: ventricular rate per minute with dissociation
	PauseMS       float64 // E11
	PauseCalmMS   float64 // E11 where there are no symptoms, and in fibrillation over a day
	QTcMS         float64 // E12
	QTcBazettUpTo float64 // E12: above this rate Fridericia's QTc is judged instead
}

// DefaultRules returns the thresholds of the default critical list.
func DefaultRules() Rules {
	return Rules{
		STLimbUV: 100, STChestUV: 300,
		WideQRSms: 120, VTRate: 150, VTRunBeats: 8,
		SVTRate: 200, AFRate: 200, PreexcitedRR: 250,
		SlowRate: 35, BlockRate: 40, PauseMS: 3000, PauseCalmMS: 5000,
		QTcMS: 550, QTcBazettUpTo: 100,
	}
}

// WithoutSymptoms returns the rules for a patient who has no symptoms: only a
// longer pause is critical then.
func (r Rules) WithoutSymptoms() Rules {
	r.PauseMS = math.Max(r.PauseMS, r.PauseCalmMS)
	return r
}

// With returns the rules with an alliance's own numbers, by their names
// (docs/operating.md), and items switched on or off by their id, such as "E12". An
// unknown name, an unknown item or a number that is not positive is an error.
func (r Rules) With(numbers map[string]float64, on map[string]bool) (Rules, error) {
	named := r.named()
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		set, known := named[name]
		if !known {
			return Rules{}, fmt.Errorf("%s: no such number; there are %s", name, strings.Join(slices.Sorted(maps.Keys(named)), ", "))
		}
		if !(numbers[name] > 0) || math.IsInf(numbers[name], 0) {
			return Rules{}, fmt.Errorf("%s: %g is not above zero", name, numbers[name])
		}
		set(numbers[name])
	}
	off := slices.Clone(r.Off)
	for _, item := range slices.Sorted(maps.Keys(on)) {
		if !slices.Contains(items(), item) {
			return Rules{}, fmt.Errorf("%s: no such rule; there are %s", item, strings.Join(items(), ", "))
		}
		off = slices.DeleteFunc(off, func(o string) bool { return o == item })
		if !on[item] {
			off = append(off, item)
		}
	}
	r.Off = off
	return r, nil
}

// named are the numbers of r by name, each as the way to set it.
func (r *Rules) named() map[string]func(float64) {
	set := func(to *float64) func(float64) { return func(v float64) { *to = v } }
	return map[string]func(float64){
		"st_limb_uv": set(&r.STLimbUV), "st_chest_uv": set(&r.STChestUV),
		"wide_qrs_ms": set(&r.WideQRSms), "vt_rate": set(&r.VTRate), "vt_run_beats": func(v float64) { r.VTRunBeats = int(math.Ceil(v)) },
		"svt_rate": set(&r.SVTRate), "af_rate": set(&r.AFRate), "preexcited_rr_ms": set(&r.PreexcitedRR),
		"slow_rate": set(&r.SlowRate), "block_rate": set(&r.BlockRate), "pause_ms": set(&r.PauseMS), "pause_calm_ms": set(&r.PauseCalmMS),
		"qtc_ms": set(&r.QTcMS), "qtc_bazett_up_to": set(&r.QTcBazettUpTo),
	}
}

// items are the ids of the list that can be raised, by measurement or by the
// device's statement.
func items() []string {
	return []string{"E01", "E02", "E03", "E04", "E05", "E06", "E07", "E08", "E09", "E10", "E11", "E12", "E13"}
}

// Prealert lists what of the critical list is suspected from the measurements
// and from the device's own statements, by item; per item the measurement
// comes first. The slice is empty when nothing is.
func Prealert(res Result, statements []string, rules Rules) []Alert {
	alerts := []Alert{}
	add := func(item, source, evidence string) {
		if evidence != "" && !slices.Contains(rules.Off, item) {
			alerts = append(alerts, Alert{Item: item, Evidence: evidence, Source: source})
		}
	}
	for _, rule := range measuredRules() {
		add(rule.item, FromMeasurement, rule.evidence(&res, &rules))
	}
	for _, text := range statements {
		for _, item := range itemsIn(text) {
			again := slices.ContainsFunc(alerts, func(a Alert) bool {
				return a.Item == item && a.Source == FromDevice
			})
			if !again {
				add(item, FromDevice, clip(text))
			}
		}
	}
	slices.SortStableFunc(alerts, func(a, b Alert) int { return strings.Compare(a.Item, b.Item) })
	return alerts
}

// clip shortens a device's statement to what fits beside a task.
func clip(text string) string {
	const most = 80
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// measuredRule gives the evidence for item, "" if there is none.
type measuredRule struct {
	item     string
	evidence func(res *Result, rules *Rules) string
}

func measuredRules() []measuredRule {
	return []measuredRule{
		{"E01", stElevation},
		{"E04", wideTachycardia},
		{"E06", narrowTachycardia},
		{"E07", fastFibrillation},
		{"E08", preexcitedFibrillation},
		{"E09", slowRate},
		{"E10", dissociation},
		{"E11", pause},
		{"E12", longQT},
	}
}

func (res *Result) isWide(rules *Rules) bool {
	q := res.Measurements.QRS
	return q.Measurable && q.Number >= rules.WideQRSms
}

// atLeast reports a measurable v ≥ limit.
func atLeast(v Value, limit float64) bool { return v.Measurable && v.Number >= limit }

func rateText(v Value) string { return fmt.Sprintf("HR %.0f/min", v.Number) }

func wideTachycardia(res *Result, rules *Rules) string {
	m, r := &res.Measurements, &res.Rhythm
	switch {
	case atLeast(m.HR, rules.VTRate) && res.isWide(rules) && !r.AFSuspected:
		return fmt.Sprintf("%s, QRS %.0f ms", rateText(m.HR), m.QRS.Number)
	case r.LongestRun >= max(3, rules.VTRunBeats) && atLeast(r.RunRate, rules.VTRate):
		return fmt.Sprintf("%d × QRS ↔, %.0f/min", r.LongestRun, r.RunRate.Number)
	}
	return ""
}

func narrowTachycardia(res *Result, rules *Rules) string {
	m := &res.Measurements
	if atLeast(m.HR, rules.SVTRate) && !res.isWide(rules) && !res.Rhythm.AFSuspected {
		return rateText(m.HR)
	}
	return ""
}

func fastFibrillation(res *Result, rules *Rules) string {
	if res.Rhythm.AFSuspected && atLeast(res.Measurements.HR, rules.AFRate) {
		return rateText(res.Measurements.HR) + ", RR irregular"
	}
	return ""
}

func preexcitedFibrillation(res *Result, rules *Rules) string {
	r := &res.Rhythm
	short := r.ShortestRR.Measurable && r.ShortestRR.Number <= rules.PreexcitedRR
	// Conduction past the node is fast on the whole; one short interval in a
	// slow rhythm is an ectopic or a paced beat.
	fast := atLeast(res.Measurements.HR, 100)
	if r.AFSuspected && short && fast && res.isWide(rules) {
		return fmt.Sprintf("R-R %.0f ms, QRS %.0f ms", r.ShortestRR.Number, res.Measurements.QRS.Number)
	}
	return ""
}

func slowRate(res *Result, rules *Rules) string {
	if hr := res.Measurements.HR; hr.Measurable && hr.Number <= rules.SlowRate {
		return rateText(hr)
	}
	return ""
}

func dissociation(res *Result, rules *Rules) string {
	hr, r := res.Measurements.HR, &res.Rhythm
	if r.Dissociated && hr.Measurable && hr.Number < rules.BlockRate {
		return fmt.Sprintf("P %.0f/min, QRS %.0f/min", r.AtrialRate.Number, hr.Number)
	}
	return ""
}

// pause counts the silent start or end of a recording only when the tracing
// can be trusted.
func pause(res *Result, rules *Rules) string {
	r, limit := &res.Rhythm, rules.PauseMS
	if res.Seconds >= ambulatorySeconds && r.AFSuspected {
		limit = rules.WithoutSymptoms().PauseMS
	}
	if !atLeast(r.LongestRR, limit) || (r.LongestOpen && res.Quality.Grade == Poor) {
		return ""
	}
	sign := " "
	if r.LongestOpen {
		sign = " ≥ "
	}
	return fmt.Sprintf("R-R%s%.1f s", sign, math.Floor(r.LongestRR.Number/100)/10)
}

// longQT judges Bazett's QTc at usual rates and Fridericia's at fast ones,
// where Bazett's overcorrects. Of a wide QRS it takes 48.5 % away, since that
// part is late depolarisation and no late repolarisation.
//
// Source: Bogossian H et al. New formula for evaluation of the QT interval in
// patients with left bundle branch block. Heart Rhythm 2014;11:2273–2277.
func longQT(res *Result, rules *Rules) string {
	m := &res.Measurements
	qtc, name := m.QTc, "QTc"
	if m.HR.Measurable && m.HR.Number > rules.QTcBazettUpTo {
		qtc, name = m.QTcF, "QTcF"
	}
	if res.isWide(rules) && qtc.Measurable {
		qtc.Number *= (m.QT.Number - 0.485*m.QRS.Number) / m.QT.Number
	}
	if atLeast(qtc, rules.QTcMS) {
		return fmt.Sprintf("%s %.0f ms", name, qtc.Number)
	}
	return ""
}
