package keys

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// secret is one line of a key file: a version and 32 random bytes.
type secret struct {
	version byte
	key     []byte
}

// maxKeyFile bounds a key file in bytes; 255 versions need far less.
const maxKeyFile = 64 << 10

// create makes all key files in a folder of their own and renames it into
// place, so that there are either all keys or none. When another process was
// first, its keys stay.
func create(dir, folder string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(dir, "keys-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh) // after the rename there is nothing left to remove
	for _, f := range files {
		if err := writeSecret(filepath.Join(fresh, f.name), f.about); err != nil {
			return err
		}
	}
	if err := syncDir(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, folder); err != nil {
		if _, statErr := os.Stat(folder); statErr == nil {
			return nil
		}
		return err
	}
	return syncDir(dir)
}

func writeSecret(path, about string) error {
	key := make([]byte, secretSize)
	rand.Read(key) // never fails: crypto/rand
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "# %s\n# Secret: keep a copy where the backup of the database is not.\n1 %s\n",
		about, base64.StdEncoding.EncodeToString(key))
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes the names in a folder durable. Windows has no such call.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readSecrets(path string) ([]secret, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key file is missing, put it back from the backup: %w", err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("key file %s: everybody may read it (mode %04o), make it 0600", path, st.Mode().Perm())
	}
	if st.Size() > maxKeyFile {
		return nil, fmt.Errorf("key file %s: %d bytes is too long", path, st.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secrets, err := parseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return secrets, nil
}

// parseSecrets reads lines "VERSION BASE64" with rising versions 1 to 255;
// empty lines and those that start with # do not count. Its errors tell line
// numbers only, never what stands there.
func parseSecrets(text []byte) ([]secret, error) {
	var out []secret
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		number, encoded, _ := strings.Cut(line, " ")
		version, err := strconv.ParseUint(number, 10, 8)
		if err != nil || version == 0 {
			return nil, fmt.Errorf("line %d: does not start with a version from 1 to 255", n)
		}
		if len(out) > 0 && byte(version) <= out[len(out)-1].version {
			return nil, fmt.Errorf("line %d: version %d does not rise", n, version)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(key) != secretSize {
			return nil, fmt.Errorf("line %d: not %d bytes in base64", n, secretSize)
		}
		out = append(out, secret{byte(version), key})
	}
	if err := lines.Err(); err != nil {
		return nil, errors.New("a line is too long")
	}
	if len(out) == 0 {
		return nil, errors.New("holds no key")
	}
	return out, nil
}
