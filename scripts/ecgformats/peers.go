package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// patience is how long another program may take for one file.
const patience = 20 * time.Second

// biosig converts a file with save2gdf and compares its leads with rec's.
func biosig(path string, rec *ecg.Recording) string {
	if _, err := exec.LookPath("save2gdf"); err != nil {
		return ""
	}
	if strings.HasSuffix(path, ".pdf") {
		return ""
	}
	folder, err := os.MkdirTemp("", "ecgformats")
	if err != nil {
		return ""
	}
	defer os.RemoveAll(folder)
	target := filepath.Join(folder, "out.csv")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "save2gdf", "-f=CSV", path, target)
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return fmt.Sprintf("hangs (more than %v)", patience)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 0 {
		return "crashes"
	}
	names, columns, readErr := readCSV(target)
	switch {
	case readErr != nil || len(columns) == 0:
		return "reads no signal"
	case rec == nil:
		return fmt.Sprintf("reads %d signals", len(names))
	}
	return judge(rec, names, columns)
}

// readCSV reads a table with a line of names; a unit in brackets is turned into
// µV.
func readCSV(path string) (names []string, columns [][]float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, nil, errors.Join(err, errors.New("no table"))
	}
	scales := make([]float64, len(rows[0]))
	for i, title := range rows[0] {
		name, unit, _ := strings.Cut(title, " [")
		names = append(names, name)
		scales[i] = map[string]float64{"mV]": 1e3, "nV]": 1e-3, "V]": 1e6}[unit]
		if scales[i] == 0 {
			scales[i] = 1
		}
	}
	columns = make([][]float64, len(names))
	for _, row := range rows[1:] {
		for i := range min(len(row), len(columns)) {
			v, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
			if err != nil {
				v = math.NaN()
			}
			columns[i] = append(columns[i], v*scales[i])
		}
	}
	return names, columns, nil
}

// judge compares another program's leads with rec's, by name.
func judge(rec *ecg.Recording, names []string, columns [][]float64) string {
	worst, found, lengths := 0.0, 0, ""
	seen := map[string]int{}
	for i, raw := range names {
		name := leadName(raw)
		nth := seen[name]
		seen[name]++
		var lead *ecg.Lead
		for k := range rec.Leads {
			if rec.Leads[k].Name == name {
				if nth == 0 {
					lead = &rec.Leads[k]
					break
				}
				nth--
			}
		}
		if lead == nil {
			continue
		}
		found++
		if len(columns[i]) != len(lead.Samples) {
			lengths = fmt.Sprintf("%d samples for %d, ", len(columns[i]), len(lead.Samples))
		}
		for k := range min(len(columns[i]), len(lead.Samples)) {
			v := float64(lead.Samples[k])
			if math.IsNaN(v) && math.IsNaN(columns[i][k]) {
				continue
			}
			d := math.Abs(v - columns[i][k])
			if math.IsNaN(d) {
				d = math.Inf(1)
			}
			worst = max(worst, d-1e-5*math.Abs(v)) // its table has six digits
		}
	}
	switch {
	case found == 0:
		return "names no lead of the file"
	case math.IsInf(worst, 1):
		return lengths + "gaps differ"
	case worst > 0.6 || lengths != "":
		return fmt.Sprintf("%sdiffers by up to %.4g", lengths, worst)
	case found < len(rec.Leads):
		return fmt.Sprintf("equal in %d of %d leads", found, len(rec.Leads))
	}
	return "equal"
}

// waveforms prints the first multiplex group as pydicom scales it.
const waveforms = `
import sys, json, pydicom
ds = pydicom.dcmread(sys.argv[1])
w = ds.WaveformSequence[0]
a = ds.waveform_array(0)
out = []
for i, c in enumerate(w.ChannelDefinitionSequence):
    unit = c.ChannelSensitivityUnitsSequence[0].CodeValue if 'ChannelSensitivityUnitsSequence' in c else 'uV'
    out.append({'name': c.ChannelSourceSequence[0].CodeMeaning, 'unit': unit, 'samples': [float(v) for v in a[:, i]]})
json.dump(out, sys.stdout)
`

// pydicom reads a DICOM file's first group and compares it with rec's leads in
// order.
func pydicom(path string, rec *ecg.Recording) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "/usr/bin/python3", "-c", waveforms, path)
	cmd.Stdout = &out
	err := cmd.Run()
	var channels []struct {
		Name    string    `json:"name"`
		Unit    string    `json:"unit"`
		Samples []float64 `json:"samples"`
	}
	if err != nil || json.Unmarshal(out.Bytes(), &channels) != nil {
		return "fails"
	}
	if rec == nil || len(channels) != len(rec.Leads) {
		return fmt.Sprintf("reads %d channels", len(channels))
	}
	worst := 0.0
	for i, c := range channels {
		scale := map[string]float64{"mV": 1e3, "nV": 1e-3}[c.Unit]
		if scale == 0 {
			scale = 1
		}
		for k := range min(len(c.Samples), rec.Samples()) {
			if v := float64(rec.Leads[i].Samples[k]); !math.IsNaN(v) {
				worst = max(worst, math.Abs(c.Samples[k]*scale-v))
			}
		}
	}
	if worst > 0.01 {
		return fmt.Sprintf("differs by up to %.4g", worst)
	}
	return "equal"
}
