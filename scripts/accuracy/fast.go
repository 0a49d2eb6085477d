package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// pieces are a slow heart's usual beat cut up, of which a fast one is made: P,
// QRS and T keep their shapes on every lead, T comes sooner, and at the new rate
// it runs into the next P. Samples are [lead][sample] from the onset of the piece.
type pieces struct {
	names              []string
	rate               float64
	p, qrs, t          [][]float64
	pr, width, qt, gap float64 // seconds; gap is the RR interval
}

// cutUp cuts up the usual beat of rec; ok is false where a limit was not found.
func cutUp(rec *ecg.Recording) (b pieces, ok bool) {
	res := measure.Analyse(rec)
	m := res.Median
	if m == nil || !m.POn.Measurable || !m.QRSOn.Measurable || !m.TEnd.Measurable || !res.Rhythm.PWaves || len(m.Leads) != 12 {
		return b, false
	}
	at := func(v measure.Value) int { return m.R + int(math.Round(v.Number*m.RateHz/1000)) }
	b = pieces{names: m.Leads, rate: m.RateHz, pr: (m.QRSOn.Number - m.POn.Number) / 1000, width: (m.QRSOff.Number - m.QRSOn.Number) / 1000,
		qt: (m.TEnd.Number - m.QRSOn.Number) / 1000, gap: res.Measurements.RR.Number / 1000}
	for _, x := range m.Samples {
		p, qrs, t := cut(x, at(m.POn), at(m.POff)), cut(x, at(m.QRSOn), at(m.QRSOff)), cut(x, at(m.QRSOff), at(m.TEnd))
		lower(p, p[0], p[len(p)-1])
		lower(t, 0, t[len(t)-1])
		b.p, b.qrs, b.t = append(b.p, p), append(b.qrs, qrs), append(b.t, t)
	}
	return b, true
}

// cut is x from one index to another, both within; beyond its ends the nearest.
func cut(x []float32, from, to int) []float64 {
	out := make([]float64, to-from+1)
	for i := range out {
		out[i] = float64(x[min(max(from+i, 0), len(x)-1)])
	}
	return out
}

// lower takes a line off x that is first at its start and last at its end.
func lower(x []float64, first, last float64) {
	for i := range x {
		x[i] -= first + (last-first)*float64(i)/float64(max(1, len(x)-1))
	}
}

// flutterWave is one atrial cycle of the record with typical flutter on twelve
// leads, from the longest pause, in which several stand alone.
func flutterWave(all []clinical) [][]float64 {
	const record, from, to = "103", 2050, 2160
	var out [][]float64
	for _, c := range all {
		if c.name != record {
			continue
		}
		for _, l := range c.rec.Leads {
			w := cut(l.Samples, from, to)
			lower(w, w[0], w[len(w)-1])
			middle := 0.0
			for _, v := range w {
				middle += v / float64(len(w))
			}
			lower(w, middle, middle)
			out = append(out, w)
		}
	}
	return out
}

// at lays x over the samples of to from second seconds on, stretched.
func (b pieces) at(to, x []float64, seconds, stretch float64) {
	first := seconds * b.rate
	for i := max(0, int(math.Ceil(first))); i < len(to); i++ {
		place := (float64(i) - first) / stretch
		k := int(place)
		if k+1 >= len(x) {
			return
		}
		share := place - float64(k)
		to[i] += x[k]*(1-share) + x[k+1]*share
	}
}

// fast is ten seconds at perMinute: in sinus rhythm, whose RR swings with the
// breath, or with flutter waves, two to a beat, in the place of P.
func (b pieces) fast(perMinute float64, flutter [][]float64, seed uint64) *ecg.Recording {
	const seconds, noiseUV = 10, 8
	rng := rand.New(rand.NewPCG(seed, 7))
	swing, breath, phase, offset := 0.02, 0.2+0.1*rng.Float64(), rng.Float64()*2*math.Pi, rng.Float64()
	if flutter != nil {
		swing = 0
	}
	base := 60 / perMinute
	var beats []float64
	for t := -2 * base; t < seconds+1; {
		beats = append(beats, t)
		t += base * (1 + swing*math.Sin(2*math.Pi*breath*t+phase) + 0.003*rng.NormFloat64())
	}
	sooner := (b.qt*math.Cbrt(base/b.gap) - b.width) / (b.qt - b.width) // Fridericia
	rec := &ecg.Recording{RateHz: b.rate}
	for k, name := range b.names {
		x := make([]float64, int(seconds*b.rate))
		for i, t := range beats {
			b.at(x, b.qrs[k], t, 1)
			b.at(x, b.t[k], t+b.width, sooner)
			if flutter == nil {
				b.at(x, b.p[k], t-0.9*b.pr, 1)
			} else if i > 0 {
				cycle := (t - beats[i-1]) / 2
				wave := append(append([]float64(nil), flutter[k]...), flutter[k][0])
				for n := range 2 {
					b.at(x, wave, beats[i-1]+(offset+float64(n))*cycle, cycle*b.rate/float64(len(flutter[k])))
				}
			}
		}
		lead := ecg.Lead{Name: name, Samples: make([]float32, len(x))}
		for i, v := range x {
			lead.Samples[i] = float32(v + noiseUV*rng.NormFloat64())
		}
		rec.Leads = append(rec.Leads, lead)
	}
	return rec
}

// flutterTable tells regular flutter with each second wave conducted from fast
// sinus rhythm.
func flutterTable(out io.Writer, all []clinical) error {
	wave := flutterWave(all)
	scaled := func(by float64) [][]float64 {
		waves := make([][]float64, len(wave))
		for k := range wave {
			for _, v := range wave[k] {
				waves[k] = append(waves[k], by*v)
			}
		}
		return waves
	}
	fmt.Fprint(out, "## Flutter with each second wave conducted\n\nFast hearts made of the usual beats of the Lobachevsky records in sinus rhythm; flutter waves are those of record 103, scaled. Share in\nwhich flutter is suspected, in %.\n\n| rhythm | held out | development |\n|---|---|---|\n")
	halves := [2][]clinical{half(all, true), half(all, false)}
	row := func(name string, perMinute float64, flutter [][]float64) {
		fmt.Fprintf(out, "| %s |", name)
		for _, records := range halves {
			suspected, tried := 0, 0
			for i, c := range records {
				b, ok := cutUp(c.rec)
				if !ok {
					continue
				}
				tried++
				if measure.Analyse(b.fast(perMinute, flutter, uint64(i))).Rhythm.FlutterSuspected {
					suspected++
				}
			}
			fmt.Fprintf(out, " %.0f of %d |", percent(suspected, tried), tried)
		}
		fmt.Fprintln(out)
	}
	for _, perMinute := range []float64{135, 150, 160} {
		row(fmt.Sprintf("flutter, %.0f beats per minute", perMinute), perMinute, scaled(1))
	}
	row("flutter, 150 beats per minute, waves half as high", 150, scaled(0.5))
	row("flutter, 150 beats per minute, waves upside down", 150, scaled(-1))
	for _, perMinute := range []float64{110, 120, 130, 140, 150, 160, 170} {
		row(fmt.Sprintf("sinus, %.0f beats per minute, **suspected all the same**", perMinute), perMinute, nil)
	}
	_, err := fmt.Fprintln(out)
	return err
}
