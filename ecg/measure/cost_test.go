//go:build linux && !race

package measure_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// Whose processor time getrusage(2) tells.
const (
	wholeProcess = 0 // RUSAGE_SELF
	thisThread   = 1 // RUSAGE_THREAD
)

// processorTime is what who has used; what other programs do meanwhile does not
// count.
func processorTime(t testing.TB, who int) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// leastOf is the processor time of the fastest of some calls.
func leastOf(t *testing.T, calls int, do func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Hour
	for range calls {
		start := processorTime(t, thisThread)
		do()
		least = min(least, processorTime(t, thisThread)-start)
	}
	return least
}

func TestTenSecondsOfTwelveLeadsCostFewMilliseconds(t *testing.T) {
	rec := made(t, synth.Normal, 1)
	least := leastOf(t, 30, func() { measure.Analyse(rec) })
	t.Logf("%v of processor time", least)
	if least > 20*time.Millisecond {
		t.Errorf("%v of processor time, the budget is 20 ms", least)
	}
}

func TestAnHourOfHolterCostsATwentyFourthOfThreeSeconds(t *testing.T) {
	src := ecg.Held(long(t, 3600, 4, synth.Normal, synth.PVCs))
	least := leastOf(t, 5, func() {
		if _, err := measure.AnalyseStream(src); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v of processor time", least)
	if least > 3*time.Second/24 {
		t.Errorf("%v of processor time for an hour, the budget is %v", least, 3*time.Second/24)
	}
}

// BenchmarkDay is a day of three leads as Holters store it.
func BenchmarkDay(b *testing.B) {
	rec := long(b, 24*3600, 4, synth.Normal, synth.PVCs)
	b.ReportAllocs()
	before := processorTime(b, wholeProcess)
	for b.Loop() {
		res, err := measure.AnalyseStream(ecg.Held(rec))
		if err != nil || len(res.Beats) < 80000 {
			b.Fatalf("%d beats, %v", len(res.Beats), err)
		}
	}
	b.ReportMetric((processorTime(b, wholeProcess)-before).Seconds()/float64(b.N), "cpu-s/op")
}
