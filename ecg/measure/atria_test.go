package measure_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// withP moves the P wave of each beat that res found by the seconds later says,
// takes it away where that is NaN, and leaves the rest of rec as it is.
func withP(rec *ecg.Recording, res measure.Result, later func(beat int) float64) {
	const rim = 0.020 // s on both sides that belong to P
	for _, l := range rec.Leads {
		for i, w := range res.Waves[l.Name] {
			on, there := w.POn.Get()
			off, _ := w.POff.Get()
			on, off = on-int(rim*rec.RateHz), off+int(rim*rec.RateHz)
			if !there || on < 0 {
				continue
			}
			p := make([]float32, off-on+1)
			for k := range p {
				share := float32(k) / float32(len(p)-1)
				p[k] = l.Samples[on+k] - l.Samples[on] - share*(l.Samples[off]-l.Samples[on])
			}
			for k, v := range p {
				l.Samples[on+k] -= v
			}
			shift := later(i)
			if at := on + int(shift*rec.RateHz); !math.IsNaN(shift) && at >= 0 {
				for k, v := range p {
					l.Samples[at+k] += v
				}
			}
		}
	}
}

func TestLongPRIsMeasured(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		rec := made(t, synth.SinusBradycardia, seed)
		plain := measure.Analyse(rec)
		const longer = 0.200
		withP(rec, plain, func(int) float64 { return -longer })
		got, was := measure.Analyse(rec).Measurements, plain.Measurements
		if d := got.PR.Number - was.PR.Number - 1000*longer; !got.PR.Measurable || math.Abs(d) > 10 {
			t.Errorf("seed %d: PR %v, was %v and made %g ms longer", seed, got.PR, was.PR, 1000*longer)
		}
		if d := got.P.Number - was.P.Number; math.Abs(d) > 14 {
			t.Errorf("seed %d: P is %v ms, was %v", seed, got.P, was.P)
		}
	}
}

func TestEarlyPDoNotHideTheOthers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		rec := made(t, synth.Normal, seed)
		plain := measure.Analyse(rec)
		early := func(beat int) bool { return beat%4 == 2 }
		withP(rec, plain, func(beat int) float64 {
			if early(beat) {
				return -0.070
			}
			return 0
		})
		res := measure.Analyse(rec)
		if d := res.Measurements.PR.Number - plain.Measurements.PR.Number; !res.Rhythm.PWaves || math.Abs(d) > 8 {
			t.Errorf("seed %d: P waves %v, PR %v, was %v", seed, res.Rhythm.PWaves, res.Measurements.PR, plain.Measurements.PR)
		}
		for i, w := range res.Waves["II"] {
			if _, found := w.P.Get(); !found && !early(i) && plain.Beats[i].Sample > int(rec.RateHz/2) {
				t.Errorf("seed %d, beat %d: no P", seed, i)
			}
		}
	}
}

func TestCompleteBlockIsSeenInNoise(t *testing.T) {
	t.Parallel()
	const noiseUV = 30
	for seed := range uint64(others) {
		rec := made(t, synth.CompleteAVBlock, seed)
		rng := rand.New(rand.NewPCG(seed, 2))
		for _, l := range rec.Leads {
			for i := range l.Samples {
				l.Samples[i] += float32(noiseUV * rng.NormFloat64())
			}
		}
		if r := measure.Analyse(rec).Rhythm; !r.Dissociated || math.Abs(r.AtrialRate.Number-75) > 3 {
			t.Errorf("seed %d: %+v", seed, r)
		}
	}
}

func TestPBeforeErraticBeatsIsNoFibrillation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		rec := made(t, synth.SinusBradycardia, seed)
		beats := measure.Analyse(rec).Beats
		rng := rand.New(rand.NewPCG(seed, 1))
		// Between T and the next P pieces of the recording are left out, of many lengths.
		for l := range rec.Leads {
			x, from := []float32{}, 0
			for i, b := range beats[:len(beats)-1] {
				cut := int(float64(i*7%5) / 4 * 0.40 * rec.RateHz)
				until := b.Sample + int(0.48*rec.RateHz)
				x = append(x, rec.Leads[l].Samples[from:until]...)
				from = until + cut
			}
			rec.Leads[l].Samples = append(x, rec.Leads[l].Samples[from:]...)
			for k := range rec.Leads[l].Samples {
				rec.Leads[l].Samples[k] += float32(35 * rng.NormFloat64())
			}
		}
		res := measure.Analyse(rec)
		if r := res.Rhythm; !r.PWaves || r.AFSuspected || r.Irregularity.Number < 0.1 {
			t.Errorf("seed %d: %+v", seed, r)
		}
	}
}
