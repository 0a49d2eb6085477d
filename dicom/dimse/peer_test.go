package dimse

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/yuanzhen/yuanzhen/dicom"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handler is a Handler of functions; nil ones take everything.
type handler struct {
	accept func(context.Context, *Association) error
	store  func(context.Context, *Association, *StoreRequest) Status
	closed func(*Association, bool, error)
}

var _ Handler = (*handler)(nil)

func (h *handler) Accept(ctx context.Context, a *Association) error {
	if h.accept == nil {
		return nil
	}
	return h.accept(ctx, a)
}

func (h *handler) Store(ctx context.Context, a *Association, r *StoreRequest) Status {
	if h.store != nil {
		return h.store(ctx, a, r)
	}
	if _, err := io.Copy(io.Discard, r.Data); err != nil {
		return Status{Code: ProcessingFailure}
	}
	return Status{}
}

func (h *handler) Closed(a *Association, released bool, err error) {
	if h.closed != nil {
		h.closed(a, released, err)
	}
}

// serve runs s on a free port until the test ends, or until stop is called,
// which waits for Serve to return.
func serve(t testing.TB, s *Server) (addr string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), serveOn(t, l, s)
}

func serveOn(t testing.TB, l net.Listener, s *Server) (stop func()) {
	t.Helper()
	if s.Grace == 0 {
		s.Grace = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l); close(done) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// dial opens an association of a Client that ends with the test.
func dial(t testing.TB, addr string, contexts ...PresentationContext) *Client {
	t.Helper()
	c, err := Dial(t.Context(), addr, DialOptions{CallingAE: "TEST", CalledAE: "HUB", Contexts: contexts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c
}

var ctExplicit = PresentationContext{ctImage, []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian}}

// scripted is an SCU that writes bytes by hand: context 1 is
// Verification, context 3 CT in explicit VR little endian.
type scripted struct {
	t  testing.TB
	nc net.Conn
}

func connect(t testing.TB, addr string) *scripted {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { nc.Close() })
	return &scripted{t, nc}
}

// associate connects and opens an association.
func associate(t testing.TB, addr string) *scripted {
	t.Helper()
	p := connect(t, addr)
	p.write(requestPDU())
	if typ, _ := p.read(); typ != 2 {
		t.Fatalf("PDU type %d in place of A-ASSOCIATE-AC", typ)
	}
	return p
}

func requestPDU() []byte { return requestFor(16<<10, Verification, ctImage) }

// requestFor asks for an association with contexts 1, 3 and so on for SOP
// classes, in which at most maxPDU bytes are taken.
func requestFor(maxPDU uint32, classes ...string) []byte {
	b := []byte{0, 1, 0, 0}
	b = append(b, "HUB             SCRIPT          "...)
	b = append(b, make([]byte, 32)...)
	b = append(b, item(0x10, []byte("1.2.840.10008.3.1.1.1"))...)
	for i, class := range classes {
		v := append([]byte{byte(2*i + 1), 0, 0, 0}, item(0x30, []byte(class))...)
		b = append(b, item(0x20, append(v, item(0x40, []byte("1.2.840.10008.1.2.1"))...))...)
	}
	b = append(b, item(0x50, item(0x51, binary.BigEndian.AppendUint32(nil, maxPDU)))...)
	return pdu(1, b)
}

func item(typ byte, v []byte) []byte {
	return append([]byte{typ, 0, byte(len(v) >> 8), byte(len(v))}, v...)
}

func pdu(typ byte, parts ...[]byte) []byte {
	v := bytes.Join(parts, nil)
	return append(binary.BigEndian.AppendUint32([]byte{typ, 0}, uint32(len(v))), v...)
}

// pdv is a fragment: flags 1 command, 2 last.
func pdv(contextID, flags byte, v []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(v)+2))
	return append(append(b, contextID, flags), v...)
}

func (p *scripted) write(parts ...[]byte) {
	p.t.Helper()
	if _, err := p.nc.Write(bytes.Join(parts, nil)); err != nil {
		p.t.Fatal(err)
	}
}

// read returns the next PDU, type 0 when the server has closed.
func (p *scripted) read() (typ byte, body []byte) {
	p.t.Helper()
	var h [6]byte
	if _, err := io.ReadFull(p.nc, h[:]); errors.Is(err, io.EOF) {
		return 0, nil
	} else if err != nil {
		p.t.Fatal(err)
	}
	body = make([]byte, binary.BigEndian.Uint32(h[2:]))
	if _, err := io.ReadFull(p.nc, body); err != nil {
		p.t.Fatal(err)
	}
	return h[0], body
}

// response reads a response, which our server sends in one PDU.
func (p *scripted) response() command {
	p.t.Helper()
	typ, b := p.read()
	if typ != 4 {
		p.t.Fatalf("PDU type %d % x in place of a response", typ, b)
	}
	c, err := parseCommand(b[6:])
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// aborted checks that the server aborts.
func (p *scripted) aborted() {
	p.t.Helper()
	if typ, b := p.read(); typ != 7 {
		p.t.Errorf("PDU type %d % x in place of an abort", typ, b)
	}
}

func storeCommand(id uint16, instance string) []byte {
	c := command{affectedClass: ctImage, field: cStore, messageID: id, affectedInstance: instance}
	return c.append(nil)
}

func echoCommand(id uint16) []byte {
	c := command{affectedClass: Verification, field: cEcho, messageID: id, dataSetType: noDataSet}
	return c.append(nil)
}

// journal is a log that a test reads after the server stopped.
func journal(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// pattern is n bytes that show when some are missing or doubled.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func lines(s string) int { return strings.Count(s, "\n") }
