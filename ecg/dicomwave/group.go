package dicomwave

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// medianSeconds is the longest a derived group without a telling label may last
// to be taken for a median beat.
const medianSeconds = 3

// group is one multiplex group: channels sampled together.
type group struct {
	kind      string
	rateHz    float64
	offsetMS  float64 // of the first sample from the acquisition time
	hasOffset bool
	channels  []channel
}

// channel is one signal, scaled.
type channel struct {
	lead ecg.Lead
	unit string
}

// readGroups reads all multiplex groups and chooses the rhythm leads: the first
// electrical rhythm group and those that continue it in time with other leads.
func (r *reader) readGroups() error {
	items, err := r.items()
	if err != nil {
		return err
	}
	var groups []group
	for i, item := range items {
		g, err := r.readGroup(item, i+1)
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	if err := r.chooseLeads(groups); err != nil {
		return err
	}
	if len(r.rec.Leads) == 0 {
		return noSignal("no group holds a rhythm in volts")
	}
	return nil
}

// items returns the multiplex groups.
func (r *reader) items() ([]*dicom.Dataset, error) {
	items := r.d.Items(dicom.WaveformSequence)
	if len(items) == 0 {
		return nil, noSignal("the object has no waveform")
	}
	if len(items) > maxGroups {
		return nil, fail("WaveformSequence (5400,0100)", "%d multiplex groups, at most %d are read", len(items), maxGroups)
	}
	return items, nil
}

func noSignal(reason string) error {
	return &ecg.FormatError{Format: ecg.FormatDICOM, Offset: -1, Field: "WaveformSequence (5400,0100)", Reason: reason, Err: ecg.ErrNoSignal}
}

// chooseLeads splits groups by unit and joins the parts of the rhythm.
func (r *reader) chooseLeads(groups []group) error {
	var rhythm []group
	seen := map[string]bool{}
	for _, g := range groups {
		for unit, leads := range g.byUnit() {
			if unit == "uV" && g.kind == ecg.KindRhythm && continues(rhythm, g, leads, seen) {
				g.channels = nil
				for _, l := range leads {
					seen[l.Name] = true
					g.channels = append(g.channels, channel{lead: l, unit: unit})
				}
				rhythm = append(rhythm, g)
				continue
			}
			r.rec.Groups = append(r.rec.Groups, ecg.Group{Kind: g.kind, RateHz: g.rateHz, Unit: unit, Leads: leads})
		}
	}
	if len(rhythm) == 0 {
		return nil
	}
	return r.join(rhythm)
}

// continues says whether leads belong on the time axis of rhythm.
func continues(rhythm []group, g group, leads []ecg.Lead, seen map[string]bool) bool {
	if len(rhythm) == 0 {
		return true
	}
	for _, l := range leads {
		if seen[l.Name] {
			return false
		}
	}
	return g.rateHz == rhythm[0].rateHz && g.hasOffset && rhythm[0].hasOffset
}

func (r *reader) join(rhythm []group) error {
	rate := rhythm[0].rateHz
	parts := make([]axis.Part, len(rhythm))
	for i, g := range rhythm {
		at := math.Round(g.offsetMS / 1e3 * rate)
		if !(math.Abs(at) <= ecg.MaxSamples) {
			return fail("MultiplexGroupTimeOffset (0018,1068)", "group starts after %v ms", g.offsetMS)
		}
		parts[i].Start = int(at)
		for _, c := range g.channels {
			parts[i].Leads = append(parts[i].Leads, c.lead)
		}
	}
	leads, first, gaps, err := axis.Join(parts)
	if err != nil {
		return fail("WaveformSequence (5400,0100)", "%v", err)
	}
	if gaps {
		r.rec.Notef(ecg.NoteGap, "the multiplex groups do not cover the same time")
	}
	r.delay = time.Duration(float64(first) / rate * float64(time.Second))
	r.rec.Leads, r.rec.RateHz = leads, rate
	return nil
}

// byUnit yields the channels of each unit, units in order of first use.
func (g group) byUnit() func(yield func(string, []ecg.Lead) bool) {
	return func(yield func(string, []ecg.Lead) bool) {
		done := map[string]bool{}
		for _, c := range g.channels {
			if done[c.unit] {
				continue
			}
			done[c.unit] = true
			var leads []ecg.Lead
			for _, other := range g.channels {
				if other.unit == c.unit {
					leads = append(leads, other.lead)
				}
			}
			if !yield(c.unit, leads) {
				return
			}
		}
	}
}

// shape is what a multiplex group says of itself, without its samples.
type shape struct {
	group
	field       string
	item        *dicom.Dataset
	samples     int // of each channel
	definitions []definition
}

// readShape reads all of item number n of the waveform sequence but its samples
// (PS3.3 C.10.9).
func (r *reader) readShape(item *dicom.Dataset, n int) (shape, error) {
	g := shape{item: item, field: fmt.Sprintf("multiplex group %d", n)}
	channels, _ := item.Int(dicom.NumberOfWaveformChannels)
	samples, _ := item.Int(dicom.NumberOfWaveformSamples)
	rate, _ := item.Float(dicom.SamplingFrequency)
	items := item.Items(dicom.ChannelDefinitionSequence)
	switch {
	case channels < 1 || channels > ecg.MaxLeads:
		return g, fail(g.field, "%d channels", channels)
	case int64(len(items)) != channels:
		return g, fail(g.field, "%d channels but %d channel definitions", channels, len(items))
	case samples < 1 || samples > math.MaxUint32:
		return g, fail(g.field, "%d samples of %d channels", samples, channels)
	case !(rate > 0) || rate > 1e6:
		return g, fail(g.field, "sampling frequency %v Hz", rate)
	}
	g.samples, g.rateHz = int(samples), rate
	g.offsetMS, g.hasOffset = item.Float(dicom.Tag(0x00181068)) // MultiplexGroupTimeOffset
	g.kind = groupKind(item, float64(samples)/rate)
	for i, d := range items {
		c, err := r.define(d, fmt.Sprintf("%s, channel %d", g.field, i+1))
		if err != nil {
			return g, err
		}
		g.definitions = append(g.definitions, c)
	}
	return g, nil
}

// readGroup reads item number n of the waveform sequence with its samples.
func (r *reader) readGroup(item *dicom.Dataset, n int) (group, error) {
	g, err := r.readShape(item, n)
	if err != nil {
		return group{}, err
	}
	channels := len(g.definitions)
	if g.samples > ecg.MaxSamples/channels {
		return group{}, fail(g.field, "%d samples of %d channels", g.samples, channels)
	}
	if r.total += g.samples * channels; r.total > ecg.MaxSamples {
		return group{}, fail(g.field, "more than %d samples in all groups", ecg.MaxSamples)
	}
	raw, err := r.readRaw(item, g.field, channels, g.samples)
	if err != nil {
		return group{}, err
	}
	for i, c := range g.definitions {
		g.channels = append(g.channels, r.readChannel(c, raw, i))
	}
	return g.group, nil
}

// groupKind goes by the label, else by originality and length.
func groupKind(item *dicom.Dataset, seconds float64) string {
	label := strings.ToUpper(item.Text(dicom.MultiplexGroupLabel))
	for _, word := range []string{"MEDIAN", "REPRESENTATIVE", "AVERAGE", "TEMPLATE"} {
		if strings.Contains(label, word) {
			return ecg.KindMedian
		}
	}
	if !strings.Contains(label, "RHYTHM") && seconds <= medianSeconds &&
		clean(item.Text(dicom.WaveformOriginality)) == "DERIVED" {
		return ecg.KindMedian
	}
	return ecg.KindRhythm
}
