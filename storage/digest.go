package storage

import (
	"encoding/hex"
	"hash"

	"github.com/zeebo/blake3"
)

// Digest is the BLAKE3 hash (256 bits) of the bytes of one object or part. Two
// objects with the same digest are the same: duplicates, signatures, backups
// and verification rest on it.
//
// BLAKE3 rather than SHA-256 because every byte that comes in is hashed before
// it is acknowledged: on a processor without SHA instructions, as many hospital
// servers have, it is eight times as fast, and hashing was half of what
// taking in a CT slice cost.
type Digest [32]byte

// String is the digest in 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Hash makes a Digest of what is written to it. It is used by one goroutine at
// a time.
type Hash struct{ h hash.Hash }

// NewHash returns the hash of no bytes.
func NewHash() Hash { return Hash{blake3.New()} }

// Write adds b. It never fails.
func (h Hash) Write(b []byte) (int, error) { return h.h.Write(b) }

// Sum is the digest of all bytes written until now.
func (h Hash) Sum() Digest { return Digest(h.h.Sum(nil)) }

// DigestOf returns the digest of b.
func DigestOf(b []byte) Digest { return blake3.Sum256(b) }
