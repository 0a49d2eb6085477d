package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// ecgMeasureCommand prints what the hub measures on an ECG file.
type ecgMeasureCommand struct {
	File string `arg:"" help:"ECG file; a WFDB record by its .hea." type:"path"`
	JSON bool   `name:"json" help:"Print JSON with the waves of every beat."`
}

// ecgMeasured is the answer of `hub ecg measure --json`. Sample numbers count
// at the file's own rate from its first sample; a wave that is absent or cannot
// be seen is null. Waves has one entry per beat for every lead.
type ecgMeasured struct {
	RateHz  float64                    `json:"rate_hz"`
	Seconds float64                    `json:"seconds"`
	Beats   []int                      `json:"beats"`
	Classes []measure.Class            `json:"classes"` // as Beats
	Waves   map[string][]measure.Waves `json:"waves"`
	Global  measure.Measurements       `json:"global"`
	Rhythm  measure.Rhythm             `json:"rhythm"`
	Quality measure.Quality            `json:"quality"`
	Alerts  []measure.Alert            `json:"alerts"`
}

// Run measures the file; one that cannot be read is an error with the reason,
// one without a heartbeat is none.
func (c *ecgMeasureCommand) Run(out io.Writer) error {
	rec, err := readECG(c.File)
	if err != nil {
		return err
	}
	res := measure.AnalyseAll(rec)
	m := ecgMeasured{RateHz: rec.RateHz, Seconds: res.Seconds, Beats: make([]int, len(res.Beats)), Classes: make([]measure.Class, len(res.Beats)),
		Waves: res.Waves, Global: res.Measurements, Rhythm: res.Rhythm, Quality: res.Quality,
		Alerts: measure.Prealert(res, rec.Statements, measure.DefaultRules())}
	for i, b := range res.Beats {
		m.Beats[i], m.Classes[i] = b.Sample, b.Class
	}
	if m.Waves == nil {
		m.Waves = map[string][]measure.Waves{}
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(m)
	}
	return m.print(out)
}

// print writes the numbers and findings for a person.
func (m *ecgMeasured) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%-12s %.1f s at %.6g Hz, %d beats, %d of them ventricular\n", "signal", m.Seconds, m.RateHz, len(m.Beats), m.Rhythm.Ventricular)
	for _, v := range []struct {
		name, unit string
		value      measure.Value
	}{
		{"HR", "/min", m.Global.HR}, {"RR", "ms", m.Global.RR}, {"P", "ms", m.Global.P}, {"PR", "ms", m.Global.PR}, {"QRS", "ms", m.Global.QRS},
		{"QT", "ms", m.Global.QT}, {"QTc Bazett", "ms", m.Global.QTc}, {"Fridericia", "ms", m.Global.QTcF}, {"Framingham", "ms", m.Global.QTcM},
		{"Hodges", "ms", m.Global.QTcH}, {"axis P", "°", m.Global.PAxis}, {"axis QRS", "°", m.Global.QRSAxis}, {"axis T", "°", m.Global.TAxis},
		{"RV5", "µV", m.Global.RV5}, {"SV1", "µV", m.Global.SV1},
	} {
		if v.value.Measurable {
			fmt.Fprintf(&text, "%-12s %g %s\n", v.name, v.value.Number, v.unit)
		} else {
			fmt.Fprintf(&text, "%-12s not measurable\n", v.name)
		}
	}
	fmt.Fprintf(&text, "%-12s %s\n", "quality", m.Quality.Grade)
	for _, f := range m.Quality.Findings {
		fmt.Fprintf(&text, "%-12s %s\n", "", measure.Sentence(f.Code, f.Leads, measure.English))
	}
	for _, a := range m.Alerts {
		fmt.Fprintf(&text, "%-12s %s, from the %s: %s\n", "suspected", a.Item, a.Source, a.Evidence)
	}
	_, err := io.WriteString(out, text.String())
	return err
}
