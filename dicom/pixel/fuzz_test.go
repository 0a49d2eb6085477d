package pixel

import (
	"bytes"
	"os"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// fuzzFrames adds the short frames of the corpus in the given syntaxes, with
// their formats.
func fuzzFrames(f *testing.F, syntaxes ...dicom.TransferSyntax) {
	f.Helper()
	for _, path := range testdata.Files(f, "dicom", "*.dcm") {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
		if err != nil {
			continue
		}
		wanted := false
		for _, ts := range syntaxes {
			wanted = wanted || ts == file.Syntax
		}
		frames, err := dicom.IndexFrames(file.Dataset)
		if !wanted || err != nil || frames.Count() == 0 {
			continue
		}
		frame, err := frames.Read(bytes.NewReader(raw), 0)
		if err != nil || len(frame) > 16<<10 {
			continue
		}
		if ft, err := FormatOf(file.Dataset); err == nil {
			f.Add(frame, uint16(ft.Rows), uint16(ft.Columns), uint8(ft.Samples), uint8(ft.Allocated))
		}
	}
}

// checkFrame decodes and, if that works, wants as many bytes as the format has.
func checkFrame(t *testing.T, decode func(Format, []byte) (*Frame, error), frame []byte, rows, columns uint16, samples, allocated uint8) {
	f := Format{Rows: int(rows), Columns: int(columns), Samples: int(samples), Allocated: int(allocated)}
	if f.check() != nil || f.size() > 1<<22 {
		return
	}
	out, err := decode(f, frame)
	if err == nil && int64(len(out.Data)) != f.size() {
		t.Fatalf("%d bytes, want %d", len(out.Data), f.size())
	}
}

func FuzzRLE(f *testing.F) {
	fuzzFrames(f, dicom.RLELossless)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, decodeRLE, frame, rows, columns, samples, allocated)
	})
}

func FuzzJPEG(f *testing.F) {
	fuzzFrames(f, dicom.JPEGLossless, dicom.JPEGLosslessSV1, dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, decodeJPEG, frame, rows, columns, samples, allocated)
	})
}
