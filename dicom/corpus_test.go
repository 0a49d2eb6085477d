package dicom

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// truth is what other tools found in a file of the corpus.
type truth struct {
	Status         string            `json:"status"`
	TransferSyntax string            `json:"transfer_syntax"`
	Attributes     map[string]string `json:"attributes"`
	Top            int               `json:"top_level_elements"`
	TopDcmtk       int               `json:"top_level_elements_dcmdump"`
	Pixels         *struct {
		Decoders map[string]any `json:"decoders"`
	} `json:"pixels"`
}

// differs lists the attributes ("file#keyword"), counts ("file#") and
// syntaxes ("file#syntax") where we do not agree with the truth, and why.
var differs = map[string]string{
	"charset/fo-dicom-fo-dicom__GH1301.dcm#PatientSex":  "GB18030 text under VR CS: we show 男, the truth has its bytes as Latin-1",
	"derived/charset-ir58.dcm#ReferringPhysicianName":   "the truth leaves the escape sequences in",
	"mr/innovative-io-io-dicom__test.dcm#PatientID":     "leading spaces are padding (PS3.5 6.2), the truth keeps them",
	"ct/fo-dicom-fo-dicom__GH179A.dcm#WindowCenter":     "behind a blank VR, where the truth stops",
	"ct/fo-dicom-fo-dicom__GH179A.dcm#WindowWidth":      "the same",
	"ct/fo-dicom-fo-dicom__GH179A.dcm#RescaleIntercept": "the same",
	"ct/fo-dicom-fo-dicom__GH179A.dcm#RescaleSlope":     "the same",
	"malformed/fo-dicom-fo-dicom__DIRW0007.dcm#":        "the truth counts a stray delimiter",
}

// corpusFiles are the files of the corpus by their path below dicom/.
func corpusFiles(t testing.TB) map[string]string {
	t.Helper()
	root := filepath.Join(testdata.Dir(t), "dicom")
	files := map[string]string{}
	for _, path := range testdata.Files(t, "dicom", "*.dcm") {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.ToSlash(rel)] = path
	}
	return files
}

func readTruth(t testing.TB, rel string) (truth, bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testdata.Dir(t), "dicom", "truth", filepath.FromSlash(rel)+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return truth{}, false
	}
	var tr truth
	if err == nil {
		err = json.Unmarshal(raw, &tr)
	}
	if err != nil {
		t.Fatalf("%s: %v", rel, err)
	}
	return tr, true
}

func readPath(t testing.TB, path string, o Options) (*File, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return Read(f, o)
}

func isMalformed(rel string) bool {
	return strings.HasPrefix(rel, "malformed") && !strings.HasSuffix(rel, "00-control-good.dcm")
}

func TestRealFilesReadAsOtherToolsReadThem(t *testing.T) {
	t.Parallel()
	for rel, path := range corpusFiles(t) {
		file, err := readPath(t, path, Options{})
		if err != nil {
			if !isMalformed(rel) {
				t.Errorf("%s: %v", rel, err)
			}
			continue
		}
		tr, ok := readTruth(t, rel)
		if !ok || isMalformed(rel) && tr.TransferSyntax == "" {
			continue
		}
		agree(t, rel+"#syntax", string(file.Syntax), tr.TransferSyntax)
		for keyword, want := range tr.Attributes {
			tag, _ := TagOf(keyword)
			agree(t, rel+"#"+keyword, strings.Join(file.Dataset.Texts(tag), "\\"), want)
		}
		if n := len(file.Dataset.Elements); n != tr.Top && n != tr.TopDcmtk && differs[rel+"#"] == "" {
			t.Errorf("%s: %d elements, want %d or %d", rel, n, tr.Top, tr.TopDcmtk)
		}
	}
}

// agree compares with the truth, and tells when a known difference is gone.
func agree(t *testing.T, what, got, want string) {
	t.Helper()
	switch why := differs[what]; {
	case got == want && why != "":
		t.Errorf("%s agrees now: take it off the list", what)
	case got != want && why == "":
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// onlyReader hides that a file can seek, as a network connection cannot.
type onlyReader struct{ io.Reader }

func TestDamagedFilesAreRefusedOrReadInTimeAndMemory(t *testing.T) {
	for rel, path := range corpusFiles(t) {
		if !isMalformed(rel) {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{bytes.NewReader(raw), onlyReader{bytes.NewReader(raw)}} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			file, err := Read(r, Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > patience {
				t.Errorf("%s: took %v", rel, took)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
				t.Errorf("%s: allocated %d MiB", rel, n>>20)
			}
			var pe *ParseError
			if err != nil && !errors.As(err, &pe) {
				t.Errorf("%s: %T is no ParseError", rel, err)
			}
			if file.Complete != (err == nil) || file.Complete == (file.Reason != "") || file.Dataset == nil && file.DatasetOffset > 0 {
				t.Errorf("%s: complete %v, reason %q, error %v", rel, file.Complete, file.Reason, err)
			}
		}
	}
}

func TestCutFilesAreNeverComplete(t *testing.T) {
	t.Parallel()
	for _, rel := range []string{"malformed-derived/00-control-good.dcm", "charset/pydicom-pydicom__chrSQEncoding1.dcm"} {
		raw, err := os.ReadFile(corpusFiles(t)[rel])
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Read(bytes.NewReader(raw), Options{})
		if err != nil {
			t.Fatal(err)
		}
		ends := map[int64]bool{int64(len(raw)): true} // a cut between elements cannot be seen
		for _, e := range whole.Dataset.Elements {
			ends[e.Offset+max(e.Length, 0)] = true
		}
		for n := range raw {
			file, err := Read(onlyReader{bytes.NewReader(raw[:n])}, Options{})
			if err == nil && !ends[int64(n)] {
				t.Fatalf("%s cut at %d of %d passes as complete: %v", rel, n, len(raw), file.Dataset.Notes)
			}
			if err != nil && n > preambleSize+8 && !errors.Is(err, ErrTruncated) {
				t.Errorf("%s cut at %d: %v is not ErrTruncated", rel, n, err)
			}
		}
	}
}
