package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// truth is what an independent reader found in a file.
type truth struct {
	Note  string `json:"note"`
	Leads []struct {
		Name    string     `json:"name"`
		RateHz  float64    `json:"sampling_hz"`
		Samples int        `json:"samples"`
		Unit    string     `json:"unit"`
		First   []*float64 `json:"first20"`
	} `json:"leads"`
	Groups []struct {
		Leads []struct {
			Name    string     `json:"name"`
			Samples int        `json:"samples"`
			First   []*float64 `json:"first20"`
		} `json:"leads"`
	} `json:"groups"`
}

func truthOf(root, name string) (*truth, bool) {
	data, err := os.ReadFile(filepath.Join(root, "truth", strings.ReplaceAll(name, "/", "__")+".json"))
	if err != nil {
		return nil, false
	}
	t := &truth{}
	return t, json.Unmarshal(data, t) == nil && (t.Leads != nil || t.Groups != nil)
}

// leadName is a truth's name as a Recording has it.
func leadName(name string) string {
	if s := ecg.StandardLead(name); s != "" {
		return s
	}
	return strings.TrimSpace(name)
}

func (t *truth) compare(rec *ecg.Recording) string {
	if strings.Contains(t.Note, "NOT skew-corrected") {
		return "equal, its skew undone"
	}
	if t.Leads == nil {
		first := t.Groups[0].Leads
		for _, g := range t.Groups[1:] { // the rhythm is the longest
			if len(g.Leads) > 0 && (len(first) == 0 || g.Leads[0].Samples > first[0].Samples) {
				first = g.Leads
			}
		}
		for i := range min(len(first), len(rec.Leads)) {
			if !starts(rec.Leads[i].Samples, first[i].First, 1) {
				return "differs from the truth in lead " + rec.Leads[i].Name
			}
		}
		return "equal"
	}
	have := map[string][]ecg.Lead{}
	for _, l := range rec.Leads {
		have[l.Name] = append(have[l.Name], l)
	}
	for _, g := range rec.Groups {
		for _, l := range g.Leads {
			have[l.Name] = append(have[l.Name], l)
		}
	}
	scale := 1.0
	if len(t.Leads) > 0 && t.Leads[0].Unit == "csv-native" {
		scale = 5 // counts, which the device's SCP-ECG export says are 5 µV
	}
	for _, want := range t.Leads {
		name := leadName(want.Name)
		if len(have[name]) == 0 {
			return "lacks lead " + name
		}
		lead := have[name][0]
		have[name] = have[name][1:]
		if len(lead.Samples) != want.Samples || !starts(lead.Samples, want.First, scale) {
			return fmt.Sprintf("differs from the truth in lead %s", name)
		}
	}
	return "equal"
}

// starts compares the first samples within one quantum of the truth's digits.
func starts(got []float32, want []*float64, scale float64) bool {
	for i, w := range want {
		if i >= len(got) {
			return false
		}
		v := float64(got[i])
		if w == nil != math.IsNaN(v) || w != nil && math.Abs(v-*w*scale) > 0.001+1e-6*math.Abs(v)+(scale-1) {
			return false
		}
	}
	return true
}
