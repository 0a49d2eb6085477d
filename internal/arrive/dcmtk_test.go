package arrive

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// run runs a program and returns what it printed.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, hubtest.Tool(t, name), args...).CombinedOutput()
	return string(out), err
}

// storescp starts DCMTK's SCP as a registered device, in a folder of its own.
func (h *clinic) storescp(t *testing.T, title string, args ...string) (dir string) {
	t.Helper()
	addr, dir := hubtest.Free(t), t.TempDir()
	_, port, _ := net.SplitHostPort(addr)
	hubtest.Program(t, addr, "storescp", append(args, "-aet", title, "-od", dir, port)...)
	h.register(t, title, addr)
	return dir
}

func (h *clinic) hostPort() (host, port string) {
	host, port, _ = net.SplitHostPort(h.addr)
	return host, port
}

func TestDCMTKAsksAndFetches(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.order(t, h.one, "A7", "孙悟空", "CT")
	host, port := h.hostPort()
	as := []string{"-aet", "CT1", "-aec", "YUANZHEN"}
	for _, q := range []struct {
		args []string
		want []string
	}{
		{[]string{"-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID", "-k", "PatientName=Wang*"}, []string{"[P1", "Pending", "0x0000: Success"}},
		{[]string{"-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "AccessionNumber=A?"}, []string{"[1.1", "[1.4", "Success"}},
		{[]string{"-S", "-k", "QueryRetrieveLevel=SERIES", "-k", "StudyInstanceUID=1.1", "-k", "SeriesInstanceUID"}, []string{"[1.1.1", "[1.1.2"}},
		{[]string{"-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "StudyInstanceUID=1.1", "-k", "SeriesInstanceUID=1.1.1", "-k", "SOPInstanceUID"}, []string{"[1.1.1.1", "[1.1.1.2"}},
		{[]string{"-S", "-k", "StudyInstanceUID"}, []string{"0xa900"}},
		{[]string{"-W", "-k", "PatientName", "-k", "AccessionNumber", "-k", "(0040,0100)[0].Modality=CT", "-k", "(0040,0100)[0].ScheduledProcedureStepDescription"}, []string{"[A7", "GB18030"}},
		{[]string{"-S", "--cancel", "1", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"}, []string{"Find Response"}},
	} {
		out, err := run(t, "findscu", append(append([]string{"-v", "-d"}, as...), append(q.args, host, port)...)...)
		for _, want := range q.want {
			if err != nil || !strings.Contains(strings.ToLower(out), strings.ToLower(want)) {
				t.Errorf("findscu %q: no %q, %v\n%s", q.args, want, err, out)
			}
		}
	}
	dir := h.storescp(t, "TARGET")
	if out, err := run(t, "movescu", append(as, "-v", "-aem", "TARGET", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.1", host, port)...); err != nil || len(files(t, dir)) != 3 {
		t.Errorf("movescu: %d files, %v\n%s", len(files(t, dir)), err, out)
	}
	got := t.TempDir()
	if out, err := run(t, "getscu", append(as, "-v", "-od", got, "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.1", host, port)...); err != nil || len(files(t, got)) != 3 {
		t.Errorf("getscu: %d files, %v\n%s", len(files(t, got)), err, out)
	}
	for _, args := range [][]string{{"--abort"}, {"--repeat", "20"}, {"--propose-ts", "15"}} {
		if out, err := run(t, "echoscu", append(append(as, args...), host, port)...); err != nil && args[0] != "--abort" {
			t.Errorf("echoscu %q: %v\n%s", args, err, out)
		}
	}
	if out, err := run(t, "echoscu", append(as, host, port)...); err != nil {
		t.Errorf("after an abort: %v\n%s", err, out)
	}
}

func files(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestHostileTargetsCostOnlyTheirOwnMove(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	host, port := h.hostPort()
	for _, q := range []struct {
		title string
		args  []string
		want  string
	}{
		{"ABORTS", []string{"--abort-during"}, "0xa702"},
		{"ABORTSAFTER", []string{"--abort-after"}, "0xa702"},
		{"REFUSES", []string{"--refuse"}, "0xa702"},
		{"SLEEPS", []string{"--sleep-during", "1"}, "0x0000"},
		{"IMPLICIT", []string{"+xi"}, "0x0000"},
		{"SMALL", []string{"--max-pdu", "4096"}, "0x0000"},
	} {
		h.storescp(t, q.title, q.args...)
		out, _ := run(t, "movescu", "-d", "-aet", "CT1", "-aec", "YUANZHEN", "-aem", q.title, "-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "StudyInstanceUID=1.1",
			"-k", "SeriesInstanceUID=1.1.1", "-k", "SOPInstanceUID=1.1.1.1", host, port)
		i := strings.LastIndex(out, "DIMSE Status")
		if i < 0 || !strings.Contains(out[i:], q.want) {
			t.Errorf("%s: want %s\n%s", q.title, q.want, out[max(0, i):])
		}
	}
}

func TestCompressedInstanceIsDecodedForWhoTakesOnlyNative(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.register(t, "DCMTK", "127.0.0.1:1")
	host, port := h.hostPort()
	var sent, uid string
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		out, err := run(t, "dcmdump", "-Un", "+P", "TransferSyntaxUID", "+P", "StudyInstanceUID", "+P", "PixelRepresentation", name)
		if err != nil || !strings.Contains(out, "[1.2.840.10008.1.2.4.70]") && !strings.Contains(out, "[1.2.840.10008.1.2.5]") || !strings.Contains(out, "(0020,000d)") {
			continue
		}
		if out, err := run(t, "storescu", "-aet", "CT1", "-aec", "YUANZHEN", "-R", "-xs", host, port, name); err == nil && !strings.Contains(out, "E:") {
			d, err := readFile(name)
			if err != nil {
				continue
			}
			sent, uid = name, d.Dataset.Text(dicom.StudyInstanceUID)
			break
		}
	}
	if sent == "" {
		t.Skip("no losslessly compressed file among the test data")
	}
	dir := h.storescp(t, "NATIVE", "+xe")
	out, err := run(t, "movescu", "-v", "-aet", "CT1", "-aec", "YUANZHEN", "-aem", "NATIVE", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID="+uid, host, port)
	got := files(t, dir)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d files, %v\n%s", len(got), err, out)
	}
	native := filepath.Join(t.TempDir(), "native.dcm")
	if out, err := run(t, "dcmdjpeg", sent, native); err != nil {
		t.Skipf("DCMTK does not decode %s: %s", filepath.Base(sent), out)
	}
	want, err := readFile(native)
	if err != nil {
		t.Fatal(err)
	}
	have, err := readFile(filepath.Join(dir, got[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	if string(want.Dataset.Get(dicom.PixelData).Raw) != string(have.Dataset.Get(dicom.PixelData).Raw) || have.Syntax != dicom.ExplicitVRLittleEndian {
		t.Errorf("%s: pixels differ from those DCMTK decodes (in %s)", filepath.Base(sent), have.Syntax)
	}
}

func readFile(name string) (*dicom.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return dicom.Read(f, dicom.Options{Keep: -1})
}

// certificate makes a self-signed one and writes it beside its key.
func certificate(t *testing.T, name string) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return pair, certFile, keyFile
}

func TestDeviceWithACertificateMustShowIt(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	own, ownCert, _ := certificate(t, "hub")
	his, hisCert, hisKey := certificate(t, "device")
	_, otherCert, otherKey := certificate(t, "other")
	sum := sha256.Sum256(his.Certificate[0])
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: "d9", Member: h.one, AETitle: "SECURE", Active: true, Certificate: hex.EncodeToString(sum[:])})
	})
	addr := h.serve(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert})
	host, port, _ := net.SplitHostPort(addr)
	if out, err := run(t, "echoscu", "-aet", "SECURE", "-aec", "YUANZHEN", "+tls", hisKey, hisCert, "+cf", ownCert, host, port); err != nil {
		t.Errorf("with its certificate: %v\n%s", err, out)
	}
	if out, err := run(t, "echoscu", "-aet", "SECURE", "-aec", "YUANZHEN", "+tls", otherKey, otherCert, "+cf", ownCert, host, port); err == nil || !strings.Contains(out, "Calling AE Title Not Recognized") {
		t.Errorf("with another's: %v\n%s", err, out)
	}
	plainHost, plainPort := h.hostPort()
	if out, err := run(t, "echoscu", "-aet", "SECURE", "-aec", "YUANZHEN", plainHost, plainPort); err == nil {
		t.Errorf("without TLS: %s", out)
	}
}
