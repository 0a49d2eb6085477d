package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
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

	got := t.TempDir()
	out, err = hubCommand(t, "dicom", "get", hub.dicom, "--calling", "CLINIC1", "--out", got, "-k", "StudyInstanceUID="+study, "--json")
	list := lines(t, out)
	if err != nil || len(list) != 2 || list[0].Instance != read.instance || list[1].Counts == nil || list[1].Counts.Completed != 1 {
		t.Fatalf("get: %v, %s", err, out)
	}
	sent, err := os.ReadFile(file)
	must(t, err)
	have, err := os.ReadFile(list[0].File)
	must(t, err)
	fetched, err := header(list[0].File)
	must(t, err)
	if fetched.kind != read.kind || !bytes.Equal(have[fetched.offset:], sent[read.offset:]) {
		t.Errorf("got %d bytes of %v, sent %d of %v", len(have), fetched.kind, len(sent), read.kind)
	}
	if left, err := os.ReadDir(got); err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
	if out, err := hubCommand(t, "dicom", "get", hub.dicom, "--calling", "CLINIC1", "--out", got, "-k", "StudyInstanceUID="+study, "--class", dimse.Verification); err == nil || !strings.Contains(out, "A702") {
		t.Errorf("get of a class that was not offered: %v, %s", err, out)
	}
}

// TestNetworkFaultsSayWhatToDo runs the commands against what operators meet.
func TestNetworkFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	other, _ := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	pem, err := os.ReadFile(cert)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	serve := func(s *dimse.Server) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, l) }()
		t.Cleanup(func() { stop(); <-done })
		return l.Addr().String()
	}
	plain := serve(&dimse.Server{AETitle: "PACS", Handler: &workstation{}})
	busy := serve(&dimse.Server{Handler: &doorman{ul.RejectLocalLimit}})
	strict := serve(&dimse.Server{Handler: &doorman{ul.RejectCallingAE}})
	closed := serve(&dimse.Server{Handler: &doorman{ul.RejectNoReason}})
	secure := serve(&dimse.Server{Handler: &workstation{}, TLS: &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the system takes the connection, nobody answers
	must(t, err)
	t.Cleanup(func() { silent.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	gone.Close()
	for name, c := range map[string]struct {
		args   []string
		zh, en string
	}{
		"called":      {[]string{"echo", plain}, "--called", "the node's AE title is not ANY-SCP"},
		"calling":     {[]string{"echo", strict}, "不认识我方的AE标题 YUANZHEN", "register it there"},
		"busy":        {[]string{"echo", busy}, "暂时繁忙", "try again later"},
		"refused":     {[]string{"echo", closed}, "拒绝建立关联", "its log says why"},
		"no service":  {[]string{"find", plain, "--called", "PACS", "-k", "PatientID"}, "不提供此服务", "does not offer this service"},
		"nobody":      {[]string{"get", gone.Addr().String(), "-k", "PatientID=1", "--out", t.TempDir()}, "无人监听", "nobody listens"},
		"no host":     {[]string{"echo", "no-such-host.invalid:104"}, "找不到主机", "no host of that name"},
		"silent":      {[]string{"move", silent.Addr().String(), "--to", "X", "-k", "PatientID=1", "--timeout", "50ms"}, "没有应答", "wait longer with --timeout"},
		"no TLS":      {[]string{"echo", plain, "--called", "PACS", "--tls", "--insecure"}, "不使用TLS", "does not speak TLS"},
		"TLS only":    {[]string{"echo", secure}, "请加 --tls", "add --tls"},
		"not trusted": {[]string{"echo", secure, "--tls", "--tls-ca", other}, "不受信任", "--tls-ca"},
		"other name":  {[]string{"echo", secure, "--tls", "--tls-ca", cert, "--tls-name", "pacs.example"}, "名称不符", "--tls-name"},
		"shown none":  {[]string{"echo", secure, "--tls", "--tls-ca", cert}, "不接受我方的TLS或证书", "--tls-cert"},
	} {
		out, err := hubCommand(t, append([]string{"dicom"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.zh) || !strings.Contains(err.Error(), c.en) {
			t.Errorf("%s: %v; want %q and %q (%s)", name, err, c.zh, c.en, out)
		}
	}
}

// doorman refuses every association.
type doorman struct{ why *ul.Reject }

func (d *doorman) Accept(context.Context, *dimse.Association) error { return d.why }
func (d *doorman) Closed(*dimse.Association, bool, error)           {}
func (d *doorman) Store(context.Context, *dimse.Association, *dimse.StoreRequest) dimse.Status {
	return dimse.Status{Code: dimse.ProcessingFailure}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// asking is a node that notes the SOP classes proposed to it.
type asking struct {
	workstation
	mu   sync.Mutex
	seen map[string]bool
}

func (a *asking) Accept(_ context.Context, as *dimse.Association) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range as.Contexts {
		a.seen[c.AbstractSyntax] = true
	}
	return ul.RejectNoReason
}

// TestConformanceStatementSaysWhatTheCommandsAskFor compares the column SCU with
// what the commands propose.
func TestConformanceStatementSaysWhatTheCommandsAskFor(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/conformance.md")
	must(t, err)
	node := &asking{seen: map[string]bool{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&dimse.Server{Handler: node}).Serve(ctx, l) }()
	defer func() { stop(); <-done }()
	at, out := l.Addr().String(), t.TempDir()
	for _, args := range [][]string{{"echo"}, {"find"}, {"find", "--model", "patient"}, {"find", "--worklist"}, {"move", "--to", "X"}, {"move", "--to", "X", "--model", "patient"},
		{"get", "--out", out}, {"get", "--out", out, "--model", "patient"}} {
		if _, err := hubCommand(t, append(append([]string{"dicom"}, args...), at)...); err == nil {
			t.Errorf("%q was answered", args)
		}
	}
	rows := regexp.MustCompile(`(?m)^\| .* \| (1\.2\.840\.10008\.[0-9.]+) \| (?:yes|no) \| (yes|no) \|$`).FindAllStringSubmatch(string(text), -1)
	if len(rows) < 13 {
		t.Fatalf("%d service classes are stated", len(rows))
	}
	for _, row := range rows {
		if node.seen[row[1]] != (row[2] == "yes") {
			t.Errorf("%s: SCU is stated as %s, the commands ask for it: %v", dimse.ServiceName(row[1]), row[2], node.seen[row[1]])
		}
		delete(node.seen, row[1])
	}
	for uid := range node.seen {
		if !dimse.StorageSOPClass(uid) {
			t.Errorf("%s is asked for and not stated", uid)
		}
	}
}
