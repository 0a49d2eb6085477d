package arrive

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// orthanc is a running Orthanc that knows the hub as the modality "hub".
type orthanc struct {
	web, dicom string
}

// newOrthanc starts Orthanc beside a hub at an address, with TLS if own is not
// "", and registers it there.
func newOrthanc(t *testing.T, h *clinic, hubAddr string, own, key, trusted string) *orthanc {
	t.Helper()
	o := &orthanc{web: hubtest.Free(t), dicom: hubtest.Free(t)}
	dir := t.TempDir()
	hubHost, hubPort, _ := net.SplitHostPort(hubAddr)
	number := func(s string) int {
		_, p, _ := net.SplitHostPort(s)
		n, _ := strconv.Atoi(p)
		return n
	}
	n, _ := strconv.Atoi(hubPort)
	conf := map[string]any{"Name": "peer", "StorageDirectory": dir, "IndexDirectory": dir, "Plugins": []string{}, "HttpPort": number(o.web), "DicomPort": number(o.dicom),
		"DicomAet": "ORTHANC", "RemoteAccessAllowed": false, "DicomCheckModalityHost": false, "DicomAlwaysAllowStore": true, "DicomAlwaysAllowEcho": true,
		"DicomAlwaysAllowFind": true, "DicomAlwaysAllowMove": true, "DicomAlwaysAllowGet": true, "DefaultEncoding": "Utf8",
		"DicomModalities": map[string]any{"hub": map[string]any{"AET": "YUANZHEN", "Host": hubHost, "Port": n, "AllowStorageCommitment": true, "UseDicomTls": own != ""}}}
	if own != "" {
		conf["DicomTlsEnabled"], conf["DicomTlsCertificate"], conf["DicomTlsPrivateKey"], conf["DicomTlsTrustedCertificates"] = true, own, key, trusted
	}
	text, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "orthanc.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	hubtest.Program(t, o.web, "Orthanc", file)
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: hub.NewID[hub.DeviceID](), Member: h.one, AETitle: "ORTHANC", Address: "127.0.0.1", Port: number(o.dicom), TLS: own != "", Active: true})
	})
	return o
}

// call asks Orthanc's REST interface; it fails the test unless it succeeds.
func (o *orthanc) call(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	if err := o.try(t, method, path, body, answer); err != "" {
		t.Fatalf("Orthanc: %s %s: %s", method, path, err)
	}
}

func (o *orthanc) try(t *testing.T, method, path string, body, answer any) (fault string) {
	t.Helper()
	var data io.Reader
	if raw, ok := body.([]byte); ok {
		data = bytes.NewReader(raw)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.NewReader(text)
	}
	rq, err := http.NewRequestWithContext(t.Context(), method, "http://"+o.web+path, data)
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(rq)
	if err != nil {
		return err.Error()
	}
	defer rsp.Body.Close()
	text, err := io.ReadAll(rsp.Body)
	if err != nil || rsp.StatusCode != http.StatusOK {
		return rsp.Status + " " + string(text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatalf("%s: %s", path, text)
		}
	}
	return ""
}

// instances lists what Orthanc has.
func (o *orthanc) instances(t *testing.T) (ids []string) {
	t.Helper()
	o.call(t, "GET", "/instances", nil, &ids)
	return ids
}

func TestOrthancWorksWithTheHubBothWays(t *testing.T) {
	hubtest.Tool(t, "Orthanc")
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		h := shelf(t)
		exchange(t, h, newOrthanc(t, h, h.addr, "", "", ""), nil)
	})
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		h := shelf(t)
		own, ownCert, _ := certificate(t, "hub")
		_, hisCert, hisKey := certificate(t, "orthanc")
		pool := x509.NewCertPool()
		pem, err := os.ReadFile(hisCert)
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			t.Fatal(err)
		}
		h.Node.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
		o := newOrthanc(t, h, h.serve(t, h.Node.TLS), hisCert, hisKey, ownCert)
		exchange(t, h, o, &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	})
}

func exchange(t *testing.T, h *clinic, o *orthanc, conf *tls.Config) {
	o.call(t, "POST", "/modalities/hub/echo", map[string]any{}, nil)

	// Its archive goes to the hub, which promises to keep it.
	file := part10(t, image{"1.6", "1.6.1", "1.6.1.1", "A6", "Zhao^Yun=赵^云", "P6", "20260401", "ISO_IR 192"})
	var put struct{ ID string }
	o.call(t, "POST", "/instances", file, &put)
	o.call(t, "POST", "/modalities/hub/store", map[string]any{"Resources": []string{put.ID}}, nil)
	if _, err := h.DB.Read(t.Context()).InstanceByUID(h.one, "1.6.1.1"); err != nil {
		t.Fatalf("stored by Orthanc: %v", err)
	}
	for status, uid := range map[string]string{"Success": "1.6.1.1", "Failure": "1.6.1.2"} {
		var asked struct{ Path string }
		o.call(t, "POST", "/modalities/hub/storage-commitment", map[string]any{"DicomInstances": []map[string]string{{"SOPClassUID": ctClass, "SOPInstanceUID": uid}}}, &asked)
		eventually(t, "Orthanc hears "+status+" of its commitment", func() bool {
			var report struct{ Status string }
			o.call(t, "GET", asked.Path, nil, &report)
			return report.Status == status
		})
	}

	// It asks what the hub has, and fetches it.
	var query struct{ Path string }
	o.call(t, "POST", "/modalities/hub/query", map[string]any{"Level": "Study", "Query": map[string]string{"PatientName": "*小明", "AccessionNumber": "A1"}}, &query)
	var answers []string
	o.call(t, "GET", query.Path+"/answers", nil, &answers)
	var content map[string]any
	if len(answers) != 1 {
		t.Fatalf("answers %q", answers)
	}
	o.call(t, "GET", query.Path+"/answers/0/content?simplify", nil, &content)
	if content["PatientName"] != "Wang^Xiaoming=王^小明" || content["StudyInstanceUID"] != "1.1" {
		t.Errorf("Orthanc understands %v", content)
	}
	o.call(t, "POST", query.Path+"/answers/0/retrieve", map[string]any{"TargetAet": "ORTHANC"}, nil)
	if got := o.instances(t); len(got) != 4 {
		t.Errorf("Orthanc has %d instances, want its own and three of ours", len(got))
	}

	// The hub as SCU: it finds and moves within Orthanc.
	c, err := dimse.Dial(t.Context(), o.dicom, dimse.DialOptions{CallingAE: "YUANZHEN", CalledAE: "ORTHANC", TLS: conf, Timeouts: ul.Timeouts{Idle: 20 * time.Second},
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootFind, Syntaxes: native}, {AbstractSyntax: dimse.StudyRootMove, Syntaxes: native}, {AbstractSyntax: dimse.StudyRootGet, Syntaxes: native},
			{AbstractSyntax: ctClass, Syntaxes: native}}, Roles: []ul.Role{{SOPClass: ctClass, SCU: true, SCP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	var found []string
	status, err := c.Find(t.Context(), dimse.StudyRootFind, identifier("STUDY", "PatientName", "*赵*", "StudyInstanceUID", ""), func(_ dimse.Status, d *dicom.Dataset) error {
		found = append(found, d.Text(dicom.StudyInstanceUID))
		return nil
	})
	if err != nil || status.Code != dimse.Success || len(found) != 1 || found[0] != "1.6" {
		t.Errorf("found in Orthanc: %q, %v, %v", found, status, err)
	}
	took := 0
	out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.1"), nil, func(r *dimse.StoreRequest) dimse.Status {
		took++
		io.Copy(io.Discard, r.Data)
		return dimse.Status{}
	})
	if err != nil || out.Code != dimse.Success || took != 3 {
		t.Errorf("got from Orthanc: %d, %+v, %v", took, out, err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
	bare, err := dimse.Dial(t.Context(), o.dicom, dimse.DialOptions{CallingAE: "YUANZHEN", CalledAE: "ORTHANC", TLS: conf, Timeouts: ul.Timeouts{Idle: 20 * time.Second},
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootGet, Syntaxes: native}}})
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Abort()
	out, err = bare.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.1"), nil, nil)
	if err != nil || out.OK() || out.Failed == 0 || len(out.FailedUIDs) != out.Failed { // it stops at the first
		t.Errorf("without a context for CT: %v %+v %q, %v", out.Status, out.Progress, out.FailedUIDs, err)
	}
}

// part10 is an image as a file.
func part10(t *testing.T, i image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: ctClass, SOPInstanceUID: i.uid, Syntax: dicom.ExplicitVRLittleEndian}, i.dataset()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
