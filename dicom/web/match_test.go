package web

import (
	"net/url"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

func TestKeysMatchAsTheirVRSays(t *testing.T) {
	t.Parallel()
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	d.SetText(dicom.PatientName, "Wang^Wei=王^伟")
	d.SetText(dicom.StudyDate, "20260301")
	d.SetText(dicom.StudyTime, "101530.5")
	d.SetText(dicom.AcquisitionDateTime, "20260301101530.5+0800")
	d.SetText(dicom.ImageType, "ORIGINAL", "PRIMARY")
	d.SetText(dicom.KVP, "120")
	d.SetInts(dicom.Rows, 512)
	d.SetText(dicom.SOPInstanceUID, "1.2.3")
	step := dicom.New()
	step.SetText(dicom.ScheduledProcedureStepID, "SPS-1")
	code := dicom.New()
	code.SetText(dicom.CodeMeaning, "胸部")
	step.SetItems(dicom.ScheduledProtocolCodeSequence, code)
	d.SetItems(dicom.RequestAttributesSequence, dicom.New(), step)
	for query, want := range map[string]bool{
		"PatientName=wang*": true, "PatientName=王^伟": true, "PatientName=王*": true, "PatientName=wei": false, "PatientName=*": true, "PatientName=": true,
		"StudyDate=20260301": true, "StudyDate=20260201-20260228": false, "StudyDate=20260301-": true, "StudyDate=-20260228": false, "StudyTime=1015": true, "StudyTime=10:00-11:00": true, "StudyTime=11-": false,
		"AcquisitionDateTime=20260301": true, "AcquisitionDateTime=20260301101530%2B0800": true, "AcquisitionDateTime=20260301101530": false, "AcquisitionDateTime=20260301021530": true,
		"AcquisitionDateTime=2026-2027": true, "AcquisitionDateTime=-2025": false, "AcquisitionDateTime=20260301-": true, "AcquisitionDateTime=20260301-0500": false, "AcquisitionDateTime=20260228-0500": true, "AcquisitionDateTime=x": false,
		"ImageType=PRIMARY": true, "ImageType=SECONDARY": false, "ImageType=PRIM*": true, "KVP=120.0": true, "KVP=12": false, "Rows=512": true, "Rows=5*": false,
		"SOPInstanceUID=1.2.3,4": true, "SOPInstanceUID=1.2.?": false, "RequestAttributesSequence.ScheduledProcedureStepID=SPS*": true, "00400275.00400009=SPS-2": false,
		"RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeMeaning=胸?": true, "BodyPartExamined=CHEST": false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuery(values)
		if err != nil || len(q.Keys) != 1 {
			t.Fatalf("%s: %v", query, err)
		}
		if got := q.Keys[0].Match(d); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, bad := range []string{"PatientName.CodeValue=x", "RequestAttributesSequence.=x", ".PatientName=x", "00400275.00400009=1&RequestAttributesSequence.ScheduledProcedureStepID=2"} {
		values, _ := url.ParseQuery(bad)
		if q, err := ParseQuery(values); err == nil {
			t.Errorf("%s: %+v", bad, q)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("AcquisitionDateTime", "20260301-0500", "20260301101530.5+0800")
	f.Add("PatientName", "w*?ng", "Wang^Wei")
	f.Fuzz(func(t *testing.T, name, want, have string) {
		tag, ok := dicom.ParseTag(name)
		if !ok {
			return
		}
		d := dicom.New()
		d.SetText(tag, have)
		if !(Key{Tag: tag}).Match(d) {
			t.Fatal("no value matches nothing")
		}
		Key{Tag: tag, Values: []string{want}}.Match(d)
	})
}
