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

// benchFrames is how many times a frame is repeated for other programs: what
// they take for that many less what they take for one is decoding.
const benchFrames = 8

// benched are a file for each way to encode, and the programs that decode it.
var benched = []struct {
	name, file string
	peers      [][]string
}{
	{"RLE CT 16 bit", "compressed/*CTImage*RLELossless*.dcm", [][]string{{"dcmdrle"}, {"gdcmconv", "--raw"}}},
	{"RLE US RGB", "wg04/*US1_RLE.dcm", [][]string{{"dcmdrle"}, {"gdcmconv", "--raw"}}},
	{"JPEG baseline 8 bit", "compressed/*Monochrome1-Jpeg.dcm", [][]string{{"dcmdjpeg", "+cn"}, {"gdcmconv", "--raw"}}},
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
		mb := float64(len(f.Data)) / 1e6
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				if _, err := Decode(file.Dataset, frame); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(mb*float64(b.N)/(processorTime(b)-before).Seconds(), "MB/s")
			for _, peer := range c.peers {
				if _, err := exec.LookPath(peer[0]); err != nil {
					b.Logf("%s is not installed", peer[0])
					continue
				}
				many, err := peerTime(b, peer, file.Dataset, frame, benchFrames)
				if err != nil {
					b.Log(err)
					continue
				}
				one, err := peerTime(b, peer, file.Dataset, frame, 1)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(mb*(benchFrames-1)/(many-one).Seconds(), peer[0]+"-MB/s")
			}
		})
	}
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peerTime is the least processor time of a program for a file of n frames.
func peerTime(b *testing.B, tool []string, d *dicom.Dataset, frame []byte, n int) (time.Duration, error) {
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
	dir := b.TempDir()
	in := filepath.Join(dir, "in.dcm")
	if err := os.WriteFile(in, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	least := time.Duration(0)
	for range 3 {
		cmd := exec.Command(tool[0], append(append([]string(nil), tool[1:]...), in, filepath.Join(dir, "out.dcm"))...)
		if said, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%s: %w: %s", tool[0], err, said)
		}
		if t := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); least == 0 || t < least {
			least = t
		}
	}
	return least, nil
}
