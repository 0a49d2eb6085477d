package mfer

import (
	"fmt"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// signal is one channel over all frames.
type signal struct {
	name    string
	rateHz  float64
	unit    string
	samples []float32
}

// frame reads one waveform tag: for each sequence, for each channel, its block
// of samples. A further frame continues the first and must be like it.
func (r *reader) frame(data []byte) error {
	const field = "waveform data"
	if r.frames++; r.frames > maxFrames {
		return r.fail(field, "more than %d frames", maxFrames)
	}
	definitions := make([]definition, len(r.own))
	stride := 0
	for c := range definitions {
		d := r.resolved(c)
		if !d.has.rate {
			return r.fail(field, "channel %d has no sampling interval", c)
		}
		if !d.has.scale {
			d.scale, d.unit = 1, ""
		}
		definitions[c] = d
		stride += d.block * sampleBytes(d.kind)
	}
	sequences := len(data) / stride
	if r.sequences > 0 && r.sequences != sequences || len(data)%stride != 0 {
		r.rec.Notef(ecg.NoteLength, "%d sequences of %d bytes are stated, %d bytes are there", r.sequences, stride, len(data))
		if r.sequences > 0 {
			sequences = min(sequences, r.sequences)
		}
	}
	if sequences == 0 {
		return r.fail(field, "%d bytes do not hold one sequence of %d", len(data), stride)
	}
	return r.sequence(definitions, data, sequences)
}

// sequence appends the samples of all sequences of a frame.
func (r *reader) sequence(definitions []definition, data []byte, sequences int) error {
	if r.signals == nil {
		r.signals = make([]signal, len(definitions))
		for c, d := range definitions {
			r.signals[c] = signal{name: leadName(d, c), rateHz: d.rateHz, unit: d.unit,
				samples: make([]float32, 0, d.block*sequences)}
		}
	}
	if len(r.signals) != len(definitions) {
		return r.fail("waveform data", "a frame of %d channels follows one of %d", len(definitions), len(r.signals))
	}
	for c, d := range definitions {
		if s := &r.signals[c]; s.rateHz != d.rateHz || s.unit != d.unit || s.name != leadName(d, c) {
			return r.fail("waveform data", "channel %d changes between frames", c)
		}
	}
	for range sequences {
		for c, d := range definitions {
			n := d.block * sampleBytes(d.kind)
			if r.total += d.block; r.total > ecg.MaxSamples {
				return r.fail("waveform data", "more than %d samples", ecg.MaxSamples)
			}
			r.signals[c].samples = r.appendBlock(r.signals[c].samples, d, data[:n])
			data = data[n:]
		}
	}
	return nil
}

// leadName uses the code of the list shared with SCP-ECG, else the label.
func leadName(d definition, channel int) string {
	switch name := ecg.LeadOfCode(d.lead); {
	case !d.has.lead:
		return fmt.Sprintf("channel %d", channel+1)
	case name != "":
		return name
	case d.label != "":
		return d.label
	}
	return fmt.Sprintf("code %#04x", d.lead)
}

func (r *reader) appendBlock(out []float32, d definition, data []byte) []float32 {
	size := sampleBytes(d.kind)
	gap := d.has.null && len(d.null) == size && d.kind != statusSamples // a state has no missing value
	for ; len(data) >= size; data = data[size:] {
		if gap && string(data[:size]) == string(d.null) {
			out = append(out, float32(math.NaN()))
			continue
		}
		out = append(out, float32(r.sample(d.kind, data)*d.scale))
	}
	return out
}

func (r *reader) sample(kind int, b []byte) float64 {
	switch kind {
	case int16Samples:
		return float64(int16(r.order.Uint16(b)))
	case uint16Samples, statusSamples:
		return float64(r.order.Uint16(b))
	case int32Samples:
		return float64(int32(r.order.Uint32(b)))
	case uint32Samples:
		return float64(r.order.Uint32(b))
	case uint8Samples:
		return float64(b[0])
	case int8Samples:
		return float64(int8(b[0]))
	case floatSamples:
		return float64(math.Float32frombits(r.order.Uint32(b)))
	}
	return math.Float64frombits(r.order.Uint64(b))
}

// arrange makes the ECG leads of one rate the recording's, and groups of the
// rest.
func (r *reader) arrange() error {
	first := -1
	for i, s := range r.signals {
		if s.unit == "uV" && ecg.StandardLead(s.name) != "" {
			first = i
			break
		}
	}
	if first < 0 {
		return &ecg.FormatError{Format: ecg.FormatMFER, Offset: -1, Field: "waveform data",
			Reason: "no channel is an ECG lead in volts", Err: ecg.ErrNoSignal}
	}
	main := r.signals[first]
	r.rec.RateHz = main.rateHz
	for _, s := range r.signals {
		lead := ecg.Lead{Name: s.name, Samples: s.samples}
		if s.unit == "uV" && s.rateHz == main.rateHz && len(s.samples) == len(main.samples) {
			r.rec.Leads = append(r.rec.Leads, lead)
			continue
		}
		r.aside(lead, s)
	}
	return nil
}

func (r *reader) aside(lead ecg.Lead, s signal) {
	for i := range r.rec.Groups {
		g := &r.rec.Groups[i]
		if g.RateHz == s.rateHz && g.Unit == s.unit && len(g.Leads[0].Samples) == len(s.samples) {
			g.Leads = append(g.Leads, lead)
			return
		}
	}
	r.rec.Groups = append(r.rec.Groups, ecg.Group{Kind: ecg.KindRhythm, RateHz: s.rateHz, Unit: s.unit, Leads: []ecg.Lead{lead}})
}
