// Package search knows which attributes the index can be searched by, and turns
// their keys into conditions by the matching of PS3.4 section C.2.2.2. QIDO-RS
// and C-FIND both ask through it, so that they find the same.
package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/pinyin"
)

// Level is how far down what is searched for lies.
type Level int

// The levels of the index. A patient has no attribute of its own in the index:
// those of its studies count.
const (
	Study Level = iota
	Series
	Instance
)

// Attribute is where the index holds an attribute, and the level it is of.
type Attribute struct {
	Field db.Field
	Level Level
}

// Attributes lists the attributes that can be searched by (PS3.18 Tables
// 10.6.1-5 and 10.6.3-3 to -5, PS3.4 Tables C.6-1 to C.6-5).
var Attributes = map[dicom.Tag]Attribute{
	dicom.PatientName: {db.FieldPatientName, Study}, dicom.PatientID: {db.FieldPatientID, Study},
	dicom.IssuerOfPatientID: {db.FieldIssuer, Study}, dicom.PatientBirthDate: {db.FieldBirthDate, Study},
	dicom.PatientSex: {db.FieldSex, Study}, dicom.StudyInstanceUID: {db.FieldStudyUID, Study},
	dicom.AccessionNumber: {db.FieldAccession, Study}, dicom.StudyDate: {db.FieldStudyDate, Study},
	dicom.StudyTime: {db.FieldStudyTime, Study}, dicom.StudyID: {db.FieldStudyID, Study},
	dicom.StudyDescription: {db.FieldDescription, Study}, dicom.ReferringPhysicianName: {db.FieldReferring, Study},
	dicom.ModalitiesInStudy: {db.FieldModalities, Study},
	dicom.SeriesInstanceUID: {db.FieldSeriesUID, Series}, dicom.Modality: {db.FieldModality, Series},
	dicom.SeriesNumber: {db.FieldSeriesNumber, Series}, dicom.SeriesDescription: {db.FieldSeriesText, Series},
	dicom.BodyPartExamined: {db.FieldBodyPart, Series}, dicom.SeriesDate: {db.FieldSeriesDate, Series},
	dicom.SeriesTime: {db.FieldSeriesTime, Series}, dicom.PerformedProcedureStepStartDate: {db.FieldStepDate, Series},
	dicom.PerformedProcedureStepStartTime: {db.FieldStepTime, Series},
	dicom.SOPInstanceUID:                  {db.FieldSOPUID, Instance}, dicom.SOPClassUID: {db.FieldSOPClass, Instance},
	dicom.InstanceNumber: {db.FieldInstanceNo, Instance},
}

// Error says which key cannot be understood. It holds no value.
type Error struct {
	Tag    dicom.Tag
	Reason string
}

func (e *Error) Error() string {
	name := e.Tag.String()
	if d, ok := dicom.Lookup(e.Tag); ok {
		name = d.Keyword
	}
	return name + " " + e.Reason
}

// Match turns a key into a condition on a field. One that matches everything,
// as no value and "*" do, has neither values nor bounds.
func Match(tag dicom.Tag, field db.Field, values []string) (db.Match, error) {
	m := db.Match{Field: field}
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(values) == 0 {
		return m, nil
	}
	e, _ := dicom.Lookup(tag)
	switch e.VR {
	case dicom.DA, dicom.TM:
		return between(tag, values, m, e.VR)
	case dicom.UI:
		if slices.Contains(values, "*") { // no matching of UIDs, but senders do it
			return m, nil
		}
		m.Values = values
		return m, nil
	}
	for _, v := range values {
		if e.VR == dicom.PN {
			v = strings.TrimRight(strings.ToLower(v), "^")
		}
		if strings.Trim(v, "*") == "" {
			return db.Match{Field: field}, nil
		}
		m.Wild = m.Wild || strings.ContainsAny(v, "*?")
		m.Values = append(m.Values, v)
	}
	return m, nil
}

// Universal tells whether m matches everything.
func Universal(m db.Match) bool { return len(m.Values) == 0 && m.From == "" && m.To == "" }

// Fuzzy is the condition that a patient's name is like what was typed: by the
// beginnings of its words, its characters from any place on and its initials
// in pinyin. Without a letter in values it matches everything.
func Fuzzy(values []string) db.Match {
	m := db.Match{Field: db.FieldFuzzyName}
	for _, v := range values {
		m.Values = append(m.Values, pinyin.Terms(v)...)
	}
	return m
}

// between reads a date or a time, or a range of them, "20240101-20240131",
// "-1200". A time stands for the span that it leaves open.
func between(tag dicom.Tag, values []string, m db.Match, vr dicom.VR) (db.Match, error) {
	bad := &Error{tag, fmt.Sprintf("is not one %s or range", map[dicom.VR]string{dicom.DA: "date", dicom.TM: "time"}[vr])}
	if len(values) != 1 {
		return m, bad
	}
	from, to, isRange := strings.Cut(values[0], "-")
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if !isRange {
		to = from
	}
	for _, p := range []*string{&from, &to} {
		digits := *p
		if vr == dicom.TM {
			digits = strings.Replace(strings.ReplaceAll(digits, ":", ""), ".", "", 1)
		} else {
			digits = strings.ReplaceAll(digits, ".", "")
			*p = digits
		}
		if strings.Trim(digits, "0123456789") != "" || vr == dicom.DA && len(digits) != 8 && digits != "" || len(digits) > 12 {
			return m, bad
		}
		if vr == dicom.TM {
			*p = strings.ReplaceAll(*p, ":", "")
		}
	}
	if from == "" && to == "" {
		return m, bad
	}
	if vr == dicom.TM && to != "" {
		to += "999999" // 1030 lasts until 10:30:59.999999
	}
	m.From, m.To = from, to
	return m, nil
}

// Combine joins conditions on study date and study time to one on moments, in
// place (PS3.4 section C.2.2.2.5.3): from the first day's time to the last
// day's, not these hours of each day. Bounds that are not alike stay apart.
func Combine(list []db.Match) {
	d := slices.IndexFunc(list, func(m db.Match) bool { return m.Field == db.FieldStudyDate })
	t := slices.IndexFunc(list, func(m db.Match) bool { return m.Field == db.FieldStudyTime })
	if d < 0 || t < 0 {
		return
	}
	date, time := list[d], &list[t]
	if (date.From == "") != (time.From == "") || (date.To == "") != (time.To == "") {
		return
	}
	*time = db.Match{Field: db.FieldStudyMoment, From: date.From + time.From, To: date.To + time.To} // the dates stay: the index has them
}
