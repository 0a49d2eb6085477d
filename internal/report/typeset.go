package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is the report's typeface; it is safe for concurrent use.
type face struct {
	ttf  []byte
	font *sfnt.Font
	em   fixed.Int26_6 // units of the font per em, as the size at which outlines are loaded
}

func newFace(ttf []byte) (*face, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("report font: %w", err)
	}
	return &face{ttf: ttf, font: f, em: fixed.I(int(f.UnitsPerEm()))}, nil
}

// setter measures and sets text for one document.
type setter struct {
	*face
	buf    sfnt.Buffer
	glyphs map[rune]glyph
}

type glyph struct {
	index   sfnt.GlyphIndex // 0: the font has none
	advance float64         // em
}

func (f *face) setter() *setter { return &setter{face: f, glyphs: map[rune]glyph{}} }

func (s *setter) glyph(r rune) glyph {
	if g, ok := s.glyphs[r]; ok {
		return g
	}
	var g glyph
	if index, err := s.font.GlyphIndex(&s.buf, r); err == nil && index != 0 {
		if advance, err := s.font.GlyphAdvance(&s.buf, index, s.em, font.HintingNone); err == nil {
			g = glyph{index, float64(advance) / float64(s.em)}
		}
	}
	s.glyphs[r] = g
	return g
}

// standIn is what is printed for a character the font does not have: its
// number, so that a reader can look it up.
func standIn(r rune) string { return fmt.Sprintf("〔U+%04X〕", r) }

// width is how wide a text is set, in em.
func (s *setter) width(text string) float64 {
	w := 0.0
	for _, r := range text {
		w += s.runeWidth(r)
	}
	return w
}

func (s *setter) runeWidth(r rune) float64 {
	g := s.glyph(r)
	if g.index != 0 {
		return g.advance
	}
	w := 0.0
	for _, c := range standIn(r) {
		w += s.glyph(c).advance
	}
	return w
}

// Signs that never begin a line, and those that never end one (GB/T 15834).
const (
	notFirst = "，。、；：？！）」』】〕》〉”’…—·％‰℃,.;:?!)]}%"
	notLast  = "（「『【〔《〈“‘([{"
)

// wrap breaks a text into lines at most width em wide: at line feeds, between
// Chinese characters, between words. Every character stands in exactly one
// line, so the lines put together are the text without its line feeds.
func (s *setter) wrap(text string, width float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		runes := []rune(paragraph)
		for {
			n := s.fit(runes, width)
			lines = append(lines, string(runes[:n]))
			if runes = runes[n:]; len(runes) == 0 {
				break
			}
		}
	}
	return lines
}

// fit is how many of the runes make the next line.
func (s *setter) fit(runes []rune, width float64) int {
	w, last := 0.0, 0
	for i, r := range runes {
		w += s.runeWidth(r)
		if w > width && i > 0 {
			if last > 0 {
				return last
			}
			return i // one long word: cut it
		}
		if i+1 < len(runes) && mayBreak(r, runes[i+1]) {
			last = i + 1
		}
	}
	return len(runes)
}

// mayBreak reports whether a line may end between two characters.
func mayBreak(a, b rune) bool {
	if strings.ContainsRune(notFirst, b) || strings.ContainsRune(notLast, a) || b == ' ' {
		return false
	}
	return !(inWord(a) && inWord(b))
}

func inWord(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-/+.×", r))
}

const (
	mmPerPoint = 25.4 / 72
	family     = "report"
)

// set writes one line with its baseline's start at x, y mm, size in points.
// Characters beyond the Basic Multilingual Plane are filled outlines, because
// the PDF library's subsets cannot hold them; those the font lacks stand as
// their number. Both carry the character itself as ActualText (ISO 32000-1,
// 14.9.4), so that copying and searching find it.
func (s *setter) set(pdf *fpdf.Fpdf, x, y, size float64, text string) {
	pdf.SetFont(family, "", size)
	mm := size * mmPerPoint
	var plain []rune
	start := x
	flush := func() {
		if len(plain) > 0 {
			pdf.Text(start, y, string(plain))
			plain = plain[:0]
		}
	}
	for _, r := range text {
		g := s.glyph(r)
		w := s.runeWidth(r) * mm
		if r <= 0xffff && g.index != 0 {
			if len(plain) == 0 {
				start = x
			}
			plain = append(plain, r)
			x += w
			continue
		}
		flush()
		s.setRare(pdf, x, y, mm, r, g)
		x += w
	}
	flush()
}

func (s *setter) setRare(pdf *fpdf.Fpdf, x, y, mm float64, r rune, g glyph) {
	pdf.RawWriteStr(fmt.Sprintf("/Span <</ActualText <FEFF%s>>> BDC\n", utf16Hex(r)))
	if g.index == 0 {
		pdf.Text(x, y, standIn(r))
	} else {
		s.outline(pdf, x, y, mm, g.index)
		pdf.SetTextRenderingMode(3) // invisible: gives the outline a place in the text
		pdf.Text(x, y, "口")
		pdf.SetTextRenderingMode(0)
	}
	pdf.RawWriteStr("EMC\n")
}

func utf16Hex(r rune) string {
	text := ""
	for _, unit := range utf16.Encode([]rune{r}) {
		text += fmt.Sprintf("%04X", unit)
	}
	return text
}

// outline fills a glyph's shape. Segments come with y growing downwards, as
// the page's does.
func (s *setter) outline(pdf *fpdf.Fpdf, x, y, mm float64, index sfnt.GlyphIndex) {
	segments, err := s.font.LoadGlyph(&s.buf, index, s.em, nil)
	if err != nil {
		pdf.SetError(fmt.Errorf("report font: glyph %d: %w", index, err))
		return
	}
	at := func(p fixed.Point26_6) (float64, float64) {
		return x + float64(p.X)/float64(s.em)*mm, y + float64(p.Y)/float64(s.em)*mm
	}
	red, green, blue := pdf.GetTextColor()
	pdf.SetFillColor(red, green, blue)
	for _, seg := range segments {
		x1, y1 := at(seg.Args[0])
		x2, y2 := at(seg.Args[1])
		x3, y3 := at(seg.Args[2])
		switch seg.Op {
		case sfnt.SegmentOpMoveTo:
			pdf.MoveTo(x1, y1)
		case sfnt.SegmentOpLineTo:
			pdf.LineTo(x1, y1)
		case sfnt.SegmentOpQuadTo:
			pdf.CurveTo(x1, y1, x2, y2)
		case sfnt.SegmentOpCubeTo:
			pdf.CurveBezierCubicTo(x1, y1, x2, y2, x3, y3)
		}
	}
	pdf.DrawPath("f")
}
