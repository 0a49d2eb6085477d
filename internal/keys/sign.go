package keys

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// What Verify finds wrong.
var (
	// ErrUnknownKey: no key of this ring has the id.
	ErrUnknownKey = errors.New("signed with a key this hub does not know")
	// ErrBadSignature: the key is known and did not sign these bytes.
	ErrBadSignature = errors.New("signature does not fit")
)

// PublicKey is a verifying key for others to keep, as an Ed25519 public key in
// PEM (RFC 8410).
type PublicKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"` // "Ed25519"
	PEM       string `json:"pem"`
}

// Signer is one private key with its id.
type Signer struct {
	id  string
	key ed25519.PrivateKey
}

// Sign signs msg with Ed25519 (RFC 8032) and returns the key's id with the 64
// bytes of signature.
func (s Signer) Sign(msg []byte) (keyID string, sig []byte) {
	return s.id, ed25519.Sign(s.key, msg)
}

// Public is the key others verify with.
func (s Signer) Public() PublicKey {
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		panic("keys: " + err.Error()) // not for an Ed25519 key
	}
	return PublicKey{ID: s.id, Algorithm: "Ed25519",
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

// newSigner names a key by its owner and the first 8 bytes of its public
// half's SHA-256, so that an id never points to two keys.
func newSigner(owner string, seed []byte) Signer {
	key := ed25519.NewKeyFromSeed(seed)
	sum := sha256.Sum256(key.Public().(ed25519.PublicKey))
	return Signer{id: owner + "." + hex.EncodeToString(sum[:8]), key: key}
}

const (
	hubOwner     = "hub"
	accountOwner = "account."
)

// Hub is the hub's own signing key, the newest of sign.key.
func (r *Ring) Hub() Signer { return newSigner(hubOwner, r.sign[len(r.sign)-1].key) }

// Sign signs msg with the hub's key: audit heads, counter-signatures.
func (r *Ring) Sign(msg []byte) (keyID string, sig []byte) { return r.Hub().Sign(msg) }

// AccountKey is the signing key of one account, derived from the master. It is
// the same at every call and differs from all others'. The hub keeps it on the
// doctor's behalf; a hub whose reports need the doctor's sole control signs
// with a U-key or a CA instead (docs/keys.md).
func (r *Ring) AccountKey(id hub.AccountID) Signer {
	return newSigner(accountOwner+string(id), derive(r.master, "yuanzhen report signer 1 "+string(id)))
}

// Verify checks a signature of the hub's key, of any version, or of an
// account's. It returns ErrUnknownKey or ErrBadSignature.
func (r *Ring) Verify(keyID string, msg, sig []byte) error {
	s, ok := r.signer(keyID)
	if !ok {
		return fmt.Errorf("key %q: %w", keyID, ErrUnknownKey)
	}
	if !ed25519.Verify(s.key.Public().(ed25519.PublicKey), msg, sig) {
		return fmt.Errorf("key %q: %w", keyID, ErrBadSignature)
	}
	return nil
}

func (r *Ring) signer(keyID string) (Signer, bool) {
	if rest, of := strings.CutPrefix(keyID, accountOwner); of {
		id, _, _ := strings.Cut(rest, ".")
		s := r.AccountKey(hub.AccountID(id))
		return s, s.id == keyID
	}
	for _, v := range r.sign {
		if s := newSigner(hubOwner, v.key); s.id == keyID {
			return s, true
		}
	}
	return Signer{}, false
}

// PublicKeys are the hub's verifying keys, oldest first. Those of accounts are
// AccountKey(id).Public().
func (r *Ring) PublicKeys() []PublicKey {
	out := make([]PublicKey, 0, len(r.sign))
	for _, v := range r.sign {
		out = append(out, newSigner(hubOwner, v.key).Public())
	}
	return out
}
