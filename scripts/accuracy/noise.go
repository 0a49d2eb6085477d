package main

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// disturbance is a kind of noise: it fills n samples at rate, of any size.
type disturbance struct {
	name string
	make func(rng *rand.Rand, n int, rate float64) []float64
}

func disturbances() []disturbance {
	return []disturbance{
		{"baseline wander (0.1–0.5 Hz)", wander},
		{"muscle (above 20 Hz)", muscle},
		{"mains (50 Hz)", mains},
	}
}

func wander(rng *rand.Rand, n int, rate float64) []float64 {
	out := make([]float64, n)
	for range 5 {
		hz, phase, size := 0.1+0.4*rng.Float64(), 2*math.Pi*rng.Float64(), rng.Float64()
		for i := range out {
			out[i] += size * math.Sin(2*math.Pi*hz*float64(i)/rate+phase)
		}
	}
	return out
}

// muscle is white noise without its slow part, in bursts.
func muscle(rng *rand.Rand, n int, rate float64) []float64 {
	out := make([]float64, n)
	slow, burst, phase := 0.0, 0.3+0.4*rng.Float64(), 2*math.Pi*rng.Float64()
	keep := math.Exp(-2 * math.Pi * 20 / rate)
	for i := range out {
		v := rng.NormFloat64()
		slow = keep*slow + (1-keep)*v
		out[i] = (v - slow) * (1 + 0.7*math.Sin(2*math.Pi*burst*float64(i)/rate+phase))
	}
	return out
}

func mains(rng *rand.Rand, n int, rate float64) []float64 {
	out := make([]float64, n)
	phase := 2 * math.Pi * rng.Float64()
	for i := range out {
		out[i] = math.Sin(2*math.Pi*50*float64(i)/rate + phase)
	}
	return out
}

// disturbed returns rec with noise on every lead at snr in dB. As in nst of the
// WFDB software the signal is taken as (QRS peak to peak)² / 8.
func disturbed(rec *ecg.Recording, kind disturbance, snr float64, beats []int) *ecg.Recording {
	out := copyOf(rec)
	rng := rand.New(rand.NewPCG(20, uint64(len(beats))))
	for _, l := range out.Leads {
		noise := kind.make(rng, len(l.Samples), rec.RateHz)
		power := 0.0
		for _, v := range noise {
			power += v * v / float64(len(noise))
		}
		signal := math.Pow(qrsHeight(l.Samples, beats, rec.RateHz), 2) / 8
		scale := math.Sqrt(signal / math.Pow(10, snr/10) / power)
		for i, v := range noise {
			l.Samples[i] += float32(scale * v)
		}
	}
	return out
}

// qrsHeight is the usual range in µV within 50 ms of a beat.
func qrsHeight(x []float32, beats []int, rate float64) float64 {
	var heights []float64
	reach := int(0.050 * rate)
	for _, b := range beats {
		part := x[max(0, min(b-reach, len(x)-1)):min(len(x), b+reach)]
		if len(part) > 0 {
			heights = append(heights, float64(slices.Max(part)-slices.Min(part)))
		}
	}
	return middle(heights)
}

// noiseTable prints F1 under added noise.
func noiseTable(out io.Writer, files fs.FS, all []clinical) error {
	snrs := []float64{24, 18, 12, 6, 0}
	fmt.Fprint(out, "## Noise\n\nF1 in % with noise added to all leads at a signal-to-noise ratio in dB; two-lead records: beats; Lobachevsky records held out: QRS / P / T.\n\n| noise | records |")
	for _, snr := range snrs {
		fmt.Fprintf(out, " %.0f dB |", snr)
	}
	fmt.Fprint(out, "\n|---|---|---|---|---|---|---|\n")
	held := half(all, true)
	for _, kind := range disturbances() {
		for _, p := range gqrs() {
			rec, truth, err := annotated(files, p.record)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "| %s | %s |", kind.name, p.record)
			for _, snr := range snrs {
				fmt.Fprintf(out, " %.2f |", compareBeats(disturbed(rec, kind, snr, truth), truth).f1())
			}
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "| %s | Lobachevsky |", kind.name)
		for _, snr := range snrs {
			var y tally
			for _, c := range held {
				y.merge(c.compare(measure.Analyse(disturbed(c.rec, kind, snr, peaks(c.hand["II"].qrs)))))
			}
			fmt.Fprintf(out, " %.1f / %.1f / %.1f |", y.qrs.f1(), y.p.f1(), y.t.f1())
		}
		fmt.Fprintln(out)
	}
	_, err := fmt.Fprintln(out)
	return err
}
