package measure_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

func TestDeviceStatementsAreMatchedAgainstTheCriticalList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*** ACUTE MI ***":                             "E01",
		"Inferior infarct, possibly acute":             "E01",
		"Cannot rule out acute anterior infarct":       "E01",
		"** ** ** ** * ACUTE MI / STEMI * ** ** ** **": "E01",
		"急性下壁心肌梗死可能":                                   "E01",
		"不排除急性心肌梗塞":                                    "E01",
		"急性非ST段抬高型心肌梗死":                                "E01",
		"Anterior infarct, age undetermined":           "",
		"Old inferior myocardial infarction":           "",
		"陈旧性下壁心肌梗死":                                    "",
		"未见急性心肌梗死改变":                                   "",
		"No acute infarct":                             "",
		"Mild ST elevation":                            "",
		"Subacute infarct":                             "",
		"急性心肌缺血":                                       "E02",
		"室颤":                                           "E03",
		"Ventricular fibrillation":                     "E03",
		"Ventricular tachycardia":                      "E04",
		"阵发性室性心动过速":                                    "E04",
		"短阵室速":                                         "",
		"Supraventricular tachycardia":                 "",
		"室上性心动过速":                                      "",
		"尖端扭转型室速":                                      "E04 E05",
		"三度房室传导阻滞":                                     "E10",
		"Ⅲ度房室传导阻滞":                                     "E10",
		"Complete AV block":                            "E10",
		"Third degree A-V block":                       "E10",
		"完全性右束支传导阻滞":                                   "",
		"不完全性房室传导阻滞":                                   "",
		"Complete right bundle branch block":           "",
		"First degree AV block":                        "",
		"提示高钾血症":                                       "E13",
		"Consider hypokalemia":                         "E13",
		"窦性心律; 正常心电图":                                  "",
		"Sinus rhythm":                                 "",
	} {
		var items []string
		for _, a := range measure.Prealert(measure.Result{}, []string{text}, measure.DefaultRules()) {
			items = append(items, a.Item)
			if a.Source != measure.FromDevice || a.Evidence != text {
				t.Errorf("%q: %+v", text, a)
			}
		}
		if got := strings.Join(items, " "); got != want {
			t.Errorf("%q raises %q, want %q", text, got, want)
		}
	}
}

func TestRuleThatIsOffRaisesNothing(t *testing.T) {
	t.Parallel()
	rules := measure.DefaultRules()
	rules.Off = []string{"E09", "E10"}
	res := measure.Analyse(made(t, synth.CompleteAVBlock, 1))
	if alerts := measure.Prealert(res, []string{"Complete AV block"}, rules); len(alerts) > 0 {
		t.Errorf("%+v", alerts)
	}
}

// ok makes a measurable value.
func ok(v float64) measure.Value { return measure.Value{Number: v, Measurable: true} }

func TestThresholdsAreWhereTheListPutsThem(t *testing.T) {
	t.Parallel()
	rate := func(hr, qrs float64, af bool) measure.Result {
		return measure.Result{Measurements: measure.Measurements{HR: ok(hr), QRS: ok(qrs)},
			Rhythm: measure.Rhythm{AFSuspected: af}}
	}
	pause := func(ms float64, open bool, grade measure.Grade) measure.Result {
		return measure.Result{Quality: measure.Quality{Grade: grade},
			Rhythm: measure.Rhythm{LongestRR: ok(ms), LongestOpen: open}}
	}
	qtc := func(hr, bazett, fridericia, qrs float64) measure.Result {
		return measure.Result{Measurements: measure.Measurements{HR: ok(hr), QT: ok(500), QTc: ok(bazett), QTcF: ok(fridericia), QRS: ok(qrs)}}
	}
	for _, c := range []struct {
		name     string
		res      measure.Result
		item     string
		evidence string
	}{
		{"wide and fast", rate(168, 140, false), "E04", "HR 168/min, QRS 140 ms"},
		{"wide, not fast", rate(149, 140, false), "", ""},
		{"narrow at 200", rate(200, 90, false), "E06", "HR 200/min"},
		{"narrow at 199", rate(199, 90, false), "", ""},
		{"fibrillation at 200", rate(200, 90, true), "E07", "HR 200/min, RR irregular"},
		{"fibrillation at 199", rate(199, 90, true), "", ""},
		{"35 per minute", rate(35, 90, false), "E09", "HR 35/min"},
		{"36 per minute", rate(36, 90, false), "", ""},
		{"3.4 s", pause(3449, false, measure.OK), "E11", "R-R 3.4 s"},
		{"2.99 s", pause(2990, false, measure.OK), "", ""},
		{"silent end", pause(4100, true, measure.OK), "E11", "R-R ≥ 4.1 s"},
		{"silent end of a poor tracing", pause(4100, true, measure.Poor), "", ""},
		{"QTc 550", qtc(70, 550, 540, 90), "E12", "QTc 550 ms"},
		{"QTc 549", qtc(70, 549, 540, 90), "", ""},
		{"fast, Bazett overcorrects", qtc(130, 570, 500, 90), "", ""},
		{"wide QRS lengthens QT", qtc(70, 560, 540, 160), "", ""},
	} {
		alerts := measure.Prealert(c.res, nil, measure.DefaultRules())
		switch {
		case c.item == "" && len(alerts) > 0:
			t.Errorf("%s: %+v", c.name, alerts)
		case c.item != "" && !slices.Contains(alerts, measure.Alert{Item: c.item, Evidence: c.evidence, Source: measure.FromMeasurement}):
			t.Errorf("%s: %+v, want %s %q", c.name, alerts, c.item, c.evidence)
		}
	}
}

func TestAPauseInFibrillationOverADayIsCriticalFromFiveSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ms, hours float64
		af, want  bool
	}{{3400, 24, true, false}, {5000, 24, true, true}, {3400, 24, false, true}, {3400, 0.003, true, true}} {
		res := measure.Result{Seconds: c.hours * 3600, Rhythm: measure.Rhythm{LongestRR: ok(c.ms), AFSuspected: c.af}}
		if alerts := measure.Prealert(res, nil, measure.DefaultRules()); (len(alerts) == 1) != c.want {
			t.Errorf("%g ms in %g h, fibrillation %v: %+v", c.ms, c.hours, c.af, alerts)
		}
	}
}

func TestElevationNeedsTwoNeighboursAndItsOwnThreshold(t *testing.T) {
	t.Parallel()
	with := func(uv map[string]float64) measure.Result {
		st := map[string]measure.STLevel{}
		for lead, v := range uv {
			st[lead] = measure.STLevel{J: ok(v), J60: ok(v)}
		}
		return measure.Result{Measurements: measure.Measurements{ST: st, QRS: ok(90)}}
	}
	for _, c := range []struct {
		uv   map[string]float64
		want string
	}{
		{map[string]float64{"V4": 120, "V5": 110}, "ST V4 +0.12, V5 +0.11 mV"},
		{map[string]float64{"V4": 120, "V6": 110}, ""},
		{map[string]float64{"V2": 250, "V3": 250}, ""},
		{map[string]float64{"V2": 310, "V3": 300}, "ST V2 +0.31, V3 +0.30 mV"},
		{map[string]float64{"V3": 310, "V4": 100}, "ST V3 +0.31, V4 +0.10 mV"},
		{map[string]float64{"I": 100, "aVL": 130}, "ST aVL +0.13, I +0.10 mV"},
		{map[string]float64{"III": 99, "aVF": 130}, ""},
	} {
		got := ""
		for _, a := range measure.Prealert(with(c.uv), nil, measure.DefaultRules()) {
			got = a.Evidence
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.uv, got, c.want)
		}
	}
}

func TestAllianceSetsItsOwnThresholds(t *testing.T) {
	t.Parallel()
	rules, err := measure.DefaultRules().With(map[string]float64{"slow_rate": 45, "qtc_ms": 500}, map[string]bool{"E10": false})
	if err != nil {
		t.Fatal(err)
	}
	res := measure.Result{Measurements: measure.Measurements{HR: ok(42), QTc: ok(510)}}
	var items []string
	for _, a := range measure.Prealert(res, []string{"Complete AV block"}, rules) {
		items = append(items, a.Item)
	}
	if !slices.Equal(items, []string{"E09", "E12"}) {
		t.Errorf("raised %v", items)
	}
	if again, err := rules.With(nil, map[string]bool{"E10": true}); err != nil || len(again.Off) != 0 {
		t.Errorf("%v still off, %v", again.Off, err)
	}
	for name, number := range map[string]float64{"slow_rat": 45, "slow_rate": 0} {
		if _, err := measure.DefaultRules().With(map[string]float64{name: number}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s %g: %v", name, number, err)
		}
	}
	if _, err := measure.DefaultRules().With(nil, map[string]bool{"E99": false}); err == nil {
		t.Error("E99 is known")
	}
}
