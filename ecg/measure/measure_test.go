package measure_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// seeds is how many normal hearts are tried, others how many of each other kind.
const seeds, others = 50, 20

func made(t testing.TB, kind synth.Kind, seed uint64) *ecg.Recording {
	t.Helper()
	rec, err := synth.Make(kind, seed)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// itemsOf are the items of the alerts that res raises by default.
func itemsOf(res measure.Result) []string {
	var items []string
	for _, a := range measure.Prealert(res, nil, measure.DefaultRules()) {
		items = append(items, a.Item)
	}
	return items
}

func TestCalmHeartRaisesNoAlertAndGetsTheBestGrade(t *testing.T) {
	t.Parallel()
	for _, kind := range []synth.Kind{synth.Normal, synth.SinusBradycardia} {
		for seed := range uint64(seeds) {
			res := measure.Analyse(made(t, kind, seed))
			if items := itemsOf(res); len(items) > 0 || res.Quality.Grade != measure.OK {
				t.Errorf("%s %d: alerts %v, quality %+v", kind, seed, items, res.Quality)
			}
			if !res.Rhythm.PWaves || res.Rhythm.AFSuspected || res.Rhythm.Ventricular > 0 {
				t.Errorf("%s %d: rhythm %+v", kind, seed, res.Rhythm)
			}
		}
	}
}

func TestInferiorInfarctionIsRaisedAsE01(t *testing.T) {
	t.Parallel()
	for seed := range uint64(others) {
		res := measure.Analyse(made(t, synth.InferiorSTEMI, seed))
		if items := itemsOf(res); !slices.Equal(items, []string{"E01"}) {
			t.Errorf("seed %d: %v", seed, items)
		}
		st := res.Measurements.ST
		if st["III"].J.Number < 200 || st["aVL"].J.Number > -100 {
			t.Errorf("seed %d: III %v, aVL %v", seed, st["III"], st["aVL"])
		}
	}
}

func TestCompleteBlockIsRaisedAsSlowAndDissociated(t *testing.T) {
	t.Parallel()
	for seed := range uint64(others) {
		res := measure.Analyse(made(t, synth.CompleteAVBlock, seed))
		if items := itemsOf(res); !slices.Equal(items, []string{"E09", "E10"}) {
			t.Errorf("seed %d: %v", seed, items)
		}
		if r := res.Rhythm.AtrialRate; math.Abs(r.Number-75) > 3 {
			t.Errorf("seed %d: atria at %v, made at 75", seed, r)
		}
	}
}

func TestFibrillationIsSuspectedAndHasNoPR(t *testing.T) {
	t.Parallel()
	for seed := range uint64(others) {
		res := measure.Analyse(made(t, synth.AtrialFibrillation, seed))
		if !res.Rhythm.AFSuspected || res.Measurements.PR.Measurable {
			t.Errorf("seed %d: %+v, PR %v", seed, res.Rhythm, res.Measurements.PR)
		}
	}
}

func TestVentricularBeatsAreCountedAndKeptOutOfTheMedian(t *testing.T) {
	t.Parallel()
	for seed := range uint64(others) {
		res := measure.Analyse(made(t, synth.PVCs, seed))
		if n := res.Rhythm.Ventricular; n < 2 || n > 3 {
			t.Errorf("seed %d: %d ventricular beats", seed, n)
		}
		for _, i := range res.Measurements.Basis["qrs"].Beats {
			if res.Beats[i].Class != measure.Dominant {
				t.Errorf("seed %d: beat %d is %s and was used", seed, i, res.Beats[i].Class)
			}
		}
		if q := res.Measurements.QRS.Number; q > 110 {
			t.Errorf("seed %d: QRS %g ms", seed, q)
		}
	}
}

func TestLooseElectrodeAndExchangedArmsAreNamed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(others) {
		off := measure.Analyse(made(t, synth.LeadOff, seed)).Quality
		if !off.Has(measure.LeadOff, "V3") || off.Grade != measure.Poor || len(off.Findings) != 1 {
			t.Errorf("seed %d: %+v", seed, off)
		}
		swapped := measure.Analyse(made(t, synth.ArmReversal, seed)).Quality
		if !swapped.Has(measure.ReversedLARA, "") || swapped.Grade != measure.Poor {
			t.Errorf("seed %d: %+v", seed, swapped)
		}
	}
}

func TestOtherExchangedLimbElectrodesAreSuspected(t *testing.T) {
	t.Parallel()
	// With the electrodes' potentials R, L, F the leads are I = L−R, II = F−R,
	// III = F−L; the right leg has about F's potential.
	for _, c := range []struct {
		code measure.Code
		swap func(r, l, f float32) (r2, l2, f2 float32)
	}{
		{measure.ReversedRARL, func(_, l, f float32) (float32, float32, float32) { return f, l, f }},
		{measure.ReversedLARL, func(r, _, f float32) (float32, float32, float32) { return r, f, f }},
		{measure.ReversedRALL, func(r, l, f float32) (float32, float32, float32) { return f, l, r }},
	} {
		for seed := range uint64(10) {
			rec := made(t, synth.Normal, seed)
			for i, one := range rec.Lead("I").Samples {
				// Only differences count: R is taken as zero.
				r, l, f := c.swap(0, one, rec.Lead("II").Samples[i])
				set := func(lead string, v float32) { rec.Lead(lead).Samples[i] = v }
				set("I", l-r)
				set("II", f-r)
				set("III", f-l)
				set("aVR", r-(l+f)/2)
				set("aVL", l-(r+f)/2)
				set("aVF", f-(r+l)/2)
			}
			if q := measure.Analyse(rec).Quality; !q.Has(c.code, "") {
				t.Errorf("%s, seed %d: %+v", c.code, seed, q)
			}
		}
	}
}

func TestEightStoredLeadsAreMeasuredAsTwelve(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.Normal, 1)
	want := measure.Analyse(rec).Measurements
	rec.Leads = slices.DeleteFunc(rec.Leads, func(l ecg.Lead) bool {
		return slices.Contains([]string{"III", "aVR", "aVL", "aVF"}, l.Name)
	})
	res := measure.Analyse(rec)
	if res.Quality.Grade != measure.OK {
		t.Errorf("quality %+v", res.Quality)
	}
	if got := res.Measurements; math.Abs(got.QRSAxis.Number-want.QRSAxis.Number) > 1 || math.Abs(got.QT.Number-want.QT.Number) > 4 {
		t.Errorf("axis %v and QT %v, with twelve leads %v and %v", got.QRSAxis, got.QT, want.QRSAxis, want.QT)
	}
}

func TestCorrectedQTFollowsTheFourFormulae(t *testing.T) {
	t.Parallel()
	m := measure.Analyse(made(t, synth.SinusBradycardia, 4)).Measurements
	qt, rr := m.QT.Number, m.RR.Number/1000
	for name, c := range map[string][2]float64{
		"Bazett":     {m.QTc.Number, qt / math.Sqrt(rr)},
		"Fridericia": {m.QTcF.Number, qt / math.Cbrt(rr)},
		"Framingham": {m.QTcM.Number, qt + 154*(1-rr)},
		"Hodges":     {m.QTcH.Number, qt + 1.75*(60/rr-60)},
	} {
		if math.Abs(c[0]-c[1]) > 1 {
			t.Errorf("%s: %g, want %g", name, c[0], c[1])
		}
	}
}

func TestRAndSStandOnEveryLead(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.Normal, 4)
	m := measure.Analyse(rec).Measurements
	if len(m.RS) != 12 {
		t.Fatalf("%d leads", len(m.RS))
	}
	// A beat's R rises from about zero in this recording.
	if r, top := m.RS["V5"].R.Number, float64(slices.Max(rec.Lead("V5").Samples)); math.Abs(r-top) > 0.2*top {
		t.Errorf("R in V5 is %g µV, the highest sample %g", r, top)
	}
	if m.RV5 != m.RS["V5"].R || m.SV1 != m.RS["V1"].S {
		t.Errorf("RV5 %v, SV1 %v, but %v and %v", m.RV5, m.SV1, m.RS["V5"], m.RS["V1"])
	}
	if want := m.SV1.Number + math.Max(m.RV5.Number, m.RS["V6"].R.Number); math.Abs(m.Sokolow.Number-want) > 1 {
		t.Errorf("Sokolow %v, want %g", m.Sokolow, want)
	}
}

func TestWhatCannotBeMeasuredIsAbsentFromJSON(t *testing.T) {
	t.Parallel()
	res := measure.Analyse(made(t, synth.AtrialFibrillation, 1))
	text, err := json.Marshal(res.Measurements)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"hr_bpm", "qrs_ms", "qt_ms", "qtc_ms", "qtcf_ms", "qrs_axis_deg", "st"} {
		if m[key] == nil {
			t.Errorf("%s is absent", key)
		}
	}
	for _, key := range []string{"pr_ms", "p_ms", "p_axis_deg"} {
		if _, there := m[key]; there {
			t.Errorf("%s is there in fibrillation", key)
		}
	}
	var back measure.Measurements
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.QT != res.Measurements.QT || back.PR.Measurable {
		t.Errorf("read back QT %v, PR %v", back.QT, back.PR)
	}
}

func TestAnalysisChangesNoSample(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.PVCs, 1)
	before := slices.Clone(rec.Lead("V1").Samples)
	measure.Analyse(rec)
	if !slices.Equal(before, rec.Lead("V1").Samples) {
		t.Error("V1 was changed")
	}
}

func BenchmarkAnalyse(b *testing.B) {
	rec := made(b, synth.Normal, 1)
	b.ReportAllocs()
	for b.Loop() {
		measure.Analyse(rec)
	}
}
