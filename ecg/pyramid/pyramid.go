// Package pyramid makes a long ECG quick to look at: lowest and highest value of
// each lead over spans of time, in levels that grow coarser, made once at
// intake. In goes an ecg.Stream, out come bytes to keep; from these any stretch
// of a day is drawn without touching the signal.
package pyramid

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Shape of the levels: the finest spans at least 64 samples and holds at most
// maxBins spans of a lead, each further level is sixteen times coarser.
const (
	finest  = 64
	maxBins = 1 << 19
	coarser = 16
	block   = 1 << 15 // samples of a lead read at a time
)

// magic begins the bytes; the head in JSON follows with its length.
const magic = "YZPYRA1\n"

// maxHead bounds the head: 128 leads with long names.
const maxHead = 1 << 16

// ErrDamaged says that the bytes are no pyramid.
var ErrDamaged = errors.New("pyramid: damaged")

// Head says what a pyramid is of.
type Head struct {
	RateHz  float64  `json:"rate_hz"`
	Samples int      `json:"samples"` // of each lead
	Leads   []string `json:"leads"`
	Levels  []Level  `json:"levels"` // finest first
}

// Level is one coarseness: each span is Factor samples long, the last may be
// shorter. Its bytes stand [lead][span][low, high] as little-endian int16 in
// µV; low above high is a span without a value.
type Level struct {
	Factor int   `json:"factor"`
	Spans  int   `json:"spans"`
	Offset int64 `json:"offset"` // from the end of the head
}

// Pyramid is one that was built, in memory.
type Pyramid struct {
	Head
	values [][]int16 // [level][(lead*spans+span)*2 + 0 or 1]
}

// Build reads s once. Memory is that of the finest level: at most 2 MiB a lead.
func Build(s ecg.Stream) (*Pyramid, error) {
	w, err := Watch(s)
	if err != nil {
		return nil, err
	}
	return w.Pyramid()
}

// Watched is a stream that is made a pyramid of while somebody else reads it from
// start to end, so that the file is read once for both.
type Watched struct {
	ecg.Stream
	p    *Pyramid
	seen int // samples that are in p
}

// Watch returns s to read from. It refuses a stream without leads.
func Watch(s ecg.Stream) (*Watched, error) {
	p := &Pyramid{Head: Head{RateHz: s.Head().RateHz, Samples: s.Samples()}}
	for _, l := range s.Head().Leads {
		p.Leads = append(p.Leads, l.Name)
	}
	if len(p.Leads) == 0 || len(p.Leads) > ecg.MaxLeads {
		return nil, fmt.Errorf("pyramid: %d leads", len(p.Leads))
	}
	factor := finest
	for p.Samples/factor > maxBins {
		factor *= 2
	}
	p.start(factor)
	return &Watched{Stream: s, p: p}, nil
}

// ReadAt implements ecg.Stream.
func (w *Watched) ReadAt(dst [][]float32, from int) error {
	if err := w.Stream.ReadAt(dst, from); err != nil {
		return err
	}
	if end := from + len(dst[0]); from <= w.seen && end > w.seen {
		fresh := make([][]float32, len(dst))
		for i := range dst {
			fresh[i] = dst[i][w.seen-from:]
		}
		w.p.add(fresh, w.seen)
		w.seen = end
	}
	return nil
}

// Pyramid reads what nobody has read yet and returns the pyramid. w is not used
// any more after it.
func (w *Watched) Pyramid() (*Pyramid, error) {
	dst := ecg.Block(len(w.p.Leads), block)
	for w.seen < w.p.Samples {
		n := min(block, w.p.Samples-w.seen)
		for i := range dst {
			dst[i] = dst[i][:n]
		}
		if err := w.ReadAt(dst, w.seen); err != nil {
			return nil, err
		}
	}
	w.p.coarsen()
	return w.p, nil
}

// start makes room for the finest level.
func (p *Pyramid) start(factor int) {
	spans := (p.Samples + factor - 1) / factor
	p.Levels = []Level{{Factor: factor, Spans: spans}}
	p.values = [][]int16{empty(len(p.Leads) * spans)}
}

// empty is a level without a value.
func empty(n int) []int16 {
	v := make([]int16, 2*n)
	for i := 0; i < len(v); i += 2 {
		v[i], v[i+1] = math.MaxInt16, math.MinInt16
	}
	return v
}

// add puts samples from on into the finest level.
func (p *Pyramid) add(dst [][]float32, from int) {
	level := p.Levels[0]
	for i, x := range dst {
		at := p.values[0][2*i*level.Spans : 2*(i+1)*level.Spans]
		for k := 0; k < len(x); {
			span := (from + k) / level.Factor
			end := min((span+1)*level.Factor-from, len(x))
			low, high := float32(math.MaxInt16), float32(-math.MaxInt16)
			for _, v := range x[k:end] { // comparisons with NaN are false
				if v < low {
					low = v
				}
				if v > high {
					high = v
				}
			}
			if low <= high {
				at[2*span], at[2*span+1] = min(at[2*span], fitted(low)), max(at[2*span+1], fitted(high))
			}
			k = end
		}
	}
}

// fitted is v in whole µV, cut to what 16 bits hold.
func fitted(v float32) int16 {
	return int16(math.RoundToEven(float64(max(-math.MaxInt16, min(math.MaxInt16, v)))))
}

// coarsen makes the further levels, down to some hundred spans.
func (p *Pyramid) coarsen() {
	const enough = 512
	for last := p.Levels[0]; last.Spans > enough; last = p.Levels[len(p.Levels)-1] {
		next := Level{Factor: last.Factor * coarser, Spans: (last.Spans + coarser - 1) / coarser}
		below, values := p.values[len(p.values)-1], empty(len(p.Leads)*((last.Spans+coarser-1)/coarser))
		for i := range p.Leads {
			for span := range last.Spans {
				from, to := 2*(i*last.Spans+span), 2*(i*next.Spans+span/coarser)
				values[to], values[to+1] = min(values[to], below[from]), max(values[to+1], below[from+1])
			}
		}
		next.Offset = last.Offset + 4*int64(len(p.Leads))*int64(last.Spans)
		p.Levels, p.values = append(p.Levels, next), append(p.values, values)
	}
}

// WriteTo writes the bytes to keep.
func (p *Pyramid) WriteTo(w io.Writer) (int64, error) {
	head, err := json.Marshal(p.Head)
	if err != nil {
		return 0, err
	}
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	total := int64(0)
	for _, part := range [][]byte{out, head} {
		n, err := w.Write(part)
		if total += int64(n); err != nil {
			return total, err
		}
	}
	for _, values := range p.values {
		n, err := w.Write(bytesOf(values))
		if total += int64(n); err != nil {
			return total, err
		}
	}
	return total, nil
}

func bytesOf(values []int16) []byte {
	out := make([]byte, 2*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(v))
	}
	return out
}

// Kept is a pyramid where it is kept.
type Kept struct {
	Head
	r  io.ReaderAt
	at int64 // of the first level
}

// Open reads the head of a kept pyramid. Errors are ErrDamaged and those of r.
func Open(r io.ReaderAt) (*Kept, error) {
	begin := make([]byte, len(magic)+4)
	if _, err := r.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(begin[len(magic):])
	if string(begin[:len(magic)]) != magic || n > maxHead {
		return nil, ErrDamaged
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, int64(len(begin))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	k := &Kept{r: r, at: int64(len(begin)) + int64(n)}
	if err := json.Unmarshal(text, &k.Head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, l := range k.Levels {
		if l.Factor < 1 || l.Spans < 0 || l.Spans > maxBins+1 || len(k.Leads) > ecg.MaxLeads {
			return nil, ErrDamaged
		}
	}
	return k, nil
}

// Range is a stretch of one level: lowest and highest value in µV of each span,
// [lead][span], NaN without a value. It begins at sample From.
type Range struct {
	From   int
	Factor int
	Low    [][]float32
	High   [][]float32
}

// Range reads the samples [from, to) at the coarsest level that has at least
// spans of them; nil without an error when even the finest has fewer and the
// signal itself is what to draw.
func (k *Kept) Range(from, to, spans int) (*Range, error) {
	from, to = max(from, 0), min(to, k.Samples)
	best := -1
	for i, l := range k.Levels {
		if (to-from)/l.Factor >= spans {
			best = i
		}
	}
	if best < 0 || to <= from {
		return nil, nil
	}
	level := k.Levels[best]
	first, last := from/level.Factor, min((to+level.Factor-1)/level.Factor, level.Spans)
	out := &Range{From: first * level.Factor, Factor: level.Factor}
	raw := make([]byte, 4*(last-first))
	for i := range k.Leads {
		at := k.at + level.Offset + 4*(int64(i)*int64(level.Spans)+int64(first))
		if n, err := k.r.ReadAt(raw, at); n < len(raw) {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		low, high := make([]float32, last-first), make([]float32, last-first)
		for s := range low {
			a, b := int16(binary.LittleEndian.Uint16(raw[4*s:])), int16(binary.LittleEndian.Uint16(raw[4*s+2:]))
			low[s], high[s] = float32(a), float32(b)
			if a > b {
				low[s], high[s] = float32(math.NaN()), float32(math.NaN())
			}
		}
		out.Low, out.High = append(out.Low, low), append(out.High, high)
	}
	return out, nil
}
