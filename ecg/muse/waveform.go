package muse

import (
	"encoding/base64"
	"hash/crc32"
	"math"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// readWaveforms reads the Waveform elements: the rhythm becomes the leads, the
// median beats a group.
func (r *reader) readWaveforms() error {
	for _, w := range r.root.All("Waveform") {
		kind := ecg.KindRhythm
		if strings.EqualFold(w.Child("WaveformType").Text(), "Median") {
			kind = ecg.KindMedian
		}
		leads, rate, err := r.readWaveform(w)
		if err != nil {
			return err
		}
		if kind == ecg.KindRhythm && r.rec.Leads == nil {
			r.rec.Leads, r.rec.RateHz = leads, rate
			r.rec.Filters = filters(w)
			continue
		}
		r.rec.Groups = append(r.rec.Groups, ecg.Group{Kind: kind, RateHz: rate, Unit: "uV", Leads: leads})
	}
	if r.rec.Samples() == 0 {
		err := fail(r.root, "Waveform", "the document has no rhythm waveform")
		err.(*ecg.FormatError).Err = ecg.ErrNoSignal
		return err
	}
	return nil
}

func (r *reader) readWaveform(w *xmltree.Node) ([]ecg.Lead, float64, error) {
	if kind := w.Child("SampleType").Text(); kind != "" && kind != "CONTINUOUS_SAMPLES" {
		return nil, 0, fail(w, "SampleType", "%.32q is not read", kind)
	}
	base, ok := number(w, "SampleBase")
	exponent, hasExponent := number(w, "SampleExponent")
	if !hasExponent {
		exponent = 0
	}
	rate := base * math.Pow(10, exponent)
	if !ok || !(rate > 0) || rate > 1e6 {
		return nil, 0, fail(w, "SampleBase", "%.16q with exponent %v", w.Child("SampleBase").Text(), exponent)
	}
	var parts []axis.Part
	for _, d := range w.All("LeadData") {
		if len(parts) == ecg.MaxLeads {
			return nil, 0, fail(d, "LeadData", "more than %d leads", ecg.MaxLeads)
		}
		part, err := r.readLead(d)
		if err != nil {
			return nil, 0, err
		}
		parts = append(parts, part)
	}
	leads, _, gaps, err := axis.Join(parts)
	if err != nil {
		return nil, 0, fail(w, "LeadData", "%v", err)
	}
	if gaps {
		r.rec.Notef(ecg.NoteGap, "the leads do not cover the same time")
	}
	return leads, rate, nil
}

// readLead decodes one lead: base64 of 16-bit numbers, least significant byte
// first.
func (r *reader) readLead(d *xmltree.Node) (axis.Part, error) {
	part := axis.Part{}
	name := d.Child("LeadID").Text()
	scale, ok := number(d, "LeadAmplitudeUnitsPerBit")
	switch unit := d.Child("LeadAmplitudeUnits").Text(); {
	case name == "":
		return part, fail(d, "LeadID", "a lead has no name")
	case !ok || scale <= 0:
		return part, fail(d, "LeadAmplitudeUnitsPerBit", "lead %.16q: %.16q is no scale", name, d.Child("LeadAmplitudeUnitsPerBit").Text())
	case strings.EqualFold(unit, "MICROVOLTS"):
	case strings.EqualFold(unit, "MILLIVOLTS"):
		scale *= 1e3
	default:
		return part, fail(d, "LeadAmplitudeUnits", "lead %.16q: unknown unit %.16q", name, unit)
	}
	for _, field := range []string{"LeadTimeOffset", "FirstSampleBaseline"} {
		if v, ok := number(d, field); ok && v != 0 {
			return part, fail(d, field, "lead %.16q: %v, whose unit is not known", name, v)
		}
	}
	if size, ok := number(d, "LeadSampleSize"); ok && size != 2 {
		return part, fail(d, "LeadSampleSize", "lead %.16q: %v bytes a sample", name, size)
	}
	if first, ok := number(d, "LeadOffsetFirstSample"); ok {
		if !(first >= 0 && first <= ecg.MaxSamples) {
			return part, fail(d, "LeadOffsetFirstSample", "lead %.16q: %v", name, first)
		}
		part.Start = int(first)
	}
	if strings.EqualFold(d.Child("LeadOff").Text(), "TRUE") {
		r.rec.Notef(ecg.NoteLeadOff, "the device marked lead %.16q as off", name)
	}
	samples, err := r.readSamples(d, name, scale)
	part.Leads = []ecg.Lead{{Name: name, Samples: samples}}
	return part, err
}

// readSamples checks the decoded bytes against their count and CRC-32.
func (r *reader) readSamples(d *xmltree.Node, name string, scale float64) ([]float32, error) {
	text := d.Child("WaveFormData").Bytes()
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(raw, compact(text))
	if err != nil || n%2 != 0 {
		return nil, fail(d.Child("WaveFormData"), "WaveFormData", "lead %.16q: %d bytes of base64 are damaged", name, len(text))
	}
	raw = raw[:n]
	if r.total += n / 2; r.total > ecg.MaxSamples {
		return nil, fail(d, "WaveFormData", "more than %d samples", ecg.MaxSamples)
	}
	if count, ok := number(d, "LeadSampleCountTotal"); ok && count != float64(n/2) {
		r.rec.Notef(ecg.NoteLength, "lead %.16q states %v samples and holds %d", name, count, n/2)
	}
	if crc := d.Child("LeadDataCRC32").Text(); crc != "" && crc != strconv.FormatUint(uint64(crc32.ChecksumIEEE(raw)), 10) {
		r.rec.Notef(ecg.NoteChecksum, "the checksum of lead %.16q does not match its samples", name)
	}
	samples := make([]float32, n/2)
	for i := range samples {
		samples[i] = float32(float64(int16(raw[2*i])|int16(raw[2*i+1])<<8) * scale)
	}
	return samples, nil
}

// compact drops white space; the decoder itself skips line breaks only.
func compact(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, b := range text {
		if b > ' ' {
			out = append(out, b)
		}
	}
	return out
}

// filters reads corner frequencies; the high-pass is in hundredths of a hertz.
func filters(w *xmltree.Node) ecg.Filters {
	var f ecg.Filters
	if v, ok := number(w, "HighPassFilter"); ok && v > 0 {
		f.HighPassHz = v / 100
	}
	if v, ok := number(w, "LowPassFilter"); ok && v > 0 {
		f.LowPassHz = v
	}
	if v, ok := number(w, "ACFilter"); ok && v > 0 {
		f.NotchHz = v
	}
	return f
}

// number reads a child element that holds a finite number.
func number(n *xmltree.Node, child string) (float64, bool) {
	v, err := strconv.ParseFloat(n.Child(child).Text(), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
