package scpecg

import (
	"fmt"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Encodings of section 5 and 6, byte 5: what the stored numbers are.
const (
	plainSamples      = 0
	firstDifferences  = 1
	secondDifferences = 2
)

// lead is one entry of section 3. first and last are sample numbers counted
// from one over the whole record, both part of the lead.
type lead struct {
	id          byte
	first, last int64
}

func (l lead) samples() int64 { return l.last - l.first + 1 }

// block is section 5 or 6: one run of encoded samples for each lead.
type block struct {
	section    *section
	nanovolts  float64 // of one count: the amplitude value multiplier
	intervalUS int
	encoding   byte
	bimodal    bool // section 6 only
	data       [][]byte
}

// readSignals decodes leads, reference beat and rhythm into the recording.
func (f *file) readSignals() error {
	if f.sections[sectionRhythm].body == nil {
		s := section{number: sectionRhythm}
		return &ecg.FormatError{Format: ecg.FormatSCP, Offset: -1, Field: fmt.Sprintf("section %d", s.number),
			Reason: "the record has no rhythm data", Err: ecg.ErrNoSignal}
	}
	leads, subtracted, err := f.readLeads()
	if err != nil {
		return err
	}
	tables, err := f.sections[sectionHuffman].readTables()
	if err != nil {
		return err
	}
	rhythm, err := f.sections[sectionRhythm].readBlock(len(leads))
	if err != nil {
		return err
	}
	needBeat := subtracted || rhythm.bimodal
	beat, err := f.readBeat(leads, tables)
	if err != nil {
		if needBeat {
			return err
		}
		f.rec.Notef(ecg.NoteIgnored, "the reference beat was left out: %v", err)
		beat = nil
	}
	if needBeat && beat == nil {
		return rhythm.section.fail(0, "rhythm data are stored relative to a reference beat the record lacks")
	}
	if beat != nil {
		f.rec.Groups = append(f.rec.Groups, beat.group(leads))
	}
	return f.readRhythm(leads, tables, rhythm, beat, subtracted)
}

// readLeads reads section 3 (5.6); subtracted says that rhythm data lack the
// reference beat.
func (f *file) readLeads() (leads []lead, subtracted bool, err error) {
	s := &f.sections[sectionLeads]
	if s.body == nil {
		return nil, false, (&section{number: sectionLeads}).fail(0, "the record has no lead definitions")
	}
	c := cursor{data: s.body}
	count, flags := int(c.u8()), c.u8()
	if count == 0 || count > ecg.MaxLeads || c.left() < 9*count {
		return nil, false, s.fail(0, "%d leads do not fit the section of %d bytes", count, len(s.body))
	}
	total := int64(0)
	for i := range count {
		l := lead{first: int64(c.u32()), last: int64(c.u32()), id: c.u8()}
		if l.first == 0 {
			// One writer counts from zero, with the last number one too high.
			f.rec.Notef(ecg.NoteDialect, "section 3 counts samples from zero instead of one")
			l.first = 1
		}
		if l.last < l.first || l.last > ecg.MaxSamples {
			return nil, false, s.fail(2+9*i, "lead %d runs from sample %d to %d", i+1, l.first, l.last)
		}
		total += l.samples()
		leads = append(leads, l)
	}
	if total > ecg.MaxSamples {
		return nil, false, s.fail(2, "%d samples in all, at most %d are read", total, ecg.MaxSamples)
	}
	return leads, flags&1 != 0, nil
}

// readBlock reads the head of section 5 or 6 and cuts out each lead's bytes
// (5.8, 5.9).
func (s *section) readBlock(leads int) (*block, error) {
	c := cursor{data: s.body}
	b := &block{section: s, nanovolts: float64(c.u16()), intervalUS: int(c.u16()), encoding: c.u8()}
	b.bimodal = c.u8() == 1 && s.number == sectionRhythm
	lengths := make([]int, leads)
	for i := range lengths {
		lengths[i] = int(c.u16())
	}
	switch {
	case c.short:
		return nil, s.fail(0, "the section of %d bytes is too short for %d leads", len(s.body), leads)
	case b.nanovolts == 0:
		return nil, s.fail(0, "amplitude multiplier is 0 nV")
	case b.intervalUS == 0:
		return nil, s.fail(2, "sample interval is 0 µs")
	case b.encoding > secondDifferences:
		return nil, s.fail(4, "unknown encoding %d", b.encoding)
	}
	for i, n := range lengths {
		at := c.at
		b.data = append(b.data, c.take(n))
		if c.short {
			return nil, s.fail(at, "the %d bytes of lead %d run over the end of the section", n, i+1)
		}
	}
	return b, nil
}

// decodeLead returns up to want samples of lead i in counts: fewer if the data
// end before. With Huffman tables, data that end long after or before want
// samples mean that the table is not the writer's, and are an error.
func (b *block) decodeLead(i, want int, tables []table) ([]int16, error) {
	data := b.data[i]
	if len(tables) == 0 {
		counts := make([]int16, min(want, len(data)/2))
		for k := range counts {
			counts[k] = int16(data[2*k]) | int16(data[2*k+1])<<8
		}
		integrate(counts, b.encoding)
		return counts, nil
	}
	counts := make([]int16, min(want, 8*len(data)))
	used, n, err := b.huffman(i, counts, tables)
	if err != nil {
		return nil, err
	}
	// Blocks end on an even byte, so up to 15 bits are padding; writers were
	// seen to add one word more.
	if spare := 8*len(data) - used; n == want && spare >= 40 {
		return nil, b.section.fail(0, "lead %d: %d samples end %d bits before its data", i+1, want, spare)
	}
	integrate(counts[:n], b.encoding)
	return counts[:n], nil
}

// huffman fills counts and returns bits used and samples got.
func (b *block) huffman(i int, counts []int16, tables []table) (used, n int, err error) {
	r := bitReader{data: b.data[i]}
	t := &tables[0]
	for n < len(counts) {
		window := r.peek()
		k := t.find(window)
		size := int(k.prefixBits) + int(k.literalBits)
		if k.prefixBits == 0 || size > r.left() {
			if r.left() < 16 {
				break // padding
			}
			return 0, 0, b.section.fail(0, "lead %d: no Huffman code fits at sample %d", i+1, n+1)
		}
		r.at += size
		if k.toTable {
			t = &tables[k.value]
			continue
		}
		counts[n] = k.value
		if k.literalBits > 0 {
			counts[n] = int16(int64(window<<k.prefixBits) >> (64 - k.literalBits))
		}
		n++
	}
	return r.at, n, nil
}

// integrate undoes the differences in place. Sums wrap as the writers' 16-bit
// numbers do, which makes a step from 30000 to -30000 come out right.
func integrate(counts []int16, encoding byte) {
	switch encoding {
	case firstDifferences:
		for k := 1; k < len(counts); k++ {
			counts[k] += counts[k-1]
		}
	case secondDifferences:
		for k := 2; k < len(counts); k++ {
			counts[k] += 2*counts[k-1] - counts[k-2]
		}
	}
}

// microvolts scales counts.
func (b *block) microvolts(counts []int16) []float32 {
	out := make([]float32, len(counts))
	for i, n := range counts {
		out[i] = float32(float64(n) * b.nanovolts / 1000)
	}
	return out
}
