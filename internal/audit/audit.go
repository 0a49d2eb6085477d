// Package audit makes what happened hard to deny: it links the stored audit
// records into a hash chain, numbers the events that screens follow, signs the
// head of the chain and lodges it in the object store, and recomputes all of
// it on demand.
//
// A transaction elsewhere stores its records unnumbered (db.Tx.Audit); one
// sealer of all nodes takes them up within milliseconds. Who can change rows
// but has neither the signing key nor the object store is found out by Verify,
// also after cutting the tail off or computing the whole chain anew.
package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Pseudonym is what an audit record says instead of a patient: the same for
// the same patient, and no way back without the patient's row, since patient
// ids are random. "" stays "".
func Pseudonym(id hub.PatientID) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("yuanzhen patient " + id))
	return "p-" + hex.EncodeToString(sum[:10])
}

// headSchema names the form of a signed head. Another algorithm or another
// text to sign needs another name.
const headSchema = "yuanzhen.audit.head/1"

// headPrefix starts the keys of all lodged heads.
const headPrefix = "audit/head-"

// lodged is a signed head as it lies in the object store.
type lodged struct {
	Schema    string    `json:"schema"`
	Seq       int64     `json:"seq"`
	Hash      string    `json:"hash"`
	At        time.Time `json:"at"`
	Key       string    `json:"key"`
	Signature string    `json:"signature"` // base64
}

// headText is what a head's signature covers: four lines.
func headText(h db.Head, at time.Time) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n%d\n", headSchema, h.Seq, h.Hash, at.UnixMilli())
}

// headKey names a head's object by number and whole hash, so that most heads
// are compared without reading them.
func headKey(h db.Head) storage.Key {
	return storage.Key(fmt.Sprintf("%s%012d-%s", headPrefix, h.Seq, h.Hash))
}

// parseHeadKey is the reverse of headKey.
func parseHeadKey(k storage.Key) (h db.Head, ok bool) {
	rest, isHead := strings.CutPrefix(string(k), headPrefix)
	number, hash, cut := strings.Cut(rest, "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	h = db.Head{Seq: seq, Hash: hash}
	return h, isHead && cut && err == nil && headKey(h) == k
}

// encode writes a signed head as the JSON of its object.
func encode(h db.SignedHead) ([]byte, error) {
	return json.MarshalIndent(lodged{headSchema, h.Seq, h.Hash, h.At, h.Key, h.Signature}, "", "  ")
}

// decode reads the JSON of a head's object.
func decode(text []byte) (db.SignedHead, error) {
	var l lodged
	if err := json.Unmarshal(text, &l); err != nil {
		return db.SignedHead{}, fmt.Errorf("signed head: %w", err)
	}
	if l.Schema != headSchema {
		return db.SignedHead{}, errors.New("signed head: unknown schema")
	}
	return db.SignedHead{Head: db.Head{Seq: l.Seq, Hash: l.Hash}, At: l.At, Key: l.Key, Signature: l.Signature}, nil
}

// Verifier checks a signature by key id; *keys.Ring is one.
type Verifier interface {
	Verify(keyID string, msg, sig []byte) error
}

// genuine checks a head's signature.
func genuine(keys Verifier, h db.SignedHead) error {
	sig, err := base64.StdEncoding.DecodeString(h.Signature)
	if err != nil {
		return errors.New("signature is not base64")
	}
	return keys.Verify(h.Key, headText(h.Head, h.At), sig)
}
