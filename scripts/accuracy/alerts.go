package main

import (
	"fmt"
	"io"
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

// alertTable prints alerts per 100 ECGs that are not critical and how many
// alerts are right.
func alertTable(out io.Writer, all []clinical) error {
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
	items, alerted, ischaemic := map[string]int{}, 0, 0
	for _, c := range all {
		alerts := measure.Prealert(measure.Analyse(c.rec), nil, measure.DefaultRules())
		for _, a := range alerts {
			items[a.Item]++
		}
		if len(alerts) > 0 {
			alerted++
			if strings.Contains(c.header, "STEMI") || strings.Contains(c.header, "infarction") {
				ischaemic++
			}
		}
	}
	fmt.Fprintf(out, "| Lobachevsky, all rhythms | %d | %.1f | %s |\n", len(all), percent(alerted, len(all)), listed(items))
	_, err := fmt.Fprintf(out, "\nPredictive value over the synthetic hearts, a quarter of which are critical: %.0f %% (%d right, %d wrong). Of the %d alerts on Lobachevsky records %d are on a record whose header names an infarction.\n",
		percent(right, right+wrong), right, wrong, alerted, ischaemic)
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
