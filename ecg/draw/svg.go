package draw

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Colours of the paper, the same on screen and in print.
const (
	paperColour = "#fff8f6"
	thinColour  = "#f3b6ad"
	thickColour = "#e08a7d"
	inkColour   = "#111111"
)

// SVG writes rec as one A4 landscape page at true scale: width and height in
// mm, a viewBox in mm, and a page rule, so that a browser prints 1 s as 25 mm.
// Each lead is one path per stretch without gaps, class "t", with the lead's
// name in data-lead; its coordinates are hundredths of a millimetre.
//
// The header lines may hold the patient's name; the result is as confidential
// as they are. Errors are ErrOptions or those of w.
func SVG(w io.Writer, rec *ecg.Recording, o Options) error {
	d, err := Arrange(rec, o)
	if err != nil {
		return err
	}
	s := svgWriter{w: bufio.NewWriter(w), unit: 100}
	s.open(0, 0, PageWidth, PageHeight)
	s.grid(true)
	s.drawing(d)
	for i, line := range d.Header {
		s.text(gridLeft, headerY(i), 3.6, "start", line)
	}
	s.text(gridLeft, gridTop+gridHeight+6, 3.2, "start", d.Footer)
	s.printf("</svg>\n")
	return s.flush()
}

// Thumbnail writes a small SVG of the layout 3x4 for a list: the grid of 5 mm,
// the traces to a quarter of a millimetre, the lead names, no patient.
func Thumbnail(w io.Writer, rec *ecg.Recording) error {
	const coarse = 0.25
	d, err := arrange(rec, Options{Layout: Layout3x4}, coarse)
	if err != nil {
		return err
	}
	s := svgWriter{w: bufio.NewWriter(w), unit: 10}
	s.open(gridLeft, gridTop, gridWidth, gridHeight)
	s.grid(false)
	s.drawing(d)
	s.printf("</svg>\n")
	return s.flush()
}

// headerY is the baseline of header line i; three fit over the grid.
func headerY(i int) float64 { return 8 + 5.5*float64(i) }

// svgWriter writes elements and keeps the first error. unit is the number of
// coordinate steps per mm in paths.
type svgWriter struct {
	w    *bufio.Writer
	unit float64
	err  error
}

func (s *svgWriter) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *svgWriter) flush() error {
	if s.err != nil {
		return s.err
	}
	return s.w.Flush()
}

func (s *svgWriter) open(x, y, width, height float64) {
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%gmm" height="%gmm" viewBox="%g %g %g %g">`+"\n",
		width, height, x, y, width, height)
	s.printf("<style>@page{size:A4 landscape;margin:0}" +
		".t,.p,.c{fill:none;stroke:" + inkColour + ";stroke-linejoin:round}" +
		"text{font-family:\"Microsoft YaHei\",\"Noto Sans SC\",sans-serif;fill:" + inkColour + "}</style>\n")
}

// grid draws the paper; thin adds the lines of 1 mm. They are lines, not a
// pattern: a browser prints patterns as pictures of their own resolution.
func (s *svgWriter) grid(thin bool) {
	s.printf(`<rect x="%g" y="%g" width="%g" height="%g" fill="%s"/>`+"\n", gridLeft, gridTop, gridWidth, gridHeight, paperColour)
	if thin {
		s.rules(thinColour, ".1", func(mm int) bool { return mm%5 != 0 })
	}
	s.rules(thickColour, ".3", func(mm int) bool { return mm%5 == 0 })
}

// rules draws the lines whose millimetres are wanted, across and down.
func (s *svgWriter) rules(colour, width string, wanted func(mm int) bool) {
	s.printf(`<path stroke="%s" stroke-width="%s" d="`, colour, width)
	for mm := range int(gridWidth) + 1 {
		if wanted(mm) {
			s.printf("M%g %gv%g", gridLeft+float64(mm), gridTop, gridHeight)
		}
	}
	for mm := range int(gridHeight) + 1 {
		if wanted(mm) {
			s.printf("M%g %gh%g", gridLeft, gridTop+float64(mm), gridWidth)
		}
	}
	s.printf(`"/>` + "\n")
}

// drawing writes strips, labels and pulses.
func (s *svgWriter) drawing(d *Drawing) {
	s.printf(`<g transform="scale(%g)" stroke-width="%g">`+"\n", 1/s.unit, s.unit/4)
	for _, p := range d.Pulses {
		s.path("p", "", p)
	}
	for _, strip := range d.Strips {
		for _, line := range strip.Lines {
			s.path("t", strip.Lead, line)
		}
		for _, cut := range strip.Cuts {
			s.path("c", strip.Lead, cutMark(cut, strip.Baseline))
		}
	}
	s.printf("</g>\n")
	for _, strip := range d.Strips {
		s.text(strip.Left+1, strip.Baseline-labelRise, 3.6, "start", strip.Lead)
		if len(strip.Lines) == 0 {
			s.text(strip.Left+strip.Width/2, strip.Baseline, 4, "middle", d.NoSignal)
		}
	}
}

// labelRise is how far over the baseline a lead's name stands, in mm.
const labelRise = 6.0

// cutMark is a small arrowhead at a place where the trace was cut, pointing
// away from the baseline.
func cutMark(at Point, baseline float64) []Point {
	dy := 1.2
	if at.Y > baseline {
		dy = -dy
	}
	return []Point{{at.X - 0.8, at.Y + dy}, at, {at.X + 0.8, at.Y + dy}}
}

// path writes a polyline in whole steps relative to the point before; rounding
// does not add up, since each step leads to a rounded place.
func (s *svgWriter) path(class, lead string, line []Point) {
	step := func(mm float64) int { return int(math.Round(mm * s.unit)) }
	buf := make([]byte, 0, 8*len(line))
	x, y := step(line[0].X), step(line[0].Y)
	buf = append(buf, 'M')
	buf = strconv.AppendInt(buf, int64(x), 10)
	buf = append(buf, ' ')
	buf = strconv.AppendInt(buf, int64(y), 10)
	for i, p := range line[1:] {
		nx, ny := step(p.X), step(p.Y)
		switch {
		case i == 0:
			buf = append(buf, 'l')
		case nx-x >= 0:
			buf = append(buf, ' ')
		}
		buf = strconv.AppendInt(buf, int64(nx-x), 10)
		if ny-y >= 0 {
			buf = append(buf, ' ')
		}
		buf = strconv.AppendInt(buf, int64(ny-y), 10)
		x, y = nx, ny
	}
	s.printf(`<path class="%s"`, class)
	if lead != "" {
		s.printf(` data-lead="%s"`, escaped(lead))
	}
	s.printf(` d="%s"/>`+"\n", buf)
}

func (s *svgWriter) text(x, y, size float64, anchor, text string) {
	if text == "" {
		return
	}
	s.printf(`<text x="%.6g" y="%.6g" font-size="%g" text-anchor="%s">%s</text>`+"\n", x, y, size, anchor, escaped(text))
}

// escaped makes text safe in an element or an attribute.
func escaped(text string) string {
	var b writerTo
	// EscapeText only fails when its writer does, and this one does not.
	_ = xml.EscapeText(&b, []byte(text))
	return string(b)
}

type writerTo []byte

func (b *writerTo) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
