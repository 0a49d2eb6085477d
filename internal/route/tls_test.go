package route

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// archive is a node that keeps what it is sent in memory.
type archive struct {
	mu     sync.Mutex
	stored [][]byte
	shown  string // whose certificate the caller showed
}

func (a *archive) Accept(_ context.Context, as *dimse.Association) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown = as.TLS.PeerCertificates[0].Subject.CommonName
	return nil
}

func (a *archive) Store(_ context.Context, _ *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	b, err := io.ReadAll(r.Data)
	if err != nil {
		return dimse.Status{Code: dimse.ProcessingFailure}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stored = append(a.stored, b)
	return dimse.Status{}
}

func (*archive) Closed(*dimse.Association, bool, error) {}

// certificate signs itself.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	hubtest.Must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	hubtest.Must(t, err)
	leaf, err := x509.ParseCertificate(der)
	hubtest.Must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, leaf
}

func TestCopyGoesOverTLSWithTheHubsCertificate(t *testing.T) {
	t.Parallel()
	c, a := newClinic(t), &archive{}
	own, ownLeaf := certificate(t, "hub")
	his, hisLeaf := certificate(t, "archive")
	trusts := func(leaf *x509.Certificate) *x509.CertPool {
		p := x509.NewCertPool()
		p.AddCert(leaf)
		return p
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	hubtest.Must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		conf := &tls.Config{Certificates: []tls.Certificate{his}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusts(ownLeaf), MinVersion: tls.VersionTLS12}
		(&dimse.Server{Handler: a, TLS: conf, Grace: time.Second}).Serve(ctx, l)
	}()
	t.Cleanup(func() { cancel(); <-served })
	n, err := strconv.Atoi(port(l.Addr().String()))
	hubtest.Must(t, err)
	id := c.route(hub.Route{Name: "archive", Kind: hub.RouteDIMSE, Address: "127.0.0.1", Port: n, CalledAE: "ARCHIVE", TLS: true})

	stop := c.run() // trusts nobody
	want := c.send("m1", "CT1", "CT", "1.7", 1)
	c.wait(id, "an unknown certificate is refused", tried)
	stop()
	r := &Router{DB: c.db, Open: c.node.Received, As: c.node.As, Unseal: c.keys.Unseal, AET: "YUANZHEN", Settle: settle, Count: silent{}, Log: slog.New(slog.DiscardHandler),
		TLS: &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: trusts(hisLeaf)}}
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx, "only") }()
	t.Cleanup(func() { cancel(); <-ended })
	c.retry(id)
	c.wait(id, "it is sent", sent(1))
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.stored) != 1 || !bytes.Equal(a.stored[0], want) || a.shown != "hub" {
		t.Errorf("%d data sets from %q", len(a.stored), a.shown)
	}
}
