package measure_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// spoilt is a normal recording whose lead was changed sample by sample.
func spoilt(t *testing.T, lead string, change func(second float64, v float32) float32) *ecg.Recording {
	t.Helper()
	rec := made(t, synth.Normal, 5)
	x := rec.Lead(lead).Samples
	for i, v := range x {
		x[i] = change(float64(i)/rec.RateHz, v)
	}
	return rec
}

func TestEachDefectIsFoundOnItsLeadAndNowhereElse(t *testing.T) {
	t.Parallel()
	random := uint32(1)
	noise := func() float32 { // about ±90 µV, white
		random = random*1664525 + 1013904223
		return float32(random>>8)/float32(1<<24)*180 - 90
	}
	for _, c := range []struct {
		name   string
		code   measure.Code
		grade  measure.Grade
		change func(second float64, v float32) float32
	}{
		{"flat line", measure.LeadOff, measure.Poor, func(float64, float32) float32 { return 12 }},
		{"at the rail", measure.LeadOff, measure.Poor, func(float64, float32) float32 { return 3276 }},
		{"all gap", measure.LeadOff, measure.Poor, func(float64, float32) float32 { return float32(math.NaN()) }},
		{"loose, picking up mains", measure.LeadOff, measure.Poor, func(s float64, _ float32) float32 {
			return float32(300 * math.Sin(2*math.Pi*50*s))
		}},
		{"away for 2.5 s", measure.LeadFlat, measure.Fair, func(s float64, v float32) float32 {
			if s > 2.7 && s < 5.3 {
				return 0
			}
			return v
		}},
		{"interrupted", measure.LeadFlat, measure.Fair, func(s float64, v float32) float32 {
			if s > 5.9 {
				return 0
			}
			return v
		}},
		{"50 Hz", measure.Mains, measure.Fair, func(s float64, v float32) float32 {
			return v + float32(80*math.Sin(2*math.Pi*50*s))
		}},
		{"60 Hz", measure.Mains, measure.Fair, func(s float64, v float32) float32 {
			return v + float32(80*math.Sin(2*math.Pi*60*s))
		}},
		{"breathing", measure.Wander, measure.Fair, func(s float64, v float32) float32 {
			return v + float32(400*math.Sin(2*math.Pi*0.25*s))
		}},
		{"heaving", measure.Wander, measure.Poor, func(s float64, v float32) float32 {
			return v + float32(1500*math.Sin(2*math.Pi*0.25*s))
		}},
		{"shivering", measure.Noise, measure.Fair, func(_ float64, v float32) float32 { return v + noise() }},
		{"limit", measure.Saturated, measure.Fair, func(_ float64, v float32) float32 {
			return float32(math.Max(-1100, math.Min(1100, 4*float64(v))))
		}},
	} {
		q := measure.Analyse(spoilt(t, "V5", c.change)).Quality
		if len(q.Findings) != 1 || q.Findings[0].Code != c.code || !slices.Equal(q.Findings[0].Leads, []string{"V5"}) {
			t.Errorf("%s: %+v", c.name, q.Findings)
		}
		if q.Grade != c.grade {
			t.Errorf("%s: grade %s, want %s", c.name, q.Grade, c.grade)
		}
	}
}

func TestShortCoarseOrIncompleteRecordingIsNotGood(t *testing.T) {
	t.Parallel()
	short := made(t, synth.Normal, 1)
	for i := range short.Leads {
		short.Leads[i].Samples = short.Leads[i].Samples[:3000]
	}
	few := made(t, synth.Normal, 1)
	few.Leads = few.Leads[:7]
	for _, c := range []struct {
		rec   *ecg.Recording
		code  measure.Code
		grade measure.Grade
	}{
		{short, measure.Short, measure.Poor},
		{few, measure.FewLeads, measure.Poor},
		{thinned(t, 4), measure.RateTooLow, measure.Poor},
		{thinned(t, 2), measure.RateLow, measure.Fair},
	} {
		q := measure.Analyse(c.rec).Quality
		if !q.Has(c.code, "") || q.Grade != c.grade {
			t.Errorf("%s: %+v", c.code, q)
		}
	}
	if q := measure.Analyse(few).Quality; !q.Has(measure.FewLeads, "V6") || q.Has(measure.FewLeads, "V1") {
		t.Errorf("missing leads: %+v", q.Findings)
	}
}

// thinned keeps every n-th sample of a normal recording.
func thinned(t *testing.T, n int) *ecg.Recording {
	t.Helper()
	rec := made(t, synth.Normal, 1)
	rec.RateHz /= float64(n)
	for l := range rec.Leads {
		var x []float32
		for i := 0; i < len(rec.Leads[l].Samples); i += n {
			x = append(x, rec.Leads[l].Samples[i])
		}
		rec.Leads[l].Samples = x
	}
	return rec
}

func TestEverySentenceSaysWhatToDoInBothLanguages(t *testing.T) {
	t.Parallel()
	codes := []measure.Code{measure.LeadOff, measure.LeadFlat, measure.Saturated, measure.Noise, measure.Wander,
		measure.Mains, measure.Short, measure.FewLeads, measure.RateTooLow, measure.RateLow, measure.ReversedLARA,
		measure.ReversedRALL, measure.ReversedRARL, measure.ReversedLARL, measure.NoBeats, measure.ReversedLALL, measure.ReversedLimbs,
		measure.ReversedArmsLegs, measure.ChestOrder, measure.WrongGain, measure.WrongSpeed}
	for _, code := range codes {
		zh := measure.Sentence(code, []string{"V3", "V4"}, measure.Chinese)
		en := measure.Sentence(code, []string{"V3", "V4"}, measure.English)
		if !strings.ContainsAny(zh, "请建") || !strings.HasSuffix(zh, "。") || strings.Contains(zh, "%") {
			t.Errorf("%s: %q", code, zh)
		}
		if len(en) < 30 || !strings.HasSuffix(en, ".") || strings.Contains(en, "%") {
			t.Errorf("%s: %q", code, en)
		}
	}
	const want = "V3 导联脱落，请检查电极和导联线后重做。"
	if got := measure.Sentence(measure.LeadOff, []string{"V3"}, measure.Chinese); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := measure.Sentence("ecg.no_such_code", nil, measure.English); got != "" {
		t.Errorf("unknown code: %q", got)
	}
}

func TestNothingToMeasureIsAResultAndNoPanic(t *testing.T) {
	t.Parallel()
	for name, rec := range map[string]*ecg.Recording{
		"empty":      {},
		"no samples": {RateHz: 500, Leads: []ecg.Lead{{Name: "I"}}},
		"no rate":    {Leads: []ecg.Lead{{Name: "I", Samples: make([]float32, 100)}}},
		"NaN rate":   {RateHz: math.NaN(), Leads: []ecg.Lead{{Name: "I", Samples: make([]float32, 100)}}},
		"one sample": {RateHz: 500, Leads: []ecg.Lead{{Name: "I", Samples: make([]float32, 1)}}},
		"silence":    {RateHz: 500, Leads: []ecg.Lead{{Name: "I", Samples: make([]float32, 5000)}}},
		"uneven":     {RateHz: 500, Leads: []ecg.Lead{{Name: "I", Samples: make([]float32, 5000)}, {Name: "II", Samples: make([]float32, 7)}}},
	} {
		res := measure.Analyse(rec)
		if res.Quality.Grade != measure.Poor || !res.Quality.Has(measure.NoBeats, "") || res.Measurements.HR.Measurable {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

func FuzzAnalyse(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, uint16(500), uint8(2), int16(300))
	f.Add([]byte(strings.Repeat("\x00\x10\x80\xff", 400)), uint16(250), uint8(12), int16(-20))
	f.Fuzz(func(t *testing.T, data []byte, rate uint16, leads uint8, gain int16) {
		rec := &ecg.Recording{RateHz: float64(rate)}
		names := append(ecg.StandardLeads(), "X", "Y")
		for l := range int(leads) % len(names) {
			// Each lead repeats the bytes from another place, so that long
			// recordings come of short inputs.
			x := make([]float32, min(4*len(data), 20000))
			for i := range x {
				b := data[(i*(l+1)/3)%len(data)]
				x[i] = (float32(b) - 128) * float32(gain)
				if b == 0xff {
					x[i] = float32(math.NaN())
				}
			}
			rec.Leads = append(rec.Leads, ecg.Lead{Name: names[l], Samples: x})
		}
		res := measure.Analyse(rec)
		for i := 1; i < len(res.Beats); i++ {
			if res.Beats[i].Sample <= res.Beats[i-1].Sample || res.Beats[i].Sample >= rec.Samples() {
				t.Fatalf("beats %v of %d samples", res.Beats, rec.Samples())
			}
		}
		measure.Prealert(res, []string{string(data)}, measure.DefaultRules())
	})
}
