package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// runHub runs a command line and returns what it prints.
func runHub(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, &out, &errs)
	return out.String(), err
}

func TestAConvertedFileHoldsTheSameECG(t *testing.T) {
	t.Parallel()
	const source = "scp/ecgtoolkit_Example.scp"
	want, err := info(t, source)
	if err != nil {
		t.Fatal(err)
	}
	for to, format := range writtenFormats() {
		out := filepath.Join(t.TempDir(), "ecg."+map[string]string{"wfdb": "hea"}[to])
		if _, err := runHub(t, "ecg", "convert", "--to", to, filepath.Join(testdata.Dir(t), "ecg", source), out); err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		got, err := inspectECG(out)
		if err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		if got.Format != format || got.RateHz != want["rate_hz"] || float64(got.Samples) != want["samples"] || len(got.Leads) != 12 || got.Start == nil || *got.Start != want["start"] {
			t.Errorf("%s: %s, %v Hz, %d samples, %d leads, start %v", to, got.Format, got.RateHz, got.Samples, len(got.Leads), got.Start)
		}
		for i, lead := range want["first20"].([]any) {
			for k, v := range lead.([]any) {
				if math.Abs(v.(float64)-float64(*got.First[i][k])) > 1e-3 {
					t.Errorf("%s: lead %d, sample %d is %v, want %v", to, i+1, k+1, *got.First[i][k], v)
				}
			}
		}
	}
}

func TestConvertingSaysWhatTheFormatCannotHold(t *testing.T) {
	t.Parallel()
	text, err := runHub(t, "ecg", "convert", "--to", "edf", filepath.Join(testdata.Dir(t), "ecg", "contec/0000050.ECG"), filepath.Join(t.TempDir(), "o.edf"))
	if err != nil || !strings.Contains(text, "lead V1 has no sample and was left out") {
		t.Errorf("%v:\n%s", err, text)
	}
}

func TestNothingIsOverwrittenUnlessForced(t *testing.T) {
	t.Parallel()
	source := filepath.Join(testdata.Dir(t), "ecg", "muse-xml/introecg_MUSE_example.xml")
	folder := t.TempDir()
	taken := filepath.Join(folder, "r.dat")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := runHub(t, "ecg", "convert", "--to", "wfdb", source, filepath.Join(folder, "r.hea"))
	if kept, _ := os.ReadFile(taken); err == nil || !strings.Contains(err.Error(), "--force") || string(kept) != "mine" {
		t.Errorf("%v, the file holds %.10q", err, kept)
	}
	if _, err := os.Stat(filepath.Join(folder, "r.hea")); err == nil {
		t.Error("half a record was written")
	}
	if _, err := runHub(t, "ecg", "convert", "--force", "--to", "wfdb", source, filepath.Join(folder, "r.hea")); err != nil {
		t.Error(err)
	}
	page := filepath.Join(folder, "page.svg")
	if _, err := runHub(t, "ecg", "draw", source, page); err != nil {
		t.Fatal(err)
	}
	if _, err := runHub(t, "ecg", "draw", source, page); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("drawn over: %v", err)
	}
}

func TestAnECGIsDrawnAsAsked(t *testing.T) {
	t.Parallel()
	source := filepath.Join(testdata.Dir(t), "ecg", "dicom/gen_12lead_be_12bit_scpcodes_gb18030.dcm")
	out := filepath.Join(t.TempDir(), "page")
	if _, err := runHub(t, "ecg", "draw", "--layout", "6x2", "--speed", "50", "--gain", "5", "--high-pass", "0.5", "--low-pass", "40", "--notch", "50", "--start", "1", source, out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "50 mm/s", "5 mm/mV", "0.5-40 Hz", "王小东", "data-lead=\"V6\""} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if _, err := runHub(t, "ecg", "draw", source, out+".pdf"); err != nil {
		if !strings.Contains(err.Error(), "font is not built in") {
			t.Fatal(err)
		}
	} else if page, err := os.ReadFile(out + ".pdf"); err != nil || !bytes.HasPrefix(page, []byte("%PDF-")) {
		t.Errorf("%.10q, %v", page, err)
	}
	for reason, args := range map[string][]string{
		"mm/s":       {"--speed", "30", source, out + "2"},
		"no such":    {source + "x", out + "2"},
		"high-pass ": {"--high-pass", "3", source, out + "2"},
	} {
		_, err := runHub(t, append([]string{"ecg", "draw"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}
