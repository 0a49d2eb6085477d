// Command ecgformats writes docs/ecg-formats.md: every ECG file of the test data,
// read by this project, by biosig's save2gdf and by pydicom, compared sample by
// sample. Run it from the repository's root; readers that are not installed are
// left out of the table.
//
//	go run ./scripts/ecgformats > docs/ecg-formats.md
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
)

func main() {
	root := os.Getenv("YUANZHEN_TESTDATA")
	if root == "" {
		root = filepath.Join("..", "shared", "data")
	}
	if err := run(filepath.Join(root, "ecg")); err != nil {
		fmt.Fprintln(os.Stderr, "ecgformats:", err)
		os.Exit(1)
	}
}

// row is one file in the table.
type row struct {
	file, format, ours, biosig, pydicom string
}

func run(root string) error {
	rows, ludb, err := collect(root)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString(head)
	out.WriteString("| File | Format | This project | biosig save2gdf | pydicom |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", r.file, r.format, r.ours, r.biosig, r.pydicom)
	}
	for _, r := range ludb.rows() {
		fmt.Fprintf(&out, "| %s | wfdb | %s | %s | |\n", r.file, r.ours, r.biosig)
	}
	out.WriteString("\n## Dialects\n\nWhat files of these makers leave open, and where it was taken from; every assumption is noted in the recording and printed under the trace.\n\n")
	out.WriteString("| Dialect | Format | Rate | µV a count | Leads | Doubt | Source |\n|---|---|---|---|---|---|---|\n")
	for _, d := range dialect.All() {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s |\n", d.Name, d.Format, orStated(d.RateHz), orStated(d.Microvolts), strings.Join(d.Leads, " "), d.Doubt, d.Source)
	}
	_, err = out.WriteTo(os.Stdout)
	return err
}

func orStated(v float64) string {
	if v == 0 {
		return "stated"
	}
	return fmt.Sprintf("%.4g", v)
}

const head = `# ECG formats

Format is found by content, never by name. ` + "`hub ecg info FILE`" + ` says what a file holds and what was assumed.

| Format | Standard or source | Read |
|---|---|---|
| SCP-ECG | EN 1064, ISO 11073-91064, ISO 41064 | default and custom Huffman tables with switches, none, first and second differences, reference beat subtraction, bimodal |
| HL7 aECG | PORT_MT020001 | rhythm and derived series, annotations, absolute and relative time, dialects without namespace, GB2312/GBK/UTF-16 |
| DICOM | PS3.3 C.10.9, A.34 | 12-lead, general, ambulatory, hemodynamic; all sample interpretations, byte orders, groups, padding as gap |
| MFER | ISO 22077-1 | either byte order, character set switches, channel attributes, all data types |
| EDF, EDF+, BDF | Kemp 1992, 2003 | continuous and interrupted, 24 bit, several rates |
| WFDB | header(5), signal(5), annot(5) | formats 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524; segments of fixed and variable layout; skew; annotations. As a folder, a ZIP archive or several files of one upload |
| ISHNE | Badilini 1998 | ECG and annotation files |
| GE MUSE XML | restecg.dtd | rhythm and median, CRC-32 |
| GE CardioSoft XML | cardiology.dtd | strips and median |
| Philips XML | 1.03, 1.04, 1.04.01, 1.04.02 | XLI |
| Mortara ELI XML | ELI Link | channels and typical cycle |
| Schiller XML | SEMA | rhythms and averages |
| Contec, Healforce, Zoncare, Edan | none published | see Dialects |
| PDF | ISO 32000-1 | traces drawn as lines, calibrated on grid, pulse and printed speed and gain; all else as a picture |
| JPEG, PNG | | as a picture, nothing is measured |

## Writing

` + "`" + `hub ecg convert --to dicom|aecg|scp|edf|wfdb FILE OUT` + "`" + ` turns a file of any format above into one of five. Samples are stored in the device's own step, found from the
values, so that they come back exactly; where 16 bits or the format's numbers do not allow it, the rounding is named. What a format has no
place for is printed as a note, and a recording it cannot hold at all is refused.

| Format | Samples | Not held |
|---|---|---|
| DICOM | 12-lead (12 standard leads, up to 16384 samples), ambulatory (10 minutes and more, or below 200 Hz), general, 32-bit above 1000 Hz; gaps as padding | marks on the trace; signals other than volts; medians in ambulatory objects. Without a start: the time of conversion, which the series description says |
| HL7 aECG | rhythm and derived series, measurements, statements | gaps (the last value is held), marks, signals other than volts |
| SCP-ECG | second or first differences, default Huffman table; one step for all leads in whole nV; interval in whole µs (360 Hz becomes 359.97); gaps only at the ends of a lead | 65,535 bytes for each lead: about half a minute to two; fractions of the second; model beyond 5 bytes; gaps within |
| EDF+ | all signals that fill the same records; limits of eight characters: within 2 % of a step; gaps, marks and statements as annotations | measurements, zone, age, names beyond ASCII as the standard has them; underscores |
| WFDB | format 16, gaps as such, marks as .atr; age and sex | name, number, device, measurements, statements, zone |

A lead without any sample is left out of aECG, SCP-ECG and EDF+: a flat line would be an invention.

## File by file

*equal* means that lead names, number of samples, rate and the samples equal what an independent reader found (the truth beside the test data; for the
two other programs, what this project reads). Differences are in µV. Made by ` + "`go run ./scripts/ecgformats`" + `.

`

// collect reads every file of the test data; the records of one large database
// are counted together.
func collect(root string) (rows []row, ludb tally, err error) {
	folder := os.DirFS(root)
	err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !meant(name) {
			return err
		}
		rec, readErr := decode.Open(folder, name)
		r := row{file: name, ours: ours(root, name, rec, readErr)}
		if rec != nil {
			r.format = string(rec.Format)
		}
		path := filepath.Join(root, name)
		r.biosig = biosig(path, rec)
		if strings.HasSuffix(name, ".dcm") {
			r.pydicom = pydicom(path, rec)
		}
		if strings.HasPrefix(name, "wfdb/ludb/") {
			ludb = append(ludb, r)
			return nil
		}
		rows = append(rows, r)
		return nil
	})
	return rows, ludb, err
}

// meant leaves out truth, companions of records and exports.
func meant(name string) bool {
	return strings.Contains(name, "/") && !strings.HasPrefix(name, "truth/") && !strings.HasSuffix(name, ".csv") &&
		(!strings.HasPrefix(name, "wfdb/") || strings.HasSuffix(name, ".hea") && !strings.HasSuffix(name, "_layout.hea"))
}

// tally is the rows of one database.
type tally []row

// rows folds records with the same outcome into one row.
func (t tally) rows() []row {
	var out []row
	count := map[row]int{}
	for _, r := range t {
		key := row{ours: r.ours, biosig: r.biosig}
		if count[key] == 0 {
			out = append(out, key)
		}
		count[key]++
	}
	for i, r := range out {
		out[i].file = fmt.Sprintf("wfdb/ludb, %d records", count[r])
	}
	return out
}

// ours compares what this project reads with the truth.
func ours(root, name string, rec *ecg.Recording, err error) string {
	if err != nil {
		return "refused: " + plain(err.Error())
	}
	if rec.Picture != "" {
		return "kept as a picture"
	}
	want, ok := truthOf(root, name)
	if !ok {
		return fmt.Sprintf("read: %d leads, %d samples at %.6g Hz", len(rec.Leads), rec.Samples(), rec.RateHz)
	}
	return want.compare(rec)
}

func plain(text string) string {
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}
