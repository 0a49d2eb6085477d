package scpecg

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

const healforceSample = "scp/healforce_62.scp"

func TestAHealforceFileIsReadAsWhatItIs(t *testing.T) {
	t.Parallel()
	rec, err := DecodeHealforce(truth.Bytes(t, healforceSample))
	if err != nil {
		t.Fatal(err)
	}
	if rec.RateHz != 150 || rec.Samples() != 4500 || len(rec.Leads) != 3 || rec.Leads[2].Name != "III" {
		t.Errorf("%d leads of %d samples at %v Hz", len(rec.Leads), rec.Samples(), rec.RateHz)
	}
	if !rec.Start.Equal(time.Date(2019, 8, 8, 0, 4, 10, 0, time.UTC)) || rec.Patient.ID != "00000" {
		t.Errorf("%v, %+v", rec.Start, rec.Patient)
	}
	// The device counted 67 beats a minute at first and 57 to 63 later on; R
	// waves of about a millivolt say that scale and rate are right.
	beats, peak := 0, 0.0
	lead := rec.Leads[1].Samples
	for k := 0; k < len(lead); k++ {
		peak = max(peak, float64(lead[k]))
		if lead[k] > 500 {
			beats++
			k += 60
		}
	}
	if beats < 27 || beats > 34 || peak < 800 || peak > 2000 {
		t.Errorf("%d beats in 30 s, the highest of %v µV", beats, peak)
	}
	if notes := ecg.Check(rec); notes != nil {
		t.Errorf("%v", notes)
	}
}

func TestAHealforceFileWhoseLeadsDoNotFitIsRefused(t *testing.T) {
	t.Parallel()
	good := truth.Bytes(t, healforceSample)
	const rhythm = 0x1e8 + sectionHeader
	for reason, change := range map[string]func(b []byte){
		"differs by":           func(b []byte) { copy(b[rhythm+8:], b[rhythm+10:rhythm+20000]) },
		"4 leads":              func(b []byte) { b[0xb2+sectionHeader] = 4 },
		"interval 151":         func(b []byte) { b[rhythm+2]++ },
		"bytes of samples":     func(b []byte) { b[rhythm+7] = 0xFF },
		"does not lead to it":  func(b []byte) { b[recordHeader+sectionHeader+10+6]++ },
		"in a file of":         func(b []byte) { b[recordHeader+6] = 9 },
		"definitions of 0 and": func(b []byte) { b[recordHeader+sectionHeader+30] = 40 },
	} {
		bad := append([]byte(nil), good...)
		change(bad)
		_, err := DecodeHealforce(bad)
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecodeHealforce: whatever the bytes, no panic, and leads of equal length.
func FuzzDecodeHealforce(f *testing.F) {
	if data, err := os.ReadFile(truth.Path(f, healforceSample)); err == nil {
		f.Add(data)
	}
	truth.Fuzz(f, DecodeHealforce)
}
