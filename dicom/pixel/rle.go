package pixel

import "encoding/binary"

// rleHeader is the size of the table of segments, PS3.5 section G.5.
const rleHeader = 64

// decodeRLE decodes a frame of RLE Lossless, PS3.5 Annex G: one segment for
// each byte of each sample, high bytes first.
func decodeRLE(f Format, frame []byte) (*Frame, error) {
	if len(frame) < rleHeader {
		return nil, corrupt("RLE: %d bytes have no header", len(frame))
	}
	size := max(1, f.Allocated/8) // pixels of one bit are packed into bytes
	cells := f.pixels()
	if f.Allocated == 1 {
		cells = (cells + 7) / 8
	}
	segments := int(binary.LittleEndian.Uint32(frame))
	if segments != f.Samples*size || segments > 15 {
		return nil, corrupt("RLE: %d segments for %d samples of %d bits", segments, f.Samples, f.Allocated)
	}
	if f.size() > 64*int64(len(frame)) { // two bytes give 128 at most
		return nil, corrupt("RLE: %d bytes cannot hold %d", len(frame), f.size())
	}
	out := make([]byte, f.size())
	stride := f.Samples * size
	for i := range segments {
		start := binary.LittleEndian.Uint32(frame[4+4*i:])
		end := uint32(len(frame))
		if i+1 < segments {
			end = binary.LittleEndian.Uint32(frame[8+4*i:])
		}
		if start < rleHeader || start > end || end > uint32(len(frame)) {
			return nil, corrupt("RLE: segment %d lies outside the frame", i+1)
		}
		sample, high := i/size, i%size
		at := sample*size + size - 1 - high
		if n := unpackBits(out[at:], stride, cells, frame[start:end]); n < cells {
			return nil, corrupt("RLE: segment %d ends after %d of %d bytes", i+1, n, cells)
		}
	}
	return &Frame{f, out}, nil
}

// unpackBits writes at most n bytes, stride apart, and returns how many.
func unpackBits(out []byte, stride, n int, in []byte) int {
	k := 0
	for k < n && len(in) > 0 {
		c := int(int8(in[0]))
		in = in[1:]
		switch {
		case c >= 0:
			run := min(c+1, n-k, len(in))
			for _, b := range in[:run] {
				out[k*stride] = b
				k++
			}
			in = in[min(c+1, len(in)):]
		case c > -128 && len(in) > 0:
			b := in[0]
			in = in[1:]
			for end := min(k+1-c, n); k < end; k++ {
				out[k*stride] = b
			}
		}
	}
	return k
}
