package dimse

import (
	"net"
	"syscall"
	"testing"
)

// accepting keeps the first connection it accepts.
type accepting struct {
	net.Listener
	first chan net.Conn
}

func (l *accepting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	select {
	case l.first <- c:
	default:
	}
	return c, err
}

func TestAnswersAreNotHeldBackByNagle(t *testing.T) {
	t.Parallel()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &accepting{tcp, make(chan net.Conn, 1)}
	serveOn(t, l, &Server{Handler: &handler{}})
	associate(t, tcp.Addr().String())
	raw, err := (<-l.first).(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	on := 0
	if failed := raw.Control(func(fd uintptr) { on, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY) }); failed != nil || err != nil || on == 0 {
		t.Errorf("TCP_NODELAY is %d, %v, %v", on, failed, err)
	}
}
