// Package font carries the typeface of signed reports inside the binary: a PDF
// must show the same Chinese characters on any server, whatever is installed
// there. files/ is filled by `make build` and ignored by git.
package font

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// ErrNotBuilt says that this binary was built without the font.
var ErrNotBuilt = errors.New("font is not built in: run make build")

const regular = "NotoSansSC-Regular.ttf"

//go:embed files
var files embed.FS

//go:embed SHA256SUMS
var sums string

var sansSC = sync.OnceValues(func() ([]byte, error) { return load(files, regular, sums) })

// SansSC returns the static TrueType file of Noto Sans SC Regular (simplified
// Chinese, Latin, Greek, Cyrillic). The bytes are shared by all callers and
// must not be changed. It returns ErrNotBuilt when the font is not in this
// binary, and another error when it is not the file SHA256SUMS names.
func SansSC() ([]byte, error) { return sansSC() }

// load reads one font from tree and checks it against sums, whose lines are
// those of sha256sum: hash, two spaces, name.
func load(tree fs.FS, name, sums string) ([]byte, error) {
	ttf, err := fs.ReadFile(tree, "files/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	sum := sha256.Sum256(ttf)
	got := hex.EncodeToString(sum[:])
	for line := range strings.Lines(sums) {
		if want, of, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && of == name {
			if got != want {
				return nil, fmt.Errorf("font %s: SHA-256 is %s, want %s: run make clean build", name, got, want)
			}
			return ttf, nil
		}
	}
	return nil, fmt.Errorf("font %s: no line in SHA256SUMS", name)
}
