package dimse

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// Not parallel: it measures the memory of the process.
func TestTwoHundredIdleAssociationsAreCheapAndInNobodysWay(t *testing.T) {
	const associations, perAssociation = 200, 150 << 10
	addr, _ := serve(t, &Server{Handler: &handler{}})
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := memory()
	for range associations {
		p := associate(t, addr)
		p.write(pdu(4, pdv(3, 3, storeCommand(1, "1.2.3")), pdv(3, 2, pattern(60_000))))
		if rsp := p.response(); rsp.status.Code != Success {
			t.Fatalf("response %+v", rsp)
		}
	}
	if used := memory() - before; used > associations*perAssociation {
		t.Errorf("%d KB for each idle association", used/associations>>10)
	}
	if st, err := dial(t, addr).Echo(t.Context()); err != nil || !st.OK() {
		t.Errorf("echo: %v, %v", st, err)
	}
}

func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{}, MaxAssociations: 1})
	first := connect(t, addr)
	first.write([]byte{1, 0, 0, 0})
	for range maxPending {
		connect(t, addr)
	}
	if st, err := dial(t, addr).Echo(t.Context()); err != nil || !st.OK() {
		t.Errorf("echo: %v, %v", st, err)
	}
	if n, err := first.nc.Read(make([]byte, 1)); n != 0 || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the oldest silent connection is still there: %d, %v", n, err)
	}
}

func TestOneTooManyIsAskedToTryAgain(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 2)
	addr, _ := serve(t, &Server{MaxAssociations: 1, Handler: &handler{closed: func(*Association, bool, error) { ended <- struct{}{} }}})
	c := dial(t, addr)
	o := DialOptions{CallingAE: "TEST", CalledAE: "HUB"}
	_, err := Dial(t.Context(), addr, o)
	var r *Reject
	if !errors.As(err, &r) || *r != *ul.RejectLocalLimit {
		t.Errorf("second association: %v", err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
	<-ended
	again, err := Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestHandlerDecidesWhoMayOpenAnAssociation(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{
		accept: func(_ context.Context, a *Association) error {
			if a.CalledAE != "HUB" || len(a.Contexts) != 1 || a.RemoteAddr == nil || a.ImplementationClassUID == "" {
				t.Errorf("association %+v", a)
			}
			switch a.CallingAE {
			case "STRANGER":
				return ul.RejectCallingAE
			case "UNLUCKY":
				return errors.New("no database")
			}
			return nil
		},
		closed: func(a *Association, _ bool, _ error) {
			if a.CallingAE != "FRIEND" {
				t.Errorf("Closed for %s, who was refused", a.CallingAE)
			}
		},
	}})
	for calling, want := range map[string]*Reject{"STRANGER": ul.RejectCallingAE, "UNLUCKY": {Result: 1, Source: 1, Reason: 1}, "FRIEND": nil} {
		c, err := Dial(t.Context(), addr, DialOptions{CallingAE: calling, CalledAE: "HUB"})
		var got *Reject
		if errors.As(err, &got); (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s: %v, want %v", calling, err, want)
		}
		if err == nil {
			c.Release()
		}
	}
}

func TestNoiseIsAbortedAtOnce(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{}})
	noise := make([]byte, 1<<20)
	src := mathrand.NewChaCha8([32]byte{})
	src.Read(noise)
	for name, b := range map[string][]byte{
		"random bytes":                 noise,
		"4 GiB request":                {1, 0, 0xff, 0xff, 0xff, 0xf0, 0, 1, 0, 0},
		"HTTP":                         []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"data before an association":   pdu(4, pdv(1, 3, echoCommand(1))),
		"release of nothing":           pdu(5, make([]byte, 4)),
		"request without an end":       append([]byte{1, 0, 0, 0, 0, 80}, make([]byte, 80)...)[:86],
		"request with stray last byte": append(pdu(1, requestPDU()[6:], []byte{0x10}), 0),
	} {
		p := connect(t, addr)
		p.nc.Write(b) // may fail: the server has read enough
		if typ, _ := p.read(); typ != 7 && typ != 3 {
			t.Errorf("%s: PDU type %d", name, typ)
		}
	}
}

func TestLookAtThePortIsNoEvent(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	addr, stop := serve(t, &Server{Handler: &handler{}, Log: journal(&log)})
	for range 5 {
		connect(t, addr).nc.Close()
	}
	if st, err := dial(t, addr).Echo(t.Context()); err != nil || !st.OK() {
		t.Errorf("echo: %v, %v", st, err)
	}
	stop()
	if lines(log.String()) > 1 { // one is the echo's association, which the stop ends
		t.Errorf("log: %s", log.String())
	}
}

func TestSoftStopLetsARunningStoreFinish(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan bool, 2)
	addr, stop := serve(t, &Server{Handler: &handler{
		store: func(ctx context.Context, _ *Association, r *StoreRequest) Status {
			close(begun)
			if _, err := io.Copy(io.Discard, r.Data); err != nil || ctx.Err() != nil {
				return Status{Code: ProcessingFailure}
			}
			return Status{}
		},
		closed: func(_ *Association, released bool, _ error) { ended <- released },
	}})
	idle, busy := associate(t, addr), associate(t, addr)
	busy.write(pdu(4, pdv(3, 3, storeCommand(1, "1.2.3")), pdv(3, 0, pattern(100))))
	<-begun
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	idle.aborted()
	busy.write(pdu(4, pdv(3, 2, pattern(100))))
	if rsp := busy.response(); rsp.status.Code != Success {
		t.Errorf("response %+v", rsp)
	}
	busy.aborted()
	idle.nc.Close()
	busy.nc.Close()
	<-stopped
	if <-ended || <-ended {
		t.Error("an association that was aborted is called released")
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("a stopped server still listens")
	}
}

func TestHardStopEndsAStoreThatGoesOnTooLong(t *testing.T) {
	t.Parallel()
	begun, result := make(chan struct{}), make(chan error, 2)
	addr, stop := serve(t, &Server{Grace: 20 * time.Millisecond, Handler: &handler{
		store: func(ctx context.Context, _ *Association, r *StoreRequest) Status {
			close(begun)
			_, err := io.Copy(io.Discard, r.Data)
			<-ctx.Done()
			result <- err
			result <- context.Cause(ctx)
			return Status{}
		},
	}})
	p := associate(t, addr)
	p.write(pdu(4, pdv(3, 3, storeCommand(1, "1.2.3")), pdv(3, 0, pattern(100))))
	<-begun
	stop()
	if err := <-result; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the data set ended with %v", err)
	}
	if err := <-result; err != errStopping {
		t.Errorf("the context ended with %v", err)
	}
}

// certificate makes a key and a certificate that is its own authority.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestDeviceIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	got := make(chan []byte, 1)
	addr, _ := serve(t, &Server{
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert},
		Handler: &handler{store: keeper(got), accept: func(_ context.Context, a *Association) error {
			if a.TLS == nil || len(a.TLS.VerifiedChains) == 0 {
				return ul.RejectCallingAE
			}
			return nil
		}},
	})
	o := DialOptions{CallingAE: "TEST", CalledAE: "HUB", Contexts: []PresentationContext{ctExplicit},
		TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}
	c, err := Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	data := pattern(500_000)
	if st, err := c.Store(t.Context(), ctImage, "1.2.3", "", bytes.NewReader(data)); err != nil || !st.OK() {
		t.Errorf("%v, %v", st, err)
	}
	if b := <-got; !bytes.Equal(b, data) {
		t.Errorf("%d bytes of %d", len(b), len(data))
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
	o.TLS = &tls.Config{RootCAs: pool}
	if _, err := Dial(t.Context(), addr, o); err == nil {
		t.Error("a device without a certificate was let in")
	}
}
