package upload

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func headOf(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, ecg.DetectBytes))
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestRealFilesAreKnownByContent(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"ct", "mr", "us", "xray", "compressed", "charset", "waveform", "multiframe"} {
		for _, path := range testdata.Files(t, "dicom/"+folder, "*.dcm") {
			if f := sniff("IM0001", headOf(t, path)); f != dicomForm {
				t.Errorf("%s/%s: form %d", folder, filepath.Base(path), f)
			}
		}
	}
	directories := 0
	for _, path := range testdata.Files(t, "dicom/dicomdir", "*") {
		switch sniff("file", headOf(t, path)) {
		case dicomdirForm:
			directories++
		case otherForm, unknownForm, emptyForm:
		default:
			t.Logf("%s is no directory", filepath.Base(path))
		}
	}
	if directories == 0 {
		t.Error("no DICOMDIR was known as one")
	}
	for _, pattern := range []string{"*.scp", "*.SCP", "*.edf", "*.EDF", "*.mwf", "*.MWF"} {
		for _, path := range testdata.Files(t, "ecg", pattern) {
			if f := sniff("file.txt", headOf(t, path)); f == otherForm {
				t.Errorf("%s would be ignored as no exam", filepath.Base(path))
			}
		}
	}
}

// FuzzSniff: whatever arrives has a form, and no exam with a proper header is
// ever ignored.
func FuzzSniff(f *testing.F) {
	for _, folder := range []string{"dicom/xray", "dicom/malformed", "dicom/dicomdir", "ecg"} {
		for i, path := range testdata.Files(f, folder, "*") {
			if i < 40 {
				f.Add("name.txt", headOf(f, path)[:min(2048, len(headOf(f, path)))])
			}
		}
	}
	f.Add("bomb.zip", []byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		form := sniff(name, head)
		if form == otherForm && (ecg.Detect(head) != ecg.FormatUnknown || len(head) > 132 && string(head[128:132]) == "DICM") {
			t.Fatalf("an exam is ignored: %d", form)
		}
	})
}
