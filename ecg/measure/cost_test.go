//go:build linux && !race

package measure_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// threadCPU is the processor time this thread has used; what other programs do
// meanwhile does not count.
func threadCPU(t *testing.T) time.Duration {
	t.Helper()
	const thisThread = 1 // RUSAGE_THREAD, getrusage(2)
	var usage syscall.Rusage
	if err := syscall.Getrusage(thisThread, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestTenSecondsOfTwelveLeadsCostFewMilliseconds(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rec := made(t, synth.Normal, 1)
	best := time.Hour
	for range 30 {
		start := threadCPU(t)
		measure.Analyse(rec)
		best = min(best, threadCPU(t)-start)
	}
	t.Logf("%v of processor time", best)
	if best > 20*time.Millisecond {
		t.Errorf("%v of processor time, the budget is 20 ms", best)
	}
}
