package dicom

import (
	"errors"
	"fmt"
)

// ErrTruncated is the errors.Is target of a ParseError for a stream that ends
// before its data set does.
var ErrTruncated = errors.New("the data ends too early")

// ParseError says which byte of a stream is unlike the standard. Its text
// holds no values, so it may be logged.
type ParseError struct {
	Tag    Tag   // element being read; 0 if none was
	Offset int64 // in bytes from the start of the stream
	Reason string

	err error
}

// Error is "at byte 1234, (7FE0,0010): reason".
func (e *ParseError) Error() string {
	if e.Tag == 0 {
		return fmt.Sprintf("dicom: at byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("dicom: at byte %d, %s: %s", e.Offset, e.Tag, e.Reason)
}

// Unwrap gives ErrTruncated or the reader's own error.
func (e *ParseError) Unwrap() error { return e.err }
