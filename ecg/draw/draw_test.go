package draw_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

func normal(t testing.TB) *ecg.Recording {
	t.Helper()
	rec, err := synth.Make(synth.Normal, 1)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// block is a recording whose lead II steps by 1 mV at second 1 for one second;
// steps are wide of the filters' corners.
func block() *ecg.Recording {
	rec := &ecg.Recording{RateHz: 500}
	for _, name := range ecg.StandardLeads() {
		x := make([]float32, 5000)
		if name == "II" {
			for i := 500; i < 1000; i++ {
				x[i] = 1000
			}
		}
		rec.Leads = append(rec.Leads, ecg.Lead{Name: name, Samples: x})
	}
	return rec
}

func strip(t *testing.T, d *draw.Drawing, lead string) draw.Strip {
	t.Helper()
	for _, s := range d.Strips {
		if s.Lead == lead {
			return s
		}
	}
	t.Fatalf("no strip of %s", lead)
	return draw.Strip{}
}

// heightAt is the line's y at x.
func heightAt(t *testing.T, lines [][]draw.Point, x float64) float64 {
	t.Helper()
	for _, line := range lines {
		for i := 1; i < len(line); i++ {
			a, b := line[i-1], line[i]
			if a.X <= x && x <= b.X {
				return a.Y + (b.Y-a.Y)*(x-a.X)/(b.X-a.X)
			}
		}
	}
	t.Fatalf("nothing is drawn at x = %g mm", x)
	return 0
}

func TestOneSecondIsTwentyFiveMillimetresAndOneMillivoltTen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ mmPerSecond, mmPerMV float64 }{{25, 10}, {50, 10}, {12.5, 5}, {25, 20}, {50, 5}} {
		d, err := draw.Arrange(block(), draw.Options{Layout: draw.Layout12x1, MMPerSecond: c.mmPerSecond, MMPerMV: c.mmPerMV})
		if err != nil {
			t.Fatal(err)
		}
		s := strip(t, d, "II")
		at := func(second float64) float64 { return heightAt(t, s.Lines, s.Left+second*c.mmPerSecond) }
		if rise := at(0.9) - at(1.1); math.Abs(rise-c.mmPerMV) > 0.06*c.mmPerMV {
			t.Errorf("%v: 1 mV rises %.2f mm", c, rise)
		}
		// The edge crosses half height at second 1 and again at second 2.
		half := (at(0.9) + at(1.1)) / 2
		up, down := crossing(s.Lines, half, -1), crossing(s.Lines, half, 1)
		if d := down - up; math.Abs(d-c.mmPerSecond) > 0.05 {
			t.Errorf("%v: 1 s is %.3f mm", c, d)
		}
	}
}

// crossing is where the lines pass y upwards on the page (dir −1) or
// downwards (1).
func crossing(lines [][]draw.Point, y float64, dir float64) float64 {
	for _, line := range lines {
		for i := 1; i < len(line); i++ {
			a, b := line[i-1], line[i]
			if (a.Y-y)*dir < 0 && (b.Y-y)*dir >= 0 {
				return a.X + (b.X-a.X)*(y-a.Y)/(b.Y-a.Y)
			}
		}
	}
	return math.NaN()
}

func TestCalibrationPulseIsOneMillivoltForAFifthOfASecond(t *testing.T) {
	t.Parallel()
	d, err := draw.Arrange(normal(t), draw.Options{MMPerSecond: 50, MMPerMV: 20})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Pulses) != 4 {
		t.Fatalf("%d pulses for 3 rows and a rhythm strip", len(d.Pulses))
	}
	p := d.Pulses[0]
	if height, width := p[1].Y-p[2].Y, p[3].X-p[2].X; math.Abs(height-20) > 1e-9 || math.Abs(width-10) > 1e-9 {
		t.Errorf("pulse of %.2f × %.2f mm, want 20 × 10", height, width)
	}
}

func TestLayoutsPlaceEveryLeadInsideTheGridInTimeOrder(t *testing.T) {
	t.Parallel()
	want := map[draw.Layout]struct{ strips, columns int }{
		draw.Layout12x1: {12, 1}, draw.Layout6x2: {12, 2}, draw.Layout3x4: {12, 4}, draw.Layout3x4R1: {13, 4},
	}
	for layout, w := range want {
		d, err := draw.Arrange(normal(t), draw.Options{Layout: layout})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Strips) != w.strips {
			t.Errorf("%s: %d strips", layout, len(d.Strips))
		}
		for _, s := range d.Strips[:12] {
			column := int(math.Round((s.Left - 31) / s.Width))
			if s.StartSecond != float64(column)*10/float64(w.columns) {
				t.Errorf("%s: %s starts at %g s in column %d", layout, s.Lead, s.StartSecond, column)
			}
			for _, line := range s.Lines {
				for _, p := range line {
					if p.X < 16 || p.X > 281.001 || p.Y < 24 || p.Y > 194 {
						t.Fatalf("%s: %s leaves the grid at %v", layout, s.Lead, p)
					}
				}
			}
		}
	}
}

func TestDrawnLineFollowsTheFileFromSampleToSample(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	d, err := draw.Arrange(rec, draw.Options{Layout: draw.Layout12x1})
	if err != nil {
		t.Fatal(err)
	}
	// The default filter takes away the offset and wander, and a little of the
	// sharpest tops; from one sample to the next that is little.
	s := strip(t, d, "V4")
	before := math.NaN()
	for i, uv := range rec.Lead("V4").Samples[:4999] {
		drawn := (s.Baseline - heightAt(t, s.Lines, s.Left+float64(i)/500*25)) / 10 * 1000
		off := drawn - float64(uv)
		if math.Abs(off-before) > 30 {
			t.Fatalf("at sample %d the line leaves the file by %.1f µV within 2 ms", i, off-before)
		}
		before = off
	}
}

func TestMissingLeadIsNamedAndSaysThatThereIsNoSignal(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	rec.Leads = slices.DeleteFunc(rec.Leads, func(l ecg.Lead) bool { return l.Name == "V3" })
	for i := range rec.Lead("V5").Samples {
		rec.Lead("V5").Samples[i] = float32(math.NaN())
	}
	var svg strings.Builder
	if err := draw.SVG(&svg, rec, draw.Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(svg.String(), "无信号"); n != 2 {
		t.Errorf("%d leads say 无信号, want V3 and V5", n)
	}
	if !strings.Contains(svg.String(), ">V3</text>") {
		t.Error("V3 is not named")
	}
}

func TestEightStoredLeadsAreDrawnAsTwelve(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	rec.Leads = slices.DeleteFunc(rec.Leads, func(l ecg.Lead) bool {
		return l.Name == "III" || strings.HasPrefix(l.Name, "aV")
	})
	d, err := draw.Arrange(rec, draw.Options{Cabrera: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Strips {
		if len(s.Lines) == 0 {
			t.Errorf("%s has no trace", s.Lead)
		}
	}
	if d.Strips[2].Lead != "-aVR" {
		t.Errorf("third lead in Cabrera's order is %s", d.Strips[2].Lead)
	}
}

func TestGapBreaksTheLine(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	for i := 100; i < 200; i++ {
		rec.Lead("I").Samples[i] = float32(math.NaN())
	}
	d, err := draw.Arrange(rec, draw.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strip(t, d, "I").Lines); n != 2 {
		t.Errorf("%d lines, want one before and one after the gap", n)
	}
}

func TestTraceThatLeavesItsReachIsCutAndMarked(t *testing.T) {
	t.Parallel()
	rec := block()
	for i := 500; i < 1000; i++ {
		rec.Lead("II").Samples[i] = 9000
	}
	d, err := draw.Arrange(rec, draw.Options{Layout: draw.Layout12x1})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strip(t, d, "II").Cuts); n != 1 {
		t.Errorf("%d marks, want 1", n)
	}
}

func TestImpossibleOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []draw.Options{
		{Layout: "2x6"}, {MMPerSecond: 30}, {MMPerMV: 7}, {StartSecond: -1}, {StartSecond: math.NaN()},
		{Filter: draw.Filter{HighPassHz: 1}}, {Filter: draw.Filter{LowPassHz: 20}}, {Filter: draw.Filter{NotchHz: 55}},
	} {
		if _, err := draw.Arrange(normal(t), o); !errors.Is(err, draw.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestHolterDrawsOnlyItsWindow(t *testing.T) {
	t.Parallel()
	rec := &ecg.Recording{RateHz: 250, Leads: []ecg.Lead{{Name: "MLII", Samples: make([]float32, 250*600)}}}
	rec.Leads[0].Samples[250*300+250] = 1000
	d, err := draw.Arrange(rec, draw.Options{StartSecond: 300})
	if err != nil {
		t.Fatal(err)
	}
	s := strip(t, d, "MLII")
	top := s.Lines[0][0]
	for _, p := range s.Lines[0] {
		if p.Y < top.Y {
			top = p
		}
	}
	if math.Abs(top.X-s.Left-25) > 0.01 {
		t.Errorf("the mark at second 301 stands %.2f mm from the left, want 25", top.X-s.Left)
	}
}

func TestThreeRhythmStripsStandBelowTheColumns(t *testing.T) {
	t.Parallel()
	d, err := draw.Arrange(normal(t), draw.Options{Layout: draw.Layout3x4R3})
	if err != nil {
		t.Fatal(err)
	}
	var wide []string
	for _, s := range d.Strips {
		if s.Width > 200 {
			wide = append(wide, s.Lead)
		}
	}
	if !slices.Equal(wide, []string{"II", "V1", "V5"}) || len(d.Strips) != 15 {
		t.Fatalf("rhythm strips %v of %d strips, want II, V1, V5 of 15", wide, len(d.Strips))
	}
}

func TestChestLeadsHaveTheirOwnGain(t *testing.T) {
	t.Parallel()
	rec := block()
	for i, l := range rec.Leads {
		if l.Name == "V2" {
			rec.Leads[i].Samples = rec.Lead("II").Samples
		}
	}
	d, err := draw.Arrange(rec, draw.Options{Layout: draw.Layout12x1, ChestMMPerMV: 5})
	if err != nil {
		t.Fatal(err)
	}
	for lead, want := range map[string]float64{"II": 10, "V2": 5} {
		s := strip(t, d, lead)
		got := s.Baseline - heightAt(t, s.Lines, s.Left+1.5*25)
		if math.Abs(got-want) > 0.5 {
			t.Errorf("1 mV in %s is %.1f mm high, want %.0f", lead, got, want)
		}
	}
	if !strings.Contains(d.Footer, "(V 5)") {
		t.Errorf("footer %q does not name the chest leads' gain", d.Footer)
	}
	if _, err := draw.Arrange(rec, draw.Options{ChestMMPerMV: 7}); !errors.Is(err, draw.ErrOptions) {
		t.Errorf("7 mm/mV for the chest leads: %v", err)
	}
}

func TestColumnsTogetherShowTheSameSeconds(t *testing.T) {
	t.Parallel()
	d, err := draw.Arrange(normal(t), draw.Options{Layout: draw.Layout3x4, Together: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Strips {
		if s.StartSecond != 0 {
			t.Fatalf("%s begins at %g s, want 0 as all", s.Lead, s.StartSecond)
		}
	}
}
