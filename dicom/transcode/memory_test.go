//go:build linux

package transcode

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// convertAlone makes a test process convert an object of half a gigabyte.
const convertAlone = "YUANZHEN_CONVERT_ALONE"

const (
	hugeFrames = 512
	hugeSide   = 1024     // rows and columns of 8 bits: 512 MiB of pixels
	hugeMost   = 96 << 20 // of the whole process: 50 MB, and more while a busy machine delays the collector
)

// zeros is a head and, behind it, as many zeros as are asked for.
type zeros struct{ head []byte }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(z.head)) {
		copy(p, z.head[off:])
	}
	return len(p), nil
}

func TestMemoryForAnObjectIsThatOfItsFrame(t *testing.T) {
	switch os.Getenv(convertAlone) {
	case "":
	case "native":
		convertNative(t)
		return
	case "rle":
		convertRLE(t)
		return
	}
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	t.Parallel()
	for _, kind := range []string{"native", "rle"} {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), convertAlone+"="+kind)
		said, err := cmd.CombinedOutput()
		_, after, _ := strings.Cut(string(said), "VmHWM:")
		var peak int64
		if _, scan := fmt.Sscan(after, &peak); err != nil || scan != nil {
			t.Fatalf("%s: %v: %s", kind, err, said)
		}
		if peak <<= 10; peak > hugeMost { // from kB
			t.Errorf("%s: the process took %d MB", kind, peak>>20)
		}
	}
}

func convertNative(t *testing.T) {
	d := rle(hugeSide, hugeSide, 1)
	d.Delete(dicom.PixelData)
	d.SetInts(dicom.NumberOfFrames, hugeFrames)
	var b bytes.Buffer
	if err := dicom.Write(&b, d, dicom.ExplicitVRLittleEndian); err != nil {
		t.Fatal(err)
	}
	b.Write([]byte{0xE0, 0x7F, 0x10, 0, 'O', 'B', 0, 0, 0, 0, 0, 0x20}) // 512 MiB
	stored := zeros{b.Bytes()}
	size := int64(b.Len()) + hugeFrames*hugeSide*hugeSide
	parsed, err := dicom.Parse(io.NewSectionReader(stored, 0, size), dicom.ExplicitVRLittleEndian, dicom.Options{Keep: Keep})
	if err != nil {
		t.Fatal(err)
	}
	convertHuge(t, parsed, stored, size, dicom.ImplicitVRLittleEndian)
}

func convertRLE(t *testing.T) {
	d := rle(hugeSide, hugeSide, 1)
	d.SetInts(dicom.NumberOfFrames, hugeFrames)
	d.SetFrames(dicom.PixelData, slices.Repeat([][]byte{d.Get(dicom.PixelData).Fragments[0].Data}, hugeFrames))
	var b bytes.Buffer
	b.Grow(16 << 20)
	if err := dicom.Write(&b, d, dicom.RLELossless); err != nil {
		t.Fatal(err)
	}
	parsed, err := dicom.Parse(bytes.NewReader(b.Bytes()), dicom.RLELossless, dicom.Options{Keep: Keep})
	if err != nil {
		t.Fatal(err)
	}
	convertHuge(t, parsed, bytes.NewReader(b.Bytes()), int64(b.Len()), dicom.ExplicitVRLittleEndian)
}

func convertHuge(t *testing.T, d *dicom.Dataset, stored io.ReaderAt, size int64, to dicom.TransferSyntax) {
	o, err := Prepare(d, stored, to)
	if err != nil {
		t.Fatal(err)
	}
	var n count
	if err := o.Write(&n, io.NewSectionReader(stored, 0, size)); err != nil {
		t.Fatal(err)
	}
	if n < hugeFrames*hugeSide*hugeSide {
		t.Fatalf("%d bytes were written", n)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(status)
}

// count counts what is written.
type count int64

func (c *count) Write(p []byte) (int, error) {
	*c += count(len(p))
	return len(p), nil
}
