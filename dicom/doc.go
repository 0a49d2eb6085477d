// Package dicom reads and writes DICOM data sets and files: PS3.5 encoding,
// PS3.6 dictionary, PS3.10 files, PS3.3 C.12.1.1.2 text, PS3.18 Annex F JSON.
//
// It is the first step of a study's way through the hub: bytes of unknown
// origin come in, elements with their places in the stream go out. Long
// values are passed over, so memory does not grow with the object. The package
// never changes bytes, opens no files and knows nothing of the hub.
//
// What it returns may be read by several goroutines at once; changing a
// Dataset is not safe beside any other use of it.
package dicom

//go:generate go run ./internal/gendict /usr/lib/python3/dist-packages/pydicom/_dicom_dict.py internal/gendict/later.tsv dict_gen.go
