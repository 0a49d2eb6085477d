package philips

import (
	"encoding/binary"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// XLI, the compression of parsed waveforms: each lead is a chunk with an
// eight-byte head, then codes of ten bits of the Lempel-Ziv-Welch kind.
const (
	chunkHead  = 8
	codeBits   = 10
	firstCode  = 256
	lastCode   = 1<<codeBits - 2 // higher ones end the chunk
	deltaShift = 64
)

// decodeXLI returns the samples of all chunks in data, want in each. Sums wrap
// in 16 bits, as the carts' do.
func decodeXLI(data []byte, want int) ([][]int16, error) {
	var leads [][]int16
	for len(data) > 0 {
		n := len(leads) + 1
		if len(data) < chunkHead {
			if allZero(data) { // base64 was padded to whole words
				break
			}
			return nil, fail(nil, "XLI", "chunk %d has %d bytes", n, len(data))
		}
		size := int64(int32(binary.LittleEndian.Uint32(data)))
		first := int16(binary.LittleEndian.Uint16(data[6:]))
		if size <= 0 || size > int64(len(data)-chunkHead) {
			return nil, fail(nil, "XLI", "chunk %d states %d bytes of %d", n, size, len(data)-chunkHead)
		}
		if len(leads) == ecg.MaxLeads {
			return nil, fail(nil, "XLI", "more than %d leads", ecg.MaxLeads)
		}
		bytes, ok := expandLZW(data[chunkHead:chunkHead+size], 2*want)
		if !ok || len(bytes) < 2*want {
			return nil, fail(nil, "XLI", "chunk %d holds %d bytes, %d samples need %d", n, len(bytes), want, 2*want)
		}
		leads = append(leads, undelta(joinBytes(bytes), first)[:want])
		data = data[chunkHead+size:]
	}
	return leads, nil
}

func allZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}

// expandLZW returns at most limit bytes and one more; ok is false for a code
// that no writer can have made.
func expandLZW(data []byte, limit int) (out []byte, ok bool) {
	out = make([]byte, 0, min(limit+1, 4*len(data)))
	// An entry is a piece of what was written: its text starts at from.
	var from, length [lastCode + 1]int
	next, previous := firstCode, -1
	previousAt, previousLength := 0, 0
	window, bits := uint32(0), 0
	for _, b := range data {
		window, bits = window<<8|uint32(b), bits+8
		if bits < codeBits {
			continue
		}
		bits -= codeBits
		code := int(window>>bits) & (1<<codeBits - 1)
		if code > lastCode {
			break
		}
		at := len(out)
		switch {
		case code < firstCode:
			out = append(out, byte(code))
		case code < next:
			out = append(out, out[from[code]:from[code]+length[code]]...)
		case code == next && previous >= 0: // the text of the last code and its first byte again
			out = append(out, out[previousAt:previousAt+previousLength]...)
			out = append(out, out[previousAt])
		default:
			return out, false
		}
		if previous >= 0 && next <= lastCode {
			from[next], length[next] = previousAt, previousLength+1
			next++
		}
		previous, previousAt, previousLength = code, at, len(out)-at
		if len(out) > limit {
			break
		}
	}
	return out, true
}

// joinBytes puts the high bytes, which come first, and the low bytes together.
func joinBytes(bytes []byte) []int16 {
	n := (len(bytes) + 1) / 2
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(bytes[i]) << 8
		if n+i < len(bytes) {
			out[i] |= int16(bytes[n+i])
		}
	}
	return out
}

// undelta undoes second differences in place; a difference counts two samples
// after its place, with 64 added, and first is that of the third sample.
func undelta(v []int16, first int16) []int16 {
	if len(v) < 3 {
		return v
	}
	x, y, last := v[0], v[1], first
	for i := 2; i < len(v); i++ {
		z := 2*y - x - last
		last = v[i] - deltaShift
		v[i] = z
		x, y = y, z
	}
	return v
}

// addLimbLeads turns the residuals stored as III, aVR, aVL and aVF (leads 3 to 6)
// into leads, from I and II. Halves round down.
func addLimbLeads(l [][]int16) {
	for i := range l[0] {
		one, two := l[0][i], l[1][i]
		three := two - one - l[2][i]
		l[2][i] = three
		l[3][i] = -l[3][i] - (one+two)>>1
		l[4][i] = (one-three)>>1 - l[4][i]
		l[5][i] = (two+three)>>1 - l[5][i]
	}
}
