package dicomwave

import (
	"encoding/binary"
	"math"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
)

// raw is the waveform data of one group: interleaved samples of one type.
type raw struct {
	field    string // which group, for errors and notes
	data     []byte
	read     func([]byte) int64
	order    binary.ByteOrder
	kind     string // Waveform Sample Interpretation
	bytes    int    // of one sample
	channels int
	samples  int
	padding  int64
	padded   bool    // padding is stated
	values   []int64 // of one channel, used again for the next
	gap      []bool
}

// sampleBytes are the sample interpretations and their sizes (PS3.3
// C.10.9.1.5).
func sampleBytes(kind string) int {
	switch kind {
	case "SB", "UB", "MB", "AB":
		return 1
	case "SS", "US":
		return 2
	case "SL", "UL":
		return 4
	}
	return 0
}

// readRaw reads type and samples of a group. Data that end early shorten all
// channels and are noted.
func (r *reader) readRaw(item *dicom.Dataset, field string, channels, samples int) (*raw, error) {
	w, element, err := r.readKind(item, field, channels, samples)
	if err != nil {
		return nil, err
	}
	if element.Bulk {
		return nil, fail(field, "the waveform data are missing")
	}
	w.data = r.inOrder(element, w)
	return w, r.measure(w, int64(len(w.data)))
}

// readKind checks the type of a group's samples and finds their element.
func (r *reader) readKind(item *dicom.Dataset, field string, channels, samples int) (*raw, *dicom.Element, error) {
	w := &raw{field: field, kind: clean(item.Text(dicom.WaveformSampleInterpretation)), channels: channels, samples: samples,
		order: binary.LittleEndian}
	if item.Syntax.BigEndian() {
		w.order = binary.BigEndian
	}
	w.bytes = sampleBytes(w.kind)
	if w.bytes == 0 {
		return nil, nil, fail(field, "unknown sample interpretation %.8q", w.kind)
	}
	allocated, ok := item.Int(dicom.WaveformBitsAllocated)
	if !ok || allocated != int64(8*w.bytes) {
		return nil, nil, fail(field, "%d bits allocated for samples %s", allocated, w.kind)
	}
	w.read = sampleReader(w.kind, w.order)
	element := item.Get(dicom.WaveformData)
	if element == nil {
		return nil, nil, fail(field, "the waveform data are missing")
	}
	if e := item.Get(dicom.WaveformPaddingValue); e != nil && len(e.Raw) >= w.bytes {
		p := *w
		p.data = r.inOrder(e, w)
		w.padding, w.padded = p.at(0), true
		if w.padding == 0 {
			// One writer states 0 and means it for nothing: the isoelectric line would become gaps.
			w.padded = false
			r.rec.Notef(ecg.NoteDialect, "%s states 0 as padding, which is also a common sample: not taken for gaps", field)
		}
	}
	return w, element, nil
}

// measure compares the samples stated with the bytes there are.
func (r *reader) measure(w *raw, bytes int64) error {
	frame := int64(w.channels) * int64(w.bytes)
	switch want, stated := frame*int64(w.samples), w.samples; {
	case bytes < want:
		if w.samples = int(bytes / frame); w.samples == 0 {
			return fail(w.field, "%d bytes of waveform data for %d channels", bytes, w.channels)
		}
		r.rec.Notef(ecg.NoteLength, "%s states %d samples a channel and holds %d", w.field, stated, w.samples)
	case bytes > want+1:
		r.rec.Notef(ecg.NoteLength, "%s has %d bytes of waveform data, its samples need %d", w.field, bytes, want)
	}
	return nil
}

// noSample is the value that stands for none: the padding, or without one stated
// what writers use for it; one that no sample has if there is none.
func (w *raw) noSample() int64 {
	if w.padded {
		return w.padding
	}
	if lowest, signed := w.lowest(); signed {
		return lowest
	}
	return math.MinInt64
}

// channel reads the samples of channel c to out.
func (w *raw) channel(c int, out []int64) {
	if w.kind == "SS" && w.order == binary.LittleEndian { // as nearly all ECGs are
		data, step := w.data[2*c:], 2*w.channels
		for i := range out {
			at := i * step
			out[i] = int64(int16(uint16(data[at]) | uint16(data[at+1])<<8))
		}
		return
	}
	for i := range out {
		out[i] = w.at(i*w.channels + c)
	}
}

// inOrder returns the bytes as samples follow each other: 8-bit samples in OW
// and a big-endian syntax are swapped in pairs (PS3.5 section 8.3).
func (r *reader) inOrder(e *dicom.Element, w *raw) []byte {
	if e.VR != dicom.OW || w.bytes != 1 || w.order == binary.LittleEndian {
		return e.Raw
	}
	out := append([]byte(nil), e.Raw...)
	for i := 0; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	return out
}

// at returns sample i of the interleaved data.
func (w *raw) at(i int) int64 { return w.read(w.data[i*w.bytes:]) }

// sampleReader returns what reads one sample of a kind that sampleBytes knows.
func sampleReader(kind string, order binary.ByteOrder) func([]byte) int64 {
	switch kind {
	case "SB":
		return func(b []byte) int64 { return int64(int8(b[0])) }
	case "UB":
		return func(b []byte) int64 { return int64(b[0]) }
	case "MB":
		return func(b []byte) int64 { return muLaw(b[0]) }
	case "AB":
		return func(b []byte) int64 { return aLaw(b[0]) }
	case "SS":
		return func(b []byte) int64 { return int64(int16(order.Uint16(b))) }
	case "US":
		return func(b []byte) int64 { return int64(order.Uint16(b)) }
	case "SL":
		return func(b []byte) int64 { return int64(int32(order.Uint32(b))) }
	}
	return func(b []byte) int64 { return int64(order.Uint32(b)) }
}

// muLaw and aLaw expand companded samples (ITU-T G.711).
func muLaw(b byte) int64 {
	b = ^b
	v := (int64(b&15)<<3+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		return -v
	}
	return v
}

func aLaw(b byte) int64 {
	b ^= 0x55
	v := int64(b&15)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		v = (v + 256) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// lowest is the most negative number a signed type can hold, which writers use
// as padding without saying so.
func (w *raw) lowest() (int64, bool) {
	switch w.kind {
	case "SS":
		return math.MinInt16, true
	case "SL":
		return math.MinInt32, true
	}
	return 0, false
}

// counts returns the samples of channel c, gap[i] true where sample i is
// padding; both are overwritten by the next call. stored is Waveform Bits Stored
// of the channel, 0 if not stated.
func (r *reader) counts(w *raw, c int, stored int64, field string) (values []int64, gap []bool) {
	if w.values == nil {
		w.values, w.gap = make([]int64, w.samples), make([]bool, w.samples)
	}
	values, gap = w.values, w.gap
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	gaps := 0
	none := w.noSample()
	w.channel(c, values)
	for i, v := range values {
		gap[i] = v == none
		if v == none {
			gaps++
			continue
		}
		low, high = min(low, v), max(high, v)
	}
	if gaps > 0 {
		r.rec.Notef(ecg.NoteGap, "%s: %d samples a channel are padding", w.field, gaps)
	}
	if w.narrow(stored) {
		r.extend(values, low, high, uint(stored), field)
	}
	return values, gap
}

// narrow says that samples are signed and stored in fewer bits than allocated.
func (w *raw) narrow(stored int64) bool {
	return stored > 0 && stored < int64(8*w.bytes) && (w.kind == "SB" || w.kind == "SS" || w.kind == "SL")
}

// extend repairs signed samples of fewer bits than allocated that were filled
// up with zeros instead of the sign.
func (r *reader) extend(values []int64, low, high int64, stored uint, field string) {
	half := int64(1) << (stored - 1)
	switch {
	case low >= -half && high < half:
	case low >= 0 && high < 2*half:
		r.rec.Notef(ecg.NoteDialect, "%s: %d-bit samples lack their sign bits, which were restored", field, stored)
		for i, v := range values {
			if v >= half {
				values[i] = v - 2*half
			}
		}
	default:
		r.rec.Notef(ecg.NoteDialect, "%s: samples are larger than the %d bits stated", field, stored)
	}
}
