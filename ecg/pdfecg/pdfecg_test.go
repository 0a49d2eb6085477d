package pdfecg

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

const report = "pdf/introecg_FICTITIOUS_EKG.pdf"

func decode(t *testing.T, data []byte) *ecg.Recording {
	t.Helper()
	rec, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func has(rec *ecg.Recording, code ecg.NoteCode) bool {
	for _, n := range rec.Notes {
		if n.Code == code {
			return true
		}
	}
	return false
}

// TestTracesOfARealReportAreRecovered: three rows of four leads and three rhythm
// strips at 500 points a second, as its grid, pulses and texts say.
func TestTracesOfARealReportAreRecovered(t *testing.T) {
	t.Parallel()
	rec := decode(t, truth.Bytes(t, report))
	if rec.RateHz != 500 || rec.Samples() != 5000 || len(rec.Leads) != 12 || !has(rec, ecg.NoteRecovered) || rec.Picture != "" {
		t.Fatalf("%d leads of %d samples at %v Hz", len(rec.Leads), rec.Samples(), rec.RateHz)
	}
	if notes := ecg.Check(rec); notes != nil {
		t.Errorf("%v", notes) // scale, rate and the names of the limb leads bear each other out
	}
	stretch := map[string]int{"I": 0, "aVR": 1250, "V3": 2500, "V6": 3750}
	for name, from := range stretch {
		s := rec.Lead(name).Samples
		if s[from+3] != s[from+3] || s[from+1230] != s[from+1230] || from > 0 && s[from-20] == s[from-20] {
			t.Errorf("lead %s does not lie where it is drawn", name)
		}
	}
	// Lead II: the report says 77 beats a minute.
	beats := 0
	s := rec.Lead("II").Samples
	for k := 0; k < len(s); k++ {
		if s[k] > 250 {
			beats++
			k += 150
		}
	}
	if beats < 12 || beats > 14 {
		t.Errorf("%d beats in ten seconds", beats)
	}
}

// sheet draws rec as the hub prints it.
func sheet(t testing.TB, rec *ecg.Recording, layout draw.Layout) []byte {
	t.Helper()
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddPage()
	if err := draw.DrawPDF(pdf, 0, 0, rec, draw.Options{Layout: layout}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheHubsOwnDrawingGivesTheTraceBack(t *testing.T) {
	t.Parallel()
	rec, err := synth.Make(synth.Kinds()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, layout := range []draw.Layout{draw.Layout12x1, draw.Layout6x2} {
		back := decode(t, sheet(t, rec, layout))
		if n := back.Samples(); len(back.Leads) != 12 || n < 4990 || n > 5002 {
			t.Errorf("%s: %d leads, %v", layout, len(back.Leads), back.Notes)
			continue
		}
		for _, name := range []string{"I", "II", "aVR"} {
			want, got := rec.Lead(name).Samples, back.Lead(name).Samples
			best, gain := 0.0, 0.0
			for lag := -4; lag <= 4; lag++ { // the filter of the display delays
				var xy, xx, yy float64
				for k := 200; k < 2000; k++ {
					x, y := float64(want[k+lag]-want[k+lag+100]), float64(got[k]-got[k+100])
					xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
				}
				if r := xy / math.Sqrt(xx*yy); r > best {
					best, gain = r, math.Sqrt(yy/xx)
				}
			}
			if best < 0.985 || gain < 0.95 || gain > 1.05 {
				t.Errorf("%s, lead %s: correlation %.4f, gain %.3f", layout, name, best, gain)
			}
		}
	}
}

// swapped changes the texts or lines of a page that stands uncompressed.
func swapped(t testing.TB, old, text string) []byte {
	t.Helper()
	d, err := open(truth.Bytes(t, report))
	if err != nil {
		t.Fatal(err)
	}
	content := string(d.pages()[0].content)
	if !strings.Contains(content, old) {
		t.Fatalf("the page has no %q", old)
	}
	content = strings.ReplaceAll(content, old, text)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write([]byte(content))
	z.Close()
	var out bytes.Buffer
	fmt.Fprintf(&out, "%%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Kids[3 0 R]/Count 1>> endobj\n")
	fmt.Fprintf(&out, "3 0 obj <</Type/Page/Rotate 90/Contents 4 0 R/Resources<</Font<</C2_0 5 0 R/C2_1 5 0 R/C2_2 5 0 R/C2_3 5 0 R>>>>>> endobj\n")
	fmt.Fprintf(&out, "5 0 obj <</Subtype/Type0>> endobj\n4 0 obj <</Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n", packed.Len(), packed.Bytes())
	return out.Bytes()
}

// hexText writes text as the report's fonts do.
func hexText(text string) string {
	out := ""
	for _, c := range text {
		out += fmt.Sprintf("%04X", int(c)-' '+glyphsBeforeSpace)
	}
	return "<" + out + ">"
}

func TestADrawingWhoseScaleIsNotCertainIsAPicture(t *testing.T) {
	t.Parallel()
	if rec := decode(t, swapped(t, "0 0 m", "0 0 m")); rec.Picture != "" {
		t.Fatalf("the unchanged page was not recovered: %v", rec.Notes)
	}
	for reason, swap := range map[string][2]string{
		"no paper speed":       {hexText("25mm/s"), hexText("25mm x")},
		"contradicts":          {" 1000 l", " 2000 l"},
		"no lines that could":  {"S\n", "n\n"},
		"names of the leads":   {hexText("aVR"), hexText("xxx")},
		"names of the leads c": {hexText("V1 "), hexText("V2 ") + "Tj\n" + hexText("zz")},
	} {
		rec := decode(t, swapped(t, swap[0], swap[1]))
		if reason == "names of the leads c" { // another lead's name in V1's place: two leads V2
			if rec.Picture == "" && len(rec.Leads) == 12 {
				t.Errorf("%d leads though one name occurs twice", len(rec.Leads))
			}
			continue
		}
		if rec.Picture != MediaType || len(rec.Leads) != 0 || !has(rec, ecg.NotePicture) || !strings.Contains(rec.Notes[0].Text, reason) {
			t.Errorf("%s: %d leads, %v", reason, len(rec.Leads), rec.Notes)
		}
	}
}

func TestOtherDocumentsArePicturesOrRefused(t *testing.T) {
	t.Parallel()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	pdf.Text(20, 20, "a scan")
	var scan bytes.Buffer
	if err := pdf.Output(&scan); err != nil {
		t.Fatal(err)
	}
	if rec := decode(t, scan.Bytes()); rec.Picture != MediaType {
		t.Errorf("%+v", rec)
	}
	for reason, data := range map[string]string{
		"no PDF":    "hello",
		"no page":   "%PDF-1.4\n1 0 obj <<>> endobj",
		"encrypted": "%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj trailer <</Encrypt 2 0 R>>",
	} {
		_, err := Decode([]byte(data))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestStringsWithoutEndAreNoFault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"(a\\", "<41", "(a", "<<", "[", "/", "(\\1"} {
		l := &lexer{data: []byte(text)}
		for {
			if _, ok := l.next(); !ok {
				break
			}
		}
		if l.at > len(l.data) {
			t.Errorf("%q is read past its end", text)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Kids[3 0 R]>> endobj 3 0 obj <</Contents 4 0 R/Rotate 90>> endobj\n4 0 obj <</Length 20>>stream\n0 0 m 1 1 l S BT (I) Tj [(a)-300<41>]TJ ET\nendstream endobj"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		rec, err := Decode(data)
		if err != nil {
			return
		}
		for _, l := range rec.Leads {
			if len(l.Samples) != rec.Samples() {
				t.Fatal("leads of unequal length")
			}
		}
	})
}

// FuzzPaint: whatever a page draws, no panic.
func FuzzPaint(f *testing.F) {
	f.Add([]byte("q 1 0 0 1 5 5 cm 0 0 m 10 0 l 20 5 l S Q BT /F 9 Tf 1 0 0 1 3 4 Tm (25 mm/s) Tj T* (V1) ' ET"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &document{objects: map[int]*object{}, fonts: map[ref]*font{}, room: 1 << 20}
		_, _ = restore(d.paint(page{content: data, rotate: 90}))
	})
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, report)
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
