package measure_test

import (
	"math/rand/v2"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// restless adds white noise of uv RMS to every lead.
func restless(rec *ecg.Recording, uv float64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	for _, l := range rec.Leads {
		for i := range l.Samples {
			l.Samples[i] += float32(uv * rng.NormFloat64())
		}
	}
}

func TestNoiseMakesNoOtherBeatsAndNoPulses(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		rec := made(t, synth.Normal, seed)
		want := len(measure.Analyse(rec).Beats)
		restless(rec, 150, seed)
		res := measure.Analyse(rec)
		if len(res.Beats) != want || res.Rhythm.Paced > 0 {
			t.Errorf("seed %d: %d beats, %d of them paced; without noise %d", seed, len(res.Beats), res.Rhythm.Paced, want)
		}
		for i, b := range res.Beats {
			if b.Class != measure.Dominant {
				t.Errorf("seed %d: beat %d is %s", seed, i, b.Class)
			}
		}
	}
}

func TestBeatsOfAnotherShapeAreToldInNoise(t *testing.T) {
	t.Parallel()
	odd := func(res measure.Result) (n int) {
		for _, b := range res.Beats {
			if b.Class != measure.Dominant {
				n++
			}
		}
		return n
	}
	for seed := range uint64(10) {
		rec := made(t, synth.PVCs, seed)
		want := odd(measure.Analyse(rec))
		restless(rec, 120, seed)
		if got := odd(measure.Analyse(rec)); got != want {
			t.Errorf("seed %d: %d beats of another shape, without noise %d", seed, got, want)
		}
	}
}
