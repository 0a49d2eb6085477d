package draw

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"codeberg.org/go-pdf/fpdf"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// DrawPDF draws the page of rec on the current page of pdf, whose unit must be
// mm, with its upper left corner at x, y. The page takes PageWidth × PageHeight
// mm from there. Text is drawn in o.FontFamily, which the caller has added to
// pdf as a UTF-8 font; without one it is English in Helvetica and lead names
// only. Line and text settings of pdf are left changed.
func DrawPDF(pdf *fpdf.Fpdf, x, y float64, rec *ecg.Recording, o Options) error {
	if o.FontFamily == "" {
		o.English = true
	}
	d, err := Arrange(rec, o)
	if err != nil {
		return err
	}
	p := pdfPage{pdf: pdf, x: x, y: y, family: o.FontFamily}
	if p.family == "" {
		p.family = "Helvetica"
	}
	p.grid()
	p.drawing(d)
	for i, line := range d.Header {
		p.text(gridLeft, headerY(i), 3.6, line)
	}
	p.text(gridLeft, gridTop+gridHeight+6, 3.2, d.Footer)
	if pdf.Err() {
		return fmt.Errorf("draw: pdf: %w", pdf.Error())
	}
	return nil
}

// PDFPage writes a document of one A4 landscape page. font is a TrueType font
// with every character of the header; it is embedded as far as it is used.
func PDFPage(w io.Writer, rec *ecg.Recording, o Options, font []byte) error {
	if len(font) == 0 {
		return errors.New("draw: a PDF page needs a font")
	}
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("ecg", "", font)
	pdf.AddPage()
	o.FontFamily = "ecg"
	if err := DrawPDF(pdf, 0, 0, rec, o); err != nil {
		return err
	}
	return pdf.Output(w)
}

// pdfPage draws with its own origin.
type pdfPage struct {
	pdf    *fpdf.Fpdf
	x, y   float64
	family string
}

// grid draws the paper: thin lines first, so that the thick ones lie over them.
func (p pdfPage) grid() {
	left, top := p.x+gridLeft, p.y+gridTop
	p.pdf.SetFillColor(rgb(paperColour))
	p.pdf.Rect(left, top, gridWidth, gridHeight, "F")
	for _, pass := range []struct {
		colour string
		width  float64
		every  int
	}{{thinColour, 0.1, 1}, {thickColour, 0.3, 5}} {
		p.pdf.SetDrawColor(rgb(pass.colour))
		p.pdf.SetLineWidth(pass.width)
		for mm := 0; mm <= gridWidth; mm += pass.every {
			p.pdf.MoveTo(left+float64(mm), top)
			p.pdf.LineTo(left+float64(mm), top+gridHeight)
		}
		for mm := 0; mm <= gridHeight; mm += pass.every {
			p.pdf.MoveTo(left, top+float64(mm))
			p.pdf.LineTo(left+gridWidth, top+float64(mm))
		}
		p.pdf.DrawPath("D")
	}
}

// drawing draws strips, labels and pulses.
func (p pdfPage) drawing(d *Drawing) {
	p.pdf.SetDrawColor(rgb(inkColour))
	p.pdf.SetLineWidth(0.25)
	p.pdf.SetLineJoinStyle("round")
	for _, line := range d.Pulses {
		p.line(line)
	}
	for _, s := range d.Strips {
		for _, line := range s.Lines {
			p.line(line)
		}
		for _, cut := range s.Cuts {
			p.line(cutMark(cut, s.Baseline))
		}
		p.text(s.Left+1, s.Baseline-labelRise, 3.6, s.Lead)
		if len(s.Lines) == 0 {
			p.text(s.Left+s.Width/2-6, s.Baseline, 4, d.NoSignal)
		}
	}
}

// line strokes one polyline.
func (p pdfPage) line(line []Point) {
	for i, at := range line {
		if i == 0 {
			p.pdf.MoveTo(p.x+at.X, p.y+at.Y)
			continue
		}
		p.pdf.LineTo(p.x+at.X, p.y+at.Y)
	}
	p.pdf.DrawPath("D")
}

// text writes at a baseline, sizes in mm.
func (p pdfPage) text(x, y, size float64, text string) {
	if text == "" {
		return
	}
	const pointsPerMM = 72 / 25.4
	p.pdf.SetFont(p.family, "", size*pointsPerMM)
	p.pdf.SetTextColor(rgb(inkColour))
	p.pdf.Text(p.x+x, p.y+y, text)
}

// rgb splits a colour written as #rrggbb.
func rgb(colour string) (r, g, b int) {
	v, err := strconv.ParseUint(colour[1:], 16, 24)
	if err != nil {
		return 0, 0, 0
	}
	return int(v >> 16), int(v >> 8 & 0xff), int(v & 0xff)
}
