package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// spoiled is the lead that faults are put on.
const spoiled = "V3"

// defect is a fault of one lead at some severities, lightest first, what it
// should be called, and what else it is.
type defect struct {
	name  string
	codes []measure.Code
	sizes []float64
	unit  string
	spoil func(x []float32, size, rate float64, rng *rand.Rand)
}

func defects() []defect {
	add := func(kind func(*rand.Rand, int, float64) []float64, scale func(noise []float64) float64) func([]float32, float64, float64, *rand.Rand) {
		return func(x []float32, size, rate float64, rng *rand.Rand) {
			noise := kind(rng, len(x), rate)
			by := size / scale(noise)
			for i := range x {
				x[i] += float32(by * noise[i])
			}
		}
	}
	return []defect{
		{"electrode off, only the amplifier's noise", []measure.Code{measure.LeadOff}, []float64{1, 3}, "µV RMS",
			func(x []float32, size, _ float64, rng *rand.Rand) {
				for i := range x {
					x[i] = float32(size * rng.NormFloat64())
				}
			}},
		{"electrode off, picking up mains", []measure.Code{measure.LeadOff}, []float64{50, 300, 1500}, "µV",
			func(x []float32, size, rate float64, rng *rand.Rand) {
				clear(x)
				add(mains, func([]float64) float64 { return 1 })(x, size, rate, rng)
				add(wander, reach)(x, 200, rate, rng)
			}},
		{"interrupted", []measure.Code{measure.LeadFlat}, []float64{2.5, 4, 7}, "s", interrupt},
		{"at the amplifier's limit, by wander", []measure.Code{measure.Saturated, measure.Wander}, []float64{1000, 1500, 2500}, "µV",
			func(x []float32, size, rate float64, rng *rand.Rand) {
				add(wander, reach)(x, 4*size, rate, rng)
				for i, v := range x {
					x[i] = float32(math.Max(-size, math.Min(size, float64(v))))
				}
			}},
		{"muscle noise", []measure.Code{measure.Noise}, []float64{10, 20, 35, 50, 100}, "µV RMS", add(muscle, rms)},
		{"baseline wander", []measure.Code{measure.Wander}, []float64{200, 400, 700, 1000, 2000}, "µV", add(wander, reach)},
		{"mains, 50 Hz", []measure.Code{measure.Mains}, []float64{10, 20, 35, 50, 100}, "µV", add(mains, func([]float64) float64 { return 1 })},
		{"mains, 60 Hz", []measure.Code{measure.Mains}, []float64{10, 20, 35, 50, 100}, "µV",
			add(func(rng *rand.Rand, n int, rate float64) []float64 { return mains(rng, n, rate*50/60) }, func([]float64) float64 { return 1 })},
	}
}

// interrupt takes the signal away for size seconds from a random moment on.
func interrupt(x []float32, size, rate float64, rng *rand.Rand) {
	n := int(size * rate)
	from := rng.IntN(max(1, len(x)-n))
	level := x[from]
	for i := from; i < min(from+n, len(x)); i++ {
		x[i] = level
	}
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

// reach is the way from the lowest to the highest value.
func reach(x []float64) float64 { return slices.Max(x) - slices.Min(x) }

// qualityTable puts faults on one lead of each Lobachevsky record and prints how
// often they are named, there and elsewhere.
func qualityTable(out io.Writer, all []clinical) error {
	fmt.Fprintf(out, "## Quality\n\nFaults put on %s of each of the %d Lobachevsky records. Named: the finding on that lead; elsewhere: on a lead that had none before, or of\nanother kind.\n\n| fault | size | named %% | elsewhere %% |\n|---|---|---|---|\n", spoiled, len(all))
	before := make([]measure.Quality, len(all))
	found := map[measure.Code]int{}
	for i, c := range all {
		before[i] = measure.Analyse(c.rec).Quality
		for _, f := range before[i].Findings {
			found[f.Code]++
		}
	}
	for _, d := range defects() {
		for _, size := range d.sizes {
			named, elsewhere := 0, 0
			for i, c := range all {
				rec := copyOf(c.rec)
				d.spoil(rec.Lead(spoiled).Samples, size, rec.RateHz, rand.New(rand.NewPCG(31, uint64(i))))
				after := measure.Analyse(rec).Quality
				if after.Has(d.codes[0], spoiled) {
					named++
				}
				if stray(before[i], after, d.codes) {
					elsewhere++
				}
			}
			fmt.Fprintf(out, "| %s | %g %s | %.0f | %.0f |\n", d.name, size, d.unit, percent(named, len(all)), percent(elsewhere, len(all)))
		}
	}
	whole(out, all)
	fmt.Fprint(out, "\nOn the records as they are, in which nobody has judged the quality: ")
	for i, code := range slices.Sorted(maps.Keys(found)) {
		if i > 0 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprintf(out, "`%s` %d", code, found[code])
	}
	_, err := fmt.Fprintf(out, " of %d records.\n\n", len(all))
	return err
}

// stray reports whether after has a finding that before has not and the fault
// does not explain.
func stray(before, after measure.Quality, codes []measure.Code) bool {
	for _, f := range after.Findings {
		if len(f.Leads) == 0 && !before.Has(f.Code, "") {
			return true
		}
		for _, lead := range f.Leads {
			own := lead == spoiled && slices.Contains(codes, f.Code)
			if !own && !before.Has(f.Code, lead) {
				return true
			}
		}
	}
	return false
}

// whole prints the rows about gain and speed, which all leads share. What is too
// small to be an ECG may be called off.
func whole(out io.Writer, all []clinical) {
	row := func(name string, size float64, code measure.Code, spoil func(rec *ecg.Recording)) {
		named := 0
		for _, c := range all {
			rec := copyOf(c.rec)
			spoil(rec)
			q := measure.Analyse(rec).Quality
			if q.Has(code, "") || code == measure.WrongGain && q.Has(measure.LeadOff, "") {
				named++
			}
		}
		fmt.Fprintf(out, "| %s | × %g | %.0f | |\n", name, size, percent(named, len(all)))
	}
	for _, by := range []float64{0.02, 0.1, 0.5, 1, 2, 10} {
		row("gain", by, measure.WrongGain, func(rec *ecg.Recording) {
			for _, l := range rec.Leads {
				for i := range l.Samples {
					l.Samples[i] *= float32(by)
				}
			}
		})
	}
	for _, by := range []float64{0.25, 0.5, 1, 2, 4} {
		row("speed", by, measure.WrongSpeed, func(rec *ecg.Recording) { rec.RateHz *= by })
	}
}
