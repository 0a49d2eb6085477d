package main

import (
	"encoding/binary"
	"fmt"
	"io/fs"
)

// mark is one annotation of a PhysioNet record; code as in ecgcodes.h.
type mark struct {
	sample int
	code   int
}

// Annotation codes used here (PhysioNet, ecgcodes.h).
const (
	codeNormal                    = 1
	codeP, codeT, codeOn, codeOff = 24, 27, 39, 40
)

// isBeat reports whether code marks a heartbeat (isqrs of the WFDB library).
func isBeat(code int) bool {
	return code >= 1 && code <= 13 || code == 25 || code == 30 || code == 34 || code == 35 || code == 38 || code == 41
}

// readMarks reads an annotation file in the MIT format (wfdb annot(5)).
func readMarks(files fs.FS, path string) ([]mark, error) {
	data, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	var marks []mark
	at := 0
	for i := 0; i+1 < len(data); {
		word := int(binary.LittleEndian.Uint16(data[i:]))
		code, value := word>>10, word&0x3ff
		i += 2
		switch {
		case word == 0:
			return marks, nil
		case code == 59: // SKIP: a long interval, high word first
			if i+4 > len(data) {
				return nil, fmt.Errorf("%s: ends within a SKIP at byte %d", path, i)
			}
			at += int(int32(uint32(binary.LittleEndian.Uint16(data[i:]))<<16 | uint32(binary.LittleEndian.Uint16(data[i+2:]))))
			i += 4
		case code == 63: // AUX text, padded to even
			i += value + value%2
		case code >= 60: // NUM, SUB, CHN
		default:
			at += value
			marks = append(marks, mark{sample: at, code: code})
		}
	}
	return marks, nil
}

// wave is one hand-marked wave of a lead: samples, -1 where unmarked.
type wave struct{ on, peak, off int }

// handLead are the waves marked on one lead of a Lobachevsky record.
type handLead struct{ p, qrs, t []wave }

// readHand groups the marks onset, peak, end of one lead.
func readHand(files fs.FS, path string) (handLead, error) {
	var h handLead
	marks, err := readMarks(files, path)
	if err != nil {
		return h, err
	}
	for i, m := range marks {
		w := wave{on: -1, peak: m.sample, off: -1}
		if i > 0 && marks[i-1].code == codeOn {
			w.on = marks[i-1].sample
		}
		if i+1 < len(marks) && marks[i+1].code == codeOff {
			w.off = marks[i+1].sample
		}
		switch m.code {
		case codeP:
			h.p = append(h.p, w)
		case codeNormal:
			h.qrs = append(h.qrs, w)
		case codeT:
			h.t = append(h.t, w)
		}
	}
	return h, nil
}
