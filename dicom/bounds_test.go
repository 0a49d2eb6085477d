package dicom

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// growth is by how many bytes the heap is larger at its peak than before, as a
// sampler sees it that looks whenever the collector has run.
func growth(work func()) int64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, int64(now.HeapInuse)-int64(before.HeapInuse))
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	work()
	close(done)
	return <-peak
}

// nested is a data set of n sequences within each other.
func nested(n int) []byte {
	open := element(ProcedureCodeSequence, "SQ", undefinedLength, "\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF")
	return []byte(element(PatientID, "LO", 2, "1 ") + strings.Repeat(open, n))
}

// bomb is a deflated file whose pixels inflate to n bytes.
func bomb(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := WriteMeta(&b, FileMeta{SOPClassUID: "1.2", SOPInstanceUID: "1.3", Syntax: DeflatedExplicitVRLittleEndian}); err != nil {
		t.Fatal(err)
	}
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(z, element(PatientID, "LO", 2, "1 ")+element(PixelData, "OW", uint32(n), ""))
	io.Copy(z, &zeros{n})
	z.Close()
	return b.Bytes()
}

// claim is a small image that says it has 16 GiB of pixels.
func claim() []byte {
	us := func(t Tag, v uint16) string {
		return element(t, "US", 2, string(binary.LittleEndian.AppendUint16(nil, v)))
	}
	return []byte(element(SOPClassUID, "UI", 26, "1.2.840.10008.5.1.4.1.1.2\x00") + us(SamplesPerPixel, 1) +
		element(NumberOfFrames, "IS", 10, "2147483647") + us(Rows, 2) + us(Columns, 2) + us(BitsAllocated, 16) + us(BitsStored, 16) +
		us(HighBit, 15) + us(PixelRepresentation, 0) + element(PixelData, "OW", 2, "\x01\x02"))
}

func TestHostileFilesAreRefusedWithinASecondAnd64MB(t *testing.T) {
	for name, raw := range map[string][]byte{"900,000 nested sequences": nested(900_000), "a deflate bomb": bomb(t, 1<<29), "a claim of 16 GiB": claim()} {
		for _, keep := range []int64{0, -1} {
			var err error
			start := time.Now()
			grew := growth(func() {
				var file *File
				if file, err = Read(bytes.NewReader(raw), Options{Keep: keep}); err == nil {
					_, err = IndexFrames(file.Dataset)
				}
				Check(file, err)
				if _, bad := file.Dataset.MarshalJSON(); bad != nil {
					t.Error(bad)
				}
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if took := time.Since(start); took > patience || !raceEnabled && took > time.Second {
				t.Errorf("%s: took %v", name, took)
			}
			if !raceEnabled && grew > 64<<20 {
				t.Errorf("%s: the heap grew by %d MiB", name, grew>>20)
			}
		}
	}
}

// A mask is nearly empty, and deflates to a thousandth.
func TestEmptyMasksOfAnyLengthArePassedOver(t *testing.T) {
	const n = 100 << 20
	raw := bomb(t, n)
	var f *File
	var err error
	if grew := growth(func() { f, err = Read(bytes.NewReader(raw), Options{}) }); grew > 16<<20 && !raceEnabled {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
	if err != nil || f.Dataset.Get(PixelData).Length != n {
		t.Errorf("%v", err)
	}
}

// Texts of a deflated data set cost their sender nothing, so that few are kept.
func TestManyTextsOfADeflatedFileStayOutOfMemory(t *testing.T) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	const each = 60 << 10
	for i := range 2000 {
		io.WriteString(z, element(Tag(0x00091000+i), "OB", each, ""))
		io.Copy(z, &zeros{each})
	}
	z.Close()
	var d *Dataset
	grew := growth(func() { d, err = Parse(&b, DeflatedExplicitVRLittleEndian, Options{}) })
	if err != nil || len(d.Elements) != 2000 || d.Elements[0].Bulk || !d.Elements[1999].Bulk {
		t.Errorf("%v, %d elements", err, len(d.Elements))
	}
	if grew > 40<<20 && !raceEnabled {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
}

func TestReadingTakesLessThanThreeTimesTheFile(t *testing.T) {
	for rel, path := range corpusFiles(t) {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, keep := range []int64{0, -1} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, _ := readPath(t, path, Options{Keep: keep}) // damaged ones as well
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(f)
			// All that was ever allocated bounds what was held at once. A
			// deflated file counts as long as it becomes.
			size := st.Size()
			if f.Syntax.Deflated() {
				size = max(size, inflatedSize(f.Dataset))
			}
			if n := int64(after.TotalAlloc - before.TotalAlloc); n > 3*size+32<<20 && !strings.Contains(rel, "deflate-bomb") {
				t.Errorf("%s of %d KiB, keep %d: allocated %d MiB", rel, size>>10, keep, n>>20)
			}
		}
	}
}

func inflatedSize(d *Dataset) int64 {
	if d == nil || len(d.Elements) == 0 {
		return 0
	}
	last := d.Elements[len(d.Elements)-1]
	return last.Offset + max(last.Length, 0)
}
