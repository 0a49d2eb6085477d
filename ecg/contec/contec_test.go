package contec

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

const sample = "contec/0000050.ECG"

const microvolts = 5 // of one count of the export

// TestARealFileEqualsThePublishersOwnExport compares every sample; the export
// rounds the computed leads to whole counts.
func TestARealFileEqualsThePublishersOwnExport(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, sample))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(truth.Path(t, "contec/0000050.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != rec.Samples() || len(rec.Leads) != 12 {
		t.Fatalf("%d rows for %d samples of %d leads: %v", len(rows), rec.Samples(), len(rec.Leads), err)
	}
	for k, row := range rows {
		for i, text := range row {
			got := float64(rec.Leads[i].Samples[k])
			if text == "" {
				if !math.IsNaN(got) {
					t.Fatalf("lead %s, sample %d: %v in place of a gap", rec.Leads[i].Name, k, got)
				}
				continue
			}
			want, err := strconv.ParseFloat(text, 64)
			if err != nil || math.Abs(got-want*microvolts) > microvolts {
				t.Fatalf("lead %s, sample %d: %v µV, want %v", rec.Leads[i].Name, k, got, want*microvolts)
			}
		}
	}
	if rec.RateHz != 800 || !rec.Start.Equal(time.Date(2020, 11, 16, 21, 44, 39, 0, time.UTC)) || rec.Patient != (ecg.Patient{}) {
		t.Errorf("%v Hz, %v, %+v", rec.RateHz, rec.Start, rec.Patient)
	}
}

// TestTheSCPTwinHasTheSameTrace: same device, same recording, other format.
func TestTheSCPTwinHasTheSameTrace(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, sample))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range truth.Load(t, "scp/contec_0000050.scp").Leads[:3] {
		for i, v := range w.First {
			if got := rec.Lead(w.Name).Samples[i]; float64(got) != *v {
				t.Errorf("lead %s, sample %d: %v, the twin has %v", w.Name, i, got, *v)
			}
		}
	}
}

func TestOtherFilesAreNotTakenForContec(t *testing.T) {
	t.Parallel()
	good := truth.Bytes(t, sample)[:headerLength+3*frameLength+trailerLength]
	if _, err := Decode(good); err != nil {
		t.Fatal(err)
	}
	change := func(at int, b byte) []byte {
		bad := append([]byte(nil), good...)
		bad[at] = b
		return bad
	}
	for reason, data := range map[string][]byte{
		"without the layout": change(0, 'x'),
		"without the":        change(14, 'x'),
		"no whole number":    good[:len(good)-1],
		"more than 12 bits":  change(headerLength+frameLength+1, 0x70),
	} {
		_, err := Decode(data)
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(truth.Bytes(f, sample)[:headerLength+3*frameLength+trailerLength])
	truth.Fuzz(f, Decode)
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, sample)[:headerLength+8000*frameLength+trailerLength] // ten seconds
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
