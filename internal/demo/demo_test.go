package demo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestGeneratedObjectsPassTheValidator asks dciodvfy, an independent witness,
// about one object of every exam.
func TestGeneratedObjectsPassTheValidator(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dciodvfy"); err != nil {
		t.Skip("dciodvfy (dicom3tools) is not installed")
	}
	for _, e := range exams(noon) {
		if e.by == byRecording {
			continue
		}
		objects, err := e.make(e.subject)
		if err != nil {
			t.Fatal(err)
		}
		o := objects[len(objects)/2]
		path := filepath.Join(t.TempDir(), "object.dcm")
		var b bytes.Buffer
		meta := dicom.FileMeta{SOPClassUID: o.data.Text(dicom.SOPClassUID), SOPInstanceUID: o.data.Text(dicom.SOPInstanceUID), Syntax: o.syntax}
		if err := dicom.WriteFile(&b, meta, o.data); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("dciodvfy", path).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "Error") {
				t.Errorf("%s %s: %s", e.subject.id, o.data.Text(dicom.Modality), line)
			}
		}
	}
}

func TestResidentIDsAreValid(t *testing.T) {
	t.Parallel()
	for _, e := range exams(noon) {
		birth, sex, ok := hub.ResidentID(e.subject.idNumber)
		if !ok || birth != dashes(e.subject.birth) || sex != e.subject.sex {
			t.Errorf("%s: %q says %s %s %v", e.subject.id, e.subject.idNumber, birth, sex, ok)
		}
	}
}

func TestTracesSurviveBothFormats(t *testing.T) {
	t.Parallel()
	rec, err := synth.Make(synth.Normal, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := exams(noon)[1].subject
	viaXML, err := decode.Decode(aECG(s, rec))
	if err != nil {
		t.Fatal(err)
	}
	viaDICOM, err := dicomwave.FromDataset(ecgObject(s, rec).data)
	if err != nil {
		t.Fatal(err)
	}
	if viaXML.Patient.Name != s.name || viaXML.Patient.ID != s.id {
		t.Errorf("the aECG is of %q %q", viaXML.Patient.Name, viaXML.Patient.ID)
	}
	for i, lead := range rec.Leads {
		for n, v := range lead.Samples {
			for _, got := range []float32{viaXML.Leads[i].Samples[n], viaDICOM.Leads[i].Samples[n]} {
				if d := got - v; d > uvPerCount/2+0.01 || d < -uvPerCount/2-0.01 {
					t.Fatalf("%s sample %d: %v µV became %v", lead.Name, n, v, got)
				}
			}
		}
	}
}
