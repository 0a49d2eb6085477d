package ecg

import (
	"errors"
	"fmt"
)

// MaxFileBytes is the size of the largest file any parser reads.
const MaxFileBytes = 64 << 20

// Bounds on what one file may hold, shared by all parsers.
const (
	// MaxLeads is the most signals in one group of simultaneous samples.
	MaxLeads = 128
	// MaxSamples is the most samples in one file over all leads and groups:
	// 12 leads at 500 Hz for an hour are 21.6 million.
	MaxSamples = 32 << 20
)

// ErrUnknownFormat says that the bytes are of no format this package knows.
var ErrUnknownFormat = errors.New("ecg: unknown format")

// ErrNoSignal says that a readable file holds no ECG signal. It is wrapped in a
// FormatError.
var ErrNoSignal = errors.New("no ECG signal")

// FormatError says where a file breaks its format, in words a cart's vendor can
// act on. It holds no patient data.
type FormatError struct {
	Format Format
	// Offset counts bytes from the start of the file; -1 if it cannot be said.
	Offset int64
	// Field is the standard's name of the part, such as "section 6".
	Field  string
	Reason string
	// Err is the cause, if there is one to tell apart.
	Err error
}

func (e *FormatError) Error() string {
	at := ""
	if e.Offset >= 0 {
		at = fmt.Sprintf(" at byte %d", e.Offset)
	}
	return fmt.Sprintf("%s: %s%s: %s", e.Format, e.Field, at, e.Reason)
}

func (e *FormatError) Unwrap() error { return e.Err }
