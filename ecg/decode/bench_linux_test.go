package decode

import (
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

// spent is the processor time of this process, garbage collection included.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTenSeconds parses an ECG of ten seconds in every format. cpu-ms/op is
// processor time; biosig-cpu-ms that of save2gdf for the same file where it
// reads it, the least of ten runs without the time to start, but with the
// writing of what it read.
func BenchmarkTenSeconds(b *testing.B) {
	files := timed(b)
	for _, format := range slices.Sorted(maps.Keys(files)) {
		b.Run(format, func(b *testing.B) {
			data := files[format]
			perOp(b, func() error { _, err := Decode(data); return err })
			path := filepath.Join(b.TempDir(), "file")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			biosig(b, path)
		})
	}
	b.Run("wfdb", func(b *testing.B) {
		folder := os.DirFS(truth.Path(b, "wfdb/ludb"))
		perOp(b, func() error { _, err := Open(folder, "1.hea"); return err })
		biosig(b, truth.Path(b, "wfdb/ludb/1.hea"))
	})
}

func perOp(b *testing.B, parse func() error) {
	before := spent(b)
	for b.Loop() {
		if err := parse(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((spent(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
}

// biosig reports what save2gdf needs for the file at path, nothing if it fails.
func biosig(b *testing.B, path string) {
	if _, err := exec.LookPath("save2gdf"); err != nil {
		return
	}
	target := filepath.Join(b.TempDir(), "out.gdf")
	start := least(b, "--help")
	took := least(b, "-f=GDF", path, target)
	if info, err := os.Stat(target); err != nil || info.Size() < 100<<10 { // ten seconds of eight leads have more
		return
	}
	b.ReportMetric(max(took-start, 0), "biosig-cpu-ms")
}

// least is the least processor time in ms of ten runs, however they end.
func least(b *testing.B, args ...string) float64 {
	ms := math.Inf(1)
	for range 10 {
		cmd := exec.CommandContext(b.Context(), "timeout", append([]string{"10", "save2gdf"}, args...)...)
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			b.Fatal(err)
		}
		ms = min(ms, (cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Seconds()*1000)
	}
	return ms
}
