package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// ecgMeasureCommand prints what the hub measures on an ECG file.
type ecgMeasureCommand struct {
	File string `arg:"" help:"ECG file; a WFDB record by its .hea." type:"path"`
	JSON bool   `name:"json" help:"Print JSON, with the waves of every beat of recordings up to an hour."`
}

// ecgMeasured is the answer of `hub ecg measure --json`. Sample numbers count
// at the file's own rate from its first sample; a wave that is absent or cannot
// be seen is null. Waves has one entry per beat for every lead; it is empty for
// recordings longer than everyWaveSeconds.
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
	head, res, err := c.measure()
	if err != nil {
		return err
	}
	m := ecgMeasured{RateHz: head.RateHz, Seconds: res.Seconds, Beats: make([]int, len(res.Beats)), Classes: make([]measure.Class, len(res.Beats)),
		Waves: res.Waves, Global: res.Measurements, Rhythm: res.Rhythm, Quality: res.Quality,
		Alerts: measure.Prealert(res, head.Statements, measure.DefaultRules())}
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

// everyWaveSeconds is the length up to which the waves of every beat are
// printed. A day has a million of them, which nobody reads as one text; of longer
// recordings the beats are printed and the measurements of the quietest minute.
const everyWaveSeconds = 3600.0

// measure analyses the file. One that is longer than everyWaveSeconds and can be
// read piece by piece never is in memory as a whole. Of head only what does not
// depend on samples is there.
func (c *ecgMeasureCommand) measure() (head *ecg.Recording, res measure.Result, err error) {
	head, res, err = measureStream(c.File)
	if err != nil || head != nil {
		return head, res, err
	}
	rec, err := readECG(c.File)
	if err != nil {
		return nil, res, err
	}
	if float64(rec.Samples()) > everyWaveSeconds*rec.RateHz {
		return rec, measure.Analyse(rec), nil
	}
	return rec, measure.AnalyseAll(rec), nil
}

// measureStream measures a long recording piece by piece; head is nil when path
// is short or of a format that is not read so.
func measureStream(path string) (head *ecg.Recording, res measure.Result, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, res, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, res, err
	}
	src, err := decode.Stream(f, info.Size())
	if err != nil || ecg.Length(src) <= everyWaveSeconds {
		return nil, res, nil // whether it can be read at all says the reader of whole files
	}
	if err = decode.Beside(src.Head(), src.Samples(), os.DirFS(filepath.Dir(path)), filepath.Base(path)); err != nil {
		return nil, res, err
	}
	res, err = measure.AnalyseStream(src)
	return src.Head(), res, err
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
	switch {
	case m.Rhythm.FlutterSuspected:
		fmt.Fprintf(&text, "%-12s atrial flutter? waves at %g/min\n", "suspected", m.Rhythm.AtrialRate.Number)
	case m.Rhythm.AFSuspected:
		fmt.Fprintf(&text, "%-12s atrial fibrillation or uneven flutter? RR irregular, no P waves\n", "suspected")
	}
	fmt.Fprintf(&text, "%-12s %s\n", "quality", m.Quality.Grade)
	for _, f := range m.Quality.Findings {
		fmt.Fprintf(&text, "%-12s %s\n", "", f.Sentence(measure.English))
	}
	for _, a := range m.Alerts {
		fmt.Fprintf(&text, "%-12s %s, from the %s: %s\n", "suspected", a.Item, a.Source, a.Evidence)
	}
	_, err := io.WriteString(out, text.String())
	return err
}
