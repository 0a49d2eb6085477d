package ecg

import (
	"math"
	"testing"
)

func TestLeadNamesOfAllFormatsBecomeTheUsualOnes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"2:64": "aVF", "2:x": "",
		"I": "I", "ii": "II", "AVR": "aVR", "avf": "aVF", "Lead III": "III", "Lead I (Einthoven)": "I",
		"MDC_ECG_LEAD_V1": "V1", "ECG aVL": "aVL", "EKG V6": "V6", "II\x00": "II", " V3R ": "V3R", "lead-V2": "V2",
		"": "", "Lead": "", "V10": "", "EEG F1-Ref": "", "PLETH": "", "IIII": "", "MLII": "MLII",
	} {
		if got := StandardLead(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLeadCodesOfScpDicomAndMferAgreeOnTheNames(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{0: "", 1: "I", 2: "II", 3: "V1", 8: "V6", 9: "V7", 11: "V3R", 15: "V7R",
		61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 66: "V8", 67: "V9", 68: "V8R", 86: "Chest", 100: "CC2", 101: "CC3", 107: "CM2", 112: "daVR", 131: "ES", 134: "S", 135: "", -1: ""} {
		if got := LeadOfCode(code); got != want {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
}

// wave is a recording of n samples a lead in which limb leads obey Einthoven.
func wave(n int, names ...string) *Recording {
	r := &Recording{RateHz: 500}
	for k, name := range names {
		one, two := make([]float32, n), make([]float32, n)
		for i := range one {
			one[i] = float32(400 * math.Sin(float64(i)/20))
			two[i] = float32(900 * math.Sin(float64(i)/20+0.4))
		}
		a, b := limbWeights(name)
		switch {
		case name == "I":
			a, b = 1, 0
		case name == "II":
			a, b = 0, 1
		case a == 0 && b == 0:
			a, b = float32(k)/10, 0.5
		}
		r.Leads = append(r.Leads, Lead{Name: name, Samples: combine(one, two, a, b)})
	}
	return r
}

func TestEightStoredLeadsGiveTwelve(t *testing.T) {
	t.Parallel()
	r := wave(100, "I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
	r.Leads[0].Samples[7] = float32(math.NaN())
	leads, ok := Derive12(r)
	if !ok || len(leads) != 12 || len(r.Leads) != 8 {
		t.Fatalf("%d leads, %v", len(leads), ok)
	}
	one, two := r.Leads[0].Samples[3], r.Leads[1].Samples[3]
	for i, want := range []float32{one, two, two - one, -(one + two) / 2, one - two/2, two - one/2} {
		if got := leads[i].Samples[3]; leads[i].Name != StandardLeads()[i] || math.Abs(float64(got-want)) > 1e-3 {
			t.Errorf("%s is %v, want %v", leads[i].Name, got, want)
		}
	}
	if v := leads[3].Samples[7]; v == v {
		t.Error("a gap in I is no gap in aVR")
	}
	if _, ok := Derive12(wave(100, "I", "II", "V1")); ok {
		t.Error("twelve leads were made of three")
	}
	if _, ok := Derive12(wave(100, "II", "V1")); ok {
		t.Error("twelve leads were made without I")
	}
}

func codes(notes []Note) []NoteCode {
	var out []NoteCode
	for _, n := range notes {
		out = append(out, n.Code)
	}
	return out
}

func TestSwappedNamesAndWrongScalesAreFound(t *testing.T) {
	t.Parallel()
	names := []string{"I", "II", "III", "aVR", "aVL", "aVF"}
	if notes := Check(wave(1000, names...)); len(notes) != 0 {
		t.Errorf("a consistent recording earns %v", notes)
	}
	swapped := wave(1000, names...)
	swapped.Leads[2].Name, swapped.Leads[5].Name = "aVF", "III"
	if got := codes(CheckEinthoven(swapped)); len(got) != 2 || got[0] != NoteEinthoven {
		t.Errorf("swapped III and aVF: %v", got)
	}
	scaled := wave(1000, names...)
	for i := range scaled.Leads {
		for k := range scaled.Leads[i].Samples {
			scaled.Leads[i].Samples[k] *= 1000
		}
	}
	if got := codes(CheckAmplitude(scaled)); len(got) != 6 {
		t.Errorf("millivolts taken for volts: %v", got)
	}
	for i := range scaled.Leads {
		for k := range scaled.Leads[i].Samples {
			scaled.Leads[i].Samples[k] /= 1e6
		}
	}
	if got := codes(CheckAmplitude(scaled)); len(got) != 1 {
		t.Errorf("microvolts taken for millivolts: %v", got)
	}
	slow := wave(1000, "I")
	slow.RateHz = 0.5
	if got := codes(CheckRate(slow)); len(got) != 1 || got[0] != NoteImplausibleRate {
		t.Errorf("0.5 Hz: %v", got)
	}
}

func TestOffsetsBetweenLeadsAreNoContradiction(t *testing.T) {
	t.Parallel()
	r := wave(1000, "I", "II", "III")
	for k := range r.Leads[2].Samples {
		r.Leads[2].Samples[k] += 5000
	}
	if notes := CheckEinthoven(r); len(notes) != 0 {
		t.Errorf("%v", notes)
	}
}

func TestNotesAreFewAndNeverTwice(t *testing.T) {
	t.Parallel()
	r := &Recording{}
	for i := range 1000 {
		r.Notef(NoteIgnored, "part %d", i)
		r.Notef(NoteIgnored, "part %d", 0)
	}
	if len(r.Notes) != maxNotes {
		t.Errorf("%d notes", len(r.Notes))
	}
}
