package scpecg

import (
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// maxDecimation is the strongest reduction outside protected zones; the
// standard names four.
const maxDecimation = 4

// readRhythm decodes section 6 (5.9): samples, bimodal expansion, reference
// beat, in this order, then lines the leads up.
func (f *file) readRhythm(leads []lead, tables []table, b *block, ref *beat, subtracted bool) error {
	interval, factor := b.intervalUS, 1
	if b.bimodal {
		var err error
		if interval, factor, err = decimation(b, ref); err != nil {
			return err
		}
	} else if subtracted && ref.intervalUS != b.intervalUS {
		return b.section.fail(2, "the reference beat has an interval of %d µs, the rhythm of %d µs", ref.intervalUS, b.intervalUS)
	}
	runs := make([][]float32, len(leads))
	for i, l := range leads {
		run, err := f.decodeRun(i, l, tables, b, ref, factor)
		if err != nil {
			return err
		}
		if subtracted {
			if err := ref.restore(&f.sections[sectionQRS], i, run, l.first); err != nil {
				return err
			}
		}
		runs[i] = run
	}
	f.rec.RateHz = 1e6 / float64(interval)
	return f.lineUp(leads, runs, b)
}

// decodeRun returns the samples of one lead in µV at full rate.
func (f *file) decodeRun(i int, l lead, tables []table, b *block, ref *beat, factor int) ([]float32, error) {
	want := int(l.samples())
	if factor == 1 {
		counts, err := b.decodeLead(i, want, tables)
		if err != nil {
			return nil, err
		}
		if len(counts) != want {
			f.rec.Notef(ecg.NoteLength, "section 3 declares %d samples a lead, section 6 has %d", want, len(counts))
		}
		return b.microvolts(counts), nil
	}
	stretches, stored, err := ref.stretches(&f.sections[sectionQRS], l, factor)
	if err != nil {
		return nil, err
	}
	counts, err := b.decodeLead(i, stored, tables)
	if err != nil {
		return nil, err
	}
	if len(counts) != stored {
		return nil, b.section.fail(0, "lead %d has %d samples, its protected zones need %d", i+1, len(counts), stored)
	}
	return expand(b.microvolts(counts), stretches, factor, want), nil
}

// decimation finds the full-rate interval of a bimodal record and the factor
// outside protected zones. Section 6 states the reduced interval and section 5
// the full one; some writers state the full one in both.
func decimation(b *block, ref *beat) (intervalUS, factor int, err error) {
	full := ref.intervalUS
	if b.intervalUS == full {
		return full, maxDecimation, nil
	}
	if b.intervalUS%full != 0 || b.intervalUS/full > maxDecimation {
		return 0, 0, b.section.fail(2, "bimodal interval of %d µs is no multiple up to %d of the reference beat's %d µs",
			b.intervalUS, maxDecimation, full)
	}
	return full, b.intervalUS / full, nil
}

// stretch is a run of samples all protected or all decimated.
type stretch struct {
	samples   int
	decimated bool
}

// stretches cuts lead l along the protected zones and counts what is stored. The
// samples between two zones make groups of factor, counted anew from the end of
// each zone; what remains before the next one is a group of fewer.
func (b *beat) stretches(s *section, l lead, factor int) (cut []stretch, stored int, err error) {
	at := l.first
	add := func(to int64, decimated bool) {
		if to <= at {
			return
		}
		n := int(to - at)
		cut = append(cut, stretch{samples: n, decimated: decimated})
		if decimated {
			n = (n + factor - 1) / factor
		}
		stored += n
		at = to
	}
	for n, q := range b.complexes {
		if q.protectStart == 0 && q.protectEnd == 0 {
			continue
		}
		if q.protectEnd < q.protectStart || n > 0 && q.protectStart <= b.complexes[n-1].protectEnd {
			return nil, 0, s.fail(6, "protected zone %d runs from sample %d to %d", n+1, q.protectStart, q.protectEnd)
		}
		start, end := min(max(q.protectStart, at), l.last+1), min(q.protectEnd+1, l.last+1)
		if start < end {
			add(start, true)
			add(end, false)
		}
	}
	add(l.last+1, true)
	return cut, stored, nil
}

// expand brings stored samples back to full rate. A decimated value is the mean
// of its group and stands in the group's middle: between two middles samples are
// interpolated, at either end of a stretch the value is held.
func expand(stored []float32, cut []stretch, factor, want int) []float32 {
	out := make([]float32, 0, want)
	for _, c := range cut {
		if !c.decimated {
			out = append(out, stored[:c.samples]...)
			stored = stored[c.samples:]
			continue
		}
		n := (c.samples + factor - 1) / factor
		means := stored[:n]
		stored = stored[n:]
		i := 0
		for k := range c.samples {
			for i < n-1 && float64(k) >= c.middle(i+1, factor) {
				i++
			}
			left, right := c.middle(i, factor), c.middle(i+1, factor)
			if i == n-1 || float64(k) <= left {
				out = append(out, means[i])
				continue
			}
			part := float32((float64(k) - left) / (right - left))
			out = append(out, means[i]*(1-part)+means[i+1]*part)
		}
	}
	return out
}

// middle is where the mean of group i stands, in samples from the start of c.
func (c stretch) middle(i, factor int) float64 {
	first := i * factor
	last := min(first+factor, c.samples) - 1
	return float64(first+last) / 2
}

// lineUp puts the leads on one time axis: leads that start later or end earlier
// than others have gaps there.
func (f *file) lineUp(leads []lead, runs [][]float32, b *block) error {
	parts := make([]axis.Part, len(leads))
	for i, l := range leads {
		parts[i] = axis.Part{Start: int(l.first), Leads: []ecg.Lead{{Name: leadName(l.id), Samples: runs[i]}}}
	}
	joined, _, gaps, err := axis.Join(parts)
	if err != nil {
		return b.section.fail(0, "%v", err)
	}
	if gaps {
		f.rec.Notef(ecg.NoteGap, "the leads do not cover the same time")
	}
	f.rec.Leads = joined
	if f.rec.Samples() == 0 {
		return b.section.fail(0, "no lead has a sample")
	}
	return nil
}
