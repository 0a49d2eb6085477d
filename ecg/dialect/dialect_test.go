package dialect

import (
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

func TestEveryDialectHasANameAFormatAndASource(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range All() {
		if d.Name == "" || seen[d.Name] || d.Format == "" || d.Source == "" {
			t.Errorf("%+v", d)
		}
		if d.Vendor+d.Model+d.Firmware == "" && d.Sign == nil {
			t.Errorf("%s would match every file of its format", d.Name)
		}
		if d.Doubt == "" && d.RateHz == 0 && d.Microvolts == 0 && d.Leads == nil {
			t.Errorf("%s says nothing", d.Name)
		}
		seen[d.Name] = true
	}
	if Named("none").Name != "" || Named(ContecECG90A).RateHz != 800 {
		t.Error("names do not lead to entries")
	}
}

func TestVendorModelAndFirmwareTellADialect(t *testing.T) {
	t.Parallel()
	d := Dialect{Format: ecg.FormatAECG, Vendor: "Acme", Model: "E1", Firmware: "2."}
	rec := &ecg.Recording{Format: ecg.FormatAECG, Device: ecg.Device{Manufacturer: "ACME Ltd", Model: "e12", Firmware: "2.10"}}
	if !d.Matches(rec) {
		t.Error("the beginning of vendor, model and firmware does not suffice")
	}
	for name, change := range map[string]func(*ecg.Recording){
		"format":   func(r *ecg.Recording) { r.Format = ecg.FormatSCP },
		"vendor":   func(r *ecg.Recording) { r.Device.Manufacturer = "Ac" },
		"model":    func(r *ecg.Recording) { r.Device.Model = "F1" },
		"firmware": func(r *ecg.Recording) { r.Device.Firmware = "1.9" },
	} {
		other := *rec
		change(&other)
		if d.Matches(&other) {
			t.Errorf("another %s matches", name)
		}
	}
}

func TestTheContecConverterIsKnownByItsStep(t *testing.T) {
	t.Parallel()
	rec, err := edf.Decode(truth.Bytes(t, "edf/contec_0000050.edf"))
	if err != nil {
		t.Fatal(err)
	}
	Doubts(rec)
	last := rec.Notes[len(rec.Notes)-1]
	if last.Code != ecg.NoteDialect || !strings.Contains(last.Text, "6.1 times") {
		t.Errorf("%+v", last)
	}
	rec.Leads[0].Samples[5] += 5
	if Named("contec-edf").Matches(rec) {
		t.Error("a file with the device's own step matches")
	}
}

func TestWhatIsAssumedIsNoted(t *testing.T) {
	t.Parallel()
	rec := &ecg.Recording{}
	Named(EdanSE601).Assume(rec)
	if len(rec.Notes) != 3 || len(rec.Assumptions()) != 3 {
		t.Errorf("%+v", rec.Notes)
	}
}
