// Package ul is the DICOM upper layer of PS3.8: associations over TCP or TLS.
//
// It is the lowest step of a study's arrival. In come the bytes of a socket,
// out go presentation data values (PDVs), piece by piece and straight from the
// receive buffer, so that memory does not grow with the object. It knows no
// DIMSE command, no SOP class and no policy: package dimse decides which
// associations and contexts are accepted.
//
// fsm.go holds Table 9-10 as data, pdu.go, associate.go and items.go the bytes,
// conn.go and the files beside it the socket, its timers and its buffers.
package ul
