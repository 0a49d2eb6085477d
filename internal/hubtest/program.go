package hubtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Free is an address of this machine that nobody listens at.
func Free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// Tool finds a program of others, or skips the test.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here: not compared with it", name)
	}
	return path
}

// Program runs a program of others, which listens at addr, until stop is called
// or the test ends.
func Program(t testing.TB, addr, name string, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, Tool(t, name), args...)
	cmd.Env = append(os.Environ(), "TCP_NODELAY=1") // DCMTK answers 40 ms late without
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second // then it is killed
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	stop = func() { cancel(); cmd.Wait() }
	t.Cleanup(stop)
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return stop
		}
		select {
		case <-deadline:
			t.Fatalf("%s does not listen: %v", name, err)
		case <-tick.C:
		}
	}
}
