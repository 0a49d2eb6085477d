package aecg

import (
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
)

// device writes who made the series.
func (e *encoder) device() {
	d := e.rec.Device
	if d.Manufacturer == "" && d.Model == "" && d.Serial == "" && d.Firmware == "" {
		return
	}
	e.begin("author")
	e.begin("seriesAuthor")
	e.begin("manufacturedSeriesDevice")
	if serial := loss.Line(d.Serial); serial != "" {
		e.empty("id", "root", "2.16.840.1.113883.3", "extension", serial)
	}
	e.text("manufacturerModelName", d.Model)
	e.text("softwareName", d.Firmware)
	e.end()
	if d.Manufacturer != "" {
		e.begin("manufacturerOrganization")
		e.text("name", d.Manufacturer)
		e.end()
	}
	e.end()
	e.end()
}

// filters writes the filters that the device applied, each a control variable
// with its corner.
func (e *encoder) filters() {
	const prefix = "MDC_ECG_CTL_VBL_ATTR_FILTER_"
	f := e.rec.Filters
	for _, v := range []struct {
		kind, corner string
		hertz        float64
	}{{"HIGH_PASS", "CUTOFF_FREQ", f.HighPassHz}, {"LOW_PASS", "CUTOFF_FREQ", f.LowPassHz}, {"NOTCH", "NOTCH_FREQ", f.NotchHz}} {
		if v.hertz <= 0 {
			continue
		}
		e.begin("controlVariable")
		e.begin("controlVariable")
		e.empty("code", "code", prefix+v.kind, "codeSystem", mdc)
		e.begin("component")
		e.begin("controlVariable")
		e.empty("code", "code", prefix+v.corner, "codeSystem", mdc)
		e.empty("value", "xsi:type", "PQ", "value", plain(v.hertz), "unit", "Hz")
		e.end()
		e.end()
		e.end()
		e.end()
	}
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// annotations writes the device's measurements and statements.
func (e *encoder) annotations() {
	if len(e.rec.DeviceMeasurements)+len(e.rec.Statements) == 0 {
		return
	}
	e.begin("subjectOf")
	e.begin("annotationSet")
	e.empty("id", "root", dicom.NewUID())
	e.empty("code", "code", "MDC_ECG", "codeSystem", mdc)
	for _, m := range measurements() {
		v, ok := e.rec.DeviceMeasurements[m.key]
		if !ok {
			continue
		}
		e.begin("component")
		e.begin("annotation")
		e.empty("code", "code", m.code, "codeSystem", mdc)
		e.empty("value", "xsi:type", "PQ", "value", plain(v), "unit", m.unit)
		e.end()
		e.end()
	}
	e.interpretation()
	e.end()
	e.end()
}

// interpretation writes the statements inside one annotation.
func (e *encoder) interpretation() {
	lines := e.rec.Statements
	if len(lines) > maxStatements {
		e.notes.Addf(ecg.NoteNotWritten, "%d of %d statements are left out", len(lines)-maxStatements, len(lines))
		lines = lines[:maxStatements]
	}
	if len(lines) == 0 {
		return
	}
	e.begin("component")
	e.begin("annotation")
	e.empty("code", "code", "MDC_ECG_INTERPRETATION", "codeSystem", mdc)
	for _, line := range lines {
		e.begin("component")
		e.begin("annotation")
		e.empty("code", "code", "MDC_ECG_INTERPRETATION_STATEMENT", "codeSystem", mdc)
		e.text("value", strings.Join(strings.Fields(line), " "), "xsi:type", "ST")
		e.end()
		e.end()
	}
	e.end()
	e.end()
}

// measurement is how a device measurement is called in MDC.
type measurement struct{ key, code, unit string }

// measurements is the inverse of measurementKey.
func measurements() []measurement {
	return []measurement{
		{ecg.MeasureHR, "MDC_ECG_HEART_RATE", "bpm"},
		{ecg.MeasureRR, "MDC_ECG_TIME_PD_RR", "ms"},
		{ecg.MeasureP, "MDC_ECG_TIME_PD_P", "ms"},
		{ecg.MeasurePR, "MDC_ECG_TIME_PD_PR", "ms"},
		{ecg.MeasureQRS, "MDC_ECG_TIME_PD_QRS", "ms"},
		{ecg.MeasureQT, "MDC_ECG_TIME_PD_QT", "ms"},
		{ecg.MeasureQTc, "MDC_ECG_TIME_PD_QTc", "ms"},
		{ecg.MeasurePAxis, "MDC_ECG_ANGLE_P_FRONT", "deg"},
		{ecg.MeasureQRSAxis, "MDC_ECG_ANGLE_QRS_FRONT", "deg"},
		{ecg.MeasureTAxis, "MDC_ECG_ANGLE_T_FRONT", "deg"},
	}
}
