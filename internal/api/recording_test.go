package api

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// fileOf gets a file as somebody.
func (h *hospital) fileOf(login, path string) []byte {
	h.t.Helper()
	code, _, data := h.bytesOf(login, path, "")
	if code != http.StatusOK {
		h.t.Fatalf("GET %s: %d", path, code)
	}
	return data
}

// headless returns a DICOM file's data set and its syntax.
func headless(t *testing.T, file []byte) ([]byte, dicom.TransferSyntax) {
	t.Helper()
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{Keep: 1 << 20})
	must(t, err)
	return file[f.DatasetOffset:], f.Syntax
}

func TestOriginalOfAnECGIsTheFileReceived(t *testing.T) {
	t.Parallel()
	files := testdata.Files(t, "dicom/waveform", "*.dcm") // one of them is deflated
	h := newHospital(t)
	for i, path := range files {
		file, err := os.ReadFile(path)
		must(t, err)
		name := filepath.Base(path)
		if len(file) > 132 && string(file[128:132]) == "DICM" {
			copy(file, "II*\x00") // a preamble of its own: a file that is a TIFF as well
		}
		login := []string{"tech1", "tech2", "tech3"}[i%3]
		code, v := h.as(login, "POST", "/api/v1/recordings", file)
		if code != 201 {
			t.Logf("%s is no ECG: %d %v", name, code, v["code"])
			continue
		}
		if got := h.fileOf(login, "/api/v1/recordings/"+v["id"].(string)+"/original"); !bytes.Equal(got, file) {
			t.Errorf("%s: the original differs from what was received", name)
		}
	}
}

func TestFirstFileOfAnECGThatCameByNetworkIsItsOriginal(t *testing.T) {
	t.Parallel()
	path := testdata.Files(t, "dicom/waveform", "*waveform_ecg.dcm")[0]
	file, err := os.ReadFile(path)
	must(t, err)
	h := newHospital(t)
	bare, syntax := headless(t, file)
	src := intake.Source{Actor: hub.Actor{Member: h.member("CLINIC1"), Role: "device", Submits: true}, Via: "cstore", Class: "1.2.840.10008.5.1.4.1.1.9.1.1"}
	out, err := h.s.Intake.Instance(t.Context(), src, bytes.NewReader(bare), syntax)
	must(t, err)
	original := "/api/v1/recordings/" + string(out.Recording) + "/original"
	got, as := headless(t, h.fileOf("tech1", original))
	if !bytes.Equal(got, bare) || as != syntax {
		t.Errorf("an object of the network is given as %s", as)
	}
	v := h.ok("tech1", "POST", "/api/v1/recordings", file)
	if v["id"] != string(out.Recording) {
		t.Fatalf("the same data set is another recording: %v", v["id"])
	}
	if !bytes.Equal(h.fileOf("tech1", original), file) {
		t.Error("the original differs from the file received")
	}
	other := bytes.Clone(file)
	copy(other, "another preamble")
	h.ok("tech1", "POST", "/api/v1/recordings", other)
	if !bytes.Equal(h.fileOf("tech1", original), file) {
		t.Error("a later file replaced the first")
	}
}

// member is the id of a member by its code.
func (h *hospital) member(code string) hub.MemberID {
	h.t.Helper()
	m, err := h.s.DB.Read(h.t.Context()).MemberByCode(code)
	must(h.t, err)
	return m.ID
}
