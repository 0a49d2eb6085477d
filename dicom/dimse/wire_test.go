package dimse

import (
	"encoding/binary"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnswersFitWhatThePeerReceives(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{}})
	for _, most := range []uint32{0, 8, 9, 10, 63, 4096, 16383, 1<<32 - 1} {
		p := connect(t, addr)
		p.write(requestFor(most, Verification))
		if typ, _ := p.read(); typ != 2 {
			t.Fatalf("a peer that takes %d bytes: PDU type %d in place of A-ASSOCIATE-AC", most, typ)
		}
		p.write(pdu(4, pdv(1, 3, echoCommand(7))))
		var answer []byte
		for last := false; !last; {
			typ, b := p.read()
			if typ != 4 || most != 0 && uint32(len(b)) > most {
				t.Fatalf("a peer that takes %d bytes: PDU type %d of %d", most, typ, len(b))
			}
			for len(b) > 0 {
				n := binary.BigEndian.Uint32(b)
				last = b[5]&2 != 0
				if b[4] != 1 || b[5]&1 == 0 || !last && (n-2)%2 != 0 {
					t.Fatalf("a peer that takes %d bytes: fragment % x", most, b[:6])
				}
				answer, b = append(answer, b[6:4+n]...), b[4+n:]
			}
		}
		if rsp, err := parseCommand(answer); err != nil || rsp.respondedTo != 7 || rsp.status.Code != Success {
			t.Errorf("a peer that takes %d bytes: %+v, %v", most, rsp, err)
		}
	}
	for most := range uint32(8) {
		if most == 0 {
			continue // no limit
		}
		p := connect(t, addr)
		p.write(requestFor(most, Verification))
		if typ, b := p.read(); typ != 3 || !slices.Equal(b[1:], []byte{1, 2, 1}) {
			t.Errorf("a peer that takes %d bytes: PDU type %d % x", most, typ, b)
		}
	}
}

// counted counts the writes of the connections it accepts.
type counted struct {
	net.Listener
	writes atomic.Int64
}

type countedConn struct {
	net.Conn
	l *counted
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countedConn{c, l}, err
}

func (c countedConn) Write(b []byte) (int, error) {
	c.l.writes.Add(1)
	return c.Conn.Write(b)
}

func TestEachAnswerIsOneWrite(t *testing.T) {
	t.Parallel()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &counted{Listener: tcp}
	serveOn(t, l, &Server{Handler: &handler{}})
	p := associate(t, tcp.Addr().String())
	for range 3 {
		p.write(pdu(4, pdv(1, 3, echoCommand(1))))
		p.response()
		p.write(pdu(4, pdv(3, 3, storeCommand(2, "1.2.3")), pdv(3, 2, pattern(70_000))))
		p.response()
	}
	p.write(pdu(5, make([]byte, 4)))
	if typ, _ := p.read(); typ != 6 {
		t.Errorf("PDU type %d in place of A-RELEASE-RP", typ)
	}
	if got := l.writes.Load(); got != 1+6+1 {
		t.Errorf("%d writes for an acceptance, six answers and a release", got)
	}
}

// Not parallel: it measures the memory of the process.
func TestAttacksTakeNeitherMemoryNorTime(t *testing.T) {
	const most = 64 << 20
	addr, _ := serve(t, &Server{Handler: &handler{}})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := heap()
	whole := requestPDU()
	for range 100 { // half a request, which claims as much as one may have
		p := connect(t, addr)
		p.write([]byte{1, 0, 0, 4, 0, 0}, make([]byte, 60_000))
	}
	for range 100 { // a byte of a request
		connect(t, addr).write(whole[:1])
	}
	for range 200 {
		associate(t, addr)
	}
	for range 8 { // stores that stop half way
		p := associate(t, addr)
		p.write(pdu(4, pdv(3, 3, storeCommand(1, "1.2.3"))), []byte{4, 0, 0, 16, 0, 0, 0, 15, 255, 252, 3, 2}, pattern(100_000))
	}
	for range 20 { // 4 GiB at once
		p := associate(t, addr)
		p.write([]byte{4, 0, 0xff, 0xff, 0xff, 0xff}, pattern(1000))
		p.aborted()
	}
	var slowest time.Duration
	for range 50 {
		began := time.Now()
		c, err := Dial(t.Context(), addr, DialOptions{CallingAE: "TEST", CalledAE: "HUB"})
		if err != nil {
			t.Fatal(err)
		}
		if st, err := c.Echo(t.Context()); err != nil || !st.OK() {
			t.Errorf("echo: %v, %v", st, err)
		}
		c.Release()
		slowest = max(slowest, time.Since(began))
	}
	if used := int64(heap()) - int64(before); used > most {
		t.Errorf("%d MiB are held by attackers", used>>20)
	}
	t.Logf("the slowest of 50 others took %v", slowest)
	if slowest > time.Second { // the test machine may be busy: far more than it takes, far less than any time-out
		t.Errorf("another device waited %v", slowest)
	}
}
