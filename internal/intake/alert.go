package intake

import (
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// alerts holds what was measured, and what the cart says, against the
// alliance's critical list.
func (in *Intake) alerts(w *trace, o *hub.Order) []hub.Alert {
	if w.rec.Picture != "" {
		return nil
	}
	own := in.Work.Rules.ECG
	rules, err := measure.DefaultRules().With(own.Numbers, own.On)
	if err != nil { // settings are checked at start
		in.Log.Error("intake: pre-alert rules", "error", err)
		rules = measure.DefaultRules()
	}
	if withoutSymptoms(o) {
		rules = rules.WithoutSymptoms()
	}
	var out []hub.Alert
	for _, a := range measure.Prealert(w.result, w.rec.Statements, rules) {
		out = append(out, hub.Alert{Item: a.Item, Evidence: a.Evidence, Source: a.Source})
	}
	return out
}

// withoutSymptoms reports whether the clinic says that the patient has none: a
// health check that names none, or words that deny them. An order that says
// nothing leaves it open, and an emergency is taken for one with symptoms.
func withoutSymptoms(o *hub.Order) bool {
	if o.Origin != "entered" || o.Visit == hub.Emergency {
		return false
	}
	said := strings.ToLower(strings.Trim(o.Symptom, " 。.　"))
	if said == "" {
		return o.Visit == hub.HealthCheck
	}
	return slices.Contains([]string{"无", "无症状", "无不适", "无明显不适", "无特殊不适", "无自觉症状", "none", "no symptoms", "asymptomatic"}, said)
}
