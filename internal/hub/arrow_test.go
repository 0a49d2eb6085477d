package hub

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestLibrariesKnowNoHub reads the imports of what must not depend on the
// hub: dicom, ecg and storage import nothing internal, this package only the
// standard library.
func TestLibrariesKnowNoHub(t *testing.T) {
	t.Parallel()
	const module = "github.com/yuanzhen/yuanzhen/"
	for _, root := range []string{"dicom", "ecg", "storage", "internal/hub"} {
		files := 0
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				if strings.HasPrefix(name, module+"internal/") && name != module+"internal/testdata" || root == "internal/hub" && strings.Contains(name, ".") {
					t.Errorf("%s imports %s", path, name)
				}
			}
			return nil
		})
		if err != nil || files == 0 {
			t.Fatalf("%s: %d files, %v", root, files, err)
		}
	}
}
