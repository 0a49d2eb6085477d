package main

import (
	"fmt"
	"io"
	"io/fs"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// published are the figures of gqrs on a record, in per cent, measured with the
// WFDB software as here.
type published struct {
	record                 string
	sensitivity, precision float64
}

func gqrs() []published {
	return []published{{"mitdb/100", 100, 100}, {"mitdb/208", 99.26, 99.63}, {"svdb/800", 100, 99.79}}
}

// beatTable compares beats of whole two-lead records with the annotations.
func beatTable(out io.Writer, files fs.FS) error {
	fmt.Fprint(out, "## Beats\n\nWhole record, 150 ms window, as bxb.\n\n| record | beats | missed | false | Se % | +P % | gqrs Se/+P |\n|---|---|---|---|---|---|---|\n")
	for _, p := range gqrs() {
		rec, truth, err := annotated(files, p.record)
		if err != nil {
			return err
		}
		s := compareBeats(rec, truth)
		fmt.Fprintf(out, "| %s | %d | %d | %d | %.2f | %.2f | %.2f/%.2f |\n", p.record, len(truth), s.missed, s.extra, s.sensitivity(), s.precision(), p.sensitivity, p.precision)
	}
	_, err := fmt.Fprintln(out)
	return err
}

// annotated reads a record and the samples of its beats.
func annotated(files fs.FS, record string) (*ecg.Recording, []int, error) {
	rec, err := decode.Open(files, record+".hea")
	if err != nil {
		return nil, nil, err
	}
	marks, err := readMarks(files, record+".atr")
	if err != nil {
		return nil, nil, err
	}
	var truth []int
	for _, m := range marks {
		if isBeat(m.code) {
			truth = append(truth, m.sample)
		}
	}
	return rec, truth, nil
}

func compareBeats(rec *ecg.Recording, truth []int) score {
	var found []int
	for _, b := range measure.Analyse(rec).Beats {
		found = append(found, b.Sample)
	}
	s, _ := beatByBeat(truth, found, int(windowSeconds*rec.RateHz))
	return s
}
