// Package dicomwave reads the waveforms of DICOM objects: 12-lead, general,
// ambulatory and hemodynamic (PS3.3 A.34, C.10.9). It is the step parse for ECGs
// that come by C-STORE, STOW-RS or as .dcm files; a data set comes in, an
// ecg.Recording goes out.
package dicomwave

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// maxGroups bounds the items of a waveform sequence; the 12-lead IOD allows
// five, ambulatory records one.
const maxGroups = 256

// Decode reads a DICOM file. Errors are *ecg.FormatError; a readable object
// without waveforms wraps ecg.ErrNoSignal.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail("file", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	file, err := dicom.Read(bytes.NewReader(data), dicom.Options{Keep: -1})
	if err != nil {
		return nil, unread(err)
	}
	return FromDataset(file.Dataset)
}

// unread turns an error of reading the data set into the package's.
func unread(err error) error {
	out := &ecg.FormatError{Format: ecg.FormatDICOM, Offset: -1, Field: "data set", Reason: err.Error(), Err: err}
	if at, ok := errors.AsType[*dicom.ParseError](err); ok {
		out.Offset = at.Offset
	}
	return out
}

// FromDataset reads the waveforms of a parsed object, whose values must have
// been kept (dicom.Options.Keep). Errors are as of Decode. The result shares no
// memory with d.
func FromDataset(d *dicom.Dataset) (*ecg.Recording, error) {
	r := &reader{d: d, rec: &ecg.Recording{Format: ecg.FormatDICOM}}
	r.readPatient()
	if err := r.readGroups(); err != nil {
		return nil, err
	}
	r.readStart()
	r.readAnnotations()
	r.rec.NameLeads()
	return r.rec, nil
}

// reader holds one object while it is read.
type reader struct {
	d     *dicom.Dataset
	rec   *ecg.Recording
	total int           // samples so far
	delay time.Duration // from the acquisition time to the first sample of Leads
}

func fail(field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatDICOM, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (r *reader) readPatient() {
	d, p := r.d, &r.rec.Patient
	p.ID = clean(d.Text(dicom.PatientID))
	p.Name = clean(d.Name(dicom.PatientName).Display())
	if sex := clean(d.Text(dicom.PatientSex)); sex == "M" || sex == "F" {
		p.Sex = sex
	}
	if birth := clean(d.Text(dicom.PatientBirthDate)); birth != "" {
		if p.BirthDate = stamp.Day(birth); p.BirthDate == "" {
			r.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
	p.Age = clean(d.Text(dicom.PatientAge))
	r.rec.Device = ecg.Device{
		Manufacturer: clean(d.Text(dicom.Manufacturer)),
		Model:        clean(d.Text(dicom.ManufacturerModelName)),
		Serial:       clean(d.Text(dicom.DeviceSerialNumber)),
		Firmware:     clean(strings.Join(d.Texts(dicom.SoftwareVersions), " ")),
		Institution:  clean(d.Text(dicom.InstitutionName)),
	}
}

// clean drops NUL padding, which some writers put inside text values.
func clean(text string) string { return strings.Trim(text, " \x00\r\n\t") }

// readStart takes the acquisition time, else the time of content or study,
// which may be that of sending.
func (r *reader) readStart() {
	d := r.d
	for i, text := range []string{
		d.Text(dicom.AcquisitionDateTime),
		joined(d.Text(dicom.AcquisitionDate), d.Text(dicom.AcquisitionTime)),
		joined(d.Text(dicom.ContentDate), d.Text(dicom.ContentTime)),
		joined(d.Text(dicom.StudyDate), d.Text(dicom.StudyTime)),
	} {
		if text = clean(text); text == "" {
			continue
		}
		if !strings.ContainsAny(text, "+-") {
			text += clean(d.Text(dicom.TimezoneOffsetFromUTC))
		}
		t, zoned, ok := stamp.Parse(text)
		if !ok {
			r.rec.Notef(ecg.NoteDate, "a time of recording is impossible and was left out")
			continue
		}
		if !zoned {
			r.rec.Notef(ecg.NoteLocalTime, "the object states no time zone: the start is the device's local time")
		}
		if i > 1 {
			r.rec.Notef(ecg.NoteDate, "the object states no acquisition time: the start is that of its content or study")
		}
		r.rec.Start = t.Add(r.delay)
		return
	}
}

// joined puts DA and TM together; without a date there is no time.
func joined(date, clock string) string {
	if date = clean(date); date == "" {
		return ""
	}
	return date + clean(clock)
}
