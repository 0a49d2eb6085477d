//go:build unix

package pixel

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

const (
	// benchSamples is how many bytes of samples other programs decode more in a
	// file of many frames than in one of a single frame: the difference is
	// decoding.
	benchSamples = 24 << 20
	// benchRounds is how often each program takes its turn. The least time
	// counts, since whatever else runs only ever adds to it.
	benchRounds = 5
)

// benched are a file for each way to encode, and the programs that decode it.
var benched = []struct {
	name, file string
	peers      [][]string
}{
	{"RLE CT 16 bit", "compressed/*CTImage*RLELossless*.dcm", [][]string{{"dcmdrle"}, {"gdcmconv", "--raw"}}},
	{"RLE US RGB", "wg04/*US1_RLE.dcm", [][]string{{"dcmdrle"}, {"gdcmconv", "--raw"}}},
	{"JPEG baseline 8 bit", "compressed/*Monochrome1-Jpeg.dcm", [][]string{{"dcmdjpeg", "+cn"}}},
	{"JPEG baseline colour", "compressed/*Baseline_YBRFull.dcm", [][]string{{"dcmdjpeg", "+cn"}}},
	{"JPEG extended 12 bit", "compressed/*CTImage*JPEGProcess2_4*.dcm", [][]string{{"dcmdjpeg", "+cn"}, {"gdcmconv", "--raw"}}},
	{"JPEG progressive 12 bit", "compressed/*CTImage*JPEGProcess10_12*.dcm", [][]string{{"dcmdjpeg", "+cn"}}},
	{"JPEG lossless CT 16 bit", "compressed/*CTImage*JPEGProcess14SV1*.dcm", [][]string{{"dcmdjpeg", "+cn"}, {"gdcmconv", "--raw"}}},
	{"JPEG-LS CT 16 bit", "wg04/*MR2_JLSL.dcm", [][]string{{"dcmdjpls"}, {"gdcmconv", "--raw"}}},
	{"JPEG-LS near", "wg04/*MR2_JLSN.dcm", [][]string{{"dcmdjpls"}, {"gdcmconv", "--raw"}}},
	{"JPEG 2000 lossless", "wg04/*XA1_J2KR.dcm", [][]string{{"gdcmconv", "--raw"}}},
	{"JPEG 2000 lossy", "wg04/*XA1_J2KI.dcm", [][]string{{"gdcmconv", "--raw"}}},
	{"HTJ2K lossless", "compressed/*HTJ2KLossless_08_RGB.dcm", nil},
}

// BenchmarkDecode prints MB of samples a second of processor time for each way
// to encode, and beside it what DCMTK and GDCM do with the same frames.
func BenchmarkDecode(b *testing.B) {
	root := filepath.Join(testdata.Dir(b), "dicom")
	for _, c := range benched {
		paths, err := filepath.Glob(filepath.Join(root, c.file))
		if err != nil || len(paths) == 0 {
			b.Logf("%s: no %s", c.name, c.file)
			continue
		}
		raw, err := os.ReadFile(paths[0])
		if err != nil {
			b.Fatal(err)
		}
		file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{Keep: -1})
		if err != nil {
			b.Fatal(err)
		}
		frames, err := dicom.IndexFrames(file.Dataset)
		if err != nil {
			b.Fatal(err)
		}
		frame, err := frames.Read(bytes.NewReader(raw), 0)
		if err != nil {
			b.Fatal(err)
		}
		f, err := Decode(file.Dataset, frame)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			decode := func() {
				if _, err := Decode(file.Dataset, frame); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				decode()
			}
			b.StopTimer()
			compare(b, decode, file.Dataset, frame, len(f.Data), c.peers)
		})
	}
}

// compare reports how many MB of samples a second of processor time decode
// makes of a frame, and how many each peer, in turn.
func compare(b *testing.B, decode func(), d *dicom.Dataset, frame []byte, size int, peers [][]string) {
	b.Helper()
	n := max(2, benchSamples/size)
	mb := float64(size) * float64(n) / 1e6
	least := make([]time.Duration, 1+2*len(peers))
	keep := func(i int, t time.Duration) {
		if least[i] == 0 || t < least[i] {
			least[i] = t
		}
	}
	one, many := benchFile(b, d, frame, 1), benchFile(b, d, frame, 1+n)
	for range benchRounds {
		before := processorTime(b)
		for range n {
			decode()
		}
		keep(0, processorTime(b)-before)
		for i, peer := range peers {
			for k, path := range []string{one, many} {
				t, err := peerTime(peer, path)
				if err != nil {
					b.Log(err)
				}
				keep(1+2*i+k, t)
			}
		}
	}
	b.ReportMetric(mb/least[0].Seconds(), "MB/s")
	for i, peer := range peers {
		if took := least[2+2*i] - least[1+2*i]; took > 0 {
			b.ReportMetric(mb/took.Seconds(), peer[0]+"-MB/s")
			b.ReportMetric(took.Seconds()/least[0].Seconds(), "times-"+peer[0])
		}
	}
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// benchFile writes a file with a frame repeated n times.
func benchFile(b *testing.B, d *dicom.Dataset, frame []byte, n int) string {
	b.Helper()
	many := *d
	many.Elements = append([]dicom.Element(nil), d.Elements...)
	list := make([][]byte, n)
	for i := range list {
		list[i] = frame
	}
	many.SetFrames(dicom.PixelData, list)
	many.SetInts(dicom.NumberOfFrames, int64(n))
	var out bytes.Buffer
	uid := d.Text(dicom.SOPInstanceUID)
	if err := dicom.WriteFile(&out, dicom.FileMeta{SOPClassUID: d.Text(dicom.SOPClassUID), SOPInstanceUID: uid, Syntax: d.Syntax}, &many); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "in.dcm")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// peerTime is the processor time of a program that decodes a file.
func peerTime(tool []string, path string) (time.Duration, error) {
	cmd := exec.Command(tool[0], append(append([]string(nil), tool[1:]...), path, path+".out")...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", tool[0], err, said)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
