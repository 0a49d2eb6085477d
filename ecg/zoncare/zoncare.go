// Package zoncare reads the XML of Zoncare electrocardiographs (root element
// zqecg), which has no published description. It is the step parse for such
// uploads: file bytes come in, an ecg.Recording goes out.
//
// The document holds twelve leads and an empty thirteenth channel side by side,
// without names and without a scale. Names and scale are assumed and noted; the
// limb leads and the amplitude must bear both out, or the file is refused.
package zoncare

import (
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmlecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// A document holds twelve leads in the usual order and one more channel.
const (
	leads    = 12
	channels = leads + 1
)

// Decode reads one document. Errors are *ecg.FormatError. The result shares no
// memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	d, err := xmlecg.Open(ecg.FormatZoncare, "zqecg", data)
	if err != nil {
		return nil, err
	}
	count, rateText := first(d.Root, "lead"), first(d.Root, "sample")
	if n, ok := xmlecg.Number(count.Text()); !ok || n != leads {
		return nil, d.Fail(count, "lead", "%.16q leads; only %d are known to be laid out as assumed", count.Text(), leads)
	}
	rate, ok := xmlecg.Positive(rateText.Text(), xmlecg.MaxRateHz)
	if !ok {
		return nil, d.Fail(rateText, "sample", "%.16q is no rate", rateText.Text())
	}
	known := dialect.Named(dialect.Zoncare)
	d.Rec.RateHz, d.Rec.Device.Manufacturer = rate, known.Vendor
	wave := first(d.Root, "data")
	raw, err := d.Int16(wave, "data", wave.Bytes())
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw)%channels != 0 {
		return nil, d.Fail(wave, "data", "%d numbers are no whole number of samples of %d channels", len(raw), channels)
	}
	if err := split(d, wave, raw, known); err != nil {
		return nil, err
	}
	if text := first(d.Root, "second"); text != nil {
		if seconds, ok := xmlecg.Number(text.Text()); ok && int(seconds*rate+0.5) != d.Rec.Samples() {
			d.Rec.Notef(ecg.NoteLength, "the document states %v s and holds %d samples", seconds, d.Rec.Samples())
		}
	}
	if doubts := append(ecg.CheckEinthoven(d.Rec), ecg.CheckAmplitude(d.Rec)...); len(doubts) > 0 {
		return nil, d.Fail(wave, "data", "names and scale of the leads are not stated, and what is assumed does not hold: %s", doubts[0].Text)
	}
	known.Assume(d.Rec)
	return d.Rec, nil
}

// split takes the channels apart; the thirteenth must be empty.
func split(d *xmlecg.Document, wave *xmltree.Node, raw []int16, known dialect.Dialect) error {
	n := len(raw) / channels
	for i, name := range known.Leads {
		lead := ecg.Lead{Name: name, Samples: make([]float32, n)}
		for k := range lead.Samples {
			lead.Samples[k] = float32(float64(raw[k*channels+i]) * known.Microvolts)
		}
		d.Rec.Leads = append(d.Rec.Leads, lead)
	}
	for k := range n {
		if last := raw[k*channels+leads]; last != raw[leads] {
			return d.Fail(wave, "data", "the thirteenth channel, which is empty in known files, is not")
		}
	}
	return nil
}

// first returns the first element called name anywhere below n.
func first(n *xmltree.Node, name string) *xmltree.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
		if found := first(c, name); found != nil {
			return found
		}
	}
	return nil
}
