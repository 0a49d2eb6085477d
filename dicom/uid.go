package dicom

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// MaxUIDLength is the longest UID in characters, PS3.5 section 9.
const MaxUIDLength = 64

// NewUID makes a UID from a random UUID, PS3.5 section B.2. It may be called
// concurrently.
func NewUID() string {
	var u [16]byte
	rand.Read(u[:]) // never fails, by its documentation
	u[6] = u[6]&0x0F | 0x40
	u[8] = u[8]&0x3F | 0x80
	return "2.25." + new(big.Int).SetBytes(u[:]).String()
}

// ValidUID checks the form of PS3.5 section 9.1: at most 64 characters, two or
// more numbers separated by dots, none with a leading zero.
func ValidUID(s string) bool {
	if len(s) > MaxUIDLength || !strings.Contains(s, ".") {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 1 && part[0] == '0' {
			return false
		}
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return false
			}
		}
	}
	return true
}
