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
	if err == nil && int64(len(out.Data)) != out.size() {
		t.Fatalf("%d bytes, want %d", len(out.Data), out.size())
	}
}

func FuzzRLE(f *testing.F) {
	fuzzFrames(f, dicom.RLELossless)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, decodeRLE, frame, rows, columns, samples, allocated)
	})
}

func FuzzJPEG(f *testing.F) {
	fuzzFrames(f, dicom.JPEGLossless, dicom.JPEGLosslessSV1, dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit,
		dicom.JPEGSpectralSelection, dicom.JPEGFullProgression)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, decodeJPEG, frame, rows, columns, samples, allocated)
	})
}

func FuzzJPEGLS(f *testing.F) {
	if !builtCodecs() {
		f.Skip("codecs are not built in (make build): skipped")
	}
	fuzzFrames(f, dicom.JPEGLSLossless, dicom.JPEGLSNearLossless)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, decodeJPEGLS, frame, rows, columns, samples, allocated)
	})
}

func FuzzJPEG2000(f *testing.F) {
	if !builtCodecs() {
		f.Skip("codecs are not built in (make build): skipped")
	}
	fuzzFrames(f, dicom.JPEG2000Lossless, dicom.JPEG2000, dicom.HTJ2K)
	f.Fuzz(func(t *testing.T, frame []byte, rows, columns uint16, samples, allocated uint8) {
		checkFrame(t, func(f Format, frame []byte) (*Frame, error) {
			out, _, err := decodeJPEG2000(f, frame, "JPEG 2000", 0)
			return out, err
		}, frame, rows, columns, samples, allocated)
	})
}

// FuzzPicture draws a small frame with whatever tables and overlays a data set
// brings.
func FuzzPicture(f *testing.F) {
	for _, path := range testdata.Files(f, "dicom", "*.dcm") {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 8<<10 {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
		if err != nil {
			return
		}
		frames, err := dicom.IndexFrames(file.Dataset)
		if err != nil || frames.Count() == 0 {
			return
		}
		frame, err := frames.Read(bytes.NewReader(raw), 0)
		if err != nil {
			return
		}
		if ft, err := FormatOf(file.Dataset); err == nil && ft.size() <= 1<<20 {
			Render(file.Dataset, frame, RenderOptions{Width: 128, SquarePixels: true})
		}
	})
}
