// Package stamp reads the dates and times of ECG files. Impossible ones, which
// carts with a dead clock battery and anonymisers write, are refused, never
// rolled over.
package stamp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Years outside which a recording or birth date is taken for a mistake.
const (
	firstYear = 1850
	lastYear  = 2200
)

// Date returns YYYY-MM-DD, or "" if there is no such day.
func Date(year, month, day int) string {
	if !validDay(year, month, day) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// Time returns the instant in UTC; ok is false if there is no such day or time.
func Time(year, month, day, hour, minute int, second float64) (t time.Time, ok bool) {
	if !validDay(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		!(second >= 0 && second < 61) {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, 0, 0, time.UTC)
	return t.Add(time.Duration(second * float64(time.Second)).Round(time.Microsecond)), true
}

func validDay(year, month, day int) bool {
	if year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

// Parse reads the forms of HL7 TS and DICOM DT, YYYYMMDD[HH[MM[SS[.F]]]][±ZZZZ],
// and the ISO form YYYY-MM-DD[THH:MM:SS[.F]] with an optional zone. zoned is
// true if the text states its zone; otherwise t is in UTC and means local time.
func Parse(text string) (t time.Time, zoned, ok bool) {
	text = strings.TrimSpace(text)
	digits, offset, zoned, ok := splitZone(text)
	if !ok {
		return time.Time{}, false, false
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if !allDigits(whole) || !allDigits(fraction) || len(whole) < 8 || len(whole) > 14 || len(whole)%2 != 0 {
		return time.Time{}, false, false
	}
	part := func(from, to int) int {
		if len(whole) < to {
			return 0
		}
		n, _ := strconv.Atoi(whole[from:to])
		return n
	}
	second := float64(part(12, 14))
	if fraction != "" && len(whole) == 14 {
		f, _ := strconv.ParseFloat("0."+fraction, 64)
		second += f
	}
	t, ok = Time(part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), second)
	if ok && zoned {
		zone := time.FixedZone("", int(offset/time.Second))
		t = t.Add(-offset).In(zone)
	}
	return t, zoned, ok
}

// Day returns the day of a text Parse can read as YYYY-MM-DD, or "".
func Day(text string) string {
	t, _, ok := Parse(text)
	if !ok {
		return ""
	}
	return Date(t.Year(), int(t.Month()), t.Day())
}

// splitZone takes the zone off and the ISO punctuation out.
func splitZone(text string) (digits string, offset time.Duration, zoned, ok bool) {
	if rest, z := strings.CutSuffix(text, "Z"); z {
		text, zoned = rest, true
	} else if i := strings.LastIndexAny(text, "+-"); i >= 8 && (text[i] == '+' || i > 10 || !strings.Contains(text[:i], "-")) {
		offset, ok = parseOffset(text[i:])
		if !ok {
			return "", 0, false, false
		}
		text, zoned = text[:i], true
	}
	digits = strings.NewReplacer("-", "", ":", "", "T", "", " ", "", "/", "").Replace(text)
	return digits, offset, zoned, true
}

// parseOffset reads ±HHMM or ±HH:MM.
func parseOffset(text string) (time.Duration, bool) {
	digits := strings.ReplaceAll(text[1:], ":", "")
	if len(digits) != 4 || !allDigits(digits) {
		return 0, false
	}
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi(digits[2:])
	if hours > 14 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func allDigits(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
