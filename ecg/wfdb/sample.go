package wfdb

import (
	"encoding/binary"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg/internal/flac"
)

// coding is a storage format, signal(5).
type coding struct {
	invalid int32 // the value that means "no sample"; noInvalid if there is none
	bytes   int   // of group samples
	group   int
	read    func(group []byte, out []int32) // nil for FLAC
}

// noInvalid is no sample of the formats that lack a value for gaps.
const noInvalid = math.MaxInt32

// codingOf returns the storage format number, false if there is none.
func codingOf(number int) (coding, bool) {
	switch number {
	case 8: // differences, summed up by differences
		return coding{noInvalid, 1, 1, func(b []byte, out []int32) { out[0] = int32(int8(b[0])) }}, true
	case 16:
		return coding{math.MinInt16, 2, 1, func(b []byte, out []int32) { out[0] = int32(int16(binary.LittleEndian.Uint16(b))) }}, true
	case 24:
		return coding{-1 << 23, 3, 1, func(b []byte, out []int32) {
			out[0] = int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8
		}}, true
	case 32:
		return coding{math.MinInt32, 4, 1, func(b []byte, out []int32) { out[0] = int32(binary.LittleEndian.Uint32(b)) }}, true
	case 61:
		return coding{math.MinInt16, 2, 1, func(b []byte, out []int32) { out[0] = int32(int16(binary.BigEndian.Uint16(b))) }}, true
	case 80:
		return coding{math.MinInt8, 1, 1, func(b []byte, out []int32) { out[0] = int32(b[0]) - 1<<7 }}, true
	case 160:
		return coding{math.MinInt16, 2, 1, func(b []byte, out []int32) { out[0] = int32(binary.LittleEndian.Uint16(b)) - 1<<15 }}, true
	case 212:
		return coding{-1 << 11, 3, 2, func(b []byte, out []int32) {
			out[0] = signed(uint32(b[0])|uint32(b[1]&15)<<8, 12)
			out[1] = signed(uint32(b[2])|uint32(b[1]>>4)<<8, 12)
		}}, true
	case 310:
		return coding{-1 << 9, 4, 3, func(b []byte, out []int32) {
			first, second := uint32(binary.LittleEndian.Uint16(b)), uint32(binary.LittleEndian.Uint16(b[2:]))
			out[0], out[1] = signed(first>>1, 10), signed(second>>1, 10)
			out[2] = signed(first>>11|second>>11<<5, 10)
		}}, true
	case 311:
		return coding{-1 << 9, 4, 3, func(b []byte, out []int32) {
			word := binary.LittleEndian.Uint32(b)
			out[0], out[1], out[2] = signed(word, 10), signed(word>>10, 10), signed(word>>20, 10)
		}}, true
	case 508:
		return coding{invalid: math.MinInt8}, true
	case 516:
		return coding{invalid: math.MinInt16}, true
	case 524:
		return coding{invalid: -1 << 23}, true
	}
	return coding{}, false
}

// signed takes the lowest bits of word as a number in two's complement.
func signed(word uint32, bits int) int32 { return int32(word<<(32-bits)) >> (32 - bits) }

// count is how many samples stand in a file of some bytes; unpack reads as many.
func (c coding) count(size int) int {
	n, rest := size/c.bytes*c.group, size%c.bytes
	if c.group > 1 && rest >= 2 {
		n++
		if c.bytes == 4 && rest == 3 {
			n++
		}
	}
	return n
}

// unpack returns up to most samples in the order in which they stand in the
// file; a group that is cut off gives the samples that are whole.
func (c coding) unpack(data []byte, most int) []int32 {
	whole := len(data) / c.bytes
	count := whole * c.group
	rest := data[whole*c.bytes:]
	if count > most {
		count, rest = most, nil
	}
	out := make([]int32, 0, count+c.group)
	var group [3]int32
	if c.group == 1 {
		out = out[:count]
		for i := range out {
			c.read(data[i*c.bytes:], out[i:])
		}
	}
	for at := 0; len(out) < count; at += c.bytes {
		c.read(data[at:], group[:])
		out = append(out, group[:min(c.group, count-len(out))]...)
	}
	if len(rest) >= 2 && c.group > 1 {
		var last [4]byte
		copy(last[:], rest)
		c.read(last[:], group[:])
		// Two bytes of three or four hold one whole sample, three of four two in
		// format 311, whose samples follow each other bit by bit.
		out = append(out, group[0])
		if c.bytes == 4 && len(rest) == 3 && count+1 < most {
			out = append(out, group[1])
		}
	}
	return out[:min(len(out), most)]
}

// interleave turns the channels of a FLAC stream into the order of the other
// formats: frame by frame, each signal's samples of the frame together.
func interleave(channels [][]int32, perFrame int) []int32 {
	frames := len(channels[0]) / perFrame
	out := make([]int32, 0, frames*perFrame*len(channels))
	for f := range frames {
		for _, c := range channels {
			out = append(out, c[f*perFrame:(f+1)*perFrame]...)
		}
	}
	return out
}

// unpackFLAC returns the samples of a FLAC file with a channel for each signal.
func unpackFLAC(data []byte, signals []signal, most int) ([]int32, error) {
	for _, s := range signals {
		if s.perFrame != signals[0].perFrame {
			return nil, fail("signal line", "signals of one FLAC file have %d and %d samples in a frame", signals[0].perFrame, s.perFrame)
		}
	}
	channels, err := flac.Decode(data, most)
	if err != nil && (len(channels) == 0 || len(channels[0]) == 0) {
		return nil, fail("signal file", "%v", err)
	}
	if len(channels) != len(signals) {
		return nil, fail("signal file", "a FLAC stream of %d channels stands for %d signals", len(channels), len(signals))
	}
	return interleave(channels, signals[0].perFrame), nil
}
