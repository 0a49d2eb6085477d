package draw

import (
	"math"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// The page, in mm: A4 landscape with a grid in whole 5 mm squares.
const (
	PageWidth  = 297.0
	PageHeight = 210.0

	gridLeft   = 16.0
	gridTop    = 24.0
	gridWidth  = 265.0
	gridHeight = 170.0
	pulseWidth = 15.0 // left of the first column: the calibration pulse
	traceWidth = gridWidth - pulseWidth
	reachRows  = 1.4 // row heights up or down before a trace is cut

	// tolerance is how far a drawn line may lie from a sample, in mm; a pen
	// line is 0.25 mm wide.
	tolerance = 0.02
)

// Drawing is a page in mm before it is SVG or PDF.
type Drawing struct {
	MMPerSecond, MMPerMV float64
	Strips               []Strip
	Pulses               [][]Point // calibration: 1 mV for 0.2 s
	Header               []string
	Footer               string
	NoSignal             string // the words on a strip without signal
}

// Strip is one lead over one stretch of time.
type Strip struct {
	Lead        string // with a leading minus when it is drawn inverted
	Left        float64
	Baseline    float64 // y of 0 µV
	Width       float64
	MMPerMV     float64
	StartSecond float64 // at Left
	// Lines are the trace, broken at gaps; no lines means no signal.
	Lines [][]Point
	// Cuts are the places where the trace leaves the strip's reach and is cut
	// off, one each time.
	Cuts []Point
}

// cell is the place of one strip in a layout.
type cell struct {
	lead        string
	row, column int
	columns     int
}

// Arrange computes the page of rec.
func Arrange(rec *ecg.Recording, o Options) (*Drawing, error) {
	return arrange(rec, o, tolerance)
}

func arrange(rec *ecg.Recording, o Options, tolerance float64) (*Drawing, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	cells, rows := cellsOf(rec, o)
	part, skipped := window(rec, o)
	d := &Drawing{MMPerSecond: o.MMPerSecond, MMPerMV: o.MMPerMV, Header: o.Header,
		Footer: footer(rec, o), NoSignal: "无信号"}
	if o.English {
		d.NoSignal = "no signal"
	}
	rowHeight := gridHeight / float64(rows)
	filtered := map[string][]float64{}
	for _, c := range cells {
		// On a whole millimetre, so that the baseline lies on a grid line.
		baseline := gridTop + math.Round((float64(c.row)+0.5)*rowHeight)
		// Close under the upper edge there is no room for a pulse; the other
		// rows have one.
		if gain := o.gain(c.lead); c.column == 0 && baseline-gain >= gridTop {
			d.Pulses = append(d.Pulses, pulse(baseline, gain, o.MMPerSecond))
		}
		width := traceWidth / float64(c.columns)
		s := Strip{Lead: c.lead, Left: gridLeft + pulseWidth + float64(c.column)*width,
			Baseline: baseline, Width: width, MMPerMV: o.gain(c.lead), StartSecond: o.StartSecond}
		if !o.Together {
			s.StartSecond += float64(c.column) * width / o.MMPerSecond
		}
		s.draw(signal(part, c.lead, o.Filter, filtered), skipped, rec.RateHz, rowHeight, o, tolerance)
		d.Strips = append(d.Strips, s)
	}
	return d, nil
}

// window returns the part of rec that is drawn, with enough on both sides for
// the filters to settle, and how many samples it leaves out before. The parts
// share memory with rec.
func window(rec *ecg.Recording, o Options) (part *ecg.Recording, skipped int) {
	const settle = 20.0 // s
	if !(rec.RateHz > 0) {
		return rec, 0
	}
	from := (o.StartSecond - settle) * rec.RateHz
	to := (o.StartSecond + traceWidth/o.MMPerSecond + settle) * rec.RateHz
	skipped = int(math.Max(0, math.Min(from, float64(rec.Samples()))))
	part = &ecg.Recording{RateHz: rec.RateHz}
	for _, lead := range rec.Leads {
		n := max(0, len(lead.Samples)-rec.Calibration) // the device's own pulse is no heart signal
		end := int(math.Max(0, math.Min(to, float64(n))))
		lead.Samples = lead.Samples[min(skipped, end):end]
		part.Leads = append(part.Leads, lead)
	}
	return part, skipped
}

// gain is the scale of a lead: chest leads may have their own.
func (o Options) gain(lead string) float64 {
	if o.ChestMMPerMV > 0 && strings.HasPrefix(lead, "V") {
		return o.ChestMMPerMV
	}
	return o.MMPerMV
}

// pulse is 1 mV for 0.2 s, standing left of a row.
func pulse(baseline, mmPerMV, mmPerSecond float64) []Point {
	foot, width := 2.0, 0.2*mmPerSecond
	left := gridLeft + (pulseWidth-width-2*foot)/2
	top := baseline - mmPerMV
	return []Point{{left, baseline}, {left + foot, baseline}, {left + foot, top},
		{left + foot + width, top}, {left + foot + width, baseline}, {left + 2*foot + width, baseline}}
}

// cellsOf places the leads. A recording without a single standard lead gets
// a row for each of its own.
func cellsOf(rec *ecg.Recording, o Options) (cells []cell, rows int) {
	names := ecg.StandardLeads()
	if o.Cabrera {
		copy(names, []string{"aVL", "I", "-aVR", "II", "aVF", "III"})
	}
	if own := ownLeads(rec); len(own) > 0 {
		for i, name := range own {
			cells = append(cells, cell{lead: name, row: i, columns: 1})
		}
		return cells, len(own)
	}
	switch o.Layout {
	case Layout12x1:
		rows = 12
	case Layout6x2:
		rows = 6
	default:
		rows = 3
	}
	columns := len(names) / rows
	for i, name := range names {
		cells = append(cells, cell{lead: name, row: i % rows, column: i / rows, columns: columns})
	}
	for _, name := range o.rhythmLeads() {
		cells = append(cells, cell{lead: name, row: rows, columns: 1})
		rows++
	}
	return cells, rows
}

// rhythmLeads run over the whole width below the others.
func (o Options) rhythmLeads() []string {
	switch o.Layout {
	case Layout3x4R1:
		return []string{o.RhythmLead}
	case Layout3x4R3:
		return []string{o.RhythmLead, "V1", "V5"}
	}
	return nil
}

// ownLeads names the leads of a recording that has no standard lead, at most
// twelve.
func ownLeads(rec *ecg.Recording) []string {
	for _, name := range ecg.StandardLeads() {
		if rec.Lead(name) != nil {
			return nil
		}
	}
	var own []string
	for i := 0; i < len(rec.Leads) && i < 12; i++ {
		own = append(own, rec.Leads[i].Name)
	}
	return own
}

// signal returns the filtered samples of a lead in µV, nil if rec neither has
// nor can derive it. done keeps what was filtered before.
func signal(rec *ecg.Recording, name string, f Filter, done map[string][]float64) []float64 {
	if x, ok := done[name]; ok {
		return x
	}
	var x []float64
	if samples, sign := samplesOf(rec, name); samples != nil && rec.RateHz > 0 {
		x = f.apply(samples, rec.RateHz)
		for i := range x {
			x[i] *= sign
		}
	}
	done[name] = x
	return x
}

// samplesOf finds or derives the lead called name; "-aVR" is aVR upside down.
func samplesOf(rec *ecg.Recording, name string) (samples []float32, sign float64) {
	sign = 1
	if name == "-aVR" {
		name, sign = "aVR", -1
	}
	if lead := rec.Lead(name); lead != nil {
		return lead.Samples, sign
	}
	if leads, ok := ecg.Derive12(rec); ok {
		for _, lead := range leads {
			if lead.Name == name {
				return lead.Samples, sign
			}
		}
	}
	return nil, sign
}

// draw fills in the lines of s from x in µV, which lacks the first skipped
// samples of the recording.
func (s *Strip) draw(x []float64, skipped int, rate, rowHeight float64, o Options, tolerance float64) {
	top := math.Max(gridTop, s.Baseline-reachRows*rowHeight)
	bottom := math.Min(gridTop+gridHeight, s.Baseline+reachRows*rowHeight)
	first := max(0, int(math.Ceil(s.StartSecond*rate))-skipped)
	var line []Point
	cut := false
	finish := func() {
		if len(line) > 1 {
			s.Lines = append(s.Lines, simplified(line, tolerance))
		}
		line = nil
	}
	for i := first; i < len(x); i++ {
		at := s.Left + (float64(i+skipped)/rate-s.StartSecond)*o.MMPerSecond
		if at > s.Left+s.Width {
			break
		}
		if math.IsNaN(x[i]) {
			finish()
			continue
		}
		y := s.Baseline - x[i]/1000*s.MMPerMV
		inside := math.Min(math.Max(y, top), bottom)
		if inside != y && !cut {
			s.Cuts = append(s.Cuts, Point{at, inside})
		}
		cut = inside != y
		line = append(line, Point{at, inside})
	}
	finish()
}
