package main

import (
	"fmt"
	"io"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// day is how an ECG of the same heart differs on another day: the heart's axis
// is turned, the chest electrodes sit a part of the way nearer to a neighbour
// and their leads are higher or lower.
type day struct{ degrees, nearer, chest float64 }

func days() []day { return []day{{15, 0.25, 1.2}, {-15, -0.25, 0.8}} }

// other returns rec as it would have been recorded on that day.
func (d day) other(rec *ecg.Recording) *ecg.Recording {
	out := copyOf(rec)
	sin, cos := math.Sincos(d.degrees * math.Pi / 180)
	one, two := rec.Lead("I").Samples, rec.Lead("II").Samples
	for i := range one {
		x := float64(one[i])
		y := (2*float64(two[i]) - x) / math.Sqrt(3)
		x, y = cos*x-sin*y, sin*x+cos*y
		a, b := float32(x), float32((x+math.Sqrt(3)*y)/2)
		for name, v := range map[string]float32{"I": a, "II": b, "III": b - a, "aVR": -(a + b) / 2, "aVL": a - b/2, "aVF": b - a/2} {
			out.Lead(name).Samples[i] = v
		}
	}
	share := float32(math.Abs(d.nearer))
	for k := 1; k <= 6; k++ {
		next := min(max(k+int(math.Copysign(1, d.nearer)), 1), 6)
		own, neighbour := rec.Lead(fmt.Sprintf("V%d", k)).Samples, rec.Lead(fmt.Sprintf("V%d", next)).Samples
		to := out.Lead(fmt.Sprintf("V%d", k)).Samples
		for i := range to {
			to[i] = float32(d.chest) * ((1-share)*own[i] + share*neighbour[i])
		}
	}
	return out
}

// halved cuts rec in two: the ECG that is held against the other, and that one.
func halved(rec *ecg.Recording) (earlier, now *ecg.Recording) {
	earlier, now = copyOf(rec), copyOf(rec)
	middle := rec.Samples() / 2
	for i := range earlier.Leads {
		earlier.Leads[i].Samples, now.Leads[i].Samples = earlier.Leads[i].Samples[:middle], now.Leads[i].Samples[middle:]
	}
	return earlier, now
}

func imprintOf(rec *ecg.Recording) *measure.Imprint {
	res := measure.Analyse(rec)
	return res.Imprint()
}

// previousTable holds one half of each Lobachevsky record against the other as
// it might have looked on another day.
func previousTable(out io.Writer, all []clinical) error {
	fmt.Fprint(out, "## Exchanged electrodes beside an earlier ECG\n\nThe second half of each Lobachevsky record is held against the first, that changed as on another day: heart turned by 15° to\neither side, chest electrodes a quarter of the way nearer to a neighbour, chest leads a fifth higher or lower. Share in which the exchange\nis suspected, in %.\n\n| electrodes | held out | development |\n|---|---|---|\n")
	halves := [2][]clinical{half(all, true), half(all, false)}
	row := func(name string, change func(*ecg.Recording) *ecg.Recording) {
		fmt.Fprintf(out, "| %s |", name)
		for _, records := range halves {
			seen, tried := 0, 0
			for _, c := range records {
				earlier, now := halved(c.rec)
				p := imprintOf(change(now))
				for _, d := range days() {
					tried++
					if e := imprintOf(d.other(earlier)); p != nil && e != nil {
						if _, ok := p.Against(e); ok {
							seen++
						}
					}
				}
			}
			fmt.Fprintf(out, " %.0f |", percent(seen, tried))
		}
		fmt.Fprintln(out)
	}
	for _, m := range mixUps() {
		if m.seen == "RLN" || m.seen[0] == 'N' || m.seen[1] == 'N' {
			continue // exchanged legs show nothing, a leg on an arm shows by itself
		}
		row(m.name, m.swapped)
	}
	for i := range 6 {
		for k := i + 1; k < 6; k++ {
			a, b := fmt.Sprintf("V%d", i+1), fmt.Sprintf("V%d", k+1)
			row(a+" – "+b, exchanged(a, b))
		}
	}
	row("**none, suspected all the same**", func(rec *ecg.Recording) *ecg.Recording { return rec })
	wrong, tried := strangers(all)
	_, err := fmt.Fprintf(out, "\nHeld against the ECG of another person, as after a mix-up of patients, an exchange is suspected in %.1f %% of %d pairs.\n\n", percent(wrong, tried), tried)
	return err
}

// exchanged changes the places of two chest electrodes.
func exchanged(a, b string) func(*ecg.Recording) *ecg.Recording {
	return func(rec *ecg.Recording) *ecg.Recording {
		out := copyOf(rec)
		out.Lead(a).Samples, out.Lead(b).Samples = out.Lead(b).Samples, out.Lead(a).Samples
		return out
	}
}

// strangers holds every record against every other.
func strangers(all []clinical) (suspected, pairs int) {
	var imprints []*measure.Imprint
	for _, c := range all {
		if p := imprintOf(c.rec); p != nil {
			imprints = append(imprints, p)
		}
	}
	for i, p := range imprints {
		for k, e := range imprints {
			if i == k {
				continue
			}
			pairs++
			if _, ok := p.Against(e); ok {
				suspected++
			}
		}
	}
	return suspected, pairs
}
