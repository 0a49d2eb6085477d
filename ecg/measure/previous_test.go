package measure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// imprint is that of a copy of rec, after change.
func imprint(t testing.TB, rec *ecg.Recording, change func(rec *ecg.Recording)) *measure.Imprint {
	t.Helper()
	out := *rec
	out.Leads = make([]ecg.Lead, len(rec.Leads))
	for i, l := range rec.Leads {
		out.Leads[i] = ecg.Lead{Name: l.Name, Samples: append([]float32(nil), l.Samples...)}
	}
	change(&out)
	res := measure.Analyse(&out)
	return res.Imprint()
}

func asItIs(*ecg.Recording) {}

// armAndLegExchanged is rec with left arm and left leg exchanged.
func armAndLegExchanged(rec *ecg.Recording) {
	lead := func(name string) *ecg.Lead { return rec.Lead(name) }
	lead("I").Samples, lead("II").Samples = lead("II").Samples, lead("I").Samples
	lead("aVL").Samples, lead("aVF").Samples = lead("aVF").Samples, lead("aVL").Samples
	for i := range lead("III").Samples {
		lead("III").Samples[i] *= -1
	}
}

func chestExchanged(a, b string) func(*ecg.Recording) {
	return func(rec *ecg.Recording) {
		rec.Lead(a).Samples, rec.Lead(b).Samples = rec.Lead(b).Samples, rec.Lead(a).Samples
	}
}

// TestAnEarlierECGShowsExchangedArmAndLeg: what one ECG alone hardly ever shows.
func TestAnEarlierECGShowsExchangedArmAndLeg(t *testing.T) {
	t.Parallel()
	seen, tried := 0, 0
	for k, header := range ludb(t) {
		if k%4 != 0 {
			continue // a quarter of the records says enough
		}
		rec, err := decode.Open(os.DirFS(filepath.Dir(header)), filepath.Base(header))
		if err != nil {
			t.Fatal(err)
		}
		half := rec.Samples() / 2
		earlier := imprint(t, rec, func(r *ecg.Recording) {
			for i := range r.Leads {
				r.Leads[i].Samples = r.Leads[i].Samples[:half]
			}
		})
		later := func(change func(*ecg.Recording)) *measure.Imprint {
			return imprint(t, rec, func(r *ecg.Recording) {
				for i := range r.Leads {
					r.Leads[i].Samples = r.Leads[i].Samples[half:]
				}
				change(r)
			})
		}
		tried++
		if f, ok := later(armAndLegExchanged).Against(earlier); ok && f.Code == measure.ReversedLALL {
			seen++
		}
		if f, ok := later(asItIs).Against(earlier); ok {
			t.Errorf("%s: %+v with all electrodes right", filepath.Base(header), f)
		}
		f, ok := later(chestExchanged("V2", "V5")).Against(earlier)
		if ok && (f.Code != measure.ChestOrder || f.Leads[0] != "V2" || f.Leads[1] != "V5") {
			t.Errorf("%s: V2 and V5 exchanged are called %v", filepath.Base(header), f)
		}
	}
	if 100*seen < 70*tried {
		t.Errorf("left arm and left leg seen in %d of %d", seen, tried)
	}
}

func TestAnImprintIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rec := made(t, synth.Normal, 4)
	now, earlier := imprint(t, rec, armAndLegExchanged), imprint(t, rec, asItIs)
	data, err := earlier.MarshalBinary()
	if err != nil || len(data) > 2048 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	var again measure.Imprint
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	want, ok := now.Against(earlier)
	if got, same := now.Against(&again); !ok || !same || got.Code != want.Code {
		t.Errorf("%v (%v) beside the one that was kept, %v (%v) beside the one in hand", got, same, want, ok)
	}
	for n := range data {
		if err := again.UnmarshalBinary(data[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were taken", n, len(data))
		}
	}
}

func TestARecordingWithoutAllLeadsLeavesNoImprint(t *testing.T) {
	t.Parallel()
	if imprint(t, made(t, synth.LeadOff, 1), asItIs) != nil {
		t.Error("V3 is off")
	}
	res := measure.Analyse(&ecg.Recording{})
	if res.Imprint() != nil {
		t.Error("there is nothing")
	}
}

// FuzzImprint: whatever the bytes, no panic, also when two are compared.
func FuzzImprint(f *testing.F) {
	rec, err := synth.Make(synth.Normal, 1)
	if err != nil {
		f.Fatal(err)
	}
	own := imprint(f, rec, asItIs)
	data, err := own.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var p measure.Imprint
		if p.UnmarshalBinary(data) != nil {
			return
		}
		own.Against(&p)
		p.Against(own)
	})
}
