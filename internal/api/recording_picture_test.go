package api

import (
	"archive/zip"
	"bytes"
	raster "image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func TestPhotographOfAnECGIsKeptShownAndNotMeasured(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	var photo bytes.Buffer
	must(t, png.Encode(&photo, raster.NewGray(raster.Rect(0, 0, 300, 200))))
	code, v := h.as("tech1", "POST", "/api/v1/recordings", photo.Bytes())
	if code != 201 || v["format"] != "picture" || len(v["leads"].([]any)) != 0 || len(v["advice"].([]any)) != 0 {
		t.Fatalf("%d %v", code, v)
	}
	path := "/api/v1/recordings/" + v["id"].(string)
	if svg := h.fileOf("tech1", path+"/ecg.svg"); !bytes.Contains(svg, []byte("data:image/png;base64,")) {
		t.Errorf("the picture is not shown: %.100s", svg)
	}
	if wave := h.fileOf("tech1", path+"/waveform.json"); !bytes.Contains(wave, []byte(`"leads":[]`)) {
		t.Errorf("%s", wave)
	}
	_, task := h.as("tech1", "GET", "/api/v1/tasks/"+v["task"].(string), nil)
	if warnings := task["warnings"].([]any); len(warnings) != 1 || warnings[0].(map[string]any)["code"] != "ecg.picture_only" {
		t.Errorf("%v", task["warnings"])
	}
}

func TestReportWithLinesIsRecoveredAndAScanGivenBackAsItIs(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	report, err := os.ReadFile(testdata.Files(t, "ecg/pdf", "*.pdf")[0])
	must(t, err)
	code, v := h.as("tech1", "POST", "/api/v1/recordings", report)
	if code != 201 || v["format"] != "pdf" || len(v["leads"].([]any)) != 12 || v["rate_hz"] != 500.0 {
		t.Fatalf("%d %v", code, v)
	}
	scan := []byte("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Kids[3 0 R]>> endobj 3 0 obj <<>> endobj")
	code, v = h.as("tech1", "POST", "/api/v1/recordings", scan)
	if code != 201 || len(v["leads"].([]any)) != 0 {
		t.Fatalf("%d %v", code, v)
	}
	if got := h.fileOf("tech1", "/api/v1/recordings/"+v["id"].(string)+"/ecg.pdf"); !bytes.Equal(got, scan) {
		t.Errorf("%s", got)
	}
}

func TestRecordOfSeveralFilesIsOneRecording(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, path := range testdata.Files(t, "ecg/wfdb/ptb", "s0010_re.*") {
		data, err := os.ReadFile(path)
		must(t, err)
		w, err := z.Create(filepath.Base(path))
		must(t, err)
		_, err = w.Write(data)
		must(t, err)
	}
	must(t, z.Close())
	code, v := h.as("tech1", "POST", "/api/v1/recordings", b.Bytes())
	if code != 201 || v["format"] != "wfdb" || len(v["leads"].([]any)) != 15 || v["samples"] != 38400.0 {
		t.Fatalf("%d %v", code, v)
	}
	if got := h.fileOf("tech1", "/api/v1/recordings/"+v["id"].(string)+"/original"); !bytes.Equal(got, b.Bytes()) {
		t.Error("the original is not the archive that was sent")
	}
	if svg := h.fileOf("tech1", "/api/v1/recordings/"+v["id"].(string)+"/ecg.svg"); !bytes.Contains(svg, []byte("<path")) {
		t.Error("no trace is drawn")
	}
	if code, v := h.as("tech1", "POST", "/api/v1/recordings", []byte("PK\x03\x04 and no more")); code != 422 || !strings.Contains(v["code"].(string), "ecg") {
		t.Errorf("a damaged archive: %d %v", code, v)
	}
}
