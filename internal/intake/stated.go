package intake

import (
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// moments are where an object says when it was made, the latest of an exam
// first: a date and a time, or both in one.
var moments = []struct{ date, time dicom.Tag }{
	{dicom.InstanceCreationDate, dicom.InstanceCreationTime},
	{dicom.ContentDate, dicom.ContentTime},
	{0, dicom.AcquisitionDateTime},
	{dicom.AcquisitionDate, dicom.AcquisitionTime},
	{dicom.SeriesDate, dicom.SeriesTime},
	{dicom.StudyDate, dicom.StudyTime},
}

// stated is when an object says it was made by the clock of its device, the
// zero time if it does not say; without an offset of its own it is China's.
func stated(ds *dicom.Dataset) time.Time {
	zone := chinaTime
	if t, err := time.Parse("-0700", ds.Text(dicom.TimezoneOffsetFromUTC)); err == nil {
		zone = t.Location()
	}
	for _, m := range moments {
		text := ds.Text(m.time)
		if m.date != 0 {
			if len(ds.Text(m.date)) != 8 || text == "" {
				continue
			}
			text = ds.Text(m.date) + text
		}
		if t, ok := moment(text, zone); ok {
			return t
		}
	}
	return time.Time{}
}

// moment reads YYYYMMDDHHMM with seconds, fraction and offset as far as they
// are there (DT of PS3.5 section 6.2).
func moment(text string, zone *time.Location) (time.Time, bool) {
	if i := strings.LastIndexAny(text, "+-"); i > 0 {
		t, err := time.Parse("-0700", text[i:])
		if err != nil {
			return t, false
		}
		text, zone = text[:i], t.Location()
	}
	for _, form := range []string{"20060102150405.999999", "200601021504"} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
