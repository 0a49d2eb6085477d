package api

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeHasItsSentences reads the codes of the errors that the steps
// make out of the source: each needs a sentence in both languages, or people
// would read a bare code.
func TestEveryCodeHasItsSentences(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`hub\.(?:E|Wrap)\(hub\.\w+, [\w."+]+, "([a-z0-9_.]+)"`)
	codes := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(data, -1) {
			codes[string(m[1])] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) < 30 {
		t.Fatalf("only %d codes found: the pattern no longer fits the source", len(codes))
	}
	for code, path := range codes {
		found := false
		for _, c := range catalogues {
			m, ok := c[code]
			found = found || ok && m[0] != "" && m[1] != ""
		}
		if !found {
			t.Errorf("%s: code %q has no sentences", path, code)
		}
	}
}
