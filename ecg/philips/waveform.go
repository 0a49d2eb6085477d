package philips

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// pulseUV is the height of the calibration pulse that some carts append to every
// lead.
const pulseUV = 1000

// readWaveforms reads parsedwaveforms: all leads in one base64 text.
func (r *reader) readWaveforms() error {
	n := r.root.Path("waveforms", "parsedwaveforms")
	if n == nil {
		err := fail(r.root, "parsedwaveforms", "the document has no waveform")
		err.(*ecg.FormatError).Err = ecg.ErrNoSignal
		return err
	}
	if encoding := n.Attr("dataencoding"); !strings.EqualFold(encoding, "Base64") {
		return fail(n, "dataencoding", "%.16q is not read", encoding)
	}
	signal := r.root.Path("dataacquisition", "signalcharacteristics")
	names, err := r.leadNames(n, signal)
	if err != nil {
		return err
	}
	rate := positive(first(n.Attr("samplespersecond"), signal.Child("samplingrate").Text()))
	milliseconds := positive(n.Attr("durationperchannel"))
	samples := int(min(rate*milliseconds/1000, ecg.MaxSamples))
	if rate == 0 || rate > 1e6 || samples < 1 || samples > ecg.MaxSamples/len(names) {
		return fail(n, "parsedwaveforms", "%v ms at %v Hz", milliseconds, rate)
	}
	counts, err := r.decode(n, signal, samples, len(names))
	if err != nil {
		return err
	}
	r.rec.RateHz = rate
	return r.scale(n, signal, names, counts)
}

// leadNames takes the labels of the waveform, or in 1.03, which has none, the
// standard twelve if the cart says that it recorded those.
func (r *reader) leadNames(n, signal *xmltree.Node) ([]string, error) {
	names := strings.Fields(n.Attr("leadlabels"))
	if len(names) == 0 && signal.Child("leadset").Text() == "STD-12" {
		names = ecg.StandardLeads()
	}
	allocated, err := strconv.Atoi(first(n.Attr("numberofleads"), signal.Child("numberchannelsvalid").Text()))
	if err != nil || allocated != len(names) || len(names) == 0 || len(names) > ecg.MaxLeads {
		return nil, fail(n, "leadlabels", "%d labels for %d leads", len(names), allocated)
	}
	return names, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// decode returns the samples in counts, [lead][sample].
func (r *reader) decode(n, signal *xmltree.Node, samples, leads int) ([][]int16, error) {
	if bits := first(n.Attr("bitspersample"), n.Attr("nbitspersample"), signal.Child("bitspersample").Text()); bits != "16" {
		return nil, fail(n, "bitspersample", "%.8q bits are not read", bits)
	}
	for _, offset := range []string{n.Attr("signaloffset"), signal.Child("signaloffset").Text()} {
		if offset != "" && offset != "0" {
			return nil, fail(n, "signaloffset", "an offset of %.16q is not read", offset)
		}
	}
	text := n.Bytes()
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	size, err := base64.StdEncoding.Decode(raw, compact(text))
	if err != nil {
		return nil, fail(n, "parsedwaveforms", "%d bytes of base64 are damaged", len(text))
	}
	raw = raw[:size]
	compressed := n.Attr("compression") == "XLI" || strings.EqualFold(n.Attr("compressflag"), "True") && n.Attr("compressmethod") == "XLI"
	if !compressed {
		return nil, fail(n, "compression", "only XLI is read, not %.16q", first(n.Attr("compression"), n.Attr("compressmethod"), "none"))
	}
	counts, err := decodeXLI(raw, samples)
	if err != nil {
		err.(*ecg.FormatError).Offset = n.Offset
		return nil, err
	}
	if len(counts) < leads {
		return nil, fail(n, "parsedwaveforms", "%d of %d leads are stored", len(counts), leads)
	}
	return counts[:leads], nil
}

func compact(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, b := range text {
		if b > ' ' {
			out = append(out, b)
		}
	}
	return out
}

// scale turns counts into leads. Limb leads are residuals if the first six are
// the usual ones in the usual order; any other order is refused.
func (r *reader) scale(n, signal *xmltree.Node, names []string, counts [][]int16) error {
	if len(names) < 6 || !slices.Equal(names[:6], ecg.StandardLeads()[:6]) {
		return fail(n, "leadlabels", "limb leads are stored relative to I and II, but the order is %.64q", strings.Join(names, " "))
	}
	addLimbLeads(counts)
	resolution := positive(first(n.Attr("resolution"), signal.Child("resolution").Text(), signal.Child("signalresolution").Text()))
	if resolution == 0 {
		return fail(n, "resolution", "the µV of a count are not stated")
	}
	for i, c := range counts {
		samples := make([]float32, len(c))
		for k, v := range c {
			samples[k] = float32(float64(v) * resolution)
		}
		r.rec.Leads = append(r.rec.Leads, ecg.Lead{Name: names[i], Samples: samples})
	}
	r.markPulse()
	return nil
}

// markPulse finds the calibration pulse: the end of the trace, where all leads
// have the same samples, nothing but zero and one millivolt. No heart makes
// that in 12 leads.
func (r *reader) markPulse() {
	n := r.rec.Samples()
	pulse := false
	tail := 0
	for ; tail < n; tail++ {
		v := r.rec.Leads[0].Samples[n-1-tail]
		if v != 0 && v != pulseUV || !r.allAt(n-1-tail, v) {
			break
		}
		pulse = pulse || v == pulseUV
	}
	if !pulse {
		return
	}
	r.rec.Calibration = tail
	r.rec.Notef(ecg.NoteCalibration, "the last %d samples hold a 1 mV calibration pulse and no heart signal", tail)
}

// allAt says whether sample i is v in every lead.
func (r *reader) allAt(i int, v float32) bool {
	for _, l := range r.rec.Leads {
		if l.Samples[i] != v {
			return false
		}
	}
	return true
}
