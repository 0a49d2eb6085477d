package api

import (
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
)

// writeRow writes one result: all that the index holds at its level, and of
// the study above when the URL does not name it. Every row has what PS3.18
// Tables 10.6.3-3 to -5 require; includefield therefore adds nothing. The
// attributes are in the order of their tags.
func writeRow(a *web.Array, root string, at level, withStudy bool, f *db.Found) {
	st, se, in := &f.Study, &f.Series, &f.Instance
	url := root + "/studies/" + st.UID
	if at >= seriesLevel {
		url += "/series/" + se.UID
	}
	if at >= instanceLevel {
		url += "/instances/" + in.UID
	}
	a.Text(dicom.SpecificCharacterSet, "ISO_IR 192")
	if at == instanceLevel {
		a.Text(dicom.SOPClassUID, in.Class)
		a.Text(dicom.SOPInstanceUID, in.UID)
	}
	if withStudy {
		a.Text(dicom.StudyDate, st.Date)
	}
	if at == seriesLevel {
		a.Text(dicom.SeriesDate, se.Date)
	}
	if withStudy {
		a.Text(dicom.StudyTime, st.Time)
	}
	if at == seriesLevel {
		a.Text(dicom.SeriesTime, se.Time)
	}
	if withStudy {
		a.Text(dicom.AccessionNumber, st.Accession)
	}
	a.Text(dicom.InstanceAvailability, "ONLINE")
	if at >= seriesLevel {
		a.Text(dicom.Modality, se.Modality)
	}
	if withStudy {
		a.Text(dicom.ModalitiesInStudy, st.Modalities...)
	}
	if at == seriesLevel {
		a.Text(dicom.Manufacturer, se.Maker)
	}
	if withStudy {
		a.Text(dicom.ReferringPhysicianName, st.Referring)
	}
	if at == seriesLevel {
		a.Text(dicom.StationName, se.Station)
	}
	if withStudy {
		a.Text(dicom.StudyDescription, st.Description)
	}
	if at == seriesLevel {
		a.Text(dicom.SeriesDescription, se.Description)
	}
	a.Text(dicom.RetrieveURL, url)
	if withStudy {
		a.Text(dicom.PatientName, st.PatientName)
		a.Text(dicom.PatientID, st.LocalID)
		a.Text(dicom.IssuerOfPatientID, st.Issuer)
		a.Text(dicom.PatientBirthDate, st.BirthDate)
		a.Text(dicom.PatientSex, st.Sex)
	}
	if at == seriesLevel {
		a.Text(dicom.BodyPartExamined, se.BodyPart)
	}
	a.Text(dicom.StudyInstanceUID, st.UID)
	if at >= seriesLevel {
		a.Text(dicom.SeriesInstanceUID, se.UID)
	}
	if withStudy {
		a.Text(dicom.StudyID, st.StudyID)
	}
	writeNumbers(a, at, withStudy, f)
}

// writeNumbers writes the attributes from (0020,0011) on.
func writeNumbers(a *web.Array, at level, withStudy bool, f *db.Found) {
	st, se, in := &f.Study, &f.Series, &f.Instance
	if at >= seriesLevel {
		a.Text(dicom.SeriesNumber, se.Number)
	}
	if at == instanceLevel {
		a.Text(dicom.InstanceNumber, in.Number)
	}
	if at == seriesLevel {
		a.Text(dicom.Laterality, se.Laterality)
	}
	if withStudy {
		a.Int(dicom.NumberOfStudyRelatedSeries, st.Series)
		a.Int(dicom.NumberOfStudyRelatedInstances, st.Instances)
	}
	if at == seriesLevel {
		a.Int(dicom.NumberOfSeriesRelatedInstances, se.Instances)
		a.Text(dicom.PerformedProcedureStepStartDate, se.PPSDate)
		a.Text(dicom.PerformedProcedureStepStartTime, se.PPSTime)
	}
	if at == instanceLevel && in.Rows > 0 {
		a.Text(dicom.NumberOfFrames, strconv.Itoa(in.Frames))
		a.Int(dicom.Rows, in.Rows)
		a.Int(dicom.Columns, in.Cols)
		a.Int(dicom.BitsAllocated, in.Bits)
	}
}
