package dicomwave

import (
	"math"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
)

// definition is one channel definition taken apart: a sample is worth
// (count × gain + baseline) × factor in unit (PS3.3 C.10.9.1.4).
type definition struct {
	field  string
	name   string
	unit   string
	gain   float64 // sensitivity × correction
	base   float64
	factor float64
	stored int64 // Waveform Bits Stored, 0 if not stated
}

// define reads one channel definition.
func (r *reader) define(d *dicom.Dataset, field string) (c definition, err error) {
	c.field = field
	if c.name, err = leadName(d, field); err != nil {
		return c, err
	}
	sensitivity, ok := d.Float(dicom.ChannelSensitivity)
	if !ok || sensitivity == 0 || math.IsInf(sensitivity, 0) || math.IsNaN(sensitivity) {
		return c, fail(field, "no channel sensitivity (003A,0210), so the scale is unknown")
	}
	c.gain = sensitivity
	if v, ok := d.Float(dicom.ChannelSensitivityCorrectionFactor); ok && v != 0 {
		c.gain *= v
	}
	if v, ok := d.Float(dicom.ChannelBaseline); ok {
		c.base = v
	}
	if c.unit, c.factor, err = channelUnit(d, field); err != nil {
		return c, err
	}
	c.stored, _ = d.Int(dicom.WaveformBitsStored)
	r.readFilters(d)
	r.noteSkew(d, field)
	return c, nil
}

// value is what a count is worth.
func (c *definition) value(count int64) float32 {
	return float32((float64(count)*c.gain + c.base) * c.factor)
}

// readChannel scales channel number i of a group.
func (r *reader) readChannel(c definition, w *raw, i int) channel {
	values, gap := r.counts(w, i, c.stored, c.field)
	samples := make([]float32, len(values))
	for k, v := range values {
		samples[k] = c.value(v)
		if gap[k] {
			samples[k] = float32(math.NaN())
		}
	}
	return channel{lead: ecg.Lead{Name: c.name, Samples: samples}, unit: c.unit}
}

// leadName identifies a channel by the code of its source and by its meaning or
// label. Where both name a standard lead they must name the same.
func leadName(d *dicom.Dataset, field string) (string, error) {
	label := clean(d.Text(dicom.ChannelLabel))
	coded, meaning := "", ""
	if source := d.Items(dicom.ChannelSourceSequence); len(source) > 0 {
		coded = leadOfCode(clean(source[0].Text(dicom.CodingSchemeDesignator)), clean(source[0].Text(dicom.CodeValue)))
		meaning = clean(source[0].Text(dicom.CodeMeaning))
	}
	worded := ecg.StandardLead(meaning)
	if worded == "" {
		worded = ecg.StandardLead(label)
	}
	switch {
	case coded != "" && worded != "" && coded != worded:
		return "", fail(field, "the source is coded as lead %s and called %s", coded, worded)
	case coded != "":
		return coded, nil
	case worded != "":
		return worded, nil
	case meaning != "":
		return meaning, nil
	case label != "":
		return label, nil
	}
	return "", fail(field, "neither code nor label says which lead this is")
}

// leadOfCode reads "5.6.3-9-N" of SCPECG and "2:N" of MDC (PS3.16 CID 3001).
func leadOfCode(scheme, code string) string {
	prefix := ""
	switch strings.ToUpper(scheme) {
	case "SCPECG":
		prefix = "5.6.3-9-"
	case "MDC":
		prefix = "2:"
	}
	digits, ok := strings.CutPrefix(code, prefix)
	if prefix == "" || !ok {
		return ""
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return ""
	}
	return ecg.LeadOfCode(n)
}

// channelUnit returns the unit and the factor to it: "uV" for volts of any
// size, else the file's code.
func channelUnit(d *dicom.Dataset, field string) (unit string, factor float64, err error) {
	items := d.Items(dicom.ChannelSensitivityUnitsSequence)
	if len(items) == 0 {
		return "", 0, fail(field, "no unit of sensitivity (003A,0211), so the scale is unknown")
	}
	switch code := clean(items[0].Text(dicom.CodeValue)); code {
	case "uV", "µV":
		return "uV", 1, nil
	case "mV":
		return "uV", 1e3, nil
	case "nV":
		return "uV", 1e-3, nil
	case "V":
		return "uV", 1e6, nil
	case "":
		return "", 0, fail(field, "the unit of sensitivity has no code")
	case "mm[Hg]":
		return "mmHg", 1, nil
	default:
		return code, 1, nil
	}
}

// readFilters takes the first filter each that any channel states.
func (r *reader) readFilters(d *dicom.Dataset) {
	for tag, field := range map[dicom.Tag]*float64{
		dicom.FilterLowFrequency:   &r.rec.Filters.HighPassHz,
		dicom.FilterHighFrequency:  &r.rec.Filters.LowPassHz,
		dicom.NotchFilterFrequency: &r.rec.Filters.NotchHz,
	} {
		if v, ok := d.Float(tag); ok && v > 0 && *field == 0 {
			*field = v
		}
	}
}

func (r *reader) noteSkew(d *dicom.Dataset, field string) {
	for _, tag := range []dicom.Tag{dicom.ChannelTimeSkew, dicom.ChannelSampleSkew} {
		if v, ok := d.Float(tag); ok && v != 0 {
			r.rec.Notef(ecg.NoteIgnored, "%s is stated to be skewed by %v and drawn as stored", field, v)
		}
	}
}
