package measure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// TestWavesLieInTheUsualBeatAtAnyStatedRate: a file may state a wrong rate, which
// makes T end where the beat is cut off.
func TestWavesLieInTheUsualBeatAtAnyStatedRate(t *testing.T) {
	t.Parallel()
	for k, header := range ludb(t) {
		if k%3 != 0 {
			continue
		}
		rec, err := decode.Open(os.DirFS(filepath.Dir(header)), filepath.Base(header))
		if err != nil {
			t.Fatal(err)
		}
		for _, hz := range []float64{100, 125, 250, 1000, 2000} {
			rec.RateHz = hz
			m := measure.Analyse(rec).Median
			if m == nil {
				continue
			}
			for _, v := range []measure.Value{m.POn, m.POff, m.QRSOn, m.QRSOff, m.TPeak, m.TEnd} {
				at := float64(m.R) + v.Number*hz/1000
				if v.Measurable && (at < -1 || at > float64(len(m.Samples[0]))) {
					t.Errorf("%s at %g Hz: a limit at sample %.1f of %d", filepath.Base(header), hz, at, len(m.Samples[0]))
				}
			}
		}
	}
}
