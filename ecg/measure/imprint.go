package measure

import (
	"encoding/binary"
	"errors"
	"math"
)

// Imprint is what is kept of a recording's usual beat so that the patient's next
// ECG can be held against it: QRS on eight leads and where P and T point, a few
// hundred bytes.
type Imprint struct {
	qrs  [imprintLeads][]float64 // µV, every imprintStep, the R peak at index r
	r    int
	p, t [imprintLeads]float64 // mean level of the wave, µV; zeros where it has none
}

const (
	imprintLeads  = 8     // I, II, V1–V6: the other four follow from I and II
	imprintStep   = 0.004 // s
	imprintMargin = 0.012 // s on both sides of QRS
	imprintMost   = 120   // samples of one lead
)

// imprintNames are the leads of an Imprint in their order.
func imprintNames() [imprintLeads]string {
	return [imprintLeads]string{"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"}
}

// Imprint returns that of the recording; nil when a lead is not usable or no
// QRS could be measured.
func (res *Result) Imprint() *Imprint {
	m := res.Median
	if m == nil || !m.QRSOn.Measurable || !m.QRSOff.Measurable || !(m.RateHz > 0) {
		return nil
	}
	p := &Imprint{}
	before := int(math.Round((imprintMargin - m.QRSOn.Number/1000) / imprintStep))
	after := int(math.Round((imprintMargin + m.QRSOff.Number/1000) / imprintStep))
	if before < 0 || after < 0 || before+after+1 > imprintMost {
		return nil
	}
	p.r = before
	for k, name := range imprintNames() {
		x := m.lead(name)
		if x == nil {
			return nil
		}
		p.qrs[k] = make([]float64, before+after+1)
		for i := range p.qrs[k] {
			p.qrs[k][i] = between(x, float64(m.R)+float64(i-before)*imprintStep*m.RateHz)
		}
		p.p[k] = m.level(x, m.POn, m.POff)
		p.t[k] = m.level(x, Value{Number: m.QRSOff.Number + 60, Measurable: true}, m.TEnd)
	}
	return p
}

// lead returns the samples of the lead called name, nil if there are none.
func (m *Median) lead(name string) []float32 {
	for i, n := range m.Leads {
		if n == name {
			return m.Samples[i]
		}
	}
	return nil
}

// level is the mean of x between two times; 0 where one is not measurable.
func (m *Median) level(x []float32, from, to Value) float64 {
	if !from.Measurable || !to.Measurable {
		return 0
	}
	lo := max(0, m.R+int(from.Number*m.RateHz/1000))
	hi := min(len(x)-1, m.R+int(to.Number*m.RateHz/1000))
	if hi <= lo {
		return 0
	}
	sum := 0.0
	for _, v := range x[lo : hi+1] {
		sum += float64(v)
	}
	return sum / float64(hi-lo+1)
}

// between is x at a place between two samples; beyond its ends the nearest.
func between(x []float32, at float64) float64 {
	at = min(max(at, 0), float64(len(x)-1))
	i := int(at)
	if i+1 >= len(x) {
		return float64(x[len(x)-1])
	}
	share := at - float64(i)
	return float64(x[i])*(1-share) + float64(x[i+1])*share
}

// imprintVersion is the first byte of the stored form, which follows it as
// little-endian numbers of 16 bits in µV: index of R, samples of a lead, then for
// each lead P, T and the samples.
const imprintVersion = 1

// MarshalBinary writes the stored form.
func (p *Imprint) MarshalBinary() ([]byte, error) {
	n := len(p.qrs[0])
	out := make([]byte, 0, 5+imprintLeads*2*(n+2))
	out = append(out, imprintVersion)
	out = binary.LittleEndian.AppendUint16(out, uint16(p.r))
	out = binary.LittleEndian.AppendUint16(out, uint16(n))
	put := func(v float64) {
		v = math.Round(min(max(v, math.MinInt16), math.MaxInt16))
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(v)))
	}
	for k := range p.qrs {
		put(p.p[k])
		put(p.t[k])
		for _, v := range p.qrs[k] {
			put(v)
		}
	}
	return out, nil
}

// UnmarshalBinary reads the stored form.
func (p *Imprint) UnmarshalBinary(data []byte) error {
	if len(data) < 5 || data[0] != imprintVersion {
		return errors.New("measure: no imprint of a known version")
	}
	r, n := int(binary.LittleEndian.Uint16(data[1:])), int(binary.LittleEndian.Uint16(data[3:]))
	if n == 0 || n > imprintMost || r >= n || len(data) != 5+imprintLeads*2*(n+2) {
		return errors.New("measure: an imprint of the wrong length")
	}
	*p = Imprint{r: r}
	at := 5
	get := func() float64 {
		v := int16(binary.LittleEndian.Uint16(data[at:]))
		at += 2
		return float64(v)
	}
	for k := range p.qrs {
		p.p[k], p.t[k] = get(), get()
		p.qrs[k] = make([]float64, n)
		for i := range p.qrs[k] {
			p.qrs[k][i] = get()
		}
	}
	return nil
}
