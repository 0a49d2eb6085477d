package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// aesGCM is the first byte of what Seal returns: the algorithm. SM4-GCM would
// be the next one.
const aesGCM = 1

// sealHeader is the algorithm and the key's version, one byte each. Both are
// authenticated with the text.
const sealHeader = 2

// ErrSealed is returned for bytes that Unseal cannot open: cut short, changed,
// or sealed with a key that is not in the ring.
var ErrSealed = errors.New("sealed value cannot be opened")

// Seal encrypts plain with AES-256-GCM under the newest data key: algorithm,
// key version, 12 random bytes of nonce, text, 16 bytes of tag. Nothing stays
// nothing: for an empty plain it returns nil.
func (r *Ring) Seal(plain []byte) []byte {
	if len(plain) == 0 {
		return nil
	}
	newest := r.data[len(r.data)-1]
	gcm := newGCM(newest.key)
	out := make([]byte, sealHeader+gcm.NonceSize(), sealHeader+gcm.NonceSize()+len(plain)+gcm.Overhead())
	out[0], out[1] = aesGCM, newest.version
	nonce := out[sealHeader:]
	rand.Read(nonce) // never fails: crypto/rand
	return gcm.Seal(out, nonce, plain, out[:sealHeader])
}

// Unseal opens what Seal made, under whichever key version it names; nil for
// nil. Every fault is ErrSealed.
func (r *Ring) Unseal(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	if len(sealed) < sealHeader || sealed[0] != aesGCM {
		return nil, fmt.Errorf("%w: unknown form", ErrSealed)
	}
	key := find(r.data, sealed[1])
	if key == nil {
		return nil, fmt.Errorf("%w: data key %d is not in the ring", ErrSealed, sealed[1])
	}
	gcm := newGCM(key)
	if len(sealed) < sealHeader+gcm.NonceSize() {
		return nil, fmt.Errorf("%w: cut short", ErrSealed)
	}
	header, nonce, text := sealed[:sealHeader], sealed[sealHeader:sealHeader+gcm.NonceSize()], sealed[sealHeader+gcm.NonceSize():]
	plain, err := gcm.Open(nil, nonce, text, header)
	if err != nil {
		return nil, fmt.Errorf("%w: changed, or of another ring", ErrSealed)
	}
	return plain, nil
}

// IndexHash is the keyed hash under which an ID number is looked up: key
// version, colon, HMAC-SHA-256 in hexadecimal. Case and surrounding space do
// not count; "" stays "".
func (r *Ring) IndexHash(idNumber string) string {
	number := strings.ToUpper(strings.TrimSpace(idNumber))
	if number == "" {
		return ""
	}
	mac := hmac.New(sha256.New, r.index.key)
	mac.Write([]byte(number))
	return strconv.Itoa(int(r.index.version)) + ":" + hex.EncodeToString(mac.Sum(nil))
}

func find(secrets []secret, version byte) []byte {
	for _, s := range secrets {
		if s.version == version {
			return s.key
		}
	}
	return nil
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("keys: " + err.Error()) // only for a wrong length; files are checked
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("keys: " + err.Error())
	}
	return gcm
}
