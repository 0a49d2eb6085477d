package worklist

import (
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestWarningsComeAtTheAlliancesOwnMarks(t *testing.T) {
	t.Parallel()
	r := newTiers(t)
	r.Rules.WarnFirst, r.Rules.WarnSecond, r.Rules.ECGRoutine = 10, 20, 100*time.Minute
	id := r.queued(t, 3)
	task, err := r.DB.Read(t.Context()).Task(id)
	if err != nil {
		t.Fatal(err)
	}
	if got := task.NextMark.Sub(task.TSubmit); got != 10*time.Minute {
		t.Errorf("first warning %s after submission, want 10 minutes", got)
	}
	task.Warned = 10
	if got := nextMark(task).Sub(task.TSubmit); got != 20*time.Minute {
		t.Errorf("second warning %s after submission, want 20 minutes", got)
	}
	r.Rules.WarnFirst, r.Rules.WarnSecond, r.Rules.ECGRoutine = 1, 2, 10*time.Millisecond
	late := r.queued(t, 3)
	for r.view(t, late).Offered == "" {
		r.pass(t) // until its ten milliseconds are over
	}
	if last(r.heard(t, r.lead, late)) != "task.escalated" {
		t.Error("a task nobody claimed in most of its time is not offered up")
	}
}

func TestWorkingHoursAreTheAlliancesOwn(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	rules.WorkFrom, rules.WorkTo = 9*time.Hour, 12*time.Hour
	thursday := time.Date(2026, 1, 1, 11, 0, 0, 0, china)
	if got := rules.addWorking(thursday, 4*time.Hour).In(china); got.Format("01-02 15:04") != "01-02 12:00" {
		t.Errorf("four working hours later it is %s", got)
	}
	due := rules.Due(&hub.Task{Kind: hub.Image, Modality: "DX", Priority: 2, TSubmit: thursday}, &hub.Order{})
	if due.Sub(thursday) != rules.Urgent {
		t.Errorf("an urgent image is due after %s", due.Sub(thursday))
	}
}
