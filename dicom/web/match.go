package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Match says whether a data set has the key: by the matching that PS3.4
// C.2.2.2 gives the attribute's VR, within sequences if one item has it.
// Without values every data set has it.
func (k Key) Match(d *dicom.Dataset) bool {
	if len(k.Values) == 0 {
		return true
	}
	return k.within(d, append([]dicom.Tag{k.Tag}, k.Below...))
}

func (k Key) within(d *dicom.Dataset, path []dicom.Tag) bool {
	if len(path) > 1 {
		for _, item := range d.Items(path[0]) {
			if k.within(item, path[1:]) {
				return true
			}
		}
		return false
	}
	e := d.Get(path[0])
	if e == nil {
		return false
	}
	vr := e.VR
	if known, ok := dicom.Lookup(path[0]); ok && (vr == "" || vr == dicom.UN) {
		vr = known.VR
	}
	for _, have := range d.Texts(path[0]) {
		for _, want := range k.Values {
			if matchValue(vr, want, have) {
				return true
			}
		}
	}
	return false
}

// matchValue compares one value by its VR.
func matchValue(vr dicom.VR, want, have string) bool {
	switch vr {
	case dicom.DA:
		return inRange(strings.ReplaceAll(want, ".", ""), strings.ReplaceAll(have, ".", ""), "")
	case dicom.TM:
		return inRange(strings.ReplaceAll(want, ":", ""), strings.ReplaceAll(have, ":", ""), "999999")
	case dicom.DT:
		return inDateTimes(want, have)
	case dicom.UI:
		return want == have
	case dicom.PN:
		want = strings.TrimRight(strings.ToLower(want), "^")
		if want == "*" {
			return true
		}
		for group := range strings.SplitSeq(strings.ToLower(have), "=") {
			if wild(want, strings.TrimRight(group, "^")) {
				return true
			}
		}
		return wild(want, strings.ToLower(have))
	case dicom.IS, dicom.DS, dicom.US, dicom.SS, dicom.UL, dicom.SL, dicom.UV, dicom.SV, dicom.FL, dicom.FD:
		a, err1 := strconv.ParseFloat(want, 64)
		b, err2 := strconv.ParseFloat(have, 64)
		return err1 == nil && err2 == nil && a == b || want == "*" || want == have
	}
	return wild(want, have)
}

// inRange compares dates or times, "A", "A-B", "-B" or "A-", as text; lasts is
// what the end of a shorter time stands for.
func inRange(want, have, lasts string) bool {
	from, to, isRange := strings.Cut(want, "-")
	if !isRange {
		to = from
	}
	return have != "" && (from == "" || have >= from) && (to == "" || have <= to+lasts)
}

// inDateTimes compares moments, which may be written coarser and in any zone.
func inDateTimes(want, have string) bool {
	at, _, ok := moments(have)
	if !ok {
		return false
	}
	if from, to, ok := moments(want); ok {
		return !at.Before(from) && at.Before(to)
	}
	for i := range len(want) {
		if want[i] != '-' {
			continue
		}
		from, _, ok1 := moments(want[:i])
		_, to, ok2 := moments(want[i+1:])
		if (ok1 || i == 0) && (ok2 || i == len(want)-1) {
			return (i == 0 || !at.Before(from)) && (i == len(want)-1 || at.Before(to))
		}
	}
	return false
}

// moments reads a DT value (PS3.5 section 6.2) as the span of time it leaves
// open. What names no zone is taken as UTC, on both sides alike.
func moments(s string) (from, to time.Time, ok bool) {
	zone := ""
	if i := strings.LastIndexAny(s, "+-"); i >= 4 && len(s)-i == 5 {
		s, zone = s[:i], s[i:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	const layout = "20060102150405"
	if len(whole) < 4 || len(whole)%2 != 0 || len(whole) > len(layout) || len(fraction) > 9 || fraction != "" && len(whole) != len(layout) {
		return from, to, false
	}
	form, text := layout[:len(whole)], whole
	if zone != "" {
		if zone[0] == '-' && zone[1:] > "1400" { // a year: the value is a range
			return from, to, false
		}
		form, text = form+"-0700", text+zone
	}
	from, err := time.Parse(form, text)
	if err != nil {
		return from, to, false
	}
	if fraction != "" {
		n, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		if err != nil || n < 0 {
			return from, to, false
		}
		from = from.Add(time.Duration(n))
		return from, from.Add(time.Nanosecond), true
	}
	switch len(whole) {
	case 4:
		to = from.AddDate(1, 0, 0)
	case 6:
		to = from.AddDate(0, 1, 0)
	case 8:
		to = from.AddDate(0, 0, 1)
	case 10:
		to = from.Add(time.Hour)
	case 12:
		to = from.Add(time.Minute)
	default:
		to = from.Add(time.Second)
	}
	return from, to, true
}

// wild matches * and ? (PS3.4 C.2.2.2.4), by characters.
func wild(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
