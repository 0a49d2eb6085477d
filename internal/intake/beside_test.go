package intake

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/scpecg"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// tracing is a patient's ECG file, with left arm and left leg exchanged or right.
func tracing(t *testing.T, patient string, hour int, exchanged bool) []byte {
	t.Helper()
	rec, err := synth.Make(synth.Normal, 4)
	if err != nil {
		t.Fatal(err)
	}
	rec.Patient, rec.Start = ecg.Patient{ID: patient, Name: "李梅", Sex: "F", BirthDate: "1970-01-02"}, time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC)
	if exchanged {
		swap := func(a, b string) {
			rec.Lead(a).Samples, rec.Lead(b).Samples = rec.Lead(b).Samples, rec.Lead(a).Samples
		}
		swap("I", "II")
		swap("aVL", "aVF")
		for i := range rec.Lead("III").Samples {
			rec.Lead("III").Samples[i] *= -1
		}
	}
	var file bytes.Buffer
	if _, err := scpecg.Encode(&file, rec); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestExchangedElectrodesShowBesideThePatientsOtherECG(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	take := func(patient string, hour int, exchanged bool) (*hub.Recorded, measure.Quality, *hub.Task) {
		t.Helper()
		out, _, err := b.Recording(t.Context(), b.source("recording"), tracing(t, patient, hour, exchanged))
		if err != nil {
			t.Fatal(err)
		}
		row, err := b.DB.Read(t.Context()).Recording(out.Recording)
		if err != nil {
			t.Fatal(err)
		}
		var q measure.Quality
		if err := json.Unmarshal(row.Quality, &q); err != nil {
			t.Fatal(err)
		}
		return row, q, b.task(t, out.Task)
	}
	if row, q, _ := take("P1", 8, false); q.Exchanged() || len(row.Imprint) == 0 {
		t.Fatalf("the first: %+v, an imprint of %d bytes", q.Findings, len(row.Imprint))
	}
	if _, q, _ := take("P2", 9, true); q.Exchanged() {
		t.Errorf("a patient without another ECG: %+v", q.Findings)
	}
	second, q, task := take("P1", 9, true)
	if !q.Has(measure.ReversedLALL, "") || !q.Findings[0].Earlier || q.Grade != measure.Fair {
		t.Errorf("the second: %+v", q)
	}
	told := false
	for _, w := range task.Warnings {
		told = told || w.Code == string(measure.ReversedLALL) && strings.HasPrefix(w.Values["zh"], "与该患者另一份心电图对照")
	}
	if !told || task.Grade != string(measure.Fair) {
		t.Errorf("the clinic hears %+v, grade %q", task.Warnings, task.Grade)
	}
	// The technician put the electrodes right: beside the first, not the second.
	if third, q, _ := take("P1", 10, false); q.Exchanged() || third.Corrects != second.ID {
		t.Errorf("the third: %+v, corrects %q", q.Findings, third.Corrects)
	}
}
