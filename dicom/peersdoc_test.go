package dicom

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

var update = flag.Bool("update", false, "write docs/dicom-peers.md")

// peersDoc compares file by file what readers make of the corpus.
const peersDoc = "../docs/dicom-peers.md"

// peerNames are the columns of PEERS.tsv that the page shows, and their heads.
var peerNames = [][2]string{{"dcmdump", "dcmdump"}, {"gdcmdump", "gdcmdump"}, {"pydicom", "pydicom"}, {"suyash_full", "suyashkumar/dicom"}}

// peerRows are the lines of PEERS.tsv by the names of its columns.
func peerRows(t *testing.T) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata.Dir(t), "dicom", "PEERS.tsv"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no PEERS.tsv: nothing to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			if i < len(cells) {
				row[name] = cells[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// verdictOf says in a word what a peer did with a file.
func verdictOf(cell string) string {
	switch {
	case strings.HasPrefix(cell, "PANIC"), strings.HasPrefix(cell, "CRASH"), strings.Contains(cell, "rc -"), strings.Contains(cell, "RecursionError"):
		return "crash"
	case strings.HasPrefix(cell, "needs force"):
		return "read when forced"
	case strings.HasPrefix(cell, "ok but"):
		return "read, values fail"
	case strings.HasPrefix(cell, "ok"):
		return "read"
	}
	return "error"
}

// ourVerdict is what Read does with a file.
func ourVerdict(t *testing.T, path string) string {
	t.Helper()
	f, err := readPath(t, path, Options{})
	switch {
	case err == nil && PixelLoss(f.Dataset) != nil:
		return "read, flagged"
	case err == nil && len(f.Dataset.Notes) > 0:
		return "read, with notes"
	case err == nil:
		return "read"
	case f.Dataset != nil && len(f.Dataset.Elements) > 0:
		return "in part, flagged"
	}
	return "error"
}

// peersTable is the page's table, by the paths of its rows.
func peersTable(t *testing.T) (paths []string, lines map[string]string, counts map[string]map[string]int) {
	t.Helper()
	files := corpusFiles(t)
	lines, counts = map[string]string{}, map[string]map[string]int{}
	for _, row := range peerRows(t) {
		rel := row["path"]
		path, ok := files[rel]
		if !ok {
			continue
		}
		cells := []string{rel, row["status"]}
		for _, p := range peerNames {
			cells = append(cells, verdictOf(row[p[0]]))
		}
		cells = append(cells, ourVerdict(t, path))
		for i, name := range append(peerHeads(), "ours") {
			if counts[name] == nil {
				counts[name] = map[string]int{}
			}
			counts[name][row["status"]+" "+cells[i+2]]++
		}
		lines[rel] = "| " + strings.Join(cells, " | ") + " |"
		paths = append(paths, rel)
	}
	slices.Sort(paths)
	return paths, lines, counts
}

func peerHeads() []string {
	var out []string
	for _, p := range peerNames {
		out = append(out, p[1])
	}
	return out
}

const peersHead = `# DICOM files: what readers make of them

Real and damaged files of the test corpus, read by dcmtk 3.6.7, gdcm 3.0.21, pydicom 2.3.1, suyashkumar/dicom 1.1.0 and
this hub. "Read" means to the end without an error, which for a damaged file is not always right: the hub tells a cut
file apart ("in part, flagged"), and an image without the pixels that its header promises ("read, flagged"), and notes
what it tolerated. Attributes and frames are compared with the truth by the corpus tests; here only stands who reads
what. Written by ` + "`go test ./dicom -run TestThePageOfPeers -update`" + `, checked by the same test where the files are.

`

func TestThePageOfPeersIsTrue(t *testing.T) {
	t.Parallel()
	paths, lines, counts := peersTable(t)
	if *update {
		writePeers(t, paths, lines, counts)
	}
	page, err := os.ReadFile(peersDoc)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		want, ok := lines[cells[0]]
		if !ok {
			continue
		}
		if line != want {
			t.Errorf("the page says %q, now it is %q", line, want)
		}
		checked++
	}
	if checked == 0 && len(paths) > 0 {
		t.Error("the page has none of the files")
	}
}

func writePeers(t *testing.T, paths []string, lines map[string]string, counts map[string]map[string]int) {
	t.Helper()
	var b strings.Builder
	b.WriteString(peersHead)
	b.WriteString("| reader | valid: read | with notes, flagged or when forced | not | damaged: read | flagged | error | crash |\n|---|---|---|---|---|---|---|---|\n")
	for _, name := range append(peerHeads(), "ours") {
		c := counts[name]
		sum := func(status string, verdicts ...string) (n int) {
			for _, v := range verdicts {
				n += c[status+" "+v]
			}
			return n
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", name, sum("valid", "read"), sum("valid", "read, with notes", "read when forced", "read, values fail", "read, flagged"),
			sum("valid", "error", "crash", "in part, flagged"), sum("malformed", "read", "read, with notes", "read when forced", "read, values fail"),
			sum("malformed", "in part, flagged", "read, flagged"), sum("malformed", "error"), sum("malformed", "crash"))
	}
	fmt.Fprintf(&b, "\n| file | status | %s | ours |\n|---|---|---|---|---|---|---|\n", strings.Join(peerHeads(), " | "))
	for _, p := range paths {
		b.WriteString(lines[p] + "\n")
	}
	if err := os.WriteFile(peersDoc, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
