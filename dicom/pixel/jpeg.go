package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Markers of ISO/IEC 10918-1 Table B.1.
const (
	mSOF0 = 0xC0
	mSOF1 = 0xC1
	mSOF2 = 0xC2
	mSOF3 = 0xC3
	mDHT  = 0xC4
	mRST0 = 0xD0
	mRST7 = 0xD7
	mSOI  = 0xD8
	mEOI  = 0xD9
	mSOS  = 0xDA
	mDQT  = 0xDB
	mDRI  = 0xDD
	mAPP0 = 0xE0
	mAPPE = 0xEE
	mLS55 = 0xF7
)

// component is one colour of a JPEG image. It is decoded in bands of 8·v rows,
// which go to the frame at once.
type component struct {
	id, h, v     int
	tq           int
	place        int // among the samples of a pixel
	dc, ac       *huffman
	pred         int32
	realW, realH int      // of samples that are image
	width        int      // of a row with all its blocks
	high         int      // rows of blocks
	band         []uint16 // shape [8·v][width]; two rows for lossless
	above        []uint16 // the row before, if rows are interpolated
	wide         []uint16 // a row of the image's width or one more
	blocks       []block  // of a progressive image, shape [high][width/8]
	scanned      bool
}

// jpegDecoder decodes the Huffman-coded processes, ISO/IEC 10918-1 SOF0 to
// SOF3: sequential, progressive and lossless.
type jpegDecoder struct {
	in            []byte
	format        Format // of the data set
	out           []byte // the samples of the frame
	process       byte
	precision     int
	width, height int
	comps         []component
	quant         [4][64]int32
	dcTables      [4]*huffman
	acTables      [4]*huffman
	interval      int // MCUs between restarts; 0 for none
	hMax, vMax    int
	jfif, adobe   bool
	transform     byte // of the Adobe marker
	scans         int
}

// errJPEGLS says that the codestream is JPEG-LS, which shares JPEG's markers.
var errJPEGLS = errors.New("JPEG-LS in a frame of JPEG")

// decodeJPEG decodes a frame of any JPEG process of DICOM.
func decodeJPEG(f Format, frame []byte) (*Frame, error) {
	j := &jpegDecoder{in: frame, format: f}
	if err := j.decode(); err == errJPEGLS {
		return decodeJPEGLS(f, frame)
	} else if err != nil {
		return nil, err
	}
	for i := range j.comps {
		c := &j.comps[i]
		if !c.scanned {
			return nil, corrupt("JPEG: no scan of component %d", i+1)
		}
		if j.process == mSOF2 {
			j.reconstruct(c)
		}
	}
	f = f.decoded()
	if f.Samples == 3 {
		f.Photometric = j.photometric(f.Photometric)
	}
	return &Frame{f, j.out}, nil
}

// put writes a row of the frame; one outside is the filling of blocks.
func (j *jpegDecoder) put(c *component, y int, row []uint16) {
	if y < 0 || y >= j.height {
		return
	}
	size, samples := j.format.decoded().Allocated/8, j.format.Samples
	put(j.out[(y*j.width*samples+c.place)*size:], row[:j.width], size, samples*size)
}

// put writes samples as cells of size bytes, stride apart.
func put(out []byte, samples []uint16, size, stride int) {
	switch {
	case size == 1 && stride == 1:
		out = out[:len(samples)]
		for i, v := range samples {
			out[i] = byte(v)
		}
	case size == 2 && stride == 2:
		out = out[:2*len(samples)]
		for i, v := range samples {
			binary.LittleEndian.PutUint16(out[2*i:], v)
		}
	case size == 1:
		at := 0
		for _, v := range samples {
			out[at] = byte(v)
			at += stride
		}
	default:
		for i, v := range samples {
			binary.LittleEndian.PutUint16(out[i*stride:], v)
		}
	}
}

// photometric says what the three components are. The codestream knows better
// than the data set: lossy JPEG is YCbCr unless it says otherwise.
func (j *jpegDecoder) photometric(said string) string {
	ids := [3]int{j.comps[0].id, j.comps[1].id, j.comps[2].id}
	switch {
	case j.process == mSOF3:
		if said == "YBR_FULL_422" {
			return "YBR_FULL"
		}
		return said
	case j.adobe && j.transform == 0, ids == [3]int{'R', 'G', 'B'}:
		return "RGB"
	case j.adobe || j.jfif || said != "RGB" || j.hMax > 1 || j.vMax > 1:
		return "YBR_FULL"
	}
	return "RGB"
}

// decode walks the markers.
func (j *jpegDecoder) decode() error {
	if len(j.in) < 4 || j.in[0] != 0xFF || j.in[1] != mSOI {
		return corrupt("JPEG: no start of image")
	}
	pos := 2
	for {
		for pos < len(j.in) && j.in[pos] != 0xFF {
			pos++ // stray bytes, which padding may leave between markers
		}
		for pos < len(j.in) && j.in[pos] == 0xFF {
			pos++
		}
		if pos >= len(j.in) {
			break
		}
		marker := j.in[pos]
		pos++
		if marker == mEOI {
			break
		}
		if marker == 0 || marker == mSOI || marker >= mRST0 && marker <= mRST7 {
			continue
		}
		if pos+2 > len(j.in) {
			return corrupt("JPEG: ends within a marker")
		}
		n := int(j.in[pos])<<8 | int(j.in[pos+1])
		if n < 2 || pos+n > len(j.in) {
			return corrupt("JPEG: a segment of %d bytes, %d remain", n, len(j.in)-pos)
		}
		segment := j.in[pos+2 : pos+n]
		pos += n
		next, err := j.segment(marker, segment, pos)
		if err != nil {
			return err
		}
		pos = next
	}
	if j.scans == 0 {
		return corrupt("JPEG: no image in it")
	}
	return nil
}

// segment takes one marker segment and returns where to go on.
func (j *jpegDecoder) segment(marker byte, b []byte, pos int) (int, error) {
	switch marker {
	case mSOF0, mSOF1, mSOF2, mSOF3:
		return pos, j.startFrame(marker, b)
	case mLS55:
		return pos, errJPEGLS
	case mDHT:
		return pos, j.huffmanTables(b)
	case mDQT:
		return pos, j.quantTables(b)
	case mDRI:
		if len(b) < 2 {
			return pos, corrupt("JPEG: a short restart interval")
		}
		j.interval = int(b[0])<<8 | int(b[1])
	case mAPP0:
		j.jfif = j.jfif || bytes.HasPrefix(b, []byte("JFIF\x00"))
	case mAPPE:
		if bytes.HasPrefix(b, []byte("Adobe")) && len(b) >= 12 {
			j.adobe, j.transform = true, b[11]
		}
	case mSOS:
		return j.scan(b, pos)
	}
	if marker > mSOF3 && marker < 0xD0 && marker != 0xC8 && marker != 0xCC {
		return pos, unknown("hierarchical or arithmetic JPEG")
	}
	return pos, nil
}

// startFrame reads the frame header, section B.2.2.
func (j *jpegDecoder) startFrame(marker byte, b []byte) error {
	if j.comps != nil {
		return corrupt("JPEG: a second frame header")
	}
	if len(b) < 6 || len(b) < 6+3*int(b[5]) {
		return corrupt("JPEG: a short frame header")
	}
	j.process, j.precision = marker, int(b[0])
	j.height, j.width = int(b[1])<<8|int(b[2]), int(b[3])<<8|int(b[4])
	n := int(b[5])
	if j.width == 0 || j.height == 0 || n < 1 || n > 4 || j.precision < 2 || j.precision > 16 {
		return corrupt("JPEG: %d×%d with %d components of %d bits", j.width, j.height, n, j.precision)
	}
	if marker != mSOF3 && j.precision != 8 && j.precision != 12 {
		return corrupt("JPEG: DCT of %d bits", j.precision)
	}
	if int64(j.width)*int64(j.height)*int64(n)*2 > MaxFrame {
		return corrupt("JPEG: larger than this software decodes")
	}
	j.hMax, j.vMax = 1, 1
	for i := range n {
		c := component{id: int(b[6+3*i]), h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15), tq: int(b[8+3*i]), place: i}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 {
			return corrupt("JPEG: component %d has no valid sampling", i+1)
		}
		j.hMax, j.vMax = max(j.hMax, c.h), max(j.vMax, c.v)
		j.comps = append(j.comps, c)
	}
	if err := j.format.agree("JPEG", j.height, j.width, n, j.precision); err != nil {
		return err
	}
	return j.layOut()
}

// layOut makes room for the components, if the bytes that are there can fill
// it: each block of 64 samples, or each lossless sample, takes a bit.
func (j *jpegDecoder) layOut() error {
	unit, rows := 8, 8
	if j.process == mSOF3 {
		unit, rows = 1, 2
	}
	mcuW, mcuH := unit*j.hMax, unit*j.vMax
	for i := range j.comps {
		c := &j.comps[i]
		c.realW, c.realH = ceilDiv(j.width*c.h, j.hMax), ceilDiv(j.height*c.v, j.vMax)
		c.width, c.high = ceilDiv(j.width, mcuW)*unit*c.h, ceilDiv(j.height, mcuH)*c.v
		if int64(c.width/unit)*int64(c.high) > 8*int64(len(j.in)) {
			return corrupt("JPEG: %d bytes cannot hold %d×%d", len(j.in), j.width, j.height)
		}
		c.band = make([]uint16, rows*c.v*c.width)
		c.above = make([]uint16, c.realW)
		c.wide = make([]uint16, max(j.width, 2*c.realW))
	}
	format := j.format.decoded()
	j.out = make([]byte, format.size())
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (j *jpegDecoder) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return corrupt("JPEG: a short Huffman table")
		}
		class, id := b[0]>>4, b[0]&15
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if class > 1 || id > 3 || n > 256 || len(b) < 17+n {
			return corrupt("JPEG: a Huffman table of %d values", n)
		}
		h, err := newHuffman(b[1:17], b[17:17+n])
		if err != nil {
			return err
		}
		if class == 0 {
			j.dcTables[id] = h
		} else {
			j.acTables[id] = h
		}
		b = b[17+n:]
	}
	return nil
}

func (j *jpegDecoder) quantTables(b []byte) error {
	for len(b) > 0 {
		wide, id := b[0]>>4, b[0]&15
		n := 64 << wide
		if wide > 1 || id > 3 || len(b) < 1+n {
			return corrupt("JPEG: a bad quantization table")
		}
		for k := range 64 {
			if wide == 0 {
				j.quant[id][zigzag[k]] = int32(b[1+k])
			} else {
				j.quant[id][zigzag[k]] = int32(b[1+2*k])<<8 | int32(b[2+2*k])
			}
		}
		b = b[1+n:]
	}
	return nil
}

// scan decodes one scan, section B.2.3, and returns where it ends.
func (j *jpegDecoder) scan(b []byte, pos int) (int, error) {
	if j.comps == nil {
		return 0, corrupt("JPEG: a scan before the frame header")
	}
	if len(b) < 1 || len(b) < 4+2*int(b[0]) || b[0] < 1 || int(b[0]) > len(j.comps) {
		return 0, corrupt("JPEG: a short scan header")
	}
	most := len(j.comps)
	if j.process == mSOF2 {
		most = maxProgressiveScans
	}
	if j.scans++; j.scans > most {
		return 0, corrupt("JPEG: more than %d scans", most)
	}
	n := int(b[0])
	comps := make([]*component, n)
	for i := range n {
		for k := range j.comps {
			if j.comps[k].id == int(b[1+2*i]) {
				comps[i] = &j.comps[k]
			}
		}
		td, ta := b[2+2*i]>>4, b[2+2*i]&15
		if comps[i] == nil || td > 3 || ta > 3 {
			return 0, corrupt("JPEG: a scan names no component")
		}
		comps[i].scanned = true
		comps[i].dc, comps[i].ac = j.dcTables[td], j.acTables[ta]
		if j.process != mSOF2 && (comps[i].dc == nil || j.process != mSOF3 && comps[i].ac == nil) {
			return 0, corrupt("JPEG: a scan without its Huffman table")
		}
	}
	r := &bitReader{in: j.in, pos: pos}
	var err error
	switch j.process {
	case mSOF2:
		err = j.progressiveScan(r, comps, int(b[1+2*n]), int(b[2+2*n]), int(b[3+2*n]))
	case mSOF3:
		err = j.losslessScan(r, comps, int(b[1+2*n]), int(b[3+2*n]&15))
	default:
		err = j.dctScan(r, comps)
	}
	return r.pos, err
}
