package ishne

import (
	"encoding/binary"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Layout of an annotation file, which has the header of its ECG: the sample of
// the first beat, then four bytes a beat.
const (
	annotationMagic = "ANN  1.0"
	beatLength      = 4
)

// Annotate adds the beats of an annotation file, which stands beside an ECG, to
// the recording or the head of an ECG with so many samples. Errors are
// *ecg.FormatError and leave rec as it was.
func Annotate(rec *ecg.Recording, samples int, data []byte) error {
	if len(data) > ecg.MaxFileBytes || len(data) < headerAt+headerLength+4 || string(data[:len(annotationMagic)]) != annotationMagic {
		return fail(0, "annotation file", "%d bytes without the magic number", len(data))
	}
	extra := int(int32(binary.LittleEndian.Uint32(data[headerAt:])))
	at := headerAt + headerLength + extra
	if extra < 0 || at+4 > len(data) {
		return fail(headerAt, "variable-length block", "%d bytes in a file of %d", extra, len(data))
	}
	// The first beat's place is absolute; each entry says how far it lies behind
	// the one before, and the first's says nothing more.
	sample := int64(int32(binary.LittleEndian.Uint32(data[at:])))
	at += 4
	var marks []ecg.Annotation
	for first := true; at+beatLength <= len(data); at += beatLength {
		if !first {
			sample += int64(binary.LittleEndian.Uint16(data[at+2:]))
		}
		first = false
		if sample >= 0 && sample < int64(samples) {
			marks = append(marks, ecg.Annotation{Sample: int(sample), Code: string(rune(data[at]))})
		}
	}
	rec.Annotations = append(rec.Annotations, marks...)
	return nil
}
