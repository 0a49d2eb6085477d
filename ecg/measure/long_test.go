package measure_test

import (
	"math"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// long is a recording of three leads at rate that repeats ten seconds of each
// kind in turn.
func long(t testing.TB, seconds int, thin int, kinds ...synth.Kind) *ecg.Recording {
	t.Helper()
	var parts []*ecg.Recording
	for _, kind := range kinds {
		for seed := range uint64(8) {
			parts = append(parts, made(t, kind, seed))
		}
	}
	rec := &ecg.Recording{RateHz: synth.RateHz / float64(thin)}
	for _, name := range []string{"II", "V2", "V5"} {
		lead := ecg.Lead{Name: name, Samples: make([]float32, 0, seconds*int(synth.RateHz)/thin)}
		level := float32(0)
		for k := 0; len(lead.Samples) < cap(lead.Samples); k++ {
			x := parts[k%len(parts)].Lead(name).Samples
			level -= x[0]
			for i := 0; i < len(x) && len(lead.Samples) < cap(lead.Samples); i += thin {
				lead.Samples = append(lead.Samples, x[i]+level)
			}
			level += x[len(x)-1]
			level *= 0.5
		}
		rec.Leads = append(rec.Leads, lead)
	}
	return rec
}

func TestLongRecordingIsMeasuredToItsEnd(t *testing.T) {
	t.Parallel()
	rec := long(t, 400, 2, synth.Normal)
	res := measure.AnalyseAll(rec)
	if last := res.Beats[len(res.Beats)-1].Sample; float64(last) < 398*rec.RateHz {
		t.Errorf("the last beat is at %.1f s of 400", float64(last)/rec.RateHz)
	}
	for i := 1; i < len(res.Beats); i++ {
		if gap := res.Beats[i].Sample - res.Beats[i-1].Sample; float64(gap) < 0.25*rec.RateHz {
			t.Errorf("two beats %d samples apart at %d: one was counted by two blocks", gap, res.Beats[i].Sample)
		}
	}
	for name, waves := range res.Waves {
		if len(waves) != len(res.Beats) {
			t.Fatalf("%s: %d entries for %d beats", name, len(waves), len(res.Beats))
		}
		for i, w := range waves {
			if r, ok := w.R.Get(); !ok || math.Abs(float64(r-res.Beats[i].Sample)) > 0.1*rec.RateHz {
				t.Errorf("%s: R of beat %d is at %d (%v), the beat at %d", name, i, r, ok, res.Beats[i].Sample)
			}
		}
	}
	if hr := res.Measurements.HR.Number; hr < 60 || hr > 90 {
		t.Errorf("%g beats per minute", hr)
	}
	if short := measure.Analyse(rec); short.Waves != nil || len(short.Beats) != len(res.Beats) {
		t.Errorf("without waves: %d waves, %d beats of %d", len(short.Waves), len(short.Beats), len(res.Beats))
	}
}

func TestCalibrationPulseIsNoHeartbeat(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.Normal, 3)
	want := measure.Analyse(rec)
	for i := range rec.Leads {
		pulse := make([]float32, 500)
		for k := 150; k < 350; k++ {
			pulse[k] = 1000
		}
		rec.Leads[i].Samples = append(slices.Clone(rec.Leads[i].Samples), pulse...)
	}
	rec.Calibration = 500
	got := measure.Analyse(rec)
	if len(got.Beats) != len(want.Beats) || got.Seconds != want.Seconds || got.Measurements.QT != want.Measurements.QT {
		t.Errorf("%d beats in %g s, want %d in %g s", len(got.Beats), got.Seconds, len(want.Beats), want.Seconds)
	}
}
