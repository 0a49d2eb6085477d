package measure_test

import (
	"math"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// hump is a wave of a heart: its peak in seconds from that of R, its width, and
// its size on each of twelve leads in µV.
type hump struct {
	at, width float64
	uv        [12]float64
}

// regular is ten seconds of a heart that beats every rr seconds.
func regular(rr float64, humps ...hump) *ecg.Recording {
	rec := &ecg.Recording{RateHz: 500}
	for k, name := range ecg.StandardLeads() {
		lead := ecg.Lead{Name: name, Samples: make([]float32, 5000)}
		for i := range lead.Samples {
			t, v := float64(i)/rec.RateHz, 0.0
			for beat := -1.0; beat*rr < 11; beat++ {
				for _, h := range humps {
					d := (t - beat*rr - h.at) / h.width
					v += h.uv[k] * math.Exp(-d*d/2)
				}
			}
			lead.Samples[i] = float32(v)
		}
		rec.Leads = append(rec.Leads, lead)
	}
	return rec
}

func ventricles() []hump {
	return []hump{
		{0, 0.012, [12]float64{600, 900, 300, -750, 150, 600, -700, -900, 300, 1100, 1200, 900}},
		{0.20, 0.030, [12]float64{75, 110, 35, -92, 20, 72, -30, 150, 180, 150, 120, 90}},
	}
}

func TestFlutterConductedTwoToOneIsSuspectedAndFastSinusRhythmIsNot(t *testing.T) {
	t.Parallel()
	const rr = 0.4
	wave := [12]float64{20, -180, -200, 80, 110, -190, 90, 40, 10, -10, -20, -30}
	flutter := regular(rr, append(ventricles(), hump{-0.11, 0.045, wave}, hump{-0.11 + rr/2, 0.045, wave})...)
	res := measure.Analyse(flutter)
	if !res.Rhythm.FlutterSuspected || math.Abs(res.Rhythm.AtrialRate.Number-300) > 5 || res.Rhythm.AFSuspected {
		t.Errorf("flutter: %+v", res.Rhythm)
	}
	if res.Rhythm.PWaves || res.Measurements.PR.Measurable {
		t.Errorf("flutter: a PR of %v ms", res.Measurements.PR.Number)
	}
	sinus := regular(rr, append(ventricles(), hump{-0.13, 0.022, [12]float64{60, 130, 70, -95, -5, 100, 30, 50, 55, 55, 50, 45}})...)
	if res := measure.Analyse(sinus); res.Rhythm.FlutterSuspected || res.Measurements.HR.Number != 150 {
		t.Errorf("sinus: %+v", res.Rhythm)
	}
}
