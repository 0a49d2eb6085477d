package measure_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// hand is what the cardiologists marked in one record: medians over beats,
// then over leads, in ms; NaN where they marked none.
type hand struct{ qrs, qt, pr, p float64 }

// byHand reads the marks of all twelve leads.
func byHand(t *testing.T, header string, rate float64) hand {
	t.Helper()
	var qrs, qt, pr, p []float64
	for _, name := range ecg.StandardLeads() {
		path := strings.TrimSuffix(header, "hea") + strings.ToLower(name)
		l := leadByHand(readMarks(t, path, rate, 0), 1000/rate)
		qrs, qt = append(qrs, l.qrs), append(qt, l.qt)
		pr, p = append(pr, l.pr), append(p, l.p)
	}
	return hand{middle(qrs), middle(qt), middle(pr), middle(p)}
}

// leadByHand reads one lead: each wave is marked onset, peak, end.
func leadByHand(marks []mark, ms float64) hand {
	var qrs, qt, pr, p []float64
	qrsOn, pOn := -1, -1
	for i := 1; i+1 < len(marks); i++ {
		on, peak, off := marks[i-1], marks[i], marks[i+1]
		if on.code != markOn || off.code != markOff {
			continue
		}
		switch peak.code {
		case markP:
			pOn = on.sample
			p = append(p, float64(off.sample-on.sample)*ms)
		case markQRS:
			qrs = append(qrs, float64(off.sample-on.sample)*ms)
			if pOn >= 0 {
				pr = append(pr, float64(on.sample-pOn)*ms)
			}
			qrsOn, pOn = on.sample, -1
		case markT:
			if qrsOn >= 0 {
				qt = append(qt, float64(off.sample-qrsOn)*ms)
			}
			qrsOn = -1
		}
	}
	return hand{middle(qrs), middle(qt), middle(pr), middle(p)}
}

// middle is the median of the numbers among v, NaN if there are none.
func middle(v []float64) float64 {
	v = slices.DeleteFunc(slices.Clone(v), math.IsNaN)
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// deviations collects measured minus marked.
type deviations struct {
	d            []float64
	marked, lost int // marked by hand; of these not measured
	invented     int // measured, not marked
}

func (d *deviations) add(v measure.Value, truth float64) {
	switch {
	case math.IsNaN(truth) && v.Measurable:
		d.invented++
	case math.IsNaN(truth):
	case !v.Measurable:
		d.marked++
		d.lost++
	default:
		d.marked++
		d.d = append(d.d, v.Number-truth)
	}
}

// check logs and compares: bias and the tenth-largest deviation from it, in ms.
func (d *deviations) check(t *testing.T, name string, bias, nineTenths float64, lost int) {
	t.Helper()
	mean := 0.0
	for _, v := range d.d {
		mean += v / float64(len(d.d))
	}
	off := make([]float64, len(d.d))
	for i, v := range d.d {
		off[i] = math.Abs(v - mean)
	}
	slices.Sort(off)
	p90 := off[len(off)*9/10]
	t.Logf("%s: %d records, bias %+.1f ms, nine tenths within %.1f ms of it, %d not measured, %d without a mark",
		name, len(d.d), mean, p90, d.lost, d.invented)
	if math.Abs(mean) > bias || p90 > nineTenths || d.lost > lost {
		t.Errorf("%s: beyond ±%g ms, %g ms or %d lost", name, bias, nineTenths, lost)
	}
}

// clinical is one record of the Lobachevsky University set, analysed.
type clinical struct {
	header, text string
	rate         float64
	res          measure.Result
}

// paced: pacing pulses belong to no wave; carts mark them on a channel of
// their own, which these files lack.
func (c clinical) paced() bool { return strings.Contains(c.text, "pacing") }

func clinicals(t *testing.T) []clinical {
	t.Helper()
	var all []clinical
	for _, header := range ludb(t) {
		text, err := os.ReadFile(header)
		if err != nil {
			t.Fatal(err)
		}
		rec := readRecord(t, header, 0)
		all = append(all, clinical{header, string(text), rec.RateHz, measure.Analyse(rec)})
	}
	return all
}

func TestClinicalRecords(t *testing.T) {
	t.Parallel()
	records := clinicals(t)
	t.Run("QRS are found", func(t *testing.T) { qrsAreFound(t, records) })
	t.Run("intervals agree with the cardiologists' marks", func(t *testing.T) { intervalsAgree(t, records) })
	t.Run("fibrillation and sinus arrhythmia are told apart", func(t *testing.T) { fibrillationIsToldApart(t, records) })
	t.Run("no electrodes are suspected exchanged", func(t *testing.T) {
		for _, c := range records {
			for _, f := range c.res.Quality.Findings {
				if strings.HasPrefix(string(f.Code), "ecg.reversed") {
					t.Errorf("%s: %v", c.header, f)
				}
			}
		}
	})
}

func qrsAreFound(t *testing.T, records []clinical) {
	var s score
	for _, c := range records {
		var truth []int
		for _, m := range readMarks(t, strings.TrimSuffix(c.header, "hea")+"ii", c.rate, 0) {
			if m.code == markQRS {
				truth = append(truth, m.sample)
			}
		}
		// The first and the last beat of these records are not annotated.
		var inside []int
		edge := int(0.15 * c.rate)
		for _, b := range c.res.Beats {
			if b.Sample > truth[0]-edge && b.Sample < truth[len(truth)-1]+edge {
				inside = append(inside, b.Sample)
			}
		}
		s.add(truth, inside, c.rate)
	}
	t.Logf("%d records: %s", len(records), s)
	if s.sensitivity() < 99.8 || s.precision() < 99.8 {
		t.Error("below the bar of Se 99.8 % and +P 99.8 %")
	}
}

func intervalsAgree(t *testing.T, records []clinical) {
	var qrs, qt, pr, p deviations
	for _, c := range records {
		if c.paced() {
			continue
		}
		m, h := c.res.Measurements, byHand(t, c.header, c.rate)
		qrs.add(m.QRS, h.qrs)
		qt.add(m.QT, h.qt)
		pr.add(m.PR, h.pr)
		p.add(m.P, h.p)
	}
	qrs.check(t, "QRS", 5, 16, 0)
	qt.check(t, "QT", 10, 30, 1)
	pr.check(t, "PR", 5, 16, 2)
	p.check(t, "P", 6, 30, 2)
}

func fibrillationIsToldApart(t *testing.T, records []clinical) {
	found, missed := 0, 0
	for _, c := range records {
		is := strings.Contains(c.text, "Rhythm: Atrial fibrillation")
		switch suspected := c.res.Rhythm.AFSuspected; {
		case c.paced():
		case is && suspected:
			found++
		case is:
			missed++
		case suspected && strings.Contains(c.text, "Atrial flutter"): // unevenly conducted, it looks the same
		case suspected:
			t.Errorf("%s is mistaken for fibrillation", c.header)
		}
	}
	if found != 3 || missed != 0 {
		t.Errorf("%d fibrillations found, %d missed", found, missed)
	}
}
