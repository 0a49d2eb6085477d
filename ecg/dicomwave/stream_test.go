package dicomwave

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// sameSamples: equal sample by sample, a gap equal to a gap.
func sameSamples(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return x == y || x != x && y != y })
}

func TestAnObjectReadInPartsEqualsTheWhole(t *testing.T) {
	t.Parallel()
	for _, path := range testdata.Files(t, "ecg/dicom", "*.dcm") {
		name := "dicom/" + filepath.Base(path)
		data, whole := truth.Bytes(t, name), decodeFile(t, name)
		s, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := whole.Samples()
		if head := s.Head(); s.Samples() != n || head.RateHz != whole.RateHz || head.Patient != whole.Patient || !head.Start.Equal(whole.Start) {
			t.Errorf("%s: %d samples at %v Hz, want %d at %v", name, s.Samples(), head.RateHz, n, whole.RateHz)
			continue
		}
		for _, span := range [][2]int{{0, n}, {n / 3, n/3 + 100}, {n - 1, n}} {
			got, err := ecg.Window(s, span[0], span[1])
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, l := range got.Leads {
				if want := whole.Leads[i]; l.Name != want.Name || !sameSamples(l.Samples, want.Samples[span[0]:span[1]]) {
					t.Errorf("%s: lead %s differs in samples %v", name, l.Name, span)
				}
			}
		}
	}
}

func TestTheBareDataSetIsReadInPartsToo(t *testing.T) {
	t.Parallel()
	data := truth.Bytes(t, "dicom/pydicom_waveform_ecg.dcm")
	file, err := dicom.Read(bytes.NewReader(data), dicom.Options{Keep: keepBytes})
	if err != nil {
		t.Fatal(err)
	}
	bare := data[file.DatasetOffset:]
	s, err := OpenDataset(bytes.NewReader(bare), int64(len(bare)), file.Syntax)
	if err != nil {
		t.Fatal(err)
	}
	whole := decodeFile(t, "dicom/pydicom_waveform_ecg.dcm")
	got, err := ecg.Window(s, 5000, 6000)
	if err != nil || !sameSamples(got.Leads[11].Samples, whole.Leads[11].Samples[5000:6000]) {
		t.Errorf("V6 differs from the whole: %v", err)
	}
	s, err = OpenDataset(bytes.NewReader(bare[:100_000]), 100_000, file.Syntax)
	if err == nil {
		_, err = ecg.Window(s, 0, s.Samples())
	}
	if err == nil {
		t.Error("an object cut off was read to its end")
	}
}
