package ecg

import (
	"strconv"
	"strings"
)

// StandardLeads are the twelve leads in the usual order of reading.
func StandardLeads() []string {
	return []string{"I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"}
}

// extraLeads are further names that formats use, in their usual spelling.
const extraLeads = "V V7 V8 V9 V2R V3R V4R V5R V6R V7R V8R V9R VX VY VZ X Y Z " +
	"MLI MLII MLIII MCL MCL1 MCL2 MCL3 MCL4 MCL5 MCL6 CM1 CM2 CM4 CM5 CC5 ES AS AI"

// StandardLead turns the ways files write a lead into its usual name: "AVR",
// "Lead I (Einthoven)", "MDC_ECG_LEAD_V1", its number "2:3", "ECG aVF" or a
// NUL-padded "II" become aVR, I, V1, V1, aVF, II. It returns "" when text names no known lead.
func StandardLead(text string) string {
	name := strings.ToUpper(strings.Trim(text, " \t\r\n\x00"))
	if i := strings.IndexByte(name, '('); i > 0 {
		name = strings.TrimSpace(name[:i])
	}
	if code, err := strconv.Atoi(strings.TrimPrefix(name, "2:")); err == nil && strings.HasPrefix(name, "2:") {
		return LeadOfCode(code)
	}
	name = strings.TrimPrefix(name, "MDC_ECG_LEAD_")
	for _, prefix := range []string{"ECG", "EKG", "LEAD", "DERIVATION"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = strings.TrimLeft(rest, " _-:.,")
		}
	}
	for _, known := range StandardLeads() {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	for known := range strings.FieldsSeq(extraLeads) {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return ""
}

// HeartSignal says that a signal called name is an ECG by its name: a lead, or a
// word that begins with ECG or EKG.
func HeartSignal(name string) bool {
	upper := strings.ToUpper(strings.TrimSpace(name))
	return StandardLead(name) != "" || strings.HasPrefix(upper, "ECG") || strings.HasPrefix(upper, "EKG")
}

// OtherSignal says that a signal called name is no ECG by its name, though it
// may be a voltage: of the brain, eyes or muscles, of breath or pressure.
func OtherSignal(name string) bool {
	upper := strings.ToUpper(strings.TrimSpace(name))
	for other := range strings.FieldsSeq("EEG EOG EMG RESP PLETH PPG ABP ART BP CVP PAP SPO2 SAO2 GSR EDA TEMP FLOW BREATH") {
		if strings.HasPrefix(upper, other) {
			return true
		}
	}
	return false
}

// NameLeads gives every lead its standard name where there is one and notes
// names that no standard knows and names that occur twice.
func (r *Recording) NameLeads() {
	seen := map[string]bool{}
	for i := range r.Leads {
		lead := &r.Leads[i]
		if name := StandardLead(lead.Name); name != "" {
			lead.Name = name
		} else {
			lead.Name = strings.Trim(lead.Name, " \t\r\n\x00")
			r.Notef(NoteLead, "signal %d is called %.32q, which is no standard lead name", i+1, lead.Name)
		}
		if seen[lead.Name] {
			r.Notef(NoteDuplicateLead, "more than one signal is called %.32q", lead.Name)
		}
		seen[lead.Name] = true
	}
	for g := range r.Groups {
		for i := range r.Groups[g].Leads {
			lead := &r.Groups[g].Leads[i]
			if name := StandardLead(lead.Name); name != "" {
				lead.Name = name
			}
		}
	}
}

// Derive12 returns the twelve standard leads in the usual order, computing
// III, aVR, aVL and aVF from I and II where the file has none. Leads the file
// holds are shared with rec, not copied; ok is false unless I, II and V1–V6
// are stored. rec does not change.
func Derive12(rec *Recording) (leads []Lead, ok bool) {
	one, two := rec.Lead("I"), rec.Lead("II")
	if one == nil || two == nil || len(one.Samples) != len(two.Samples) {
		return nil, false
	}
	for _, name := range StandardLeads() {
		lead := rec.Lead(name)
		if lead == nil {
			a, b := limbWeights(name)
			if a == 0 && b == 0 {
				return nil, false
			}
			lead = &Lead{Name: name, Samples: combine(one.Samples, two.Samples, a, b)}
		}
		leads = append(leads, *lead)
	}
	return leads, true
}

// limbWeights returns the factors of I and II that make the lead name, zeros
// for a lead they cannot make (Einthoven, Goldberger).
func limbWeights(name string) (a, b float32) {
	switch name {
	case "III":
		return -1, 1
	case "aVR":
		return -0.5, -0.5
	case "aVL":
		return 1, -0.5
	case "aVF":
		return -0.5, 1
	}
	return 0, 0
}

// combine returns a·one + b·two; NaN in either stays NaN.
func combine(one, two []float32, a, b float32) []float32 {
	out := make([]float32, len(one))
	for i := range out {
		out[i] = a*one[i] + b*two[i]
	}
	return out
}
