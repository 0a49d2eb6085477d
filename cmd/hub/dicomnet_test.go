package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

// certificate writes a self-signed certificate of this machine with its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hub"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

// workstation takes every instance.
type workstation struct{ took chan string }

func (w *workstation) Accept(context.Context, *dimse.Association) error { return nil }
func (w *workstation) Closed(*dimse.Association, bool, error)           {}
func (w *workstation) Store(_ context.Context, _ *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	io.Copy(io.Discard, r.Data)
	w.took <- r.SOPInstanceUID
	return dimse.Status{}
}

// lines reads one answer a line.
func lines(t *testing.T, out string) (list []told) {
	t.Helper()
	for line := range strings.Lines(out) {
		var v struct {
			told
			Match json.RawMessage `json:"match"`
		}
		must(t, json.Unmarshal([]byte(line), &v))
		list = append(list, v.told)
	}
	return list
}

func TestOperatorTalksToNodesPlainlyAndOverTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t)
	hub := start(t, dir, "--dicom-tls", "127.0.0.1:0", "--dicom-tls-cert", cert, "--dicom-tls-key", key, "--dicom-tls-ca", cert)
	defer hub.stop()
	var at struct {
		TLS string `json:"dicom_tls"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	must(t, err)
	must(t, json.Unmarshal(data, &at))

	secure := []string{"--tls", "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key, "--json"}
	out, err := hubCommand(t, append([]string{"dicom", "echo", at.TLS, "--repeat", "3"}, secure...)...)
	if list := lines(t, out); err != nil || len(list) != 3 || list[0].Status != "0000" {
		t.Errorf("echo over TLS: %v, %s", err, out)
	}
	if out, err := hubCommand(t, "dicom", "echo", at.TLS, "--tls", "--tls-ca", cert, "--timeout", "5s"); err == nil {
		t.Errorf("without a certificate: %s", out)
	}

	file, _ := picture(t, dicom.ExplicitVRLittleEndian)
	read, err := header(file)
	must(t, err)
	out, err = hubCommand(t, append([]string{"dicom", "send", at.TLS, file, "--calling", "CLINIC1"}, secure...)...)
	if list := lines(t, out); err != nil || len(list) != 1 || list[0].Status != "0000" || list[0].Instance != read.instance {
		t.Errorf("send: %v, %s", err, out)
	}
	out, err = hubCommand(t, "dicom", "find", hub.dicom, "--calling", "CLINIC1", "-k", "StudyInstanceUID", "-k", "PatientID")
	if err != nil || !strings.Contains(out, "1 matches, 0000") || !strings.Contains(out, "StudyInstanceUID") {
		t.Errorf("find: %v, %s", err, out)
	}
	study := between(out, "(0020,000D) UI [", "]")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	target := &workstation{took: make(chan string, 4)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&dimse.Server{Handler: target}).Serve(ctx, l) }()
	defer func() { stop(); <-done }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	asked(t, "device", "add", "--data", dir, "--member", "CLINIC1", "--ae", "WS1", "--address", "127.0.0.1", "--port", port)
	out, err = hubCommand(t, "dicom", "move", hub.dicom, "--calling", "CLINIC1", "--to", "WS1", "-k", "StudyInstanceUID="+study, "--json")
	if list := lines(t, out); err != nil || len(list) != 1 || list[0].Counts == nil || list[0].Counts.Completed != 1 {
		t.Fatalf("move: %v, %s", err, out)
	}
	if got := <-target.took; got != read.instance {
		t.Errorf("moved %s, want %s", got, read.instance)
	}
	if out, err := hubCommand(t, "dicom", "move", hub.dicom, "--calling", "CLINIC1", "--to", "NOBODY", "-k", "StudyInstanceUID="+study); err == nil || !strings.Contains(out, "A801") {
		t.Errorf("move to nobody: %v, %s", err, out)
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
