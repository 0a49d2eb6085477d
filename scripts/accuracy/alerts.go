package main

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// hearts is how many synthetic recordings of each kind are tried.
const hearts = 100

// critical says which kinds of synthetic heart are on the critical list.
func critical(kind synth.Kind) bool {
	return kind == synth.InferiorSTEMI || kind == synth.CompleteAVBlock
}

// alertTable prints alerts per 100 ECGs and how many of them are right, on hearts
// made by the program and on patients'.
func alertTable(out io.Writer, files fs.FS, all []clinical) error {
	fmt.Fprint(out, "## Pre-alerts\n\nDefault thresholds, measurements only.\n\n| ECGs | tried | alerts per 100 | items |\n|---|---|---|---|\n")
	right, wrong := 0, 0
	for _, kind := range synth.Kinds() {
		items, alerted := map[string]int{}, 0
		for seed := range uint64(hearts) {
			rec, err := synth.Make(kind, seed+1000)
			if err != nil {
				return err
			}
			alerts := measure.Prealert(measure.Analyse(rec), nil, measure.DefaultRules())
			for _, a := range alerts {
				items[a.Item]++
			}
			if len(alerts) > 0 {
				alerted++
			}
		}
		if critical(kind) {
			right += alerted
		} else {
			wrong += alerted
		}
		fmt.Fprintf(out, "| synthetic %s | %d | %.0f | %s |\n", kind, hearts, percent(alerted, hearts), listed(items))
	}
	fmt.Fprintf(out, "| **predictive value over these**, a quarter critical | %d right, %d wrong | %.0f %% | |\n", right, wrong, percent(right, right+wrong))
	if err := realAlerts(out, files, all); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out)
	return err
}

// listed writes counts by item, in the order of the list.
func listed(items map[string]int) string {
	var out []string
	for n := 1; n <= 13; n++ {
		if item := fmt.Sprintf("E%02d", n); items[item] > 0 {
			out = append(out, fmt.Sprintf("%s × %d", item, items[item]))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
