package measure_test

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

func TestADeviceThatMovedIsSeenByTheMonth(t *testing.T) {
	t.Parallel()
	var pairs []measure.Pair
	add := func(month string, qrs, axis float64) {
		pairs = append(pairs, measure.Pair{Device: "Cart A", Month: month, Cart: map[string]float64{"qrs_ms": qrs, "qrs_axis_deg": axis, "only_cart": 1},
			Hub: map[string]float64{"qrs_ms": 100, "qrs_axis_deg": 170}})
	}
	for i := range 9 {
		add("2026-10", 96+float64(i%3), -178)
		add("2026-11", 110+float64(i%3), 172)
	}
	pairs = append(pairs, measure.Pair{Device: "B", Month: "2026-11"})
	got := measure.Drifts(pairs)
	if len(got) != 3 || got[0].Device != "B" || len(got[0].Differences) != 0 || got[1].Month != "2026-10" {
		t.Fatalf("%+v", got)
	}
	if d := got[1].Differences["qrs_ms"]; d.Median != -3 || d.Count != 9 || d.Spread != 1.5 {
		t.Errorf("October: %+v", d)
	}
	if d := got[2].Differences["qrs_ms"]; d.Median != 11 {
		t.Errorf("November: %+v", d)
	}
	if d := got[1].Differences["qrs_axis_deg"]; d.Median != 12 {
		t.Errorf("an axis goes round: %+v", d)
	}
}
