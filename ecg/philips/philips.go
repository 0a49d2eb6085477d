// Package philips reads Philips Sierra ECG XML, versions 1.03 to 1.04.02,
// of PageWriter carts and Heartstart monitors. It is the step parse for such
// uploads: file bytes come in, an ecg.Recording goes out.
package philips

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// reader holds one document while it is read.
type reader struct {
	root *xmltree.Node
	rec  *ecg.Recording
}

// Decode reads one Sierra ECG document. Errors are *ecg.FormatError; versions
// not known to decode rightly are refused. The result shares no memory with
// data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail(nil, "document", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	root, set, guessed, err := xmltree.Parse(data)
	if err != nil {
		out := &ecg.FormatError{Format: ecg.FormatPhilips, Offset: -1, Field: "XML", Reason: err.Error()}
		var at *xmltree.Error
		if errors.As(err, &at) {
			out.Offset, out.Reason = at.Offset, at.Reason
		}
		return nil, out
	}
	if root.Name != "restingecgdata" {
		return nil, fail(root, "document", "the root element is <%.32s>, not <restingecgdata>", root.Name)
	}
	version := root.Path("documentinfo", "documentversion").Text()
	if !slices.Contains([]string{"1.03", "1.04", "1.04.01", "1.04.02"}, version) {
		return nil, fail(root, "documentversion", "version %.16q is not read; 1.03, 1.04, 1.04.01 and 1.04.02 are", version)
	}
	r := &reader{root: root, rec: &ecg.Recording{Format: ecg.FormatPhilips}}
	if guessed {
		r.rec.Notef(ecg.NoteCharset, "the text is not of the declared character set and was taken for %s", set)
	}
	if err := r.readWaveforms(); err != nil {
		return nil, err
	}
	r.readPatient()
	r.readAcquisition()
	r.readMeasurements()
	r.rec.NameLeads()
	return r.rec, nil
}

func fail(at *xmltree.Node, field, format string, args ...any) error {
	out := &ecg.FormatError{Format: ecg.FormatPhilips, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
	if at != nil {
		out.Offset = at.Offset
	}
	return out
}

func (r *reader) readPatient() {
	n, p := r.root.Path("patient", "generalpatientdata"), &r.rec.Patient
	p.ID = n.Child("patientid").Text()
	name := n.Child("name")
	p.Name = strings.Join(strings.Fields(name.Child("lastname").Text()+" "+name.Child("firstname").Text()+" "+
		name.Child("middlename").Text()), " ")
	p.Sex = map[string]string{"male": "M", "female": "F"}[strings.ToLower(n.Child("sex").Text())]
	age := n.Child("age")
	if birth := age.Child("dateofbirth").Text(); birth != "" {
		if p.BirthDate = stamp.Day(birth); p.BirthDate == "" {
			r.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
	if years, err := strconv.Atoi(age.Child("years").Text()); err == nil && years >= 0 && years <= 999 {
		p.Age = fmt.Sprintf("%03dY", years)
	}
}

// readAcquisition reads device, institution, filters and time of recording.
func (r *reader) readAcquisition() {
	n := r.root.Child("dataacquisition")
	machine := n.Child("machine")
	r.rec.Device = ecg.Device{Model: machine.Text(), Serial: machine.Attr("machineid"),
		Institution: n.Path("acquirer", "institutionname").Text()}
	// "Philips Medical Products:M5000:C.01.02.00"
	if detail := strings.Split(machine.Attr("detaildescription"), ":"); len(detail) == 3 {
		r.rec.Device.Manufacturer, r.rec.Device.Firmware = detail[0], detail[2]
	}
	signal := n.Child("signalcharacteristics")
	f := &r.rec.Filters
	f.HighPassHz, f.LowPassHz = positive(signal.Child("hipass").Text()), positive(signal.Child("lowpass").Text())
	if low, high, ok := strings.Cut(signal.Child("signalbandwidth").Text(), "-"); ok {
		f.HighPassHz, f.LowPassHz = positive(low), positive(high)
	}
	if strings.EqualFold(signal.Child("notchfiltered").Text(), "True") {
		f.NotchHz = positive(signal.Child("notchfilterfreqs").Text())
	}
	date, clock := n.Attr("date"), n.Attr("time")
	if date == "" {
		return
	}
	start, zoned, ok := stamp.Parse(strings.TrimSpace(date + " " + clock))
	if !ok {
		r.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	r.rec.Start = start
	if !zoned {
		r.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
	}
}

func positive(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// readMeasurements reads the mean values over all beats, which the versions
// keep in different places, and the statements.
func (r *reader) readMeasurements() {
	n := r.root.Path("internalmeasurements", "crossleadmeasurements")
	if n == nil {
		n = r.root.Path("measurements", "globalmeasurements")
	}
	for name, key := range map[string]string{
		"meanventrate": ecg.MeasureHR, "meanprint": ecg.MeasurePR, "meanqrsdur": ecg.MeasureQRS,
		"meanqtint": ecg.MeasureQT, "meanqtc": ecg.MeasureQTc,
		"pfrontaxis": ecg.MeasurePAxis, "qrsfrontaxis": ecg.MeasureQRSAxis, "tfrontaxis": ecg.MeasureTAxis,
	} {
		v, err := strconv.ParseFloat(n.Child(name).Text(), 64)
		angle := strings.HasSuffix(key, "_deg")
		if err == nil && (angle && v >= -360 && v <= 360 || !angle && v > 0 && v < 1e5) {
			r.rec.SetMeasurement(key, v)
		}
	}
	for _, i := range r.root.Child("interpretations").All("interpretation") {
		for _, s := range i.All("statement") {
			text := strings.TrimSpace(s.Child("leftstatement").Text() + " " + s.Child("rightstatement").Text())
			if text != "" {
				r.rec.Statements = append(r.rec.Statements, text)
			}
		}
	}
}
