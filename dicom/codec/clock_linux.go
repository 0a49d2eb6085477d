package codec

import (
	"syscall"
	"time"
)

// thread asks getrusage(2) for the calling thread, RUSAGE_THREAD.
const thread = 1

// spent is the processor time of the thread that runs the module: on a machine
// that is busy with other things a good codestream is not taken for a bad one.
func (in *instance) spent() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(thread, &r); err != nil {
		return time.Since(in.started)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
