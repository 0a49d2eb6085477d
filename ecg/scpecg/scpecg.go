// Package scpecg reads SCP-ECG files: EN 1064, ISO 11073-91064:2009 and ISO
// 41064:2023. It is the step parse for .scp uploads: file bytes come in, an
// ecg.Recording goes out. Section numbers in comments are the standard's.
//
// A file whose sections contradict each other is refused: a wrong trace or a
// wrong patient is worse than none. A wrong checksum alone is noted.
package scpecg

import (
	"fmt"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Sections of the record that are read here; 9 and 10 hold nothing that a
// Recording has.
const (
	sectionPointers   = 0
	sectionPatient    = 1
	sectionHuffman    = 2
	sectionLeads      = 3
	sectionQRS        = 4
	sectionBeat       = 5
	sectionRhythm     = 6
	sectionGlobal     = 7
	sectionStatements = 8
	sectionUniversal  = 11
	knownSections     = 12
)

const (
	recordHeader  = 6  // CRC and length of the record
	sectionHeader = 16 // CRC, number, length, two versions, six reserved bytes
	pointerSize   = 10
)

// file is the record taken apart; sections[i].body is nil if section i is
// absent or empty.
type file struct {
	data     []byte
	sections [knownSections]section
	rec      *ecg.Recording
	language byte // of text: tag 14 of section 1, byte 17; 0 claims ASCII
}

type section struct {
	number int
	offset int64 // of body in the file
	body   []byte
	badCRC bool
}

// Decode reads one SCP-ECG record. Errors are *ecg.FormatError. The result
// shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	f := &file{data: data, rec: &ecg.Recording{Format: ecg.FormatSCP}}
	if err := f.split(); err != nil {
		return nil, err
	}
	if err := f.readPatient(); err != nil {
		return nil, err
	}
	if err := f.readSignals(); err != nil {
		return nil, err
	}
	f.readGlobal()
	f.readStatements()
	f.rec.NameLeads()
	return f.rec, nil
}

// fail makes the error for a fault at byte at of the section's body.
func (s *section) fail(at int, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatSCP, Offset: s.offset + int64(at),
		Field: fmt.Sprintf("section %d", s.number), Reason: fmt.Sprintf(format, args...)}
}

// split checks the record header and finds the sections by the pointers of
// section 0 (5.2, 5.3).
func (f *file) split() error {
	root := section{number: sectionPointers}
	if len(f.data) > ecg.MaxFileBytes {
		return root.fail(0, "file of %d bytes is larger than %d", len(f.data), ecg.MaxFileBytes)
	}
	if len(f.data) < recordHeader+sectionHeader {
		return root.fail(0, "file of %d bytes is too short for a record header", len(f.data))
	}
	c := cursor{data: f.data}
	crc, length := c.u16(), c.u32()
	if err := f.checkLength(&root, length); err != nil {
		return err
	}
	if end := min(int(length), len(f.data)); crcCCITT(f.data[2:end]) != crc {
		f.rec.Notef(ecg.NoteChecksum, "the checksum of the record does not match its bytes")
	}
	if err := f.open(&root, recordHeader, -1); err != nil {
		return err
	}
	return f.openAll(&root)
}

// checkLength compares the length in the record header with the file's.
func (f *file) checkLength(root *section, length uint32) error {
	switch swapped := length>>24 | length>>8&0xFF00 | length<<8&0xFF0000 | length<<24; {
	case int64(length) == int64(len(f.data)):
	case length > ecg.MaxFileBytes && swapped > recordHeader && swapped <= ecg.MaxFileBytes:
		return root.fail(2, "numbers are big-endian, as in Healforce files; SCP-ECG is little-endian")
	case int64(length) > int64(len(f.data)):
		f.rec.Notef(ecg.NoteLength, "the record says it has %d bytes, the file has %d", length, len(f.data))
	case length < recordHeader+sectionHeader:
		return root.fail(2, "record length %d is too short", length)
	default:
		f.rec.Notef(ecg.NoteLength, "the file has %d bytes after the record's %d",
			len(f.data)-int(length), length)
	}
	return nil
}

// openAll follows the pointers: number, length and one-based index of each
// section. Sections beyond 11 belong to manufacturers and are skipped.
func (f *file) openAll(root *section) error {
	c := cursor{data: root.body}
	for c.left() >= pointerSize {
		at := c.at
		number, length, index := c.u16(), c.u32(), c.u32()
		if number == sectionPointers || number >= knownSections || length == 0 {
			continue
		}
		s := &f.sections[number]
		if s.body != nil {
			return root.fail(at, "section %d is listed twice", number)
		}
		s.number = int(number)
		if index < 1 || int64(index)-1+int64(length) > int64(len(f.data)) {
			return root.fail(at, "section %d lies outside the file: index %d, length %d, file %d bytes",
				number, index, length, len(f.data))
		}
		if err := f.open(s, int(index)-1, int64(length)); err != nil {
			return err
		}
		if s.badCRC {
			f.rec.Notef(ecg.NoteChecksum, "the checksum of section %d does not match its bytes", number)
		}
	}
	return nil
}

// open reads the section header at offset at and checks it against what the
// pointer said; length -1 takes the header's word.
func (f *file) open(s *section, at int, length int64) error {
	s.offset = int64(at)
	c := cursor{data: f.data, at: at}
	crc, number, size := c.u16(), c.u16(), int64(c.u32())
	if c.short {
		return s.fail(0, "section header is cut off")
	}
	if int(number) != s.number {
		return s.fail(2, "the pointer leads to a header of section %d", number)
	}
	if length >= 0 && size != length {
		return s.fail(4, "the pointer says %d bytes, the section header %d", length, size)
	}
	if size < sectionHeader || int64(at)+size > int64(len(f.data)) {
		return s.fail(4, "section length %d does not fit the file of %d bytes", size, len(f.data))
	}
	s.badCRC = crcCCITT(f.data[at+2:at+int(size)]) != crc
	s.body = f.data[at+sectionHeader : at+int(size)]
	s.offset += sectionHeader
	return nil
}
