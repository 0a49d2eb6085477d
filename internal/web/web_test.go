package web

import (
	"embed"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestSomePageIsAlwaysThere(t *testing.T) {
	t.Parallel()
	if err := fstest.TestFS(Files(), "index.html"); err != nil {
		t.Fatal(err)
	}
}

func TestBinaryWithoutPagesSaysHowToBuildThemInBothLanguages(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(choose(embed.FS{}, notBuilt), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"make build", "未包含网页", "without its pages"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the fallback page does not say %q", want)
		}
	}
}

func TestBuiltPageIsTheApplicationAndNotTheFallback(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if isFallback := strings.Contains(string(page), "未包含网页"); isFallback == Built() {
		t.Errorf("Built() = %v, but the page served is the fallback: %v", Built(), isFallback)
	}
}
