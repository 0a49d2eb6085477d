package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// mixUp says which limb's potential each limb electrode takes: R, L, F and N
// stand for right arm, left arm, left leg and right leg.
type mixUp struct{ name, seen string }

func mixUps() []mixUp {
	return []mixUp{
		{"right arm – left arm", "LRF"}, {"right arm – left leg", "FLR"}, {"left arm – left leg", "RFL"},
		{"right arm – right leg", "NLF"}, {"left arm – right leg", "RNF"}, {"left leg – right leg", "RLN"},
		{"both arms – both legs", "NFL"}, {"rotated clockwise", "FRL"}, {"rotated the other way", "LFR"},
	}
}

// swapped returns rec as it would have been recorded with the mix-up. The right
// leg has the left leg's potential.
func (m mixUp) swapped(rec *ecg.Recording) *ecg.Recording {
	out := copyOf(rec)
	one, two := rec.Lead("I"), rec.Lead("II")
	for i := range one.Samples {
		// Only differences count: the right arm is taken as zero.
		at := map[byte]float32{'R': 0, 'L': one.Samples[i], 'F': two.Samples[i], 'N': two.Samples[i]}
		r, l, f := at[m.seen[0]], at[m.seen[1]], at[m.seen[2]]
		for name, v := range map[string]float32{"I": l - r, "II": f - r, "III": f - l,
			"aVR": r - (l+f)/2, "aVL": l - (r+f)/2, "aVF": f - (r+l)/2} {
			out.Lead(name).Samples[i] = v
		}
	}
	return out
}

// suspected reports whether res suspects limb and chest electrodes of having
// changed places.
func suspected(res measure.Result) (limb, chest bool) {
	for _, f := range res.Quality.Findings {
		limb = limb || strings.HasPrefix(string(f.Code), "ecg.reversed")
		chest = chest || f.Code == measure.ChestOrder
	}
	return limb, chest
}

// reversalTable simulates exchanged electrodes on the Lobachevsky records. The
// central terminal does not change with arms and left leg, so chest leads stay.
func reversalTable(out io.Writer, all []clinical) error {
	fmt.Fprint(out, "## Exchanged electrodes\n\nSimulated on the Lobachevsky records; share of records in which an exchange is suspected, in %.\n\n| electrodes | held out | development |\n|---|---|---|\n")
	halves := [2][]clinical{half(all, true), half(all, false)}
	row := func(name string, change func(*ecg.Recording) *ecg.Recording, wanted func(limb, chest bool) bool) {
		fmt.Fprintf(out, "| %s |", name)
		for _, records := range halves {
			n := 0
			for _, c := range records {
				if wanted(suspected(measure.Analyse(change(c.rec)))) {
					n++
				}
			}
			fmt.Fprintf(out, " %.0f |", percent(n, len(records)))
		}
		fmt.Fprintln(out)
	}
	for _, m := range mixUps() {
		row(m.name, m.swapped, func(limb, _ bool) bool { return limb })
	}
	for i := range 6 {
		for k := i + 1; k < 6; k++ {
			a, b := fmt.Sprintf("V%d", i+1), fmt.Sprintf("V%d", k+1)
			row(a+" – "+b, exchanged(a, b), func(_, chest bool) bool { return chest })
		}
	}
	asIs := func(rec *ecg.Recording) *ecg.Recording { return rec }
	row("**none, limbs suspected all the same**", asIs, func(limb, _ bool) bool { return limb })
	row("**none, chest suspected all the same**", asIs, func(_, chest bool) bool { return chest })
	_, err := fmt.Fprint(out, "\nExchanged legs change nothing that can be seen.\n\n")
	return err
}
