package worklist

import "time"

// workingMost bounds how far back working hours are counted.
const workingMost = 366 * 24 * time.Hour

// Working is how much of the time from one moment to another were working
// hours on Monday to Friday, China time; of the last year at most.
func (r Rules) Working(from, to time.Time) time.Duration {
	if to.Sub(from) > workingMost {
		from = to.Add(-workingMost)
	}
	var sum time.Duration
	t := from.In(china)
	for day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, china); day.Before(to); day = day.AddDate(0, 0, 1) {
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		open, shut := day.Add(r.WorkFrom), day.Add(r.WorkTo)
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		sum += max(0, shut.Sub(open))
	}
	return sum
}
