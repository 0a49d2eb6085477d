package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/encode"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// measured runs hub ecg measure --json on a file of the test data.
func measured(t *testing.T, name string) (m struct {
	RateHz  float64                      `json:"rate_hz"`
	Beats   []int                        `json:"beats"`
	Waves   map[string][]map[string]*int `json:"waves"`
	Global  map[string]any               `json:"global"`
	Quality struct{ Grade string }       `json:"quality"`
}) {
	t.Helper()
	var out bytes.Buffer
	must(t, run(t.Context(), []string{"ecg", "measure", "--json", filepath.Join(testdata.Dir(t), "ecg", name)}, &out, io.Discard))
	must(t, json.Unmarshal(out.Bytes(), &m))
	return m
}

func TestMeasuredECGHasOneEntryPerBeatOnEveryLead(t *testing.T) {
	t.Parallel()
	for name, leads := range map[string]int{"wfdb/ludb/3.hea": 12, "wfdb/mitdb/100.hea": 2, "scp/ecgtoolkit_Example.scp": 12} {
		m := measured(t, name)
		if len(m.Beats) < 5 || len(m.Waves) != leads {
			t.Fatalf("%s: %d beats, %d leads", name, len(m.Beats), len(m.Waves))
		}
		for lead, waves := range m.Waves {
			if len(waves) != len(m.Beats) {
				t.Errorf("%s: %d entries for %d beats in %s", name, len(waves), len(m.Beats), lead)
			}
			for _, w := range waves {
				order := -1
				for _, part := range []string{"p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off"} {
					at, there := w[part]
					if !there {
						t.Fatalf("%s: %s is not even null", name, part)
					}
					if at == nil {
						continue
					}
					if *at < order {
						t.Errorf("%s, %s: %s at %d stands before what precedes it, %d", name, lead, part, *at, order)
					}
					order = *at
				}
			}
		}
		if m.Global["qrs_ms"] == nil || m.Quality.Grade == "" {
			t.Errorf("%s: global %v, quality %v", name, m.Global, m.Quality)
		}
	}
}

// A fibrillating heart has no P wave; a recording without a beat is no error.
func TestAbsentWavesAreNull(t *testing.T) {
	t.Parallel()
	for lead, waves := range measured(t, "wfdb/ludb/51.hea").Waves {
		for _, w := range waves {
			if w["p"] != nil || w["r"] == nil {
				t.Fatalf("%s: P %v and R %v in fibrillation", lead, w["p"], w["r"])
			}
		}
	}
	if m := measured(t, "aecg/fda_minimum_aecg.xml"); len(m.Beats) != 0 || m.Waves == nil {
		t.Errorf("%d beats in a few samples, waves %v", len(m.Beats), m.Waves)
	}
}

// A worn recorder's hours are read piece by piece: beats to the end, and the
// waves of none.
func TestHoursAreMeasuredWithoutTheWavesOfEveryBeat(t *testing.T) {
	t.Parallel()
	made, err := synth.Make(synth.Normal, 5)
	must(t, err)
	rec := &ecg.Recording{RateHz: 125}
	for _, name := range []string{"II", "V2", "V5"} {
		lead := ecg.Lead{Name: name, Samples: make([]float32, 65*60*125)}
		once := made.Lead(name).Samples
		for i := range lead.Samples {
			lead.Samples[i] = once[i*4%len(once)]
		}
		rec.Leads = append(rec.Leads, lead)
	}
	var file bytes.Buffer
	_, err = encode.Encode(&file, rec, ecg.FormatEDF)
	must(t, err)
	path := filepath.Join(t.TempDir(), "hours.edf")
	must(t, os.WriteFile(path, file.Bytes(), 0o600))
	var out bytes.Buffer
	must(t, run(t.Context(), []string{"ecg", "measure", "--json", path}, &out, io.Discard))
	var m struct {
		RateHz float64        `json:"rate_hz"`
		Beats  []int          `json:"beats"`
		Waves  map[string]any `json:"waves"`
		Global map[string]any `json:"global"`
	}
	must(t, json.Unmarshal(out.Bytes(), &m))
	if m.RateHz != 125 || len(m.Beats) < 4000 || m.Beats[len(m.Beats)-1] < 64*60*125 {
		t.Errorf("%g Hz, %d beats", m.RateHz, len(m.Beats))
	}
	if m.Waves == nil || len(m.Waves) > 0 || m.Global["qrs_ms"] == nil {
		t.Errorf("waves of %d leads, global %v", len(m.Waves), m.Global)
	}
}
