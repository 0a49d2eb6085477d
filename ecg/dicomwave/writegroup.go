package dicomwave

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
	"github.com/yuanzhen/yuanzhen/ecg/internal/quant"
)

// waveforms writes the multiplex groups: the rhythm first, then the groups the
// class has room for.
func (e *encoder) waveforms() {
	items := []*dicom.Dataset{e.group(e.rec.Leads, e.rec.RateHz, "uV", ecg.KindRhythm)}
	most := map[string]int{TwelveLeadECG: 5, AmbulatoryECG: 1}[e.class]
	if most == 0 {
		most = 4
	}
	for i := range e.rec.Groups {
		g := &e.rec.Groups[i]
		if reason := e.unfit(g); reason != "" {
			e.notes.Group(g, reason)
			continue
		}
		if len(items) == most {
			e.notes.Group(g, fmt.Sprintf("the object holds %d groups", most))
			continue
		}
		items = append(items, e.group(g.Leads, g.RateHz, g.Unit, g.Kind))
	}
	e.d.SetItems(dicom.WaveformSequence, items...)
}

// unfit says why a group cannot stand in the object; "" if it can.
func (e *encoder) unfit(g *ecg.Group) string {
	channels := maxGeneralChannels
	if e.class == TwelveLeadECG {
		channels = maxTwelveLeadChannels
	}
	switch {
	case e.class == AmbulatoryECG:
		return "an ambulatory object holds the rhythm alone"
	case g.Unit != "uV":
		return "ECG objects hold electrical signals"
	case len(g.Leads) == 0 || len(g.Leads) > channels || len(g.Leads[0].Samples) == 0:
		return fmt.Sprintf("a group holds 1 to %d signals", channels)
	case !e.wide && (g.RateHz < leastHz || g.RateHz > mostHz):
		return fmt.Sprintf("its rate is not between %d and %d Hz", leastHz, mostHz)
	case e.class == TwelveLeadECG && len(g.Leads[0].Samples) > maxTwelveLeadSamples:
		return fmt.Sprintf("a group holds at most %d samples a channel", maxTwelveLeadSamples)
	}
	for _, l := range g.Leads {
		if len(l.Samples) != len(g.Leads[0].Samples) {
			return "its signals are of unequal length"
		}
	}
	return ""
}

// group writes one item of the waveform sequence (PS3.3 C.10.9). Each channel
// has the device's step as its sensitivity; gaps are the padding value.
func (e *encoder) group(leads []ecg.Lead, rateHz float64, unit, kind string) *dicom.Dataset {
	d := dicom.New()
	label, origin := "RHYTHM", "ORIGINAL"
	if kind == ecg.KindMedian {
		label, origin = "MEDIAN BEAT", "DERIVED"
	}
	d.SetText(dicom.WaveformOriginality, origin)
	d.SetInts(dicom.NumberOfWaveformChannels, int64(len(leads)))
	d.SetInts(dicom.NumberOfWaveformSamples, int64(len(leads[0].Samples)))
	d.SetText(dicom.SamplingFrequency, decimal(rateHz))
	if written, err := strconv.ParseFloat(decimal(rateHz), 64); err == nil {
		e.notes.Rate(rateHz, written)
	}
	d.SetText(dicom.MultiplexGroupLabel, label)
	bytes := e.sampleBytes()
	data := make([]byte, len(leads)*len(leads[0].Samples)*bytes)
	gaps := false
	var channels []*dicom.Dataset
	for i, l := range leads {
		scale := quant.Of(l.Samples)
		e.notes.Scale(l.Name, scale)
		channels = append(channels, e.channel(l, i+1, scale, unit))
		for k, n := range scale.Counts(l.Samples, math.MinInt16) {
			gaps = gaps || n == math.MinInt16
			at := (k*len(leads) + i) * bytes
			if e.wide {
				binary.LittleEndian.PutUint32(data[at:], uint32(int32(n)))
			} else {
				binary.LittleEndian.PutUint16(data[at:], uint16(n))
			}
		}
	}
	d.SetItems(dicom.ChannelDefinitionSequence, channels...)
	d.SetInts(dicom.WaveformBitsAllocated, int64(8*bytes))
	kindOf, vr := "SS", dicom.OW
	if e.wide {
		kindOf = "SL"
	}
	d.SetText(dicom.WaveformSampleInterpretation, kindOf)
	if gaps {
		lowest := int16(math.MinInt16)
		padding := binary.LittleEndian.AppendUint16(nil, uint16(lowest))
		if e.wide {
			padding = binary.LittleEndian.AppendUint32(nil, uint32(int32(lowest)))
		}
		d.SetRaw(dicom.WaveformPaddingValue, vr, padding)
	}
	d.SetRaw(dicom.WaveformData, vr, data)
	return d
}

// channel writes one channel definition. The source is coded in MDC (PS3.16 CID
// 3001) where the lead is known, else it has its name as meaning.
func (e *encoder) channel(l ecg.Lead, number int, scale quant.Scale, unit string) *dicom.Dataset {
	d := dicom.New()
	d.SetInts(dicom.WaveformChannelNumber, int64(number))
	name := e.value("a lead's name", l.Name, 16)
	d.SetText(dicom.ChannelLabel, name)
	code, scheme, meaning := sourceCode(l.Name)
	if code == "" {
		code, scheme, meaning = "LEAD"+strconv.Itoa(number), "99YUANZHEN", name
		if meaning == "" {
			meaning = "unnamed"
		}
		e.notes.Addf(ecg.NoteNotWritten, "%.32q has no code among the leads of DICOM: its name stands as text", l.Name)
	}
	d.SetItems(dicom.ChannelSourceSequence, coded(code, scheme, meaning))
	d.SetText(dicom.ChannelSensitivity, decimal(scale.Step))
	d.SetItems(dicom.ChannelSensitivityUnitsSequence, coded(unit, "UCUM", "microvolt"))
	d.SetText(dicom.ChannelSensitivityCorrectionFactor, "1")
	d.SetText(dicom.ChannelBaseline, decimal(scale.Base))
	d.SetText(dicom.ChannelSampleSkew, "0")
	d.SetInts(dicom.WaveformBitsStored, int64(8*e.sampleBytes()))
	f := e.rec.Filters
	for _, v := range []struct {
		tag   dicom.Tag
		hertz float64
	}{{dicom.FilterLowFrequency, f.HighPassHz}, {dicom.FilterHighFrequency, f.LowPassHz}, {dicom.NotchFilterFrequency, f.NotchHz}} {
		if v.hertz > 0 {
			d.SetText(v.tag, decimal(v.hertz))
		}
	}
	return d
}

// sourceCode is the code of a lead in PS3.16 CID 3001; "" for names it lacks.
func sourceCode(name string) (code, scheme, meaning string) {
	for n := 1; n < 256; n++ {
		if known := ecg.LeadOfCode(n); known != "" && known == name && ecg.StandardLead(name) != "" {
			return "2:" + strconv.Itoa(n), "MDC", "Lead " + name
		}
	}
	return "", "", ""
}

// coded makes an item of a code sequence (PS3.3 8.8).
func coded(code, scheme, meaning string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.CodeValue, code)
	d.SetText(dicom.CodingSchemeDesignator, scheme)
	if scheme == "SCPECG" {
		d.SetText(dicom.CodingSchemeVersion, "1.3") // PS3.16 section 8
	}
	d.SetText(dicom.CodeMeaning, meaning)
	return d
}

// annotations writes the device's statements and measurements (PS3.3 C.10.10).
func (e *encoder) annotations() {
	var items []*dicom.Dataset
	about := func() *dicom.Dataset {
		d := dicom.New()
		d.SetInts(dicom.AnnotationGroupNumber, 1)
		d.SetInts(dicom.ReferencedWaveformChannels, 1, 0) // the whole of the first group
		return d
	}
	for _, s := range e.rec.Statements {
		if s = loss.Line(s); s != "" {
			d := about()
			d.SetText(dicom.UnformattedTextValue, e.value("a statement", s, 1024))
			items = append(items, d)
		}
	}
	for _, m := range measurementCodes() {
		v, ok := e.rec.DeviceMeasurements[m.key]
		if !ok {
			continue
		}
		d := about()
		d.SetItems(dicom.ConceptNameCodeSequence, coded(m.code, m.scheme, m.meaning))
		d.SetItems(dicom.MeasurementUnitsCodeSequence, coded(m.unit, "UCUM", m.unitMeaning))
		d.SetText(dicom.NumericValue, decimal(v))
		items = append(items, d)
	}
	if len(items) > 0 {
		e.d.SetItems(dicom.WaveformAnnotationSequence, items...)
	}
	e.notes.Annotations(e.rec)
}

// measurementCode is how a device measurement is called in DICOM.
type measurementCode struct{ key, code, scheme, meaning, unit, unitMeaning string }

// measurementCodes lists the global measurements by the codes of LOINC and
// SCP-ECG that measurementKey reads; the duration of P has its meaning alone.
func measurementCodes() []measurementCode {
	return []measurementCode{
		{ecg.MeasureHR, "8867-4", "LN", "Heart rate", "/min", "per minute"},
		{ecg.MeasureRR, "5.10.2.1-3", "SCPECG", "RR Interval", "ms", "millisecond"},
		{ecg.MeasureP, "P-DURATION", "99YUANZHEN", "P Duration", "ms", "millisecond"},
		{ecg.MeasurePR, "8625-6", "LN", "PR Interval", "ms", "millisecond"},
		{ecg.MeasureQRS, "8633-0", "LN", "QRS Duration", "ms", "millisecond"},
		{ecg.MeasureQT, "8634-8", "LN", "QT Interval", "ms", "millisecond"},
		{ecg.MeasureQTc, "8636-3", "LN", "QTc Interval", "ms", "millisecond"},
		{ecg.MeasurePAxis, "8626-4", "LN", "P Axis", "deg", "degree"},
		{ecg.MeasureQRSAxis, "8632-2", "LN", "QRS Axis", "deg", "degree"},
		{ecg.MeasureTAxis, "8638-9", "LN", "T Axis", "deg", "degree"},
	}
}
