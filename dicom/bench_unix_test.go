//go:build unix

package dicom

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchFiles is how many copies of a file other programs read more in one run
// than in another: the difference is reading, without the start.
const benchFiles = 100

// BenchmarkReadBesidePeers prints files a second of processor time, read to the
// attributes of the header and read whole, and how many DCMTK and GDCM read.
func BenchmarkReadBesidePeers(b *testing.B) {
	read := func(keep int64, use func(*File) error) func(string) error {
		return func(path string) error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			file, err := Read(f, Options{Keep: keep})
			if err != nil {
				return err
			}
			return use(file)
		}
	}
	patient := func(f *File) error {
		if f.Dataset.Text(PatientID) == "" {
			return fmt.Errorf("no Patient ID")
		}
		return nil
	}
	files := corpusFiles(b)
	for _, sample := range []struct{ file, last string }{ // last: an element near the header's end, up to which GDCM reads
		{"ct/cornerstonejs-dicomParser__CT1_UNC.explicit_big_endian.dcm", "28,102"},
		{"sr-doc/dcmjs-org-dcmjs__sample-sr.dcm", "40,a730"},
	} {
		path, ok := files[sample.file]
		if !ok {
			b.Logf("%s is not there", sample.file)
			continue
		}
		kind, _, _ := strings.Cut(sample.file, "/")
		for _, c := range []struct {
			name  string
			ours  func(string) error
			peers [][]string // DIR stands for the folder of files, * for all of them
		}{
			{"header", read(0, patient), [][]string{{"dcmdump", "-q", "-M", "+P", "0010,0020", "*"}, {"gdcmscanner", "-d", "DIR", "-t", sample.last}}},
			{"whole and listed", read(-1, func(f *File) error { return f.List(io.Discard) }), [][]string{{"dcmdump", "-q", "+M", "*"}, {"gdcmdump", "-i", "DIR", "--recursive"}}},
		} {
			b.Run(kind+" "+c.name, func(b *testing.B) {
				for b.Loop() {
					if err := c.ours(path); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				besidePeers(b, path, c.ours, c.peers)
			})
		}
	}
}

// besidePeers lets all take turns; the least time of each counts, since
// whatever else runs only ever adds to it.
func besidePeers(b *testing.B, path string, ours func(string) error, peers [][]string) {
	b.Helper()
	few, many := copies(b, path, 1), copies(b, path, 1+benchFiles)
	least := make([]time.Duration, 1+2*len(peers))
	keep := func(i int, t time.Duration) {
		if least[i] == 0 || t < least[i] {
			least[i] = t
		}
	}
	for range 5 {
		before := used(b)
		for i := range benchFiles {
			if err := ours(filepath.Join(many, fmt.Sprint(i))); err != nil {
				b.Fatal(err)
			}
		}
		keep(0, used(b)-before)
		for i, peer := range peers {
			for k, dir := range []string{few, many} {
				t, err := peerReads(peer, dir)
				if err != nil {
					b.Log(err)
				}
				keep(1+2*i+k, t)
			}
		}
	}
	b.ReportMetric(benchFiles/least[0].Seconds(), "files/s")
	for i, peer := range peers {
		if took := least[2+2*i] - least[1+2*i]; took > 0 {
			b.ReportMetric(benchFiles/took.Seconds(), peer[0]+"-files/s")
			b.ReportMetric(took.Seconds()/least[0].Seconds(), "times-"+peer[0])
		}
	}
}

// copies makes a folder with a file n times.
func copies(b *testing.B, path string, n int) string {
	b.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), raw, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// used is the processor time of this process.
func used(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peerReads is the processor time of a program that reads all files of dir.
func peerReads(tool []string, dir string) (time.Duration, error) {
	var args []string
	for _, a := range tool[1:] {
		switch a {
		case "DIR":
			args = append(args, dir)
		case "*":
			all, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				return 0, err
			}
			args = append(args, all...)
		default:
			args = append(args, a)
		}
	}
	cmd := exec.Command(tool[0], args...)
	cmd.Stderr = nil
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w", tool[0], err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
