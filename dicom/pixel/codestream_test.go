package pixel

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// random is an image with samples that fill their bits, and its file.
func random(t *testing.T, samples, allocated, stored int64, signed bool) (*dicom.Dataset, []byte) {
	t.Helper()
	d := gray8(40, 30)
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.7")
	d.SetText(dicom.SOPInstanceUID, "2.25.1")
	d.SetInts(dicom.SamplesPerPixel, samples)
	d.SetInts(dicom.BitsAllocated, allocated)
	d.SetInts(dicom.BitsStored, stored)
	d.SetInts(dicom.HighBit, stored-1)
	if signed {
		d.SetInts(dicom.PixelRepresentation, 1)
	}
	if samples == 3 {
		d.SetText(dicom.PhotometricInterpretation, "RGB")
		d.SetInts(dicom.PlanarConfiguration, 0)
	}
	r := rand.New(rand.NewPCG(1, 2))
	raw := make([]byte, 0, 40*30*samples*allocated/8)
	for range 40 * 30 * samples {
		v := r.Int64N(1 << stored)
		if signed {
			v -= 1 << (stored - 1)
		}
		for n := range allocated / 8 {
			raw = append(raw, byte(v>>(8*n)))
		}
	}
	vr := dicom.OW
	if allocated == 8 {
		vr = dicom.OB
	}
	d.SetRaw(dicom.PixelData, vr, raw)
	return d, raw
}

func TestJPEG2000AndJPEGLSOfEveryKindOfSample(t *testing.T) {
	t.Parallel()
	if !builtCodecs() {
		t.Skip("codecs are not built in (make build): skipped")
	}
	if _, err := exec.LookPath("gdcmconv"); err != nil {
		t.Skip("gdcmconv is not installed: nothing to encode with")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		samples, allocated, stored int64
		signed                     bool
	}{
		{1, 8, 8, false}, {1, 8, 8, true}, {1, 16, 12, false}, {1, 16, 12, true}, {1, 16, 16, false}, {1, 16, 16, true},
		{3, 8, 8, false}, {3, 16, 16, false}, {3, 16, 12, false},
	} {
		d, want := random(t, c.samples, c.allocated, c.stored, c.signed)
		var b bytes.Buffer
		ts := dicom.ExplicitVRLittleEndian
		if err := dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: d.Text(dicom.SOPClassUID), SOPInstanceUID: d.Text(dicom.SOPInstanceUID), Syntax: ts}, d); err != nil {
			t.Fatal(err)
		}
		in, out := filepath.Join(dir, "in.dcm"), filepath.Join(dir, "out.dcm")
		if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"--j2k", "--jpegls"} {
			if said, err := exec.Command("gdcmconv", to, in, out).CombinedOutput(); err != nil {
				t.Logf("%+v %s: gdcmconv does not encode it: %s", c, to, said)
				continue
			}
			coded, frame := largest(t, out)
			f, err := Decode(coded, frame)
			if err != nil || !bytes.Equal(f.Data, want) {
				t.Errorf("%+v %s: other samples: %v", c, to, err)
			}
		}
	}
}

// largest is the first frame of a file, which is as large as any.
func largest(t *testing.T, path string) (*dicom.Dataset, []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := frames.Read(bytes.NewReader(raw), 0)
	if err != nil {
		t.Fatal(err)
	}
	return file.Dataset, frame
}
