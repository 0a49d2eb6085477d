package intake

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestAPauseOfThreeSecondsIsCriticalUnlessTheOrderDeniesSymptoms(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	paused := func(ms float64) *trace {
		return &trace{rec: &ecg.Recording{}, result: measure.Result{Quality: measure.Quality{Grade: measure.OK},
			Rhythm: measure.Rhythm{LongestRR: measure.Value{Number: ms, Measurable: true}}}}
	}
	for _, c := range []struct {
		name  string
		order hub.Order
		ms    float64
		want  bool
	}{
		{"syncope", hub.Order{Origin: "entered", Symptom: "晕厥 1 次"}, 3400, true},
		{"denied", hub.Order{Origin: "entered", Symptom: "无。"}, 3400, false},
		{"denied, five seconds", hub.Order{Origin: "entered", Symptom: "无"}, 5000, true},
		{"nothing said", hub.Order{Origin: "entered", Visit: hub.Outpatient}, 3400, true},
		{"nothing said at a health check", hub.Order{Origin: "entered", Visit: hub.HealthCheck}, 3400, false},
		{"denied in an emergency", hub.Order{Origin: "entered", Visit: hub.Emergency, Symptom: "无"}, 3400, true},
		{"no order", hub.Order{Origin: "draft"}, 3400, true},
	} {
		alerts := b.alerts(paused(c.ms), &c.order)
		if got := len(alerts) == 1 && alerts[0].Item == "E11"; got != c.want {
			t.Errorf("%s: %+v", c.name, alerts)
		}
	}
}
