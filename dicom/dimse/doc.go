// Package dimse is the DICOM message service of PS3.7 over package ul: an SCP
// that answers C-ECHO and C-STORE, and an SCU that sends them.
//
// It is the way in of modalities: associations come in, a Handler decides who
// may open one and takes each instance as a stream of bytes, a status goes
// back. What was sent is handed over byte for byte in whatever transfer syntax
// it came; nothing is parsed, decoded or kept here.
package dimse
