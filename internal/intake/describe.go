package intake

import (
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// object is what the index keeps of an instance, its series, study and
// patient.
type object struct {
	patient  hub.Patient
	study    hub.Study
	series   hub.Series
	instance hub.Instance
	bodyPart string
	exam     string // description of what was done, for a draft order
	device   string // maker, model and serial number
	repaired string // character set that was assumed, "" if none
	ecg      bool
	lost     *dicom.ParseError // pixels that it promises and does not hold
	stated   time.Time         // when it was made, by the device's clock
}

// describe reads the index attributes out of a data set.
func describe(ds *dicom.Dataset, ts dicom.TransferSyntax) *object {
	t := ds.Text
	o := &object{}
	name := ds.Name(dicom.PatientName)
	o.patient = hub.Patient{LocalID: t(dicom.PatientID), Name: name.Display(), Sex: t(dicom.PatientSex), BirthDate: dashed(t(dicom.PatientBirthDate)),
		Age: t(dicom.PatientAge)}
	o.study = hub.Study{UID: t(dicom.StudyInstanceUID), PatientName: name.String(), LocalID: o.patient.LocalID, BirthDate: t(dicom.PatientBirthDate),
		Sex: o.patient.Sex, Issuer: t(dicom.IssuerOfPatientID), Accession: t(dicom.AccessionNumber), Date: t(dicom.StudyDate), Time: t(dicom.StudyTime),
		StudyID: t(dicom.StudyID), Description: t(dicom.StudyDescription), Referring: ds.Name(dicom.ReferringPhysicianName).String()}
	o.series = hub.Series{UID: t(dicom.SeriesInstanceUID), Modality: t(dicom.Modality), Number: t(dicom.SeriesNumber),
		Description: t(dicom.SeriesDescription), BodyPart: t(dicom.BodyPartExamined), Laterality: t(dicom.Laterality), Date: t(dicom.SeriesDate),
		Time: t(dicom.SeriesTime), Station: t(dicom.StationName), Maker: t(dicom.Manufacturer), PPSDate: t(dicom.PerformedProcedureStepStartDate),
		PPSTime: t(dicom.PerformedProcedureStepStartTime)}
	o.instance = hub.Instance{UID: t(dicom.SOPInstanceUID), Class: t(dicom.SOPClassUID), Syntax: string(ts), Number: t(dicom.InstanceNumber), Rows: whole(ds, dicom.Rows),
		Cols: whole(ds, dicom.Columns), Frames: max(1, whole(ds, dicom.NumberOfFrames)), Bits: whole(ds, dicom.BitsAllocated)}
	if px := ds.Get(dicom.PixelData); px != nil && !ts.Deflated() {
		o.instance.PixelAt = px.Offset
	}
	o.bodyPart = o.series.BodyPart
	o.exam = firstText(o.study.Description, o.series.Description, t(dicom.ProtocolName))
	o.device = strings.Join([]string{o.series.Maker, t(dicom.ManufacturerModelName), t(dicom.DeviceSerialNumber)}, "|")
	o.repaired, _ = ds.Repaired()
	o.ecg, o.stated = dicomWave(o.instance.Class), stated(ds)
	o.lost = dicom.PixelLoss(ds)
	return o
}

func whole(ds *dicom.Dataset, tag dicom.Tag) int {
	n, _ := ds.Int(tag)
	if n < 0 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// dashed turns YYYYMMDD into YYYY-MM-DD, anything else into "".
func dashed(date string) string {
	if len(date) != 8 || strings.Trim(date, "0123456789") != "" {
		return ""
	}
	return date[:4] + "-" + date[4:6] + "-" + date[6:]
}

// dicomWave reports the SOP classes whose waveforms are electrocardiograms
// (PS3.4 B.5): 12-lead, general, ambulatory, and hemodynamic, which carts
// without better use for ECGs too.
func dicomWave(class string) bool {
	const ecg = "1.2.840.10008.5.1.4.1.1.9."
	switch strings.TrimPrefix(class, ecg) {
	case "1.1", "1.2", "1.3", "2.1", "1.4":
		return strings.HasPrefix(class, ecg)
	}
	return false
}

// nameKey folds a person name for matching: its groups in lower case, each
// between "=" signs.
func nameKey(pn string) string { return "=" + strings.ToLower(pn) + "=" }
