package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// info runs `hub ecg info --json` on a file of the test data.
func info(t *testing.T, name string) (map[string]any, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), []string{"ecg", "info", "--json", filepath.Join(testdata.Dir(t), "ecg", name)}, &out, &errs)
	if err != nil {
		return nil, err
	}
	var v map[string]any
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v, nil
}

func TestInfoSaysWhatAFileHolds(t *testing.T) {
	t.Parallel()
	v, err := info(t, "scp/ecgtoolkit_Example.scp")
	if err != nil {
		t.Fatal(err)
	}
	leads, first := v["leads"].([]any), v["first20"].([]any)
	if v["format"] != "scp-ecg" || len(leads) != 12 || leads[2] != "V1" || v["rate_hz"] != 500.0 || v["samples"] != 5000.0 || v["unit"] != "uV" ||
		v["start"] != "2002-11-22T09:10:00" || v["patient"].(map[string]any)["id"] != "SBJ-123" {
		t.Errorf("%v", v)
	}
	if row := first[0].([]any); len(first) != 12 || len(row) != 20 || row[0] != -5.0 {
		t.Errorf("%v", first[0])
	}
	// A record of several files by its header, with gaps as null.
	v, err = info(t, "wfdb/formats/mixedsignals.hea")
	if err != nil {
		t.Fatal(err)
	}
	if v["format"] != "wfdb" || len(v["leads"].([]any)) != 3 || math.Abs(v["rate_hz"].(float64)-249.89) > 1e-9 || v["first20"].([]any)[0].([]any)[0] != nil {
		t.Errorf("%v, %v Hz", v["leads"], v["rate_hz"])
	}
	if groups := v["groups"].([]any); len(groups) != 3 || groups[0].(map[string]any)["unit"] != "mmHg" {
		t.Errorf("%v", v["groups"])
	}
}

func TestInfoSaysWhyAFileCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]string{
		"scp/bad_crc_shifted_log.scp": "the pointer leads to a header of section",
		"contec/0000050.csv":          "unknown format",
		"none.scp":                    "no such file",
	} {
		if _, err := info(t, name); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInfoForAPersonNamesNotesAndMeasurements(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if err := run(t.Context(), []string{"ecg", "info", filepath.Join(testdata.Dir(t), "ecg", "contec/0000050.ECG")}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"contec", "37855 samples at 800 Hz", "5 µV a count are assumed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestInfoOfADayOfHolterReadsItsBeginningOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const frames = 20_000_000 // of two signals: 80 MB
	header := fmt.Sprintf("day 2 250 %d\nday.dat 16 200 16 0 0 0 0 II\nday.dat 16 200 16 0 0 0 0 V5\n", frames)
	if err := os.WriteFile(filepath.Join(dir, "day.hea"), []byte(header), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "day.dat"), []byte{100, 0, 200, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "day.dat"), 4*frames); err != nil {
		t.Fatal(err)
	}
	info, err := inspectECG(filepath.Join(dir, "day.hea"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Samples != frames || len(info.First) != 2 || len(info.First[1]) != firstSamples || *info.First[0][0] != 500 || *info.First[1][0] != 1000 {
		t.Errorf("%d samples, first %v", info.Samples, info.First)
	}
}
