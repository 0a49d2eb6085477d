package measure_test

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

func TestTrendFindsPauseRunAndExtremes(t *testing.T) {
	t.Parallel()
	const rate = 250
	var beats []measure.Beat
	at := 0.0
	add := func(rr float64, class measure.Class) {
		at += rr
		b := measure.Beat{Sample: int(at * rate / 1000), Class: class}
		if len(beats) > 0 {
			b.RRms = rr
		}
		beats = append(beats, b)
	}
	for range 100 { // 60/min
		add(1000, measure.Dominant)
	}
	for range 4 { // a run at 150/min
		add(400, measure.Ventricular)
	}
	add(3400, measure.Dominant) // a pause
	for range 60 {              // 120/min
		add(500, measure.Dominant)
	}
	res := measure.Result{Beats: beats, Seconds: at/1000 + 1}
	got := measure.TrendOf(res, rate)
	if len(got.Minutes) != 3 || got.Minutes[0].Mean != 60 || got.Minutes[1].V != 4 || got.Minutes[2].High < 119 {
		t.Errorf("minutes %+v", got.Minutes)
	}
	find := func(kind measure.EventKind) measure.Event {
		for _, e := range got.Events {
			if e.Kind == kind {
				return e
			}
		}
		t.Fatalf("no %s among %+v", kind, got.Events)
		return measure.Event{}
	}
	if e := find(measure.EventPause); e.Value != 3400 || e.Sample != beats[103].Sample {
		t.Errorf("pause %+v", e)
	}
	if e := find(measure.EventRun); e.Beats != 4 || e.Value != 150 || e.Sample != beats[100].Sample {
		t.Errorf("run %+v", e)
	}
	if e := find(measure.EventFastest); e.Value < 119 || e.Value > 150 {
		t.Errorf("fastest %+v", e)
	}
	if got.Histogram[1000/got.HistogramMS] != 99 || got.Histogram[len(got.Histogram)-1] != 1 {
		t.Errorf("histogram %v", got.Histogram)
	}
	for i := 1; i < len(got.Events); i++ {
		if got.Events[i].Sample < got.Events[i-1].Sample {
			t.Errorf("events out of order: %+v", got.Events)
		}
	}
	if empty := measure.TrendOf(measure.Result{}, rate); len(empty.Events) != 0 || empty.Minutes == nil {
		t.Errorf("of nothing: %+v", empty)
	}
}
