package encode

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// patience is how long another program may take for one file.
const patience = 5 * time.Second

// tool runs another program and returns what it prints; it skips the test
// where the program is absent.
func tool(t *testing.T, name string, args ...string) (output string, err error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// onDisk writes the recordings of the test data in one format, one of the many
// from LUDB and of the longest none, and calls do with each path.
func onDisk(t *testing.T, format ecg.Format, ending string, do func(name, path string, rec *ecg.Recording)) {
	t.Helper()
	folder := t.TempDir()
	n := 0
	corpus(t, func(name string, rec *ecg.Recording) {
		if strings.Contains(name, "ludb/") && !strings.HasSuffix(name, "/1.hea") || rec.Samples()*len(rec.Leads) > 1<<17 {
			return
		}
		n++
		files, _, err := Files(rec, format, "r"+strconv.Itoa(n)+ending)
		if err != nil {
			return // another test says whether rightly
		}
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(folder, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		do(name, filepath.Join(folder, files[0].Name), rec)
	})
}

func TestDICOMObjectsPassTheValidator(t *testing.T) {
	t.Parallel()
	onDisk(t, ecg.FormatDICOM, ".dcm", func(name, path string, rec *ecg.Recording) {
		// Its own list of classes ends before the 32-bit one.
		if text, _ := tool(t, "dciodvfy", path); rec.RateHz <= 1000 && rec.RateHz >= 50 && strings.Contains(text, "Error") {
			t.Errorf("%s: %s", name, text)
		}
		if text, err := tool(t, "dcmdump", "-q", path); err != nil || strings.Contains(text, "W: ") || strings.Contains(text, "E: ") {
			t.Errorf("%s: dcmdump: %v", name, err)
		}
	})
}

// python returns an interpreter that has some modules; without one it skips the
// test.
func python(t *testing.T, modules string) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import "+modules).Run() == nil {
			return p
		}
	}
	t.Skipf("no Python with %s is installed", modules)
	return ""
}

// readWithPydicom prints for each file the lead sums that pydicom computes.
const readWithPydicom = `
import json, sys, pydicom
for path in sys.argv[1:]:
    d = pydicom.dcmread(path)
    g = d.WaveformSequence[0]
    a = d.waveform_array(0)
    # pydicom adds the baseline before the sensitivity, PS3.3 C.10.9.1.4 after it
    pad = "WaveformPaddingValue" in g or any(float(c.get("ChannelBaseline", 0)) for c in g.ChannelDefinitionSequence)
    print(json.dumps({"rate": float(g.SamplingFrequency), "name": str(d.PatientName), "first": [float(v) for v in a[0]],
        "sums": None if pad else [float(a[:, i].sum()) for i in range(a.shape[1])], "samples": a.shape[0]}))
`

func TestPydicomReadsTheSameSamples(t *testing.T) {
	t.Parallel()
	python := python(t, "pydicom, numpy")
	var paths, names []string
	var recs []*ecg.Recording
	onDisk(t, ecg.FormatDICOM, ".dcm", func(name, path string, rec *ecg.Recording) {
		if rec.RateHz <= 1000 {
			paths, names, recs = append(paths, path), append(names, name), append(recs, rec)
		}
	})
	text, err := tool(t, python, append([]string{"-c", readWithPydicom}, paths...)...)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err != nil || len(lines) != len(paths) {
		t.Fatalf("%v: %.2000s", err, text)
	}
	for i, line := range lines {
		var got struct {
			Rate    float64
			Samples int
			Sums    []float64
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%s: %v in %.200s", names[i], err, line)
		}
		if math.Abs(got.Rate-recs[i].RateHz) > 1e-9*got.Rate || got.Samples != recs[i].Samples() {
			t.Errorf("%s: pydicom reads %v Hz, %d samples", names[i], got.Rate, got.Samples)
		}
		for k, sum := range got.Sums {
			want, largest := 0.0, largestOf(recs[i].Leads[k].Samples)
			for _, v := range recs[i].Leads[k].Samples {
				want += float64(v)
			}
			if math.Abs(sum-want) > float64(got.Samples)*(1e-3+largest*1e-4) {
				t.Errorf("%s: the sum of %s is %v, want %v", names[i], recs[i].Leads[k].Name, sum, want)
			}
		}
	}
}

// readWithNumpy reads records of format 16 by header(5) and signal(5) and writes
// the samples of each signal in mV, as float64, beside the header.
const readWithNumpy = `
import re, sys, os, numpy as np
for path in sys.argv[1:]:
    lines = [l for l in open(path, encoding="utf-8").read().split("\n") if l.strip() and not l.startswith("#")]
    record = lines[0].split()
    signals, frames = int(record[1]), int(record[3])
    specs = [l.split() for l in lines[1:1 + signals]]
    width = [int((re.search(r"x(\d+)", s[1]) or [0, 1])[1]) for s in specs]
    assert all(re.match(r"16(x\d+)?$", s[1]) and s[0] == specs[0][0] for s in specs)
    raw = np.fromfile(os.path.join(os.path.dirname(path), specs[0][0]), dtype="<i2").reshape(frames, sum(width))
    out, at = open(path + ".f64", "wb"), 0
    for s, w in zip(specs, width):
        gain, base, unit = re.match(r"([-+.eE0-9]+)(?:\((-?\d+)\))?(?:/(\S+))?$", s[2]).groups()
        column = raw[:, at:at + w].reshape(-1)
        at += w
        assert int(s[5]) == column[0] and (int(column.astype(np.int64).sum()) - int(s[6])) % 65536 == 0
        value = (column.astype(np.float64) - int(base if base is not None else s[4])) / float(gain)
        value[column == -32768] = np.nan
        if unit == "mV":
            value.tofile(out)
    out.close()
`

func TestAReaderByTheDocumentationReadsTheSameWFDB(t *testing.T) {
	t.Parallel()
	python := python(t, "numpy")
	var paths, names []string
	var recs []*ecg.Recording
	onDisk(t, ecg.FormatWFDB, "", func(name, path string, rec *ecg.Recording) {
		paths, names, recs = append(paths, path), append(names, name), append(recs, rec)
	})
	if text, err := tool(t, python, append([]string{"-c", readWithNumpy}, paths...)...); err != nil {
		t.Fatalf("%v: %.2000s", err, text)
	}
	for i, path := range paths {
		raw, err := os.ReadFile(path + ".f64")
		if err != nil {
			t.Fatal(err)
		}
		rec := recs[i]
		if len(raw) < 8*len(rec.Leads)*rec.Samples() {
			t.Errorf("%s: %d bytes for %d leads of %d samples", names[i], len(raw), len(rec.Leads), rec.Samples())
			continue
		}
		for _, l := range rec.Leads {
			tolerance := 0.01 + largestOf(l.Samples)*1e-4
			for k, want := range l.Samples {
				got := 1000 * math.Float64frombits(binary.LittleEndian.Uint64(raw))
				raw = raw[8:]
				if (got != got) != (want != want) || math.Abs(got-float64(want)) > tolerance {
					t.Errorf("%s: sample %d of %s is %v, want %v", names[i], k, l.Name, got, want)
					break
				}
			}
			if t.Failed() {
				break
			}
		}
	}
}

// TestBiosigReadsTheSameSamples compares with biosig's table of a file; what it
// crashes on or hangs at is left out, and so is WFDB: of an independent record of
// more than one signal it mixes the leads as well.
func TestBiosigReadsTheSameSamples(t *testing.T) {
	t.Parallel()
	for format, ending := range map[ecg.Format]string{ecg.FormatSCP: ".scp", ecg.FormatAECG: ".xml", ecg.FormatEDF: ".edf"} {
		compared := 0
		onDisk(t, format, ending, func(name, path string, rec *ecg.Recording) {
			rec = expected(rec, format)
			table := path + ".csv"
			_, err := tool(t, "save2gdf", "-f=CSV", path, table)
			rows := tableOf(table)
			if err != nil || len(rows) != rec.Samples()+1 || hasGap(rec) {
				return
			}
			compared++
			for i, title := range rows[0] {
				_, unit, _ := strings.Cut(title, " [")
				scale := map[string]float64{"mV]": 1e3, "nV]": 1e-3, "V]": 1e6}[unit]
				if scale == 0 {
					scale = 1
				}
				if i >= len(rec.Leads) {
					continue
				}
				l := rec.Leads[i]
				tolerance := 0.01 + largestOf(l.Samples)*1e-4
				for k, row := range rows[1:] {
					v, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
					if want := float64(l.Samples[k]); err != nil || math.Abs(v*scale-want) > tolerance {
						t.Errorf("%s as %s: biosig reads %v for sample %d of %s, want %v", name, format, v*scale, k, l.Name, want)
						break
					}
				}
			}
		})
		if compared < 8 {
			t.Errorf("%s: biosig read only %d files", format, compared)
		}
	}
}

func hasGap(rec *ecg.Recording) bool {
	for _, l := range rec.Leads {
		for _, v := range l.Samples {
			if v != v {
				return true
			}
		}
	}
	return false
}

// tableOf reads a CSV file; nil if there is none.
func tableOf(path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil
	}
	return rows
}
