// Package hub holds the nouns of an alliance's reading hub: members, accounts,
// patients, orders, studies, tasks, reports, critical values and recognition,
// with their typed states and the one error type. It is the vocabulary every
// step shares; it knows no SQL, no HTTP and no file format, and imports only
// the standard library.
package hub

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// Identifiers made by the hub. They sort by the time they were made and carry
// no meaning from outside.
type (
	MemberID     string
	AccountID    string
	DeviceID     string
	PatientID    string
	OrderID      string
	StudyID      string
	SeriesID     string
	InstanceID   string
	RecordingID  string
	TaskID       string
	ReportID     string
	CriticalID   string
	QuarantineID string
	UploadID     string
	BatchID      string
)

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns 26 characters: 64 bits of nanoseconds, then 64 random bits, so
// that ids sort in the order they were made on one node.
func NewID[T ~string]() T {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixNano()))
	rand.Read(b[8:]) // never fails: crypto/rand
	return T(crockford.EncodeToString(b[:]))
}
