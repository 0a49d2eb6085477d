package draw_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
)

// svgPage is what a test reads back of an SVG.
type svgPage struct {
	width, height, viewBox string
	traces                 map[string][][]draw.Point // by data-lead, in mm
	texts                  []string
}

func parse(t *testing.T, svg string) svgPage {
	t.Helper()
	page := svgPage{traces: map[string][][]draw.Point{}}
	scale := 1.0
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return page
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			at := map[string]string{}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
			}
			switch {
			case e.Name.Local == "svg":
				page.width, page.height, page.viewBox = at["width"], at["height"], at["viewBox"]
			case e.Name.Local == "g":
				if _, err := fmt.Sscanf(at["transform"], "scale(%g)", &scale); err != nil {
					t.Fatal(err)
				}
			case at["class"] == "t":
				page.traces[at["data-lead"]] = append(page.traces[at["data-lead"]], points(t, at["d"], scale))
			}
		case xml.CharData:
			if text := strings.TrimSpace(string(e)); text != "" {
				page.texts = append(page.texts, text)
			}
		}
	}
}

// points reads a path of the form "M x y l dx dy …".
func points(t *testing.T, d string, scale float64) []draw.Point {
	t.Helper()
	var x, y int
	d = strings.ReplaceAll(strings.NewReplacer("M", " ", "l", " ").Replace(d), "-", " -")
	fields := strings.Fields(d)
	if len(fields)%2 != 0 {
		t.Fatalf("odd number of coordinates in %.40s…", d)
	}
	line := make([]draw.Point, 0, len(fields)/2)
	for i := 0; i < len(fields); i += 2 {
		var dx, dy int
		if _, err := fmt.Sscan(fields[i]+" "+fields[i+1], &dx, &dy); err != nil {
			t.Fatal(err)
		}
		x, y = x+dx, y+dy
		line = append(line, draw.Point{X: float64(x) * scale, Y: float64(y) * scale})
	}
	return line
}

func TestSVGReadBackHasTheSamplesWhereTheGeometrySays(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	for _, layout := range draw.Layouts() {
		var svg strings.Builder
		if err := draw.SVG(&svg, rec, draw.Options{Layout: layout}); err != nil {
			t.Fatal(err)
		}
		if svg.Len() > 300<<10 {
			t.Errorf("%s: %d bytes", layout, svg.Len())
		}
		page := parse(t, svg.String())
		if page.width != "297mm" || page.height != "210mm" || page.viewBox != "0 0 297 210" {
			t.Errorf("%s: page of %s × %s, viewBox %s", layout, page.width, page.height, page.viewBox)
		}
		d, err := draw.Arrange(rec, draw.Options{Layout: layout})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Strips {
			found := false
			for _, line := range page.traces[s.Lead] {
				found = found || same(line, s.Lines[0])
			}
			if !found {
				t.Errorf("%s: the path of %s is not the line of the geometry", layout, s.Lead)
			}
		}
	}
}

// same compares two lines to the hundredth of a millimetre.
func same(a, b []draw.Point) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i].X-b[i].X) > 0.0051 || math.Abs(a[i].Y-b[i].Y) > 0.0051 {
			return false
		}
	}
	return true
}

func TestSVGOfANoisyRecordingStaysSmall(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	for l := range rec.Leads {
		for i := range rec.Leads[l].Samples {
			// 80 Hz of 60 µV: every sample is a corner.
			rec.Leads[l].Samples[i] += float32(60 * math.Sin(float64(i)*2*math.Pi*80/500))
		}
	}
	var svg strings.Builder
	if err := draw.SVG(&svg, rec, draw.Options{Layout: draw.Layout12x1}); err != nil {
		t.Fatal(err)
	}
	if svg.Len() > 300<<10 {
		t.Errorf("%d bytes", svg.Len())
	}
}

func TestHeaderWithMarkupIsTextAndNothingElse(t *testing.T) {
	t.Parallel()
	const name = `张三 <script>alert("1")</script> & Söhne`
	var svg strings.Builder
	if err := draw.SVG(&svg, normal(t), draw.Options{Header: []string{name}}); err != nil {
		t.Fatal(err)
	}
	page := parse(t, svg.String())
	for _, text := range page.texts {
		if text == name {
			return
		}
	}
	t.Errorf("the header is not among the texts %q", page.texts)
}

func TestFooterNamesScaleAndFilters(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	rec.Filters = ecg.Filters{HighPassHz: 0.5, LowPassHz: 35, NotchHz: 50}
	d, err := draw.Arrange(rec, draw.Options{MMPerMV: 5, Filter: draw.Filter{HighPassHz: 0.15, LowPassHz: 40, NotchHz: 50}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "25 mm/s   5 mm/mV   显示滤波 0.15-40 Hz   陷波 50 Hz   心电图机滤波 0.5-35 Hz, 陷波 50 Hz   采样 500 Hz"
	if d.Footer != want {
		t.Errorf("footer\n%s, want\n%s", d.Footer, want)
	}
}

func TestThumbnailIsSmallAndNamesNobody(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	rec.Patient.Name = "张三"
	var svg strings.Builder
	if err := draw.Thumbnail(&svg, rec); err != nil {
		t.Fatal(err)
	}
	if svg.Len() > 20<<10 {
		t.Errorf("%d bytes", svg.Len())
	}
	if strings.Contains(svg.String(), "张三") {
		t.Error("the patient is named")
	}
	if page := parse(t, svg.String()); len(page.traces) != 12 {
		t.Errorf("%d leads", len(page.traces))
	}
}

func TestPDFHoldsTheTracesAsVectorsAtTrueScale(t *testing.T) {
	t.Parallel()
	rec := normal(t)
	d, err := draw.Arrange(rec, draw.Options{Layout: draw.Layout12x1})
	if err != nil {
		t.Fatal(err)
	}
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetCompression(false)
	pdf.AddPage()
	if err := draw.DrawPDF(pdf, 0, 0, rec, draw.Options{Layout: draw.Layout12x1}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	// PDF counts points of 1/72 inch from the lower left corner of a page of
	// 841.89 × 595.28.
	const pt, top = 72 / 25.4, 595.28
	for _, s := range d.Strips {
		p, q := s.Lines[0][0], s.Lines[0][1]
		m := fmt.Sprintf("%.2f %.2f m", p.X*pt, top-p.Y*pt)
		l := fmt.Sprintf("%.2f %.2f l", q.X*pt, top-q.Y*pt)
		if !strings.Contains(out.String(), m) || !strings.Contains(out.String(), l) {
			t.Errorf("%s does not begin %s %s", s.Lead, m, l)
		}
	}
}

func TestPDFPageIsOneLandscapePageWithTheGivenFont(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := draw.PDFPage(&out, normal(t), draw.Options{English: true, Header: []string{"Test"}}, goregular.TTF); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("%PDF-")) || !bytes.Contains(out.Bytes(), []byte("/Count 1")) {
		t.Error("not a PDF of one page")
	}
	if out.Len() > 600<<10 {
		t.Errorf("%d bytes", out.Len())
	}
	if err := draw.PDFPage(io.Discard, normal(t), draw.Options{}, nil); err == nil {
		t.Error("no font was accepted")
	}
}
