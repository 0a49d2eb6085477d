package scpecg

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// twoTables: the first table has a long prefix and a switch, the second other
// codes for the same values and a switch back.
func twoTables() [][]code {
	return [][]code{
		{
			{prefix: 0b0, prefixBits: 1, value: 0},
			{prefix: 0b10, prefixBits: 2, literalBits: 6},
			{prefix: 0b110, prefixBits: 3, toTable: true, value: 1},
			{prefix: 0b1110_0000_0000_01, prefixBits: 14, literalBits: 16},
		},
		{
			{prefix: 0b111, prefixBits: 3, value: 0},
			{prefix: 0b0, prefixBits: 1, literalBits: 9},
			{prefix: 0b10, prefixBits: 2, literalBits: 16},
			{prefix: 0b110, prefixBits: 3, toTable: true, value: 0},
		},
	}
}

func TestEveryEncodingGivesTheSamplesBack(t *testing.T) {
	t.Parallel()
	for name, tables := range map[string][][]code{"none": nil, "default": {{}}, "custom with switches": twoTables()} {
		for encoding := byte(plainSamples); encoding <= secondDifferences; encoding++ {
			w := newWriter(3)
			w.tables, w.encoding = tables, encoding
			rec, err := Decode(w.bytes())
			if err != nil {
				t.Errorf("%s, differences %d: %v", name, encoding, err)
				continue
			}
			for i, lead := range rec.Leads {
				same(t, name, lead.Samples, scaled(w.counts[i], 2.5), 0)
			}
		}
	}
}

func scaled(counts []int16, uv float64) []float32 {
	out := make([]float32, len(counts))
	for i, c := range counts {
		out[i] = float32(float64(c) * uv)
	}
	return out
}

func same(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d samples, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > tolerance {
			t.Errorf("%s: sample %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// beatWriter makes three beats of a triangle on a flat line; full holds the
// rhythm before subtraction.
func beatWriter() (w *writer, full [][]int16) {
	w = newWriter(2)
	w.beatMS, w.fiducial = 200, 41 // 100 samples, peak at the 41st
	for i := range w.leads {
		median := make([]int16, 100)
		for k := range median {
			median[k] = int16(max(0, 30-abs(k-40))) * int16(20-5*i)
		}
		w.beatCounts = append(w.beatCounts, median)
		whole := make([]int16, 1000)
		for k := range whole {
			whole[k] = int16(k/100) * 4 // a slow drift that decimation keeps
		}
		for _, peak := range []int{200, 520, 840} {
			for k := -30; k <= 30; k++ {
				whole[peak+k] += median[40+k]
			}
		}
		full = append(full, whole)
	}
	for _, peak := range []int64{200, 520, 840} {
		q := complex4{start: peak - 31, fiducial: peak + 1, end: peak + 36}
		q.protectStart, q.protectEnd = peak-39, peak+40 // 160..240 less one: multiples of four
		w.complexes = append(w.complexes, q)
	}
	return w, full
}

func abs(n int) int { return max(n, -n) }

// subtract takes the beat out of the rhythm as a writer does.
func (w *writer) subtract(full [][]int16) {
	w.subtracted = true
	for i := range full {
		rest := append([]int16(nil), full[i]...)
		for _, q := range w.complexes {
			for at := q.start; at <= q.end; at++ {
				rest[at-1] -= w.beatCounts[i][at-q.fiducial+int64(w.fiducial)-1]
			}
		}
		w.counts[i] = rest
	}
}

func TestReferenceBeatIsAddedBack(t *testing.T) {
	t.Parallel()
	w, full := beatWriter()
	w.tables, w.encoding = [][]code{{}}, secondDifferences
	w.subtract(full)
	rec, err := Decode(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, lead := range rec.Leads {
		same(t, lead.Name, lead.Samples, scaled(full[i], 2.5), 0.001)
	}
	if len(rec.Groups) != 1 || rec.Groups[0].Kind != ecg.KindMedian || len(rec.Groups[0].Leads[0].Samples) != 100 {
		t.Errorf("the beat itself is not a group: %d groups", len(rec.Groups))
	}
}

func TestBeatsOfAnotherTypeAreLeftAlone(t *testing.T) {
	t.Parallel()
	w, full := beatWriter()
	w.subtract(full)
	w.complexes[1].kind = 1
	for i := range full { // the second beat was never subtracted
		copy(w.counts[i][480:560], full[i][480:560])
	}
	rec, err := Decode(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "I", rec.Leads[0].Samples, scaled(full[0], 2.5), 0.001)
}

// decimate keeps the protected zones and averages four samples outside.
func (w *writer) decimate() {
	w.bimodal = true
	for i, c := range w.counts {
		var out []int16
		for at := 0; at < len(c); {
			protected := false
			for _, q := range w.complexes {
				protected = protected || int64(at)+1 >= q.protectStart && int64(at)+1 <= q.protectEnd
			}
			if protected {
				out = append(out, c[at])
				at++
				continue
			}
			end := min(at+4, len(c))
			for _, q := range w.complexes {
				if start := int(q.protectStart) - 1; start > at {
					end = min(end, start)
				}
			}
			sum := 0
			for _, v := range c[at:end] {
				sum += int(v)
			}
			out = append(out, int16(sum/(end-at)))
			at = end
		}
		w.counts[i] = out
	}
}

func TestBimodalRecordsComeBackAtFullRate(t *testing.T) {
	t.Parallel()
	for _, interval := range []uint16{8000, 2000} { // stated as reduced or as full rate
		w, full := beatWriter()
		w.tables, w.encoding, w.intervalUS = [][]code{{}}, firstDifferences, interval
		w.subtract(full)
		w.decimate()
		rec, err := Decode(w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if rec.RateHz != 500 || rec.Samples() != 1000 {
			t.Fatalf("interval %d: %v Hz, %d samples", interval, rec.RateHz, rec.Samples())
		}
		for i, lead := range rec.Leads {
			// Drift steps of 10 µV are smoothed between zones; the QRS must be exact.
			same(t, lead.Name, lead.Samples, scaled(full[i], 2.5), 10)
			for _, q := range w.complexes {
				same(t, lead.Name+" QRS", lead.Samples[q.protectStart-1:q.protectEnd],
					scaled(full[i][q.protectStart-1:q.protectEnd], 2.5), 0.001)
			}
		}
	}
}

func TestAllWaysOfStoringTakenTogetherGiveTheSamplesBack(t *testing.T) {
	t.Parallel()
	for name, tables := range map[string][][]code{"none": nil, "default": {{}}, "custom with switches": twoTables()} {
		for encoding := byte(plainSamples); encoding <= secondDifferences; encoding++ {
			for _, interval := range []uint16{1000, 2000, 4000} {
				for _, ways := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
					what := fmt.Sprintf("tables %s, differences %d, every %d µs, subtracted %v, bimodal %v", name, encoding, interval, ways[0], ways[1])
					w, full := beatWriter()
					w.leads[0].id, w.leads[1].id = 64, 3 // aVF before V1
					w.tables, w.encoding, w.intervalUS, w.beatUS, w.beatMS = tables, encoding, interval, interval, interval/10
					w.complexes[2].protectEnd++ // a remainder of three at the end
					tolerance := 0.001
					for i := range full {
						w.counts[i] = append([]int16(nil), full[i]...)
					}
					if ways[0] {
						w.subtract(full)
					}
					if ways[1] {
						w.intervalUS *= 4
						w.decimate()
						tolerance = 10
					}
					rec, err := Decode(w.bytes())
					if err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					if rec.RateHz != 1e6/float64(interval) || rec.Leads[0].Name != "aVF" || rec.Leads[1].Name != "V1" {
						t.Errorf("%s: %v Hz, %s before %s", what, rec.RateHz, rec.Leads[0].Name, rec.Leads[1].Name)
					}
					for i, lead := range rec.Leads {
						if !ways[0] && ways[1] { // the T of the beat is outside the zone and was smoothed
							lead.Samples, full[i] = lead.Samples[w.complexes[0].protectStart-1:w.complexes[0].protectEnd], full[i][w.complexes[0].protectStart-1:w.complexes[0].protectEnd]
						}
						same(t, what+", "+lead.Name, lead.Samples, scaled(full[i], 2.5), tolerance)
					}
				}
			}
		}
	}
}

func TestZonesNeedNoMultipleOfTheDecimation(t *testing.T) {
	t.Parallel()
	for shift := range int64(4) {
		for _, factor := range []int64{1, 3} { // zones of other lengths as well
			w, full := beatWriter()
			w.tables, w.encoding, w.intervalUS = [][]code{{}}, secondDifferences, 8000
			for i := range w.complexes {
				w.complexes[i].protectStart += shift + factor*int64(i)
				w.complexes[i].protectEnd -= shift
			}
			w.subtract(full)
			w.decimate()
			rec, err := Decode(w.bytes())
			if err != nil {
				t.Errorf("zones moved by %d: %v", shift, err)
				continue
			}
			for i, lead := range rec.Leads {
				same(t, lead.Name, lead.Samples, scaled(full[i], 2.5), 10)
				for _, q := range w.complexes {
					same(t, lead.Name+" QRS", lead.Samples[q.protectStart-1:q.protectEnd], scaled(full[i][q.protectStart-1:q.protectEnd], 2.5), 0.001)
				}
			}
		}
	}
}

func TestDecimatedValuesStandInTheMiddleOfTheirGroups(t *testing.T) {
	t.Parallel()
	for _, samples := range []int{1, 2, 3, 4, 5, 7, 8, 13} {
		ramp, stored := make([]float32, samples), []float32{}
		for at := 0; at < samples; at += 4 {
			sum := float32(0)
			for k := at; k < min(at+4, samples); k++ {
				ramp[k] = float32(k)
				sum += ramp[k]
			}
			stored = append(stored, sum/float32(min(at+4, samples)-at))
		}
		got := expand(stored, []stretch{{samples: samples, decimated: true}}, 4, samples)
		first, last := stretch{samples: samples}.middle(0, 4), stretch{samples: samples}.middle(len(stored)-1, 4)
		for k, v := range got { // a straight line stays one, but for its held ends
			if want := float32(min(max(float64(k), first), last)); math.Abs(float64(v-want)) > 1e-4 {
				t.Errorf("%d samples: sample %d is %v, want %v", samples, k, v, want)
			}
		}
	}
}

func TestWhatCannotBeDecodedForSureIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*writer)
		reason string
	}{
		"a zone that starts elsewhere": {func(w *writer) { w.complexes[1].protectStart += 23 }, "bits before its data"},
		"bimodal without beat":         {func(w *writer) { w.beatCounts = nil }, "lacks"},
		"odd interval":                 {func(w *writer) { w.intervalUS = 3000 }, "no multiple"},
		"zones overlap":                {func(w *writer) { w.complexes[1].protectStart = 100 }, "protected zone 2"},
		"unknown encoding":             {func(w *writer) { w.encoding = 3 }, "unknown encoding"},
		"no scale":                     {func(w *writer) { w.nanovolts = 0 }, "0 nV"},
		"lead backwards":               {func(w *writer) { w.leads[0].last = 0 }, "runs from sample"},
		"samples without end":          {func(w *writer) { w.leads[0].last = 1 << 31 }, "runs from sample"},
		"ambiguous codes": {func(w *writer) {
			w.tables = [][]code{{{prefix: 0, prefixBits: 1}, {prefix: 1, prefixBits: 3, value: 1}, {prefix: 3, prefixBits: 2, literalBits: 16}}}
		}, "begins like another"},
		"switch to nowhere": {func(w *writer) {
			w.tables = twoTables()
			w.tables[0][2].value = 5
		}, "switches to table 6 of 2"},
		"literal with base value": {func(w *writer) {
			w.tables = twoTables()
			w.tables[0][3].value = 7
		}, "both 16 literal bits and base value 7"},
	}
	for name, c := range cases {
		w, full := beatWriter()
		w.tables, w.intervalUS = [][]code{{}}, 8000
		w.subtract(full)
		w.decimate()
		c.change(w)
		_, err := Decode(w.bytes())
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLeadsRecordedOneAfterAnotherHaveGaps(t *testing.T) {
	t.Parallel()
	w := newWriter(2)
	w.leads[1].first, w.leads[1].last = 1001, 2000
	rec, err := Decode(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	one, two := rec.Leads[0].Samples, rec.Leads[1].Samples
	if len(one) != 2000 || len(two) != 2000 || two[999] == two[999] || one[1000] == one[1000] {
		t.Fatal("the leads are not side by side on one time axis")
	}
	same(t, "II", two[1000:], scaled(w.counts[1], 2.5), 0)
}

func TestChinesePatientNamesAreReadWithAndWithoutLanguageCode(t *testing.T) {
	t.Parallel()
	for _, language := range []byte{0x27, 0} {
		device := make([]byte, 36)
		device[16] = language
		w := newWriter(1)
		w.patient = append([]byte{tagLastName, 5, 0}, "\xd5\xc5\xc8\xfd\x00"...)
		w.patient = append(append(w.patient, tagDevice, 36, 0), device...)
		w.patient = append(w.patient, tagEnd, 0, 0)
		rec, err := Decode(w.bytes())
		if err != nil || rec.Patient.Name != "张三" {
			t.Errorf("language %#x: %v", language, err)
		}
	}
}
