package scpecg

import (
	"github.com/yuanzhen/yuanzhen/ecg"
)

// beat is the reference beat of section 5 and where it belongs, section 4.
type beat struct {
	intervalUS int
	fiducial   int64       // its sample, counted from one
	samples    [][]float32 // [lead][sample] in µV
	complexes  []complex4
}

// complex4 is one QRS of section 4; sample numbers count from one over the
// record and both ends are inside.
type complex4 struct {
	kind                     uint16 // 0: the reference beat was subtracted here
	start, fiducial, end     int64  // zone of subtraction
	protectStart, protectEnd int64  // zone kept at full rate; 0 if not given
}

// Sizes in section 4: a subtraction zone and a protected zone.
const (
	subtractionSize = 14
	protectedSize   = 8
)

// readBeat decodes sections 4 and 5, nil if the record lacks one (5.7, 5.8).
func (f *file) readBeat(leads []lead, tables []table) (*beat, error) {
	where, what := &f.sections[sectionQRS], &f.sections[sectionBeat]
	if where.body == nil || what.body == nil {
		return nil, nil
	}
	c := cursor{data: where.body}
	milliseconds, fiducial, count := int(c.u16()), int64(c.u16()), int(c.u16())
	if c.short {
		return nil, where.fail(0, "section of %d bytes is too short", len(where.body))
	}
	b := &beat{fiducial: fiducial}
	if err := b.readComplexes(where, &c, count); err != nil {
		return nil, err
	}
	blk, err := what.readBlock(len(leads))
	if err != nil {
		return nil, err
	}
	b.intervalUS = blk.intervalUS
	want := milliseconds * 1000 / blk.intervalUS
	if want == 0 {
		return nil, where.fail(0, "the reference beat lasts %d ms", milliseconds)
	}
	for i := range leads {
		counts, err := blk.decodeLead(i, want, tables)
		if err != nil {
			return nil, err
		}
		if len(counts) < want {
			return nil, what.fail(0, "lead %d of the reference beat has %d samples of %d", i+1, len(counts), want)
		}
		b.samples = append(b.samples, blk.microvolts(counts))
	}
	return b, nil
}

// readComplexes reads the subtraction zones, then the protected zones, which
// only bimodal records need to have.
func (b *beat) readComplexes(s *section, c *cursor, count int) error {
	if c.left() < subtractionSize*count {
		if count > 0 && c.left() > 0 {
			return s.fail(4, "%d QRS complexes do not fit the section of %d bytes", count, len(s.body))
		}
		return nil
	}
	b.complexes = make([]complex4, count)
	for i := range b.complexes {
		q := &b.complexes[i]
		q.kind, q.start, q.fiducial, q.end = c.u16(), int64(c.u32()), int64(c.u32()), int64(c.u32())
	}
	if c.left() < protectedSize*count {
		return nil
	}
	for i := range b.complexes {
		q := &b.complexes[i]
		q.protectStart, q.protectEnd = int64(c.u32()), int64(c.u32())
	}
	return nil
}

// group is the reference beat as a group of the recording.
func (b *beat) group(leads []lead) ecg.Group {
	g := ecg.Group{Kind: ecg.KindMedian, RateHz: 1e6 / float64(b.intervalUS), Unit: "uV"}
	for i, l := range leads {
		g.Leads = append(g.Leads, ecg.Lead{Name: leadName(l.id), Samples: b.samples[i]})
	}
	return g
}

// restore adds the beat back to lead i of the residual, which starts at sample
// number first.
func (b *beat) restore(s *section, i int, residual []float32, first int64) error {
	median := b.samples[i]
	for n, q := range b.complexes {
		if q.kind != 0 || q.start == 0 && q.end == 0 {
			continue
		}
		if q.end < q.start || q.fiducial < 1 {
			return s.fail(6+subtractionSize*n, "QRS %d is subtracted from sample %d to %d, fiducial %d",
				n+1, q.start, q.end, q.fiducial)
		}
		from := max(q.start, first, q.fiducial-b.fiducial+1)
		to := min(q.end, first+int64(len(residual))-1, q.fiducial-b.fiducial+int64(len(median)))
		for at := from; at <= to; at++ {
			residual[at-first] += median[at-q.fiducial+b.fiducial-1]
		}
	}
	return nil
}
