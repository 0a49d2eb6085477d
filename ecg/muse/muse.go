// Package muse reads GE MUSE resting ECG XML (restecg.dtd). It is the step parse
// for such uploads: file bytes come in, an ecg.Recording goes out. MUSE stores
// eight leads; ecg.Derive12 makes the others.
package muse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// reader holds one document while it is read.
type reader struct {
	root  *xmltree.Node
	rec   *ecg.Recording
	total int // samples so far
}

// Decode reads one MUSE XML document. Errors are *ecg.FormatError; a document
// without a rhythm wraps ecg.ErrNoSignal. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail(nil, "document", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	root, set, guessed, err := xmltree.Parse(data)
	if err != nil {
		out := &ecg.FormatError{Format: ecg.FormatMUSE, Offset: -1, Field: "XML", Reason: err.Error()}
		var at *xmltree.Error
		if errors.As(err, &at) {
			out.Offset, out.Reason = at.Offset, at.Reason
		}
		return nil, out
	}
	if root.Name != "RestingECG" {
		return nil, fail(root, "document", "the root element is <%.32s>, not <RestingECG>", root.Name)
	}
	r := &reader{root: root, rec: &ecg.Recording{Format: ecg.FormatMUSE}}
	if guessed {
		r.rec.Notef(ecg.NoteCharset, "the text is not of the declared character set and was taken for %s", set)
	}
	r.readPatient()
	r.readTest()
	if err := r.readWaveforms(); err != nil {
		return nil, err
	}
	r.readMeasurements()
	r.rec.NameLeads()
	return r.rec, nil
}

func fail(at *xmltree.Node, field, format string, args ...any) error {
	out := &ecg.FormatError{Format: ecg.FormatMUSE, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
	if at != nil {
		out.Offset = at.Offset
	}
	return out
}

func (r *reader) readPatient() {
	n, p := r.root.Child("PatientDemographics"), &r.rec.Patient
	p.ID = n.Child("PatientID").Text()
	p.Name = strings.TrimSpace(n.Child("PatientLastName").Text() + " " + n.Child("PatientFirstName").Text())
	p.Sex = map[string]string{"MALE": "M", "FEMALE": "F"}[strings.ToUpper(n.Child("Gender").Text())]
	if birth := n.Child("DateofBirth").Text(); birth != "" {
		if p.BirthDate = stamp.Date(day(birth)); p.BirthDate == "" {
			r.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
	units := map[string]string{"YEARS": "Y", "MONTHS": "M", "WEEKS": "W", "DAYS": "D"}
	letter := units[strings.ToUpper(n.Child("AgeUnits").Text())]
	if age, err := strconv.Atoi(n.Child("PatientAge").Text()); err == nil && letter != "" && age >= 0 && age <= 999 {
		p.Age = fmt.Sprintf("%03d%s", age, letter)
	}
}

// day reads mm-dd-yyyy; zeros if it is none.
func day(text string) (year, month, dayOfMonth int) {
	parts := strings.Split(text, "-")
	if len(parts) != 3 || len(parts[2]) != 4 {
		return 0, 0, 0
	}
	var n [3]int
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil {
			return 0, 0, 0
		}
		n[i] = v
	}
	return n[2], n[0], n[1]
}

// readTest reads device, institution and time of recording.
func (r *reader) readTest() {
	n := r.root.Child("TestDemographics")
	r.rec.Device = ecg.Device{Model: n.Child("AcquisitionDevice").Text(),
		Firmware: n.Child("AcquisitionSoftwareVersion").Text(), Institution: n.Child("SiteName").Text()}
	date, clock := n.Child("AcquisitionDate").Text(), strings.Split(n.Child("AcquisitionTime").Text(), ":")
	if date == "" {
		return
	}
	var hms [3]int
	for i := 0; i < len(clock) && i < 3; i++ {
		v, err := strconv.Atoi(clock[i])
		if err != nil {
			v = -1
		}
		hms[i] = v
	}
	year, month, dayOfMonth := day(date)
	start, ok := stamp.Time(year, month, dayOfMonth, hms[0], hms[1], float64(hms[2]))
	if !ok {
		r.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	r.rec.Start = start
	r.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
}

// readMeasurements reads the current measurements and statements; those before
// a physician's edits stand in Original… elements and are left.
func (r *reader) readMeasurements() {
	n := r.root.Child("RestingECGMeasurements")
	for name, key := range map[string]string{
		"VentricularRate": ecg.MeasureHR, "PRInterval": ecg.MeasurePR, "QRSDuration": ecg.MeasureQRS,
		"QTInterval": ecg.MeasureQT, "QTCorrected": ecg.MeasureQTc,
		"PAxis": ecg.MeasurePAxis, "RAxis": ecg.MeasureQRSAxis, "TAxis": ecg.MeasureTAxis,
	} {
		v, err := strconv.ParseFloat(n.Child(name).Text(), 64)
		angle := strings.HasSuffix(key, "_deg")
		if err == nil && (angle && v >= -360 && v <= 360 || !angle && v > 0 && v < 1e5) {
			r.rec.SetMeasurement(key, v)
		}
	}
	for _, s := range r.root.Child("Diagnosis").All("DiagnosisStatement") {
		if text := s.Child("StmtText").Text(); text != "" {
			r.rec.Statements = append(r.rec.Statements, text)
		}
	}
}
