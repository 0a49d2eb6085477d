package measure_test

import (
	"reflect"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// lasting is a tracing repeated to some minutes.
func lasting(t *testing.T, minutes int) *ecg.Recording {
	t.Helper()
	rec, err := synth.Make(synth.Normal, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rec.Leads {
		once, want := rec.Leads[i].Samples, minutes*60*int(rec.RateHz)
		var long []float32
		for len(long) < want {
			long = append(long, once...)
		}
		rec.Leads[i].Samples = long[:want]
	}
	return rec
}

func TestAStreamMeasuresAsTheWhole(t *testing.T) {
	t.Parallel()
	rec := lasting(t, 7)
	whole := measure.Analyse(rec)
	streamed, err := measure.AnalyseStream(ecg.Held(rec))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Beats) < 300 || !reflect.DeepEqual(whole, streamed) {
		t.Errorf("%d beats whole, %d streamed; quality %v and %v", len(whole.Beats), len(streamed.Beats), whole.Quality, streamed.Quality)
	}
}
