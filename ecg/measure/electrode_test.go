package measure_test

import (
	"math"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

func TestExchangedChestElectrodesAreNamed(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"V1", "V4"}, {"V2", "V5"}, {"V1", "V6"}, {"V3", "V6"}} {
		for seed := range uint64(10) {
			rec := made(t, synth.Normal, seed)
			a, b := rec.Lead(pair[0]), rec.Lead(pair[1])
			a.Samples, b.Samples = b.Samples, a.Samples
			q := measure.Analyse(rec).Quality
			if !q.Has(measure.ChestOrder, pair[0]) || !q.Has(measure.ChestOrder, pair[1]) {
				t.Errorf("%v, seed %d: %+v", pair, seed, q.Findings)
			}
		}
	}
}

func TestRotatedLimbElectrodesAreSuspected(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		rec := made(t, synth.Normal, seed)
		for i, one := range rec.Lead("I").Samples {
			l, f := one, rec.Lead("II").Samples[i]
			r2, l2, f2 := l, f, float32(0) // each electrode one limb on
			for name, v := range map[string]float32{"I": l2 - r2, "II": f2 - r2, "III": f2 - l2,
				"aVR": r2 - (l2+f2)/2, "aVL": l2 - (r2+f2)/2, "aVF": f2 - (r2+l2)/2} {
				rec.Lead(name).Samples[i] = v
			}
		}
		limb := func(f measure.Finding) bool {
			return slices.Contains([]measure.Code{measure.ReversedLimbs, measure.ReversedLARA, measure.ReversedRALL}, f.Code)
		}
		if q := measure.Analyse(rec).Quality; !slices.ContainsFunc(q.Findings, limb) {
			t.Errorf("seed %d: %+v", seed, q.Findings)
		}
	}
}

func TestWrongGainIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		code measure.Code
		gain float32
	}{
		{"ten times too large", measure.WrongGain, 10},
		{"ten times too small", measure.WrongGain, 0.1},
		{"fifty times too small", measure.WrongGain, 0.02},
	} {
		rec := made(t, synth.Normal, 2)
		for _, l := range rec.Leads {
			for i := range l.Samples {
				l.Samples[i] *= c.gain
			}
		}
		// What is too small to be an ECG at all may also read as lead off.
		if q := measure.Analyse(rec).Quality; !q.Has(c.code, "") && !q.Has(measure.LeadOff, "") {
			t.Errorf("%s: %+v", c.name, q.Findings)
		}
	}
}

func TestIntervalsNoHeartHasAreNamedAsWrongSpeed(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.CompleteAVBlock, 2) // wide already
	rec.RateHz /= 2.2
	if q := measure.Analyse(rec).Quality; !q.Has(measure.WrongSpeed, "") {
		t.Errorf("%+v", q.Findings)
	}
	if q := measure.Analyse(made(t, synth.CompleteAVBlock, 2)).Quality; q.Has(measure.WrongSpeed, "") {
		t.Errorf("at its own rate: %+v", q.Findings)
	}
}

// TestABeatLongOrShortInAllItsPartsIsNamedAsWrongSpeed: half or twice the speed
// leaves a heart that could be.
func TestABeatLongOrShortInAllItsPartsIsNamedAsWrongSpeed(t *testing.T) {
	t.Parallel()
	humps := append(ventricles(), hump{-0.16, 0.026, [12]float64{60, 130, 70, -95, -5, 100, 30, 50, 55, 55, 50, 45}})
	humps[1].at = 0.27
	for _, c := range []struct {
		speed float64
		want  bool
	}{{0.5, true}, {1, false}, {2, true}} {
		rec := regular(0.9, humps...)
		rec.RateHz *= c.speed
		if res := measure.Analyse(rec); res.Quality.Has(measure.WrongSpeed, "") != c.want {
			t.Errorf("× %g: %+v, P %v PR %v QRS %v QTc %v", c.speed, res.Quality.Findings, res.Measurements.P, res.Measurements.PR, res.Measurements.QRS, res.Measurements.QTc)
		}
	}
}

// paced adds a pulse of a sample or two before each R that found tells.
func paced(rec *ecg.Recording, beats []measure.Beat, before float64) {
	for _, b := range beats {
		at := b.Sample - int(before*rec.RateHz)
		for k, l := range rec.Leads {
			if at >= 0 && at < len(l.Samples) {
				l.Samples[at] += float32(900 - 100*(k%5))
			}
		}
	}
}

func TestPacedBeatsAreToldByTheirPulses(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		rec := made(t, synth.Normal, seed)
		plain := measure.Analyse(rec)
		if plain.Rhythm.Paced != 0 || len(plain.Pacing) != 0 {
			t.Fatalf("seed %d: %d beats paced without a pulse", seed, plain.Rhythm.Paced)
		}
		paced(rec, plain.Beats, 0.060)
		res := measure.Analyse(rec)
		if d := res.Rhythm.Paced - len(plain.Beats); d < -1 || d > 0 {
			t.Errorf("seed %d: %d of %d beats paced", seed, res.Rhythm.Paced, len(plain.Beats))
		}
		if d := res.Measurements.QRS.Number - plain.Measurements.QRS.Number; math.Abs(d) > 12 {
			t.Errorf("seed %d: the pulse made QRS %+g ms wider", seed, d)
		}
	}
	rec := made(t, synth.Normal, 1)
	rec.Annotations = []ecg.Annotation{{Sample: measure.Analyse(rec).Beats[3].Sample - 30, Code: "^"}}
	if res := measure.Analyse(rec); res.Rhythm.Paced != 1 || !res.Beats[3].Paced {
		t.Errorf("the device's mark is not used: %d beats paced", res.Rhythm.Paced)
	}
}

// stimulated adds tall pulses of two samples and the slow recovery of the amplifier
// behind them, before seconds in front of each R that beats tell.
func stimulated(rec *ecg.Recording, beats []measure.Beat, before, uv float64) {
	for _, b := range beats {
		at := b.Sample - int(before*rec.RateHz)
		for k, l := range rec.Leads {
			size := uv * math.Cos(float64(k))
			for j := 0; at >= 0 && at+j < len(l.Samples) && j < 40; j++ {
				v := -0.2 * size * math.Exp(-float64(j)/8)
				if j < 2 {
					v = size / float64(1+j)
				}
				l.Samples[at+j] += float32(v)
			}
		}
	}
}

func TestPacedQRSBeginsBehindItsPulseHoweverTall(t *testing.T) {
	t.Parallel()
	for _, uv := range []float64{400, 1500, 5000} {
		for _, seed := range []uint64{1, 2, 3} {
			rec := made(t, synth.CompleteAVBlock, seed) // its ventricles beat wide and slowly
			plain := measure.Analyse(rec)
			begin, _ := plain.Waves["V5"][2].QRSOn.Get()
			r, _ := plain.Waves["V5"][2].R.Get()
			before := float64(plain.Beats[2].Sample-begin)/rec.RateHz + 0.004
			stimulated(rec, plain.Beats, before, uv)
			res := measure.Analyse(rec)
			if len(res.Beats) != len(plain.Beats) || res.Rhythm.Paced < len(plain.Beats)-1 {
				t.Fatalf("%g µV, seed %d: %d of %d beats paced", uv, seed, res.Rhythm.Paced, len(plain.Beats))
			}
			on, _ := res.Waves["V5"][2].QRSOn.Get()
			again, _ := res.Waves["V5"][2].R.Get()
			if d := float64(on-begin) / rec.RateHz * 1000; d < -8 || d > 16 {
				t.Errorf("%g µV, seed %d: QRS begins %+g ms from where it did without pulses", uv, seed, d)
			}
			if d := float64(again-r) / rec.RateHz * 1000; math.Abs(d) > 6 {
				t.Errorf("%g µV, seed %d: R lies %+g ms from where it was", uv, seed, d)
			}
			if d := res.Measurements.QRS.Number - plain.Measurements.QRS.Number; math.Abs(d) > 20 {
				t.Errorf("%g µV, seed %d: pulses made QRS %+g ms wider", uv, seed, d)
			}
		}
	}
}

func TestPulsesDrawnAsBoxesAreBridged(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rec := made(t, synth.CompleteAVBlock, seed)
		plain := measure.Analyse(rec)
		begin, _ := plain.Waves["V5"][2].QRSOn.Get()
		for _, b := range plain.Beats {
			first := b.Sample - (plain.Beats[2].Sample - begin) - 8
			for k, l := range rec.Leads {
				for i := first; i >= 0 && i < min(first+15, len(l.Samples)); i++ {
					l.Samples[i] += float32(2500 * math.Cos(float64(k)))
				}
			}
		}
		res := measure.Analyse(rec)
		if len(res.Beats) != len(plain.Beats) || res.Rhythm.Paced < len(plain.Beats)-1 {
			t.Fatalf("seed %d: %d of %d beats paced", seed, res.Rhythm.Paced, len(plain.Beats))
		}
		if on, _ := res.Waves["V5"][2].QRSOn.Get(); on < begin || on > begin+16 {
			t.Errorf("seed %d: QRS begins at %d, a box stands over %d to %d", seed, on, begin-8, begin+7)
		}
		if d := res.Measurements.QRS.Number - plain.Measurements.QRS.Number; math.Abs(d) > 24 {
			t.Errorf("seed %d: the boxes made QRS %+g ms wider", seed, d)
		}
	}
}

func TestMainsLeaveTheMeasurementsAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, hz := range []float64{50, 60} {
		rec := made(t, synth.Normal, 6)
		want := measure.Analyse(rec).Measurements
		for k, l := range rec.Leads {
			for i := range l.Samples {
				l.Samples[i] += float32(300 * math.Sin(2*math.Pi*hz*float64(i)/rec.RateHz+float64(k)))
			}
		}
		got := measure.Analyse(rec).Measurements
		for name, pair := range map[string][2]measure.Value{"QRS": {got.QRS, want.QRS}, "PR": {got.PR, want.PR}, "QT": {got.QT, want.QT}} {
			if !pair[0].Measurable || math.Abs(pair[0].Number-pair[1].Number) > 12 {
				t.Errorf("%g Hz: %s %v, without mains %v", hz, name, pair[0], pair[1])
			}
		}
	}
}
