package pixel

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// native brings plain samples into their order in a Frame, PS3.5 section 8.1; it
// copies them only if they are in another.
func native(d *dicom.Dataset, f Format, frame []byte) (*Frame, error) {
	n := f.size()
	if f.Photometric == "YBR_FULL_422" && f.Samples == 3 && f.Allocated == 8 {
		n = int64(f.pixels()) * 2
	}
	if int64(len(frame)) < n {
		return nil, corrupt("%d bytes, %d are needed", len(frame), n)
	}
	data := frame[:n]
	if d.Syntax.BigEndian() {
		data = bytes.Clone(frame[:min(int64(len(frame)), n+n&1)]) // whole words
		littleEndian(d, f, data)
		data = data[:n]
	}
	if f.Samples > 1 && number(d, dicom.PlanarConfiguration, 0) == 1 && f.Allocated >= 8 && n == f.size() {
		data = interleave(data, f.Samples, f.Allocated/8)
	}
	return &Frame{f, data}, nil
}

// littleEndian turns the cells of a big endian frame round. Bytes in OW are
// two in a word, and so change places (PS3.5 section 8.1.1).
func littleEndian(d *dicom.Dataset, f Format, data []byte) {
	size := f.Allocated / 8
	if size <= 1 {
		if e := d.Get(dicom.PixelData); e == nil || e.VR != dicom.OW {
			return
		}
		size = 2
	}
	for i := 0; i+size <= len(data); i += size {
		for a, b := i, i+size-1; a < b; a, b = a+1, b-1 {
			data[a], data[b] = data[b], data[a]
		}
	}
}

// interleave brings [sample][row][column] to [row][column][sample].
func interleave(data []byte, samples, size int) []byte {
	out := make([]byte, len(data))
	plane := len(data) / samples
	for s := range samples {
		from := data[s*plane : (s+1)*plane]
		if size == 1 {
			for i, c := range from {
				out[i*samples+s] = c
			}
			continue
		}
		for i := 0; i+size <= plane; i += size {
			copy(out[i*samples+s*size:], from[i:i+size])
		}
	}
	return out
}

// decodeDeflated decodes Deflated Image Frame Compression, PS3.5 section A.4.
func decodeDeflated(d *dicom.Dataset, f Format, frame []byte) (*Frame, error) {
	z := flate.NewReader(bytes.NewReader(frame))
	defer z.Close()
	plain, err := io.ReadAll(io.LimitReader(z, f.size()+1))
	if err != nil && int64(len(plain)) < f.size() {
		return nil, corrupt("deflate: %v", err)
	}
	return native(d, f, plain)
}
