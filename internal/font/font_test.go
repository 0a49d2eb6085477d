package font

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/image/font/sfnt"
)

func TestBinaryWithoutFontSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	_, err := load(fstest.MapFS{}, regular, sums)
	if !errors.Is(err, ErrNotBuilt) {
		t.Errorf("load from an empty folder: %v, want ErrNotBuilt", err)
	}
}

func TestChangedFontIsRefused(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"files/" + regular: {Data: []byte("another font")}}
	_, err := load(tree, regular, sums)
	if err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("load of a changed font: %v, want a SHA-256 error", err)
	}
}

func TestFontWithoutPinnedSumIsRefused(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"files/" + regular: {Data: []byte("a font")}}
	_, err := load(tree, regular, strings.Repeat("0", 64)+"  Other.ttf\n")
	if err == nil || !strings.Contains(err.Error(), "no line") {
		t.Errorf("load without a pinned sum: %v, want an error", err)
	}
}

// The words a report prints must all have a glyph: a missing one would be an
// empty box in a signed document.
func TestFontHasTheWordsOfAReport(t *testing.T) {
	t.Parallel()
	ttf, err := SansSC()
	if errors.Is(err, ErrNotBuilt) {
		t.Skip("font is not built in (make build): glyph check skipped")
	}
	if err != nil {
		t.Fatal(err)
	}
	face, err := sfnt.Parse(ttf)
	if err != nil {
		t.Fatal(err)
	}
	var buf sfnt.Buffer
	for _, r := range "远程诊断报告影像所见诊断意见建议书写审核签发危急值阳性互认心电图导联㎜·ⅠⅡⅢ±≥≤℃μΩ0123ABCabc王龘赟翀喆祎囍鑫淼焱堃" {
		if glyph, err := face.GlyphIndex(&buf, r); err != nil || glyph == 0 {
			t.Errorf("no glyph for %q (U+%04X): %v", r, r, err)
		}
	}
}
