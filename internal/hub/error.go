package hub

import (
	"errors"
	"fmt"
)

// Kind says what the receiver of an Error can do about it.
type Kind int

// The kinds, each with one HTTP and one DIMSE status (internal/api, internal/arrive).
const (
	Internal     Kind = iota // nothing; the operator reads the log
	Invalid                  // change the request
	Unauthorized             // log in
	Forbidden                // ask somebody who may
	NotFound                 // it is not there, or not yours
	Conflict                 // look again: somebody was first, or it is not time for this
	Busy                     // try again later
	TooLarge                 // send less
	Unsupported              // send another format
)

// Error is a fault that crosses a step's border.
//
// Code is a key of the message catalogue ("task.claimed"); Op is where it was
// noticed ("worklist.Claim"); Err is the cause, for the log only. Detail
// carries values the receiver needs (the holder of a claimed task, the
// candidates of a recognition check, the field that is wrong).
type Error struct {
	Kind   Kind
	Code   string
	Op     string
	Err    error
	Detail map[string]any
}

func (e *Error) Error() string {
	s := e.Code
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// With returns e with one more detail.
func (e *Error) With(key string, value any) *Error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail[key] = value
	return e
}

// E makes an Error without a cause.
func E(kind Kind, op, code string) *Error { return &Error{Kind: kind, Op: op, Code: code} }

// Wrap makes an Error around a cause.
func Wrap(kind Kind, op, code string, err error) *Error {
	return &Error{Kind: kind, Op: op, Code: code, Err: err}
}

// Field is an Invalid error that names the field which is wrong and why.
func Field(op, field, reason string) *Error {
	return &Error{Kind: Invalid, Op: op, Code: "field.invalid", Err: fmt.Errorf("%s: %s", field, reason),
		Detail: map[string]any{"field": field, "reason": reason}}
}

// KindOf returns the kind of the outermost Error in err's chain, Internal if none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the outermost Error in err's chain, "" if none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
