package worklist

import (
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// china is the time zone of working hours and of what people see.
var china = time.FixedZone("CST", 8*3600)

// Due returns when the first report of a task is due: its submission plus the
// limit of its class (domain rules, section 4). Routine CT and MR count
// working hours.
func (r Rules) Due(t *hub.Task, o *hub.Order) time.Time {
	from := t.TSubmit
	switch {
	case t.Kind == hub.Consultation:
		return from.Add(r.Consultation)
	case t.Kind == hub.Holter:
		return from.Add(r.Holter)
	case t.Priority == 4 || o.Visit == hub.HealthCheck && t.Priority > 1:
		return from.Add(r.HealthCheck)
	case t.Kind == hub.ECG && t.Priority <= 1:
		return from.Add(r.ECGEmergency)
	case t.Kind == hub.ECG:
		return from.Add(r.ECGRoutine)
	}
	cross := t.Modality == "CT" || t.Modality == "MR"
	switch {
	case t.Priority <= 1 && t.Modality == "CT" && isHead(o.BodyPart):
		return from.Add(r.HeadCTEmergency)
	case t.Priority <= 1 && cross:
		return from.Add(r.CTEmergency)
	case t.Priority <= 1:
		return from.Add(r.DREmergency)
	case t.Priority == 2:
		return from.Add(r.Urgent)
	case cross && o.Visit == hub.Inpatient:
		return r.addWorking(from, r.CTInpatient)
	case cross:
		return r.addWorking(from, r.CTOutpatient)
	}
	return from.Add(r.DRRoutine)
}

func isHead(part string) bool {
	p := strings.ToUpper(part)
	return strings.Contains(p, "HEAD") || strings.Contains(p, "BRAIN") || strings.Contains(p, "SKULL") || strings.Contains(part, "头") || strings.Contains(part, "颅")
}

// addWorking adds d counted in working hours on Monday to Friday, China time.
func (r Rules) addWorking(from time.Time, d time.Duration) time.Time {
	t := from.In(china)
	for {
		day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, china)
		open, shut := day.Add(r.WorkFrom), day.Add(r.WorkTo)
		if wd := t.Weekday(); wd == time.Saturday || wd == time.Sunday || !t.Before(shut) {
			t = open.AddDate(0, 0, 1)
			continue
		}
		if t.Before(open) {
			t = open
		}
		if left := shut.Sub(t); d > left {
			d -= left
			t = open.AddDate(0, 0, 1)
			continue
		}
		return t.Add(d).UTC()
	}
}

// markAt is when a mark of t's limit passes.
func markAt(t *hub.Task, mark int) time.Time {
	return t.TSubmit.Add(t.Due.Sub(t.TSubmit) * time.Duration(mark) / 100)
}

// passed is the highest mark of t's limit that lies before now, 0 for none.
func passed(t *hub.Task, now time.Time) int {
	highest := 0
	for _, m := range t.Marks {
		if !now.Before(markAt(t, m)) {
			highest = m
		}
	}
	return highest
}

// nextMark is when the next warning of t is to be given: zero when its clock
// does not run or all are given.
func nextMark(t *hub.Task) time.Time {
	if !t.Open() || t.State == hub.Returned || t.Due.IsZero() {
		return time.Time{}
	}
	for _, m := range t.Marks {
		if m > t.Warned {
			return markAt(t, m)
		}
	}
	return time.Time{}
}

// Raise gives a task a higher priority and an earlier due time: the older of
// its own and the new class's, counted from now. It never lowers.
func (r Rules) Raise(t *hub.Task, o *hub.Order, priority int, now time.Time) {
	if priority >= t.Priority {
		return
	}
	old := t.Due
	t.Priority = priority
	if t.TSubmit.IsZero() {
		return
	}
	as := *t
	as.TSubmit = now
	if due := r.Due(&as, o); old.IsZero() || due.Before(old) {
		t.Due = due
	}
}
