package transcode

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// hashes are those of all decoded frames.
func hashes(t *testing.T, d *dicom.Dataset, raw []byte) [][32]byte {
	t.Helper()
	frames, err := dicom.IndexFrames(d)
	if err != nil {
		t.Fatal(err)
	}
	var out [][32]byte
	for i := range frames.Count() {
		b, err := frames.Read(bytes.NewReader(raw), i)
		if err != nil {
			t.Fatal(err)
		}
		f, err := pixel.Decode(d, b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sha256.Sum256(f.Data))
	}
	return out
}

// transcoded is the file of a data set in another syntax; nil if it cannot be.
func transcoded(t *testing.T, raw []byte, ts dicom.TransferSyntax) []byte {
	t.Helper()
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{Keep: Keep})
	if err != nil {
		t.Fatal(err)
	}
	o, err := Prepare(file.Dataset, bytes.NewReader(raw), ts)
	if errors.Is(err, pixel.ErrUnsupported) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	meta := dicom.FileMeta{SOPClassUID: file.Dataset.Text(dicom.SOPClassUID), SOPInstanceUID: file.Dataset.Text(dicom.SOPInstanceUID), Syntax: ts}
	if _, err := dicom.WriteMeta(&b, meta); err != nil {
		t.Fatal(err)
	}
	if err := o.Write(&b, bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// builtCodecs says whether the modules of package codec are there.
func builtCodecs() bool {
	_, err := codec.EncodeJPEGLS(codec.Image{Rows: 1, Columns: 1, Components: 1, Bits: 8}, []byte{0})
	return err == nil
}

// transcodable are files of every kind of sample and of several syntaxes.
var transcodable = []string{
	"ct/*CT_small.dcm", "mr/*MR_small*.dcm", "xray/*.dcm", "us/*.dcm", "nm-pt/*.dcm", "derived/*ct*.dcm",
	"compressed/*SC_rgb*.dcm", "compressed/*JPEGLSNear*.dcm", "wg04/*NM1*.dcm", "compressed-multiframe/*emri*.dcm",
}

func TestTranscodedObjectsHoldTheSameSamples(t *testing.T) {
	t.Parallel()
	if !builtCodecs() {
		t.Skip("codecs are not built in (make build): skipped")
	}
	dir := t.TempDir()
	root, done := filepath.Join(testdata.Dir(t), "dicom"), map[dicom.TransferSyntax]int{}
	for _, pattern := range transcodable {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{Keep: -1})
			if err != nil || len(raw) > 1<<20 || file.Syntax.Deflated() {
				continue
			}
			if frames, err := dicom.IndexFrames(file.Dataset); err != nil || frames.Count() == 0 {
				continue
			}
			for _, ts := range []dicom.TransferSyntax{dicom.JPEGLSLossless, dicom.DeflatedExplicitVRLittleEndian, dicom.ExplicitVRLittleEndian} {
				out := transcoded(t, raw, ts)
				if out == nil {
					continue
				}
				done[ts]++
				sameSamples(t, path, file, raw, out, ts)
				if ts == dicom.JPEGLSLossless && done[ts]%4 == 1 {
					dcmtkReads(t, dir, path, file, raw, out)
				}
			}
		}
	}
	if done[dicom.JPEGLSLossless] < 20 || done[dicom.DeflatedExplicitVRLittleEndian] < 20 {
		t.Errorf("only %v were transcoded", done)
	}
}

func sameSamples(t *testing.T, path string, file *dicom.File, raw, out []byte, ts dicom.TransferSyntax) {
	t.Helper()
	plain := out
	if ts.Deflated() { // frames are found in the inflated stream
		again, err := dicom.Read(bytes.NewReader(out), dicom.Options{Keep: -1})
		if err != nil {
			t.Errorf("%s as %s: %v", path, ts.Name(), err)
			return
		}
		var b bytes.Buffer
		if err := dicom.WriteFile(&b, dicom.FileMeta{Syntax: dicom.ExplicitVRLittleEndian}, again.Dataset); err != nil {
			t.Fatal(err)
		}
		plain = b.Bytes()
	}
	back, err := dicom.Read(bytes.NewReader(plain), dicom.Options{})
	if err != nil {
		t.Errorf("%s as %s: %v", path, ts.Name(), err)
		return
	}
	want, got := hashes(t, file.Dataset, raw), hashes(t, back.Dataset, plain)
	if len(want) != len(got) {
		t.Errorf("%s as %s: %d frames, want %d", path, ts.Name(), len(got), len(want))
		return
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("%s as %s: frame %d has other samples", path, ts.Name(), i+1)
			return
		}
	}
}

// dcmtkReads lets others decode what we encoded and compares the samples.
func dcmtkReads(t *testing.T, dir, path string, file *dicom.File, raw, out []byte) {
	t.Helper()
	in, want := filepath.Join(dir, "in.dcm"), hashes(t, file.Dataset, raw)
	if err := os.WriteFile(in, out, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range [][]string{{"dcmdjpls", in}, {"gdcmconv", "--raw", in}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			t.Logf("%s is not installed: its reading is not compared", tool[0])
			continue
		}
		plain := filepath.Join(dir, tool[0])
		if said, err := exec.Command(tool[0], append(tool[1:], plain)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %s: %v %s", path, tool[0], err, said)
			continue
		}
		b, err := os.ReadFile(plain)
		if err != nil {
			t.Fatal(err)
		}
		back, err := dicom.Read(bytes.NewReader(b), dicom.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := hashes(t, back.Dataset, b)
		if len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("%s: %s reads other samples", strings.TrimPrefix(path, dir), tool[0])
		}
	}
}
