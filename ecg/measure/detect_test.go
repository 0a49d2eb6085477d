package measure_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func samplesOf(beats []measure.Beat) []int {
	out := make([]int, len(beats))
	for i, b := range beats {
		out[i] = b.Sample
	}
	return out
}

// The bars are what gqrs reaches on the whole records, less for 208 where it
// and this detector trade a false beat for a missed one.
func TestQRSOfAnnotatedHolterRecordsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		record                 string
		seconds                float64
		sensitivity, precision float64
	}{
		{"mitdb/100", 300, 100, 100},
		{"mitdb/208", 300, 99, 99},
		{"svdb/800", 600, 99.9, 99.5},
	} {
		t.Run(c.record, func(t *testing.T) {
			t.Parallel()
			header := filepath.Join(testdata.Dir(t), "ecg/wfdb", c.record+".hea")
			rec := readRecord(t, header, c.seconds)
			truth := beatsOnly(readMarks(t, strings.TrimSuffix(header, "hea")+"atr", rec.RateHz, c.seconds))
			if len(truth) < 300 {
				t.Fatalf("only %d annotated beats were read", len(truth))
			}
			res := measure.Analyse(rec)
			var s score
			s.add(truth, samplesOf(res.Beats), rec.RateHz)
			t.Log(s)
			if s.sensitivity() < c.sensitivity || s.precision() < c.precision {
				t.Errorf("below the bar of Se %.2f %% and +P %.2f %%", c.sensitivity, c.precision)
			}
			want := 60 * float64(len(truth)-1) * rec.RateHz / float64(truth[len(truth)-1]-truth[0])
			if got := res.Measurements.HR.Number; got < want-1 || got > want+1 {
				t.Errorf("%g beats per minute, the annotations say %.1f", got, want)
			}
		})
	}
}

func TestVentricularBeatsOfRecord208AreToldFromSinusBeats(t *testing.T) {
	t.Parallel()
	header := filepath.Join(testdata.Dir(t), "ecg/wfdb/mitdb/208.hea")
	rec := readRecord(t, header, 300)
	const ventricular = 5
	var marks []mark
	for _, m := range readMarks(t, strings.TrimSuffix(header, "hea")+"atr", rec.RateHz, 300) {
		if m.code == 1 || m.code == ventricular {
			marks = append(marks, m)
		}
	}
	hit, missed, extra := 0, 0, 0
	for _, b := range measure.Analyse(rec).Beats {
		for _, m := range marks {
			if abs(m.sample-b.Sample) > int(0.15*rec.RateHz) {
				continue
			}
			switch found := b.Class == measure.Ventricular; {
			case m.code == ventricular && found:
				hit++
			case m.code == ventricular:
				missed++
			case found:
				extra++
			}
		}
	}
	t.Logf("ventricular beats: %d found, %d missed, %d sinus beats mistaken", hit, missed, extra)
	if hit < 9*missed || extra > hit/10 {
		t.Error("too many mistaken")
	}
}
