package intake

import (
	"bytes"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// BenchmarkInstance takes in CT slices of 525 KB and thumbnails of 33 KB one
// after another: parse, hash, flush, index.
func BenchmarkInstance(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"ct", 512 * 512 * 2}, {"cr", 32 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			in := newBench(b)
			b.SetBytes(int64(size.bytes))
			n := 0
			for b.Loop() {
				n++
				d := slice("1.2.3", "1.2.3.1", "1.2.3.1."+itoa(n), "A1", "X")
				d.SetRaw(dicom.PixelData, dicom.OW, make([]byte, size.bytes))
				if _, err := in.Instance(b.Context(), in.source("cstore"), bytes.NewReader(encode(b, d)), dicom.ExplicitVRLittleEndian); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStudy opens a study, its patient, order and task with each object.
func BenchmarkStudy(b *testing.B) {
	in := newBench(b)
	n := 0
	for b.Loop() {
		n++
		study := "1.2." + itoa(n)
		if _, err := in.Instance(b.Context(), in.source("cstore"), bytes.NewReader(encode(b, slice(study, study+".1", study+".1.1", "A"+itoa(n), "X"))), dicom.ExplicitVRLittleEndian); err != nil {
			b.Fatal(err)
		}
	}
}
