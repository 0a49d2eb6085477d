package dicomwave

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
)

// maxAnnotations bounds what is looked at; ambulatory records have one for each
// beat.
const maxAnnotations = 4096

// readAnnotations takes the device's statements and global measurements from
// the waveform annotations (PS3.3 C.10.10). Those that point at samples are of
// single beats and are left.
func (r *reader) readAnnotations() {
	items := r.d.Items(dicom.WaveformAnnotationSequence)
	for _, item := range items[:min(len(items), maxAnnotations)] {
		if text := clean(item.Text(dicom.UnformattedTextValue)); text != "" {
			r.rec.Statements = append(r.rec.Statements, text)
			continue
		}
		if item.Get(dicom.TemporalRangeType) != nil {
			continue
		}
		value, ok := item.Float(dicom.NumericValue)
		concept := item.Items(dicom.ConceptNameCodeSequence)
		if !ok || len(concept) == 0 {
			continue
		}
		r.measurement(concept[0], unitOf(item), value)
	}
}

func unitOf(item *dicom.Dataset) string {
	if units := item.Items(dicom.MeasurementUnitsCodeSequence); len(units) > 0 {
		return clean(units[0].Text(dicom.CodeValue))
	}
	return ""
}

// measurement stores the first value of each kind. Axes are degrees whatever
// unit is written: one toolkit calls them milliseconds.
func (r *reader) measurement(concept *dicom.Dataset, unit string, value float64) {
	key := measurementKey(clean(concept.Text(dicom.CodeValue)), clean(concept.Text(dicom.CodeMeaning)))
	if _, set := r.rec.DeviceMeasurements[key]; set || key == "" {
		return
	}
	angle := strings.HasSuffix(key, "_deg")
	if strings.HasSuffix(key, "_ms") {
		switch unit {
		case "ms", "":
		case "s":
			value *= 1e3
		default:
			return
		}
	}
	if angle && (value < -360 || value > 360) || !angle && value <= 0 {
		return // devices write 0 for "not measured"
	}
	r.rec.SetMeasurement(key, value)
}

// measurementKey maps the codes of SCP-ECG and LOINC, else the meaning that
// vendors agree on, to keys of ecg.Recording.DeviceMeasurements.
func measurementKey(code, meaning string) string {
	switch code {
	case "5.10.2.5-1", "8867-4":
		return ecg.MeasureHR
	case "5.10.2.1-3":
		return ecg.MeasureRR
	case "5.13.5-7", "8625-6":
		return ecg.MeasurePR
	case "5.13.5-9", "8633-0":
		return ecg.MeasureQRS
	case "5.13.5-11", "8634-8":
		return ecg.MeasureQT
	case "5.10.2.5-5", "8636-3":
		return ecg.MeasureQTc
	case "5.10.3-11", "8626-4":
		return ecg.MeasurePAxis
	case "5.10.3-13", "8632-2":
		return ecg.MeasureQRSAxis
	case "5.10.3-15", "8638-9":
		return ecg.MeasureTAxis
	}
	switch strings.ToLower(meaning) {
	case "heart rate", "ventricular heart rate", "ventricular rate":
		return ecg.MeasureHR
	case "rr interval":
		return ecg.MeasureRR
	case "p duration":
		return ecg.MeasureP
	case "pr interval", "pq interval":
		return ecg.MeasurePR
	case "qrs duration":
		return ecg.MeasureQRS
	case "qt interval":
		return ecg.MeasureQT
	case "qtc interval":
		return ecg.MeasureQTc
	case "p axis":
		return ecg.MeasurePAxis
	case "qrs axis":
		return ecg.MeasureQRSAxis
	case "t axis":
		return ecg.MeasureTAxis
	}
	return ""
}
