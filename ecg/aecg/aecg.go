// Package aecg reads HL7 Annotated ECG files: HL7 v3 PORT_MT020001, the format
// of the FDA's ECG warehouse and of many Chinese carts. It is the step parse for
// such uploads: file bytes come in, an ecg.Recording goes out.
//
// Carts bend the format: no namespace, ISO times, GB2312 text, increments in the
// wrong unit. What can be read in one way only is read and noted, the rest is
// refused.
package aecg

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// Codes of series and sequences (HL7 ActCode and MDC).
const (
	codeRhythm   = "RHYTHM"
	codeBeat     = "REPRESENTATIVE_BEAT"
	codeAbsolute = "TIME_ABSOLUTE"
	codeRelative = "TIME_RELATIVE"
)

// reader holds one document while it is read.
type reader struct {
	root  *xmltree.Node
	rec   *ecg.Recording
	total int // samples so far, over all series
}

// Decode reads one aECG document. Errors are *ecg.FormatError; a document
// without waveforms wraps ecg.ErrNoSignal. The result shares no memory with
// data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail(nil, "document", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	root, set, guessed, err := xmltree.Parse(data)
	if err != nil {
		return nil, parseError(err)
	}
	if root.Name != "AnnotatedECG" {
		return nil, fail(root, "document", "the root element is <%.32s>, not <AnnotatedECG>", root.Name)
	}
	r := &reader{root: root, rec: &ecg.Recording{Format: ecg.FormatAECG}}
	if guessed {
		r.rec.Notef(ecg.NoteCharset, "the text is not of the declared character set and was taken for %s", set)
	}
	r.readPatient()
	if err := r.readSeries(); err != nil {
		return nil, err
	}
	r.readMeasurements()
	r.rec.NameLeads()
	return r.rec, nil
}

func parseError(err error) error {
	out := &ecg.FormatError{Format: ecg.FormatAECG, Offset: -1, Field: "XML", Reason: err.Error()}
	var at *xmltree.Error
	if errors.As(err, &at) {
		out.Offset, out.Reason = at.Offset, at.Reason
	}
	return out
}

func fail(at *xmltree.Node, field, format string, args ...any) error {
	out := &ecg.FormatError{Format: ecg.FormatAECG, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
	if at != nil {
		out.Offset = at.Offset
	}
	return out
}

// readSeries takes the first rhythm series as the recording's leads; further
// ones and derived series become groups.
func (r *reader) readSeries() error {
	var series []*xmltree.Node
	for _, c := range r.root.All("component") {
		series = append(series, c.All("series")...)
	}
	for _, s := range series {
		code := s.Child("code").Attr("code")
		groups, err := r.readSets(s, ecg.KindRhythm)
		if err != nil {
			return err
		}
		if code == codeBeat {
			for i := range groups {
				groups[i].Kind = ecg.KindMedian
			}
		}
		if code != codeBeat && r.rec.Leads == nil && len(groups) > 0 && groups[0].Unit == "uV" {
			r.rec.Leads, r.rec.RateHz = groups[0].Leads, groups[0].RateHz
			groups = groups[1:]
			r.readDevice(s)
			r.readStart(s)
		}
		r.rec.Groups = append(r.rec.Groups, groups...)
		if err := r.readDerived(s); err != nil {
			return err
		}
	}
	if r.rec.Leads == nil {
		err := fail(r.root, "series", "the document has no rhythm waveform")
		err.(*ecg.FormatError).Err = ecg.ErrNoSignal
		return err
	}
	return nil
}

func (r *reader) readDerived(series *xmltree.Node) error {
	for _, d := range series.All("derivation") {
		for _, s := range d.All("derivedSeries") {
			groups, err := r.readSets(s, ecg.KindMedian)
			if err != nil {
				return err
			}
			r.rec.Groups = append(r.rec.Groups, groups...)
		}
	}
	return nil
}

// readStart takes the time of the first sample: an absolute time base, else the
// series' effective time, else the document's.
func (r *reader) readStart(series *xmltree.Node) {
	if !r.rec.Start.IsZero() {
		return
	}
	for _, scope := range []*xmltree.Node{series, r.root} {
		span := scope.Child("effectiveTime")
		for _, part := range []string{"low", "center", "high"} {
			value := span.Child(part).Attr("value")
			if value == "" {
				continue
			}
			if !r.setStart(value) {
				continue
			}
			if part == "high" {
				r.rec.Start = r.rec.Start.Add(-r.rec.Duration())
				r.rec.Notef(ecg.NoteDate, "only the end of the recording is stated: the start was computed")
			}
			return
		}
		if value := span.Attr("value"); value != "" && r.setStart(value) {
			return
		}
	}
}

func (r *reader) setStart(value string) bool {
	t, zoned, ok := stamp.Parse(value)
	if !ok {
		r.rec.Notef(ecg.NoteDate, "a time of recording is impossible and was left out")
		return false
	}
	r.rec.Start = t
	if !zoned {
		r.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
	}
	return true
}

func (r *reader) readPatient() {
	assignment := r.root.Path("componentOf", "timepointEvent", "componentOf", "subjectAssignment")
	subject := assignment.Path("subject", "trialSubject")
	person := subject.Child("subjectDemographicPerson")
	p := &r.rec.Patient
	p.ID = strings.TrimSpace(subject.Child("id").Attr("extension"))
	if p.ID == "" { // Mindray writes an element the schema lacks
		p.ID = person.Child("PatientID").Text()
	}
	p.Name = personName(person.Child("name"))
	if sex := person.Child("administrativeGenderCode").Attr("code"); sex == "M" || sex == "F" {
		p.Sex = sex
	}
	if birth := person.Child("birthTime").Attr("value"); birth != "" {
		if p.BirthDate = stamp.Day(birth); p.BirthDate == "" {
			r.rec.Notef(ecg.NoteDate, "the birth date is no full, valid date and was left out")
		}
	}
	for _, v := range r.root.All("controlVariable") {
		o := v.Child("relatedObservation")
		const reportedAge = "21612-7" // LOINC
		if o.Child("code").Attr("code") == reportedAge {
			p.Age = age(o.Child("value"))
		}
	}
	r.rec.Device.Institution = r.root.Path("location", "testingSite", "location", "name").Text()
	if r.rec.Device.Institution == "" {
		r.rec.Device.Institution = assignment.Path("componentOf", "clinicalTrial", "location",
			"trialSite", "location", "name").Text()
	}
}

// personName joins the parts of a structured name, or takes the plain text.
func personName(n *xmltree.Node) string {
	parts := []string{n.Text()}
	for _, part := range []string{"family", "given"} {
		for _, c := range n.All(part) {
			parts = append(parts, c.Text())
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// age writes a UCUM age as DICOM does, "" if it is none.
func age(value *xmltree.Node) string {
	letter := map[string]string{"a": "Y", "mo": "M", "wk": "W", "d": "D"}[value.Attr("unit")]
	n, ok := number(value.Attr("value"))
	if letter == "" || !ok || n < 0 || n > 999 {
		return ""
	}
	return fmt.Sprintf("%03d%s", int(n), letter)
}

func (r *reader) readDevice(series *xmltree.Node) {
	author := series.Path("author", "seriesAuthor")
	device := author.Child("manufacturedSeriesDevice")
	d := &r.rec.Device
	d.Manufacturer = author.Path("manufacturerOrganization", "name").Text()
	d.Model = device.Child("manufacturerModelName").Text()
	d.Firmware = device.Child("softwareName").Text()
	d.Serial = device.Child("SerialNumber").Text()
	if id := device.Child("id").Attr("extension"); d.Serial == "" && id != "0" {
		d.Serial = id
	}
	for _, v := range series.All("controlVariable") {
		r.readFilter(v.Child("controlVariable"))
	}
}

func (r *reader) readFilter(v *xmltree.Node) {
	const prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
	kind := strings.TrimPrefix(v.Child("code").Attr("code"), prefix)
	for _, c := range v.All("component") {
		part := c.Child("controlVariable")
		hertz, ok := number(part.Child("value").Attr("value"))
		if !ok || hertz <= 0 {
			continue
		}
		switch what := strings.TrimPrefix(part.Child("code").Attr("code"), prefix); {
		case kind == "LOW_PASS" && what == "CUTOFF_FREQ":
			r.rec.Filters.LowPassHz = hertz
		case kind == "HIGH_PASS" && what == "CUTOFF_FREQ":
			r.rec.Filters.HighPassHz = hertz
		case kind == "NOTCH" && (what == "NOTCH_FREQ" || what == "CUTOFF_FREQ"):
			r.rec.Filters.NotchHz = hertz
		}
	}
}
