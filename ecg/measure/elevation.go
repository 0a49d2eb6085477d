package measure

import (
	"fmt"
	"strings"
)

// stElevation looks for two adjacent leads with an elevated J point that the
// segment keeps for 60 ms. Behind a wide QRS the segment is displaced by the
// QRS itself; there only an elevation in the direction of QRS counts.
func stElevation(res *Result, rules *Rules) string {
	for _, order := range adjacentLeads() {
		var run []string
		best := 0
		var evidence []string
		for _, lead := range order {
			if !elevated(res, lead, rules) {
				run = nil
				continue
			}
			level := res.Measurements.ST[lead].J.Number
			run = append(run, fmt.Sprintf("%s %+.2f", lead, level/1000))
			if len(run) > best {
				best, evidence = len(run), append([]string(nil), run...)
			}
		}
		if best >= 2 {
			return "ST " + strings.Join(evidence, ", ") + " mV"
		}
	}
	return ""
}

// adjacentLeads are the leads in the order in which they lie on the body: the
// frontal plane and the chest.
func adjacentLeads() [2][]string {
	return [2][]string{{"aVL", "I", "II", "aVF", "III"}, {"V1", "V2", "V3", "V4", "V5", "V6"}}
}

// elevated reports whether ST on lead passes its threshold.
func elevated(res *Result, lead string, rules *Rules) bool {
	st, ok := res.Measurements.ST[lead]
	if !ok {
		return false
	}
	limit := rules.STLimbUV
	if lead == "V1" || lead == "V2" || lead == "V3" {
		limit = rules.STChestUV
	}
	if !atLeast(st.J, limit) || !atLeast(st.J60, limit) {
		return false
	}
	return !res.isWide(rules) || res.Median.pointsUp(lead)
}

// pointsUp reports whether the area of QRS on lead is positive.
func (m *Median) pointsUp(lead string) bool {
	for i, name := range m.Leads {
		if name != lead {
			continue
		}
		from := m.R + int(m.QRSOn.Number*m.RateHz/1000)
		to := m.R + int(m.QRSOff.Number*m.RateHz/1000)
		sum := float32(0)
		for _, v := range m.Samples[i][max(0, from):min(len(m.Samples[i]), to+1)] {
			sum += v
		}
		return sum > 0
	}
	return false
}
