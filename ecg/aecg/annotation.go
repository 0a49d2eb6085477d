package aecg

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// maxStatements bounds the interpretation lines of one file.
const maxStatements = 256

// readMeasurements takes the device's global measurements and statements. A
// value that stands for the whole recording wins over one of the representative
// beat; those of single beats or leads are not global and are left.
func (r *reader) readMeasurements() {
	var rhythm, derived []*xmltree.Node
	for _, c := range r.root.All("component") {
		for _, s := range c.All("series") {
			rhythm = append(rhythm, annotationSets(s)...)
			for _, d := range s.All("derivation") {
				for _, ds := range d.All("derivedSeries") {
					derived = append(derived, annotationSets(ds)...)
				}
			}
		}
	}
	for _, set := range append(rhythm, derived...) {
		for _, c := range set.All("component") {
			r.annotation(c.Child("annotation"))
		}
	}
	for _, set := range derived {
		for _, c := range set.All("component") {
			for _, part := range c.Child("annotation").All("component") {
				r.annotation(part.Child("annotation"))
			}
		}
	}
}

func annotationSets(series *xmltree.Node) []*xmltree.Node {
	var sets []*xmltree.Node
	for _, s := range series.All("subjectOf") {
		sets = append(sets, s.All("annotationSet")...)
	}
	return sets
}

// annotation reads one measurement or statement; one that is bound to a part of
// the trace by a region of interest is not global.
func (r *reader) annotation(n *xmltree.Node) {
	code, value := n.Child("code").Attr("code"), n.Child("value")
	if strings.HasPrefix(code, "MDC_ECG_INTERPRETATION") {
		r.statements(n)
		return
	}
	key := measurementKey(code)
	if key == "" || n.Child("support") != nil {
		return
	}
	if _, set := r.rec.DeviceMeasurements[key]; set {
		return
	}
	v, ok := number(value.Attr("value"))
	if !ok {
		return
	}
	angle := strings.HasSuffix(key, "_deg")
	if strings.HasSuffix(key, "_ms") {
		seconds, known := secondsPer(value.Attr("unit"))
		if !known {
			return
		}
		v *= seconds * 1e3
	}
	if angle && (v < -360 || v > 360) || !angle && v <= 0 {
		return // carts write 0 for "not measured"
	}
	r.rec.SetMeasurement(key, v)
}

// statements collects the texts of an interpretation and of the statements
// inside it.
func (r *reader) statements(n *xmltree.Node) {
	value := n.Child("value")
	text := value.Text()
	if text == "" {
		text = value.Attr("displayName")
	}
	if text = strings.Join(strings.Fields(text), " "); text != "" && len(r.rec.Statements) < maxStatements {
		r.rec.Statements = append(r.rec.Statements, text)
	}
	for _, c := range n.All("component") {
		if part := c.Child("annotation"); part != nil {
			r.statements(part)
		}
	}
}

// measurementKey maps MDC codes, and Mindray's for axes, to keys of
// ecg.Recording.DeviceMeasurements; "" for others.
func measurementKey(code string) string {
	switch code {
	case "MDC_ECG_HEART_RATE":
		return ecg.MeasureHR
	case "MDC_ECG_TIME_PD_RR":
		return ecg.MeasureRR
	case "MDC_ECG_TIME_PD_P":
		return ecg.MeasureP
	case "MDC_ECG_TIME_PD_PR":
		return ecg.MeasurePR
	case "MDC_ECG_TIME_PD_QRS":
		return ecg.MeasureQRS
	case "MDC_ECG_TIME_PD_QT":
		return ecg.MeasureQT
	case "MDC_ECG_TIME_PD_QTc":
		return ecg.MeasureQTc
	case "MDC_ECG_ANGLE_P_FRONT", "MINDRAY_ECG_P_AXIS":
		return ecg.MeasurePAxis
	case "MDC_ECG_ANGLE_QRS_FRONT", "MINDRAY_ECG_QRS_AXIS":
		return ecg.MeasureQRSAxis
	case "MDC_ECG_ANGLE_T_FRONT", "MINDRAY_ECG_T_AXIS":
		return ecg.MeasureTAxis
	}
	return ""
}
