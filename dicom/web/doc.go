// Package web is the protocol side of DICOMweb (PS3.18): multipart/related
// bodies read and written as streams, Accept negotiation, search parameters,
// and the DICOM JSON of answers.
//
// It knows media types, tags and bytes; it knows no store, no index and no
// user. Nothing in it keeps a whole body in memory.
package web

// Media types of PS3.18 section 8.7.
const (
	DICOM     = "application/dicom"
	JSON      = "application/dicom+json"
	XML       = "application/dicom+xml"
	Octets    = "application/octet-stream"
	Related   = "multipart/related"
	JPEG      = "image/jpeg"
	PNG       = "image/png"
	PDF       = "application/pdf"
	Zip       = "application/zip"
	PlainJSON = "application/json"
)
