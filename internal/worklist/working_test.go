package worklist

import (
	"testing"
	"time"
)

func TestNightsAndWeekendsAreNoWorkingHours(t *testing.T) {
	t.Parallel()
	r := DefaultRules() // 8:00 to 18:00
	at := func(s string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", s, china)
		if err != nil {
			t.Fatal(err)
		}
		return d.UTC()
	}
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-11-23 09:00", "2026-11-23 11:30", 150 * time.Minute},                                         // a Monday
		{"2026-11-20 17:00", "2026-11-23 08:30", 90 * time.Minute},                                          // over a weekend
		{"2026-11-23 19:00", "2026-11-24 07:00", 0},                                                         // over night
		{"2026-11-23 11:00", "2026-11-23 09:00", 0},                                                         // backwards
		{"2000-01-01 00:00", "2026-11-21 00:00", r.Working(at("2025-11-20 00:00"), at("2026-11-21 00:00"))}, // no longer than a year
	} {
		if got := r.Working(at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s to %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
