package search

import (
	"reflect"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
)

func TestKeysBecomeTheMatchingOfTheirKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tag    dicom.Tag
		values []string
		want   db.Match
	}{
		{"no value", dicom.PatientID, nil, db.Match{}},
		{"an empty value", dicom.PatientID, []string{""}, db.Match{}},
		{"a star", dicom.PatientName, []string{"*"}, db.Match{}},
		{"a single value", dicom.PatientID, []string{"P1"}, db.Match{Values: []string{"P1"}}},
		{"a name folds its case and its end", dicom.PatientName, []string{"Wang^Wei^^"}, db.Match{Values: []string{"wang^wei"}}},
		{"wildcards", dicom.PatientName, []string{"王*"}, db.Match{Values: []string{"王*"}, Wild: true}},
		{"a list of UIDs", dicom.StudyInstanceUID, []string{"1.2", "1.3"}, db.Match{Values: []string{"1.2", "1.3"}}},
		{"a UID is no pattern", dicom.StudyInstanceUID, []string{"1.2?"}, db.Match{Values: []string{"1.2?"}}},
		{"a day", dicom.StudyDate, []string{"20260101"}, db.Match{From: "20260101", To: "20260101"}},
		{"a range of days", dicom.StudyDate, []string{"20260101-20260131"}, db.Match{From: "20260101", To: "20260131"}},
		{"since a day, of old writing", dicom.StudyDate, []string{"2026.01.01-"}, db.Match{From: "20260101"}},
		{"until a time", dicom.StudyTime, []string{"-1200"}, db.Match{To: "1200999999"}},
		{"a minute", dicom.StudyTime, []string{"10:30"}, db.Match{From: "1030", To: "1030999999"}},
	} {
		field := Attributes[c.tag].Field
		c.want.Field = field
		got, err := Match(c.tag, field, c.values)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestKeyThatIsNoDateOrTimeIsNamed(t *testing.T) {
	t.Parallel()
	for tag, values := range map[dicom.Tag][]string{
		dicom.StudyDate:  {"2026"},
		dicom.SeriesDate: {"20260101", "20260102"},
		dicom.StudyTime:  {"noon"},
		dicom.SeriesTime: {"-"},
	} {
		_, err := Match(tag, Attributes[tag].Field, values)
		fault, ok := err.(*Error)
		if !ok || fault.Tag != tag || fault.Reason == "" {
			t.Errorf("%s %q: %v", tag, values, err)
		}
	}
}

func TestFuzzyNameIsSplitIntoWhatWordsBeginWith(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][]string{"Wang^XM*": {"wang", "xm"}, "王xm": {"王", "xm"}, "*": nil, "": nil} {
		m := Fuzzy([]string{typed})
		if !reflect.DeepEqual(m.Values, want) || m.Field != db.FieldFuzzyName || Universal(m) != (want == nil) {
			t.Errorf("%q: %+v, want %q", typed, m, want)
		}
	}
}

func TestDateAndTimeBoundedAlikeAreOneMoment(t *testing.T) {
	t.Parallel()
	name := db.Match{Field: db.FieldPatientName, Values: []string{"wang"}}
	for _, c := range []struct {
		date, time, want [2]string // from, to; want "" stays apart
	}{
		{[2]string{"20260101", "20260102"}, [2]string{"1000", "1200999999"}, [2]string{"202601011000", "202601021200999999"}},
		{[2]string{"20260101", "20260101"}, [2]string{"1000", "1200999999"}, [2]string{"202601011000", "202601011200999999"}},
		{[2]string{"20260101", ""}, [2]string{"1000", ""}, [2]string{"202601011000", ""}},
		{[2]string{"", "20260102"}, [2]string{"", "1200999999"}, [2]string{"", "202601021200999999"}},
		{[2]string{"20260101", "20260102"}, [2]string{"1000", ""}, [2]string{}},
		{[2]string{"", "20260102"}, [2]string{"1000", ""}, [2]string{}},
	} {
		date := db.Match{Field: db.FieldStudyDate, From: c.date[0], To: c.date[1]}
		time := db.Match{Field: db.FieldStudyTime, From: c.time[0], To: c.time[1]}
		want := time
		if c.want != [2]string{} {
			want = db.Match{Field: db.FieldStudyMoment, From: c.want[0], To: c.want[1]}
		}
		got := []db.Match{time, name, date}
		if Combine(got); !reflect.DeepEqual(got, []db.Match{want, name, date}) {
			t.Errorf("%v and %v: %+v", c.date, c.time, got)
		}
	}
	alone := []db.Match{name, {Field: db.FieldStudyTime, From: "1000"}}
	if Combine(alone); alone[1].Field != db.FieldStudyTime {
		t.Error("a time without a date became a moment")
	}
}
