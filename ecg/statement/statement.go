// Package statement is the vocabulary of ECG reports: what a reader says, in
// Chinese and English, with the codes other systems know it by. In goes
// nothing, out comes the catalogue; it says nothing about any tracing.
package statement

import "slices"

// Grade is how much a statement matters by itself.
type Grade string

// The grades, from nothing to what must be told at once.
const (
	Normal   Grade = "normal"
	Minor    Grade = "minor" // a variant, or a finding without consequence by itself
	Abnormal Grade = "abnormal"
	Critical Grade = "critical" // stands on the critical list
)

// Group is a chapter of the catalogue.
type Group string

// The chapters, in the order in which a report is written.
const (
	Overall   Group = "overall"
	Rhythm    Group = "rhythm"
	Ectopic   Group = "ectopic"
	Conducted Group = "conduction"
	Axis      Group = "axis"
	Chamber   Group = "chamber"
	STT       Group = "st_t"
	Infarct   Group = "infarction"
	Pacing    Group = "pacing"
	Technical Group = "technical"
)

// Statement is one entry. Code is the hub's own and never changes its
// meaning. SCP is the acronym of EN 1064 annex B (statement codes), AHA the
// number in Mason et al. 2007 (AHA/ACC/HRS part II; from 200 on secondary statements, from 400 comparisons);
// "" and 0 where there is none.
type Statement struct {
	Code    string `json:"code"`
	Group   Group  `json:"group"`
	Chinese string `json:"zh"`
	English string `json:"en"`
	SCP     string `json:"scp,omitempty"`
	AHA     int    `json:"aha,omitempty"`
	Grade   Grade  `json:"grade"`
	Item    string `json:"item,omitempty"` // code on the critical list
}

// All returns the catalogue in the order of its chapters.
func All() []Statement { return slices.Clone(catalogue) }

// Find returns the statement with a code.
func Find(code string) (Statement, bool) {
	i := slices.IndexFunc(catalogue, func(s Statement) bool { return s.Code == code })
	if i < 0 {
		return Statement{}, false
	}
	return catalogue[i], true
}
