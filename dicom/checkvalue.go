package dicom

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxFindings is how many values Check lists; a device makes one mistake in
// all its values.
const maxFindings = 64

// checkValues lists the values that cannot be read in their character set, or
// break the rules of their VR: all of them slight, the hub reads on.
func checkValues(d *Dataset) []Finding {
	c := &valueChecker{}
	c.dataset(d)
	return c.found
}

type valueChecker struct{ found []Finding }

func (c *valueChecker) dataset(d *Dataset) {
	for i := range d.Elements {
		e := &d.Elements[i]
		for _, item := range e.Items {
			c.dataset(item)
		}
		if len(c.found) >= maxFindings {
			return
		}
		if len(e.Raw) > 0 {
			c.element(d, e)
		}
	}
}

func (c *valueChecker) add(e *Element, at int, why, fix string) {
	c.found = append(c.found, Finding{Tag: e.Tag, Offset: e.Offset + int64(at), Text: why, Fix: fix})
}

// element lists the first fault of an element.
func (c *valueChecker) element(d *Dataset, e *Element) {
	vr := d.textVR(e)
	switch {
	case vr.text():
		declared := declaredSets(nil)
		if set := d.scope().Get(SpecificCharacterSet); set != nil {
			declared = declaredSets(set.Raw)
		}
		if at, why := d.charsetFor(e, vr).fault(bytes.TrimRight(e.Raw, "\x00"), declared, !vr.single(), vr == PN); why != "" {
			c.add(e, at, why, "the bytes stay; what cannot be read is shown as U+FFFD")
			return
		}
		for _, s := range d.values(e) {
			if why := valueFault(vr, s); why != "" {
				c.add(e, 0, why, fixDevice)
				return
			}
		}
	case vr.ascii():
		at := 0
		for s := range strings.SplitSeq(string(e.Raw), "\\") {
			if why := valueFault(vr, strings.Trim(s, " \x00")); why != "" {
				c.add(e, at, why, fixDevice)
				return
			}
			at += len(s) + 1
		}
	case vr.size() > 1 && len(e.Raw)%vr.size() != 0:
		c.add(e, 0, fmt.Sprintf("%d bytes, but a value of %s has %d", len(e.Raw), vr, vr.size()), fixDevice)
	}
}

// valueFault says how a value breaks the rules of its VR, PS3.5 section 6.2;
// "" if it does not. The value is without padding.
func valueFault(vr VR, s string) string {
	if s == "" {
		return ""
	}
	if most := mostCharacters[vr]; most > 0 && vr != PN && utf8.RuneCountInString(s) > most {
		return fmt.Sprintf("%d characters, %s allows %d", utf8.RuneCountInString(s), vr, most)
	}
	switch vr {
	case AE, LO, SH, UC, UR:
		return controlFault(s, "")
	case LT, ST, UT:
		return controlFault(s, "\t\n\f\r")
	case PN:
		return nameFault(s)
	case AS:
		if len(s) != 4 || digits(s) != 3 || !strings.Contains("DWMY", s[3:]) {
			return "is no age as 045Y"
		}
	case CS:
		if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _") != "" {
			return "holds other characters than capital letters, digits, spaces and underscores"
		}
	case UI:
		return uidFault(s)
	case DS, IS:
		return decimalFault(vr, s)
	case DA, DT, TM:
		return momentFault(vr, s)
	}
	return ""
}

// mostCharacters is how long a value may be, PS3.5 Table 6.2-1; of PN each of
// its writings.
var mostCharacters = map[VR]int{AE: 16, CS: 16, DS: 16, DT: 26, IS: 12, LO: 64, LT: 10240, PN: 64, SH: 16, ST: 1024, TM: 14, UI: MaxUIDLength}

func controlFault(s, allowed string) string {
	for _, r := range s {
		if r < 0x20 && !strings.ContainsRune(allowed, r) {
			return fmt.Sprintf("holds the control character %02X", r)
		}
	}
	return ""
}

func nameFault(s string) string {
	writings := strings.Split(s, "=")
	if len(writings) > 3 {
		return "has more than three writings"
	}
	for _, w := range writings {
		if n := utf8.RuneCountInString(w); n > mostCharacters[PN] {
			return fmt.Sprintf("a writing of %d characters, PN allows %d", n, mostCharacters[PN])
		}
		if strings.Count(w, "^") > 4 {
			return "has more than five parts"
		}
	}
	return controlFault(s, "")
}

func uidFault(s string) string {
	if strings.Trim(s, ".0123456789") != "" {
		return "holds other characters than digits and dots"
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 1 && part[0] == '0' {
			return "has a component that is empty or begins with 0"
		}
	}
	return ""
}

func decimalFault(vr VR, s string) string {
	if vr == IS {
		n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 32)
		if err != nil || strings.HasPrefix(s, "+-") || n == 0 && strings.Contains(s, "_") {
			return "is no whole number of 32 bits"
		}
		return ""
	}
	_, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789+-.eE") != "" {
		return "is no decimal number"
	}
	return ""
}

// momentFault checks dates and times. The forms with dots and colons, of
// ACR-NEMA, are read but no longer allowed.
func momentFault(vr VR, s string) string {
	text, forms := s, []string{"20060102"}
	switch vr {
	case TM:
		forms = []string{"150405", "1504", "15"}
	case DT:
		forms = []string{"20060102150405", "200601021504", "2006010215", "20060102", "200601", "2006"}
		if i := strings.LastIndexAny(text, "+-"); i > 0 {
			if _, err := time.Parse("-0700", text[i:]); err != nil {
				return "has an offset from UTC that is none"
			}
			text = text[:i]
		}
	}
	if whole, fraction, ok := strings.Cut(text, "."); ok && vr != DA && len(whole) == len(forms[0]) {
		if n := digits(fraction); n == 0 || n > 6 || n != len(fraction) {
			return "has a fraction of a second that is none"
		}
		text = whole
	}
	if vr != DA && len(text) == len(forms[0]) && strings.HasSuffix(text, "60") { // a leap second, which time.Parse knows not
		text = text[:len(text)-2] + "59"
	}
	for _, form := range forms {
		if _, err := time.Parse(form, text); err == nil && len(form) == len(text) {
			return ""
		}
	}
	return "is no " + map[VR]string{DA: "date as 20261122", TM: "time as 093000.5", DT: "date and time as 20261122093000.5+0800"}[vr]
}
