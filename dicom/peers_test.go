package dicom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// witnesses are files of the corpus with many kinds of elements, small enough
// for a test that starts other programs.
var witnesses = []string{
	"charset/pydicom-pydicom__chrSQEncoding1.dcm", "charset/pydicom-pydicom__chrH32.dcm", "derived/charset-gb18030-4byte.dcm",
	"derived/charset-item-override.dcm", "derived/charset-private-chinese.dcm", "derived/ecg-stemi.dcm", "derived/pdf-gb18030.dcm",
	"malformed-derived/00-control-good.dcm", "malformed-derived/16-sq-delim-in-defined.dcm", "malformed-derived/17-un-undefined.dcm",
	"mr/pydicom-pydicom__MR_small.dcm", "seg-rt/pydicom-pydicom__rtplan.dcm", "sr-doc/pydicom-pydicom__reportsi.dcm",
}

// need skips the test unless a program is there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: nobody else judges our files", p)
		}
	}
}

// witness reads one of the files; nil if the corpus lacks it.
func witness(t *testing.T, rel string) (string, *File) {
	t.Helper()
	path, ok := corpusFiles(t)[rel]
	if !ok {
		return "", nil
	}
	f, err := readPath(t, path, Options{Keep: -1})
	if err != nil {
		t.Fatalf("%s: %v", rel, err)
	}
	return path, f
}

func TestConversionsOfOtherToolsReadAlike(t *testing.T) {
	t.Parallel()
	need(t, "dcmconv", "gdcmconv")
	dir, compared := t.TempDir(), 0
	for _, rel := range witnesses {
		path, file := witness(t, rel)
		if file == nil {
			continue
		}
		for _, how := range [][]string{{"dcmconv", "+ti"}, {"dcmconv", "+tb"}, {"dcmconv", "+td"}, {"dcmconv", "+te", "-e"}, {"dcmconv", "+te", "+e", "+p", "512", "256"},
			{"dcmconv", "-F", "+te"}, {"gdcmconv", "--raw", "--implicit"}, {"gdcmconv", "--raw"}} {
			to := filepath.Join(dir, fmt.Sprint(compared, ".dcm"))
			if exec.Command(how[0], append(slices.Clone(how[1:]), path, to)...).Run() != nil {
				continue // one that the tool cannot read or write
			}
			var back *File
			var err error
			if how[1] == "-F" { // a bare data set
				raw, readErr := os.ReadFile(to)
				if readErr != nil {
					t.Fatal(readErr)
				}
				back, err = Read(bytes.NewReader(raw), Options{Keep: -1})
			} else {
				back, err = readPath(t, to, Options{Keep: -1})
			}
			if err != nil {
				t.Errorf("%s by %v: %v", rel, how, err)
				continue
			}
			alike(t, fmt.Sprintf("%s by %v", rel, how), back.Dataset, file.Dataset)
			compared++
		}
	}
	if compared < 60 {
		t.Errorf("only %d conversions were compared", compared)
	}
}

// alike compares the values of two data sets whatever their syntax and VRs.
func alike(t *testing.T, what string, got, want *Dataset) {
	t.Helper()
	for i := range want.Elements {
		w := &want.Elements[i]
		if w.Tag.Element() == 0 || w.Tag.Group() <= 8 && w.Tag.Element() <= 5 || w.Tag.Group() == 0xFFFC {
			continue
		}
		g := got.Get(w.Tag)
		switch {
		case g == nil:
			t.Errorf("%s: %s is lost", what, w.Tag)
		case len(g.Items) != len(w.Items) && (g.VR != UN || g.Items != nil): // private ones lose their VR in implicit VR
			t.Errorf("%s: %s has %d items, want %d", what, w.Tag, len(g.Items), len(w.Items))
		case len(w.Items) > 0 && g.Items != nil:
			for k := range w.Items {
				alike(t, what, g.Items[k], w.Items[k])
			}
		case w.VR.text() || w.VR.ascii():
			if a, b := strings.Join(got.Texts(w.Tag), `\`), strings.Join(want.Texts(w.Tag), `\`); a != b && g.VR != UN {
				t.Errorf("%s: %s is %q, want %q", what, w.Tag, a, b)
			}
		case !bytes.Equal(littleEndian(got, g), littleEndian(want, w)) && g.VR != UN:
			t.Errorf("%s: %s has other bytes", what, w.Tag)
		}
	}
}

// littleEndian is a value as little endian would have it.
func littleEndian(d *Dataset, e *Element) []byte {
	raw := bytes.TrimRight(e.Raw, "\x00")
	if size := e.VR.size(); size > 1 && d.order(e) != ExplicitVRLittleEndian.order() {
		raw = bytes.TrimRight(swapped(e.Raw, size), "\x00")
	}
	return raw
}

// writtenTo writes a witness in a syntax to a file.
func writtenTo(t *testing.T, dir string, n int, f *File, ts TransferSyntax) string {
	t.Helper()
	var b bytes.Buffer
	m := FileMeta{SOPClassUID: f.Dataset.Text(SOPClassUID), SOPInstanceUID: f.Dataset.Text(SOPInstanceUID), Syntax: ts}
	if err := WriteFile(&b, m, f.Dataset); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fmt.Sprint(n, ".dcm"))
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// complaints are the errors that dciodvfy finds.
func complaints(path string) map[string]bool {
	out, _ := exec.Command("dciodvfy", "-new", path).CombinedOutput() // its exit code says the same as its lines
	found := map[string]bool{}
	for line := range strings.SplitSeq(string(out), "\n") {
		if strings.HasPrefix(line, "Error") {
			found[line] = true
		}
	}
	return found
}

// ours are the syntaxes we write.
var ours = []TransferSyntax{ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}

func TestOtherToolsReadWhatWeWriteAsTheyReadTheOriginal(t *testing.T) {
	t.Parallel()
	python := "/usr/bin/python3"
	need(t, "dcm2json", "gdcmdump", "dciodvfy", python)
	if exec.Command(python, "-c", "import pydicom").Run() != nil {
		t.Skip("no pydicom: nobody else reads what we write")
	}
	dir := t.TempDir()
	var pairs []string // original and ours, for one pydicom for all
	for _, rel := range witnesses {
		path, file := witness(t, rel)
		if file == nil || strings.HasPrefix(rel, "malformed-derived/1") {
			continue
		}
		before, faults := dcmtkJSON(t, path), complaints(path)
		for _, ts := range ours {
			to := writtenTo(t, dir, len(pairs), file, ts)
			pairs = append(pairs, path, to)
			what := rel + " as " + ts.Name()
			if out, err := exec.Command("gdcmdump", to).CombinedOutput(); err != nil {
				t.Errorf("%s: gdcmdump: %v %s", what, err, out)
			}
			if ts.Deflated() { // dciodvfy cannot inflate
				continue
			}
			for line := range complaints(to) {
				if !faults[line] && ts == ExplicitVRLittleEndian {
					t.Errorf("%s: dciodvfy: new: %s", what, line)
				}
			}
			if after := dcmtkJSON(t, to); before != nil && !sameJSON(after, before) {
				t.Errorf("%s: dcmtk reads something else", what)
			}
		}
	}
	if len(pairs) < 40 {
		t.Errorf("only %d files were written", len(pairs)/2)
	}
	cmd := exec.Command(python, append([]string{"-c", compareByPydicom}, pairs...)...)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("pydicom reads something else: %v\n%s", err, out)
	}
}

// compareByPydicom prints where the second file of a pair has another value.
const compareByPydicom = `
import sys, warnings, pydicom
warnings.simplefilter('ignore')
def walk(a, b, where):
    for x in a:
        if x.tag.element == 0 or x.tag.group == 0xFFFC: continue
        if x.tag not in b: print(where, x.tag, 'is lost'); continue
        y = b[x.tag]
        if x.VR == 'SQ' and y.VR == 'SQ':
            if len(x.value) != len(y.value): print(where, x.tag, 'items'); continue
            for p, q in zip(x.value, y.value): walk(p, q, where)
        elif x.tag == 0x7FE00010 or 'UN' in (x.VR, y.VR) or isinstance(x.value, bytes): continue
        elif str(x.value) != str(y.value): print(where, x.tag, x.VR, y.VR)
for a, b in zip(sys.argv[1::2], sys.argv[2::2]):
    walk(pydicom.dcmread(a), pydicom.dcmread(b), b)
`

// dcmtkJSON is what dcm2json makes of a file; nil if it cannot.
func dcmtkJSON(t *testing.T, path string) map[string]any {
	t.Helper()
	out, err := exec.Command("dcm2json", path).Output()
	var v map[string]any
	if err != nil || json.Unmarshal(out, &v) != nil {
		return nil
	}
	return v
}

// sameJSON compares two objects of DICOM JSON without group lengths, VRs of
// private attributes and pixel data, whose words dcm2json writes as they lie.
func sameJSON(a, b map[string]any) bool {
	for key, w := range b {
		if strings.HasSuffix(key, "0000") || strings.HasPrefix(key, "FFFC") || key == "7FE00010" || strings.Contains("13579BDF", key[3:4]) {
			continue
		}
		x, ok := a[key].(map[string]any)
		y := w.(map[string]any)
		if !ok || y["InlineBinary"] == nil && !sameValues(x["Value"], y["Value"]) {
			return false
		}
	}
	return true
}

func sameValues(a, b any) bool {
	x, _ := a.([]any)
	y, _ := b.([]any)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		switch v := y[i].(type) {
		case map[string]any:
			w, ok := x[i].(map[string]any)
			if !ok || !sameJSONOrName(w, v) {
				return false
			}
		case float64:
			if w, ok := x[i].(float64); !ok || math.Abs(v-w) > 1e-9*math.Abs(v) {
				return false
			}
		default:
			if x[i] != y[i] {
				return false
			}
		}
	}
	return true
}

// sameJSONOrName compares items, or the writings of a name.
func sameJSONOrName(a, b map[string]any) bool {
	for key, v := range b {
		if s, ok := v.(string); ok {
			if a[key] != s {
				return false
			}
			continue
		}
		return sameJSON(a, b)
	}
	return true
}
