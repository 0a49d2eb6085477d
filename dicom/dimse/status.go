package dimse

import (
	"fmt"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Status codes of PS3.4 annex B (C-STORE) and PS3.7 annex C (all services).
const (
	Success uint16 = 0x0000
	// OutOfResources is for a temporary lack only: senders try again.
	OutOfResources uint16 = 0xA700
	// DataSetMismatch says that the data set is not of the SOP class or
	// instance which the command names.
	DataSetMismatch  uint16 = 0xA900
	CannotUnderstand uint16 = 0xC000

	// Warnings: the instance was stored.
	CoercionOfDataElements uint16 = 0xB000

	ProcessingFailure     uint16 = 0x0110
	DuplicateSOPInstance  uint16 = 0x0111
	InvalidSOPInstance    uint16 = 0x0117
	SOPClassNotSupported  uint16 = 0x0122
	NotAuthorized         uint16 = 0x0124
	UnrecognizedOperation uint16 = 0x0211

	// Of queries and retrievals, PS3.4 annex C.
	Pending          uint16 = 0xFF00
	PendingUnmatched uint16 = 0xFF01 // some optional keys were not matched
	Canceled         uint16 = 0xFE00
	UnableToCount    uint16 = 0xA701
	UnableToPerform  uint16 = 0xA702 // no sub-operation succeeded
	UnknownMover     uint16 = 0xA801 // move destination unknown
	// IdentifierMismatch has the code of DataSetMismatch.
	IdentifierMismatch  uint16 = 0xA900
	SubOperationsFailed uint16 = 0xB000 // some of them
	UnableToProcess     uint16 = 0xC001

	// Of normalized services, PS3.7 annex C.
	InvalidAttributeValue uint16 = 0x0106
	NoSuchSOPInstance     uint16 = 0x0112
	InvalidArgument       uint16 = 0x0115
	NoSuchSOPClass        uint16 = 0x0118
	ClassInstanceConflict uint16 = 0x0119
	MissingAttribute      uint16 = 0x0120
	MissingValue          uint16 = 0x0121
	NoSuchActionType      uint16 = 0x0123
	DuplicateTransaction  uint16 = 0x0131 // a reason of PS3.3 C.14.1.1, no status
	ResourceLimitation    uint16 = 0x0213
)

// NoLongerUpdated is the Error ID of an N-SET on a performed procedure step that
// has ended, PS3.4 Table F.7.2-2.
const NoLongerUpdated uint16 = 0xA710

// maxComment is the length of an Error Comment (LO), in characters.
const maxComment = 64

// Status is the outcome of an operation.
type Status struct {
	Code uint16
	// Comment is for the sender's log: at most 64 characters of ASCII, because
	// a command has no character set; others are sent as a question mark. It
	// must not name a patient.
	Comment string
	// Offending names the elements that the status is about: Offending Element
	// of composite services, Attribute Identifier List of normalized ones.
	Offending []dicom.Tag
	ErrorID   uint16 // (0000,0903), what a service makes of it; 0 for none
}

// OK tells that the instance was stored: success or a warning.
func (s Status) OK() bool { return s.Code == Success || s.Code>>12 == 0xB }

func (s Status) String() string {
	if s.Comment == "" {
		return fmt.Sprintf("status %04X", s.Code)
	}
	return fmt.Sprintf("status %04X (%s)", s.Code, s.Comment)
}

// asciiComment makes a comment fit (0000,0902): LO, at most 64 characters, no
// backslash, and ASCII only.
func asciiComment(s string) string {
	b := make([]byte, 0, min(len(s), maxComment))
	for _, r := range s {
		if len(b) == maxComment {
			break
		}
		if r < ' ' || r > '~' || r == '\\' {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}
