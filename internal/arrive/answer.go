package arrive

import (
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// offset is the time zone of all the hub's dates and times.
const offset = "+0800"

// compose writes one match: level and place of retrieval, and what was asked
// for, empty where the index has no value.
func (n *Node) compose(d *dicom.Dataset, p *plan, row *found) {
	d.SetText(dicom.QueryRetrieveLevel, string(p.level))
	d.SetText(dicom.RetrieveAETitle, n.AET)
	d.SetText(dicom.InstanceAvailability, "ONLINE")
	for _, tag := range p.returns {
		d.SetText(tag, slices.DeleteFunc(values(tag, row), func(v string) bool { return v == "" })...)
	}
}

// computed tells whether a match of a level has an attribute that is counted,
// and so returned but not matched.
func computed(tag dicom.Tag, l level) bool {
	switch tag {
	case dicom.NumberOfPatientRelatedStudies, dicom.NumberOfPatientRelatedSeries, dicom.NumberOfPatientRelatedInstances:
		return l == patientLevel
	case dicom.NumberOfStudyRelatedSeries, dicom.NumberOfStudyRelatedInstances:
		return l == studyLevel
	case dicom.NumberOfSeriesRelatedInstances, dicom.StationName, dicom.Manufacturer, dicom.Laterality:
		return l == seriesLevel
	case dicom.NumberOfFrames, dicom.Rows, dicom.Columns, dicom.BitsAllocated:
		return l == imageLevel
	}
	return false
}

// values are the values of an attribute.
func values(tag dicom.Tag, row *found) []string {
	if row.patient != nil {
		switch tag {
		case dicom.NumberOfPatientRelatedStudies:
			return number(row.patient.Studies)
		case dicom.NumberOfPatientRelatedSeries:
			return number(row.patient.AllSeries)
		case dicom.NumberOfPatientRelatedInstances:
			return number(row.patient.AllInstances)
		}
		if a := search.Attributes[tag]; !slices.Contains(ofPatient, tag) && a.Field != "" {
			return nil // of one of its studies, not of the patient
		}
	}
	if row.Series.ID == "" && tag == dicom.Modality {
		return row.Study.Modalities
	}
	if v, ok := studyValue(tag, row); ok {
		return v
	}
	return seriesValue(tag, row)
}

// ofPatient are the attributes of the patient level.
var ofPatient = []dicom.Tag{dicom.PatientName, dicom.PatientID, dicom.IssuerOfPatientID, dicom.PatientBirthDate, dicom.PatientSex}

func number(n int) []string { return []string{strconv.Itoa(n)} }

func studyValue(tag dicom.Tag, row *found) (v []string, ok bool) {
	st := &row.Study
	switch tag {
	case dicom.PatientName:
		return []string{st.PatientName}, true
	case dicom.PatientID:
		return []string{st.LocalID}, true
	case dicom.IssuerOfPatientID:
		return []string{st.Issuer}, true
	case dicom.PatientBirthDate:
		return []string{st.BirthDate}, true
	case dicom.PatientSex:
		return []string{st.Sex}, true
	case dicom.StudyInstanceUID:
		return []string{st.UID}, true
	case dicom.AccessionNumber:
		return []string{st.Accession}, true
	case dicom.StudyDate:
		return []string{st.Date}, true
	case dicom.StudyTime:
		return []string{st.Time}, true
	case dicom.StudyID:
		return []string{st.StudyID}, true
	case dicom.StudyDescription:
		return []string{st.Description}, true
	case dicom.ReferringPhysicianName:
		return []string{st.Referring}, true
	case dicom.ModalitiesInStudy:
		return slices.Clone(st.Modalities), true
	case dicom.NumberOfStudyRelatedSeries:
		return number(st.Series), true
	case dicom.NumberOfStudyRelatedInstances:
		return number(st.Instances), true
	}
	return nil, false
}

func seriesValue(tag dicom.Tag, row *found) []string {
	se, in := &row.Series, &row.Instance
	text := map[dicom.Tag]string{
		dicom.SeriesInstanceUID: se.UID, dicom.Modality: se.Modality, dicom.SeriesNumber: se.Number, dicom.SeriesDescription: se.Description,
		dicom.BodyPartExamined: se.BodyPart, dicom.SeriesDate: se.Date, dicom.SeriesTime: se.Time, dicom.Laterality: se.Laterality,
		dicom.PerformedProcedureStepStartDate: se.PPSDate, dicom.PerformedProcedureStepStartTime: se.PPSTime,
		dicom.StationName: se.Station, dicom.Manufacturer: se.Maker,
		dicom.SOPInstanceUID: in.UID, dicom.SOPClassUID: in.Class, dicom.InstanceNumber: in.Number,
	}
	if v, ok := text[tag]; ok {
		return []string{v}
	}
	switch tag {
	case dicom.NumberOfSeriesRelatedInstances:
		return number(se.Instances)
	case dicom.NumberOfFrames:
		return number(in.Frames)
	case dicom.Rows:
		return number(in.Rows)
	case dicom.Columns:
		return number(in.Cols)
	case dicom.BitsAllocated:
		return number(in.Bits)
	}
	return nil
}

// speech is how answers to one question are written.
type speech struct {
	charsets []string // to try in turn; the last one holds every character
	timezone bool     // asked for
}

// answersIn chooses the character sets of answers: that of the question, that
// of the device, one that holds everything (PS3.4 section C.4.1.1.3.1).
func answersIn(id *dicom.Dataset, device *hub.Device) speech {
	s := speech{timezone: id.Get(dicom.TimezoneOffsetFromUTC) != nil}
	own := "GB18030"
	if device != nil && device.Charset != "" {
		own = device.Charset
	}
	// Sets switched by escapes are written in no answer: the single-byte set
	// that such a question begins with is.
	if list := id.Texts(dicom.SpecificCharacterSet); len(list) == 1 && !strings.HasPrefix(list[0], "ISO 2022") {
		s.charsets = append(s.charsets, list[0])
	}
	s.charsets = append(s.charsets, own)
	if own != "GB18030" {
		s.charsets = append(s.charsets, "GB18030")
	}
	return s
}

// compose makes an answer with fill, in the first character set that can hold
// what it says. A set that lacks only the ideographs of a name beside Latin
// letters is used too, without them.
func (s speech) compose(fill func(*dicom.Dataset)) *dicom.Dataset {
	whole := dicom.New()
	whole.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	fill(whole)
	if s.timezone {
		whole.SetText(dicom.TimezoneOffsetFromUTC, offset)
	}
	for i, name := range s.charsets {
		d := dicom.New()
		d.SetText(dicom.SpecificCharacterSet, name)
		if transcribe(d, whole, i == 0) && d.Text(dicom.SpecificCharacterSet) == name { // a name nobody knows is not kept
			if plain(d) {
				d.Delete(dicom.SpecificCharacterSet)
			}
			return d
		}
	}
	return whole
}

// transcribe copies src into dst, in the character set of dst, and tells
// whether all of it could be said.
func transcribe(dst, src *dicom.Dataset, latinWillDo bool) bool {
	for i := range src.Elements {
		e := &src.Elements[i]
		switch {
		case e.Tag == dicom.SpecificCharacterSet:
		case e.VR == dicom.SQ:
			items := make([]*dicom.Dataset, len(e.Items))
			for j := range e.Items {
				items[j] = dicom.New()
			}
			dst.SetItems(e.Tag, items...) // first, so that items know their character set
			for j, item := range e.Items {
				if !transcribe(items[j], item, latinWillDo) {
					return false
				}
			}
		default:
			list := src.Texts(e.Tag)
			dst.SetText(e.Tag, list...)
			if slices.Equal(dst.Texts(e.Tag), list) {
				continue
			}
			if latin, _, ok := strings.Cut(src.Text(e.Tag), "="); ok && latin != "" && latinWillDo && e.VR == dicom.PN {
				dst.SetText(e.Tag, latin)
				if dst.Text(e.Tag) == latin {
					continue
				}
			}
			return false
		}
	}
	return true
}

// plain tells whether a data set holds nothing beyond ASCII.
func plain(d *dicom.Dataset) bool {
	for i := range d.Elements {
		e := &d.Elements[i]
		for _, b := range e.Raw {
			if b >= 0x80 || b == 0x1B {
				return false
			}
		}
		for _, item := range e.Items {
			if !plain(item) {
				return false
			}
		}
	}
	return true
}
