package storage

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
)

// Key names an object: two to six elements joined by "/", each of a–z, 0–9,
// ".", "_" and "-" and starting with a letter or digit. It is made by the hub,
// is the same on every backend and never holds anything that came from outside.
type Key string

const (
	maxKeyLen      = 200 // bytes; with a data folder in front still below Windows' 260
	maxKeyElements = 6
	idBytes        = 16 // 128 random bits: two keys never meet
)

// NewID returns 32 random hexadecimal digits.
func NewID() string {
	var id [idBytes]byte
	rand.Read(id[:]) // never fails since Go 1.24
	return hex.EncodeToString(id[:])
}

// NewKey returns a fresh key "kind/ab/abcdef…". The two digits in between keep
// folders small. kind is one element, a constant of the caller; NewKey panics
// if it cannot be one.
func NewKey(kind string) Key {
	id := NewID()
	k := Key(kind + "/" + id[:2] + "/" + id)
	if err := k.Validate(); err != nil || strings.Contains(kind, "/") {
		panic(fmt.Sprintf("storage.NewKey: %q is no kind", kind))
	}
	return k
}

// Validate says why k is not a key. Backends call it before a key becomes a
// path, so a damaged row cannot lead out of the store.
func (k Key) Validate() error {
	if len(k) > maxKeyLen {
		return fmt.Errorf("object key of %d bytes, at most %d are allowed", len(k), maxKeyLen)
	}
	elements := strings.Split(string(k), "/")
	if len(elements) < 2 || len(elements) > maxKeyElements {
		return fmt.Errorf("object key %q has %d elements, not 2 to %d", string(k), len(elements), maxKeyElements)
	}
	for _, e := range elements {
		if !validElement(e) {
			return fmt.Errorf("object key %q: element %q is not allowed", string(k), e)
		}
	}
	return nil
}

// validElement also refuses a trailing dot, which Windows would drop.
func validElement(e string) bool {
	if e == "" || !isAlphanumeric(e[0]) || e[len(e)-1] == '.' {
		return false
	}
	for i := range len(e) {
		if c := e[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
