package mfer

import (
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Data types (ISO 22077-1, tag 0A).
const (
	int16Samples  = 0
	uint16Samples = 1
	int32Samples  = 2
	uint8Samples  = 3
	statusSamples = 4 // 16 bits, each a state
	int8Samples   = 5
	uint32Samples = 6
	floatSamples  = 7
	doubleSamples = 8
)

// definition is what is said about a channel, or about all of them in the root.
// has tells which parts were said.
type definition struct {
	block  int
	kind   int
	rateHz float64
	scale  float64 // of one count, in unit
	unit   string
	lead   int
	label  string
	null   []byte
	has    struct{ block, kind, rate, scale, lead, null bool }
}

// channelAttributes reads the tags nested in a channel attribute.
func (r *reader) channelAttributes(channel int, value []byte) error {
	if channel >= len(r.own) {
		return r.fail("tag 3F", "channel %d of %d", channel, len(r.own))
	}
	outer, at := r.data, r.at
	r.data, r.at = value, 0
	defer func() { r.data, r.at = outer, at }()
	for r.at < len(r.data) {
		tag, v, _, err := r.next()
		if err != nil {
			return err
		}
		if tag == tagEnd {
			return nil
		}
		if err := r.define(&r.own[channel], tag, v); err != nil {
			return err
		}
	}
	return nil
}

// define handles the tags that root and channels share; others say nothing that
// a Recording holds.
func (r *reader) define(d *definition, tag byte, value []byte) error {
	switch tag {
	case tagBlock:
		n := r.unsigned(value)
		if n < 1 || n > ecg.MaxSamples {
			return r.fail("data block", "%d samples", n)
		}
		d.block, d.has.block = int(n), true
	case tagType:
		d.kind, d.has.kind = int(r.unsigned(value)), true
		if sampleBytes(d.kind) == 0 {
			return r.fail("data type", "type %d is not read", d.kind)
		}
	case tagInterval:
		return r.interval(d, value)
	case tagSensitivity:
		return r.sensitivity(d, value)
	case tagOffset:
		for _, b := range value {
			if b != 0 {
				return r.fail("offset", "readers in use disagree about its sign")
			}
		}
	case tagLead:
		d.has.lead = true
		d.lead, d.label = int(r.unsigned(value[:min(2, len(value))])), ""
		if len(value) > 2 {
			d.label = r.text(value[2:])
		}
	case tagNull:
		d.null, d.has.null = value, true
	}
	return nil
}

// interval reads unit, decimal exponent and mantissa of the sampling rate or
// interval.
func (r *reader) interval(d *definition, value []byte) error {
	unit, number, ok := r.quantity(value)
	switch {
	case !ok || !(number > 0):
		return r.fail("sampling interval", "%d bytes that are no positive number", len(value))
	case unit == 0:
		d.rateHz = number
	case unit == 1:
		d.rateHz = math.Round(1e9/number) / 1e9
	default:
		return r.fail("sampling interval", "unit %d is neither hertz nor seconds", unit)
	}
	if !(d.rateHz > 0) || d.rateHz > 1e6 {
		return r.fail("sampling interval", "%v Hz", d.rateHz)
	}
	d.has.rate = true
	return nil
}

func (r *reader) sensitivity(d *definition, value []byte) error {
	unit, number, ok := r.quantity(value)
	if !ok || !(number > 0) || math.IsInf(number, 0) {
		return r.fail("sensitivity", "%d bytes that are no positive number", len(value))
	}
	units := [...]string{"V", "mmHg", "Pa", "cmH2O", "mmHg/s", "dyn", "N", "%", "Cel", "/min", "/s", "Ohm", "A",
		"r/min", "W", "dB", "kg", "J", "dyn.s.m-2.cm-5", "L", "L/s", "L/min", "cd"}
	if int(unit) >= len(units) {
		return r.fail("sensitivity", "unknown unit %d", unit)
	}
	d.unit, d.scale, d.has.scale = units[unit], number, true
	if d.unit == "V" {
		d.unit, d.scale = "uV", number*1e6
	}
	return nil
}

// quantity reads unit, signed exponent of ten and a mantissa of one to four
// bytes.
func (r *reader) quantity(value []byte) (unit byte, number float64, ok bool) {
	if len(value) < 3 || len(value) > 6 {
		return 0, 0, false
	}
	exponent := int(int8(value[1]))
	mantissa := float64(r.unsigned(value[2:]))
	if exponent < 0 { // dividing keeps 2 × 10⁻³ the nearest number to 0.002
		return value[0], mantissa / math.Pow10(-exponent), true
	}
	return value[0], mantissa * math.Pow10(exponent), true
}

// unsigned reads a number of up to eight bytes in the file's order; larger ones
// come out as the greatest number, which every bound refuses.
func (r *reader) unsigned(value []byte) uint64 {
	if len(value) > 4 {
		return math.MaxUint32
	}
	var n uint64
	for i := range value {
		b := value[i]
		if r.order.Uint16([]byte{1, 0}) == 1 { // little-endian
			b = value[len(value)-1-i]
		}
		n = n<<8 | uint64(b)
	}
	return n
}

// resolved is the definition of channel c with the root's where it says nothing.
func (r *reader) resolved(c int) definition {
	d, root := r.own[c], r.root
	if !d.has.block {
		d.block = root.block
	}
	if !d.has.kind {
		d.kind = root.kind
	}
	if !d.has.rate {
		d.rateHz, d.has.rate = root.rateHz, root.has.rate
	}
	if !d.has.scale {
		d.scale, d.unit, d.has.scale = root.scale, root.unit, root.has.scale
	}
	if !d.has.lead {
		d.lead, d.label, d.has.lead = root.lead, root.label, root.has.lead && len(r.own) == 1
	}
	if !d.has.null {
		d.null, d.has.null = root.null, root.has.null
	}
	return d
}

func sampleBytes(kind int) int {
	switch kind {
	case uint8Samples, int8Samples:
		return 1
	case int16Samples, uint16Samples, statusSamples:
		return 2
	case int32Samples, uint32Samples, floatSamples:
		return 4
	case doubleSamples:
		return 8
	}
	return 0
}
