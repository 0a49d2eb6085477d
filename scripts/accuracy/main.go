// Command accuracy prints how well the hub measures ECGs beside people's marks:
// beats, waves, noise, exchanged electrodes alone and beside an earlier ECG,
// faults of leads, flutter, pre-alerts, as Markdown tables.
// docs/accuracy.md keeps what it printed.
//
// Arguments name the tables wanted: beats, waves, noise, electrodes, previous,
// quality, flutter, alerts; all without one. The test files are taken from $YUANZHEN_TESTDATA, else ../shared/data.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
)

func main() {
	dir := os.Getenv("YUANZHEN_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	out := bufio.NewWriter(os.Stdout)
	err := run(out, os.DirFS(filepath.Join(dir, "ecg", "wfdb")), os.Args[1:])
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// run prints the tables called wanted, all without a name, for the records under
// files.
func run(out io.Writer, files fs.FS, wanted []string) error {
	clinical, err := clinicalRecords(files)
	if err != nil {
		return err
	}
	hearts, err := trueAmplitudes(clinical)
	if err != nil {
		return err
	}
	for _, table := range []struct {
		name  string
		print func() error
	}{
		{"beats", func() error { return beatTable(out, files) }},
		{"waves", func() error { return waveTable(out, clinical) }},
		{"noise", func() error { return noiseTable(out, files, clinical) }},
		{"electrodes", func() error { return reversalTable(out, hearts) }},
		{"previous", func() error { return previousTable(out, hearts) }},
		{"quality", func() error { return qualityTable(out, hearts) }},
		{"flutter", func() error { return flutterTable(out, hearts) }},
		{"alerts", func() error { return alertTable(out, files, hearts) }},
	} {
		if len(wanted) > 0 && !slices.Contains(wanted, table.name) {
			continue
		}
		if err := table.print(); err != nil {
			return err
		}
	}
	return nil
}

// clinical is a record of the Lobachevsky University database: ten seconds of
// twelve leads, the waves of each marked by cardiologists.
type clinical struct {
	name, header string
	rec          *ecg.Recording
	hand         map[string]handLead
	heldOut      bool
}

// clinicalRecords reads the Lobachevsky records, by number, at the amplitudes
// that their headers state: those make every lead 1 mV high.
func clinicalRecords(files fs.FS) ([]clinical, error) {
	headers, err := fs.Glob(files, "ludb/*.hea")
	if err != nil {
		return nil, err
	}
	if len(headers) == 0 {
		return nil, errors.New("no Lobachevsky records: set YUANZHEN_TESTDATA to the folder of the test files")
	}
	var all []clinical
	for _, name := range headers {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		rec, err := decode.Open(files, name)
		if err != nil {
			return nil, err
		}
		c := clinical{name: strings.TrimSuffix(path.Base(name), ".hea"), header: string(text), rec: rec, hand: map[string]handLead{}}
		c.heldOut = heldOut("ludb/" + c.name)
		for _, lead := range rec.Leads {
			if c.hand[lead.Name], err = readHand(files, strings.TrimSuffix(name, "hea")+strings.ToLower(lead.Name)); err != nil {
				return nil, err
			}
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b clinical) int { return number(a.name) - number(b.name) })
	return all, nil
}

// trueAmplitudes returns records at the amplitudes of the heart. The numbers
// stored are in one unit for all leads (III is II − I in them, to a few steps, on
// every record), so the headers' gains are not; a step is taken for a µV.
func trueAmplitudes(all []clinical) ([]clinical, error) {
	out := slices.Clone(all)
	for i, c := range all {
		lines := strings.Split(c.header, "\n")
		out[i].rec = copyOf(c.rec)
		for k, lead := range out[i].rec.Leads {
			fields := strings.Fields(lines[1+k])
			gain, err := strconv.ParseFloat(fields[2][:strings.IndexAny(fields[2], "(/")], 32)
			if err != nil {
				return nil, fmt.Errorf("gain of %s in record %s: %w", lead.Name, c.name, err)
			}
			for s := range lead.Samples {
				lead.Samples[s] *= float32(gain) / 1000
			}
		}
	}
	return out, nil
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // names are numbers; another sorts first
	return n
}

// heldOut splits records in two by the FNV-1a hash of their name: what is held
// out was never looked at while thresholds were chosen.
func heldOut(name string) bool {
	h := uint32(2166136261)
	for _, c := range []byte(name) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h>>8&1 == 1
}

// fibrillates reports fibrillation or flutter of the atria.
func (c clinical) fibrillates() bool {
	return strings.Contains(c.header, "Atrial fibrillation") || strings.Contains(c.header, "Atrial flutter")
}

// paced reports a pacemaker.
func (c clinical) paced() bool { return strings.Contains(c.header, "pacing") }

// half returns the records that are held out, or the others.
func half(all []clinical, held bool) []clinical {
	var out []clinical
	for _, c := range all {
		if c.heldOut == held {
			out = append(out, c)
		}
	}
	return out
}

func names(records []clinical) string {
	out := make([]string, len(records))
	for i, c := range records {
		out[i] = c.name
	}
	return strings.Join(out, ", ")
}
