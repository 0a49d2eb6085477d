// Package suyashkumar converts data sets between this hub's dicom package and
// github.com/suyashkumar/dicom, for programs that are built on that library.
//
// It is a module of its own: the hub does not depend on it, and `make test`
// does not run it (README.md says how to). Objects from outside are read with
// the hub's package, which bounds memory and tells cut files apart, and handed
// over by To.
package suyashkumar
