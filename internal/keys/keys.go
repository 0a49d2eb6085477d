// Package keys holds the hub's secrets: the data key that seals ID numbers and
// telephone numbers, the index key that makes them findable, the hub's signing
// key, and the master from which every doctor's signing key is derived.
//
// They live in files beside the database, never in it: who can change a row
// can neither read a sealed field nor sign an audit head. Every node of a hub
// works with a copy of the same folder. The algorithms are AES-256-GCM,
// HMAC-SHA-256 and Ed25519; each sealed value, index hash and key id names its
// algorithm or version, so that SM4, SM3 and SM2 can stand beside them. Callers
// declare the few methods they need; a CA or a U-key then replaces the hub's
// own custody without touching them.
package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secretSize is the length of each secret in bytes: an AES-256 key, an HMAC
// key, an Ed25519 seed, the master.
const secretSize = 32

// The files in the key folder.
const (
	dataFile   = "data.key"
	indexFile  = "index.key"
	signFile   = "sign.key"
	masterFile = "master.key"
)

var files = []struct{ name, about string }{
	{dataFile, "Yuanzhen data key (AES-256-GCM). Losing it loses every sealed ID number and telephone number."},
	{indexFile, "Yuanzhen index key (HMAC-SHA-256). Changing it hides patients from look-ups by ID number."},
	{signFile, "Yuanzhen signing key (Ed25519 seed) of audit heads and counter-signatures."},
	{masterFile, "Yuanzhen master key (HKDF-SHA-256). The signing keys of all doctors come from it."},
}

// Ring is the set of keys of one hub. It is safe for concurrent use; nothing
// of it ever changes after Open.
type Ring struct {
	data   []secret // oldest first: all unseal, the last seals
	index  secret
	sign   []secret // oldest first: all verify, the last signs
	master []byte
}

// Open reads the keys from the folder keys in dir, the hub's data folder, and
// makes them when that folder does not exist yet. A folder that lacks one of
// the files is refused, because a new key would silently make old data
// unreadable; so is a file that everybody on the machine may read.
func Open(dir string) (*Ring, error) {
	folder := filepath.Join(dir, "keys")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := create(dir, folder); err != nil {
			return nil, fmt.Errorf("make keys: %w", err)
		}
	}
	read := map[string][]secret{}
	for _, f := range files {
		secrets, err := readSecrets(filepath.Join(folder, f.name))
		if err != nil {
			return nil, err
		}
		read[f.name] = secrets
	}
	for _, name := range []string{indexFile, masterFile} {
		if len(read[name]) != 1 {
			return nil, fmt.Errorf("key file %s: %d keys, there must be one", filepath.Join(folder, name), len(read[name]))
		}
	}
	return &Ring{data: read[dataFile], index: read[indexFile][0], sign: read[signFile], master: read[masterFile][0].key}, nil
}

// Settings is where a database remembers which keys it belongs to.
type Settings interface {
	Setting(name string) (string, error)
	SetSetting(name, value string) error
}

// Bind ties a database to this ring: the first call stores a fingerprint of
// the index key and of the master, later ones compare it. A hub started with a
// copy of the database but fresh keys so stops at once instead of finding no
// patient and signing with other keys.
func (r *Ring) Bind(s Settings) error {
	have, err := s.Setting("keys")
	if err != nil {
		return err
	}
	fingerprint := r.fingerprint()
	switch have {
	case "":
		return s.SetSetting("keys", fingerprint)
	case fingerprint:
		return nil
	}
	return errors.New("the database was written with other keys: put back the keys folder of this hub (from its backup or from another node)")
}

// fingerprint tells rings apart and tells nothing about the keys: it is the
// output of a one-way function with a purpose of its own.
func (r *Ring) fingerprint() string {
	h := sha256.New()
	for _, k := range [][]byte{r.index.key, r.master} {
		h.Write(derive(k, "yuanzhen fingerprint 1"))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// derive is HKDF-SHA-256 (RFC 5869) without salt: the input is uniform already.
func derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, purpose, secretSize)
	if err != nil {
		panic("keys: " + err.Error()) // only for a length HKDF cannot give
	}
	return out
}
