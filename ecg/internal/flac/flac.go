// Package flac reads FLAC streams (RFC 9639), which WFDB signal files of the
// formats 508, 516 and 524 are. It gives whole numbers, never sound.
package flac

import (
	"errors"
	"fmt"
	"slices"
)

// Error says where a stream breaks the format.
type Error struct {
	Offset int // byte of the frame or block in which the fault lies
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("FLAC at byte %d: %s", e.Offset, e.Reason) }

var errEnd = errors.New("the data end inside a frame")

const (
	marker     = "fLaC"
	streamInfo = 34 // bytes of the block every stream begins with
)

// Decode returns the samples of every channel, at most limit in all. A stream
// that is cut off gives the whole frames before the cut and an *Error.
func Decode(data []byte, limit int) (channels [][]int32, err error) {
	at, info, err := skipMetadata(data)
	if err != nil {
		return nil, err
	}
	count, bits := int(info[12]>>1&7)+1, int(info[12]&1)<<4|int(info[13]>>4)+1
	channels = make([][]int32, count)
	stated := int(info[13]&15)<<32 | int(info[14])<<24 | int(info[15])<<16 | int(info[16])<<8 | int(info[17])
	for i := range channels {
		channels[i] = make([]int32, 0, min(stated, limit/count, 4*len(data)))
	}
	for at < len(data) {
		f := frame{r: reader{data: data[at:]}, bits: bits, channels: count}
		n, err := f.read(channels, limit-count*len(channels[0]))
		if err != nil {
			return channels, &Error{at, err.Error()}
		}
		at += n
	}
	return channels, nil
}

// skipMetadata returns where the frames start and the stream information.
func skipMetadata(data []byte) (at int, info []byte, err error) {
	if len(data) < len(marker)+4+streamInfo || string(data[:4]) != marker || data[4]&0x7F != 0 {
		return 0, nil, &Error{0, "no FLAC stream"}
	}
	info = data[8 : 8+streamInfo]
	for at = len(marker); ; {
		if at+4 > len(data) {
			return 0, nil, &Error{at, "the metadata have no end"}
		}
		last, size := data[at]&0x80 != 0, int(data[at+1])<<16|int(data[at+2])<<8|int(data[at+3])
		if at += 4 + size; at > len(data) {
			return 0, nil, &Error{at, "a metadata block runs over the end of the data"}
		}
		if last {
			return at, info, nil
		}
	}
}

// frame reads one frame (RFC 9639 section 9).
type frame struct {
	r        reader
	bits     int
	channels int
}

// Channel assignments that store a difference.
const (
	leftSide  = 8
	sideRight = 9
	midSide   = 10
)

// read appends the frame's samples and returns its length in bytes.
func (f *frame) read(out [][]int32, room int) (int, error) {
	size, assignment, bits, err := f.header()
	if err != nil {
		return 0, err
	}
	if size*f.channels > room {
		return 0, errors.New("too many samples")
	}
	start := len(out[0])
	for i := range out {
		wide := bits
		if assignment == leftSide && i == 1 || assignment == sideRight && i == 0 || assignment == midSide && i == 1 {
			wide++
		}
		out[i] = slices.Grow(out[i], size)[:start+size]
		if err := f.r.subframe(out[i][start:], wide); err != nil {
			for k := range out {
				out[k] = out[k][:start]
			}
			return 0, err
		}
	}
	f.r.align()
	whole := f.r.at / 8
	if whole+2 > len(f.r.data) || crc16(f.r.data[:whole]) != uint16(f.r.data[whole])<<8|uint16(f.r.data[whole+1]) {
		for k := range out {
			out[k] = out[k][:start]
		}
		return 0, errors.New("the checksum of a frame does not match")
	}
	if assignment >= leftSide {
		recombine(out[0][start:], out[1][start:], assignment)
	}
	return whole + 2, nil
}

func recombine(a, b []int32, assignment int) {
	for i := range a {
		switch assignment {
		case leftSide:
			b[i] = a[i] - b[i]
		case sideRight:
			a[i] += b[i]
		case midSide:
			mid, side := int64(a[i])<<1|int64(b[i]&1), int64(b[i])
			a[i], b[i] = int32((mid+side)>>1), int32((mid-side)>>1)
		}
	}
}

// header reads the frame header; its sample rate is of no interest.
func (f *frame) header() (size, assignment, bits int, err error) {
	r := &f.r
	if r.read(14) != 0x3FFE {
		return 0, 0, 0, errors.New("no frame begins here")
	}
	r.read(2)
	sizeCode, rateCode := int(r.read(4)), r.read(4)
	assignment = int(r.read(4))
	depth := r.read(3)
	r.read(1)
	for lead := r.read(8); lead&0xC0 == 0xC0; lead = lead << 1 & 0xFF { // the frame's number, as UTF-8 is written
		r.read(8)
	}
	switch {
	case sizeCode == 1:
		size = 192
	case sizeCode >= 2 && sizeCode <= 5:
		size = 576 << (sizeCode - 2)
	case sizeCode == 6:
		size = int(r.read(8)) + 1
	case sizeCode == 7:
		size = int(r.read(16)) + 1
	case sizeCode >= 8:
		size = 256 << (sizeCode - 8)
	}
	switch rateCode {
	case 12:
		r.read(8)
	case 13, 14:
		r.read(16)
	}
	r.read(8) // checksum of the header: the frame's covers it
	depths := [8]int{f.bits, 8, 12, 0, 16, 20, 24, 32}
	bits = depths[depth]
	channels := assignment + 1
	if assignment >= leftSide {
		channels = 2
	}
	if r.short || size == 0 || bits == 0 || bits != f.bits || assignment > midSide || channels != f.channels {
		return 0, 0, 0, errors.New("the frame contradicts the stream")
	}
	return size, assignment, bits, nil
}

var crcTable = makeCRCTable()

func makeCRCTable() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x8005
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}

func crc16(data []byte) (crc uint16) {
	for _, b := range data {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^b]
	}
	return crc
}
