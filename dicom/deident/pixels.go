package deident

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// Classes whose pixels often have the patient's name burned into them:
// secondary captures and what comes from a screen or a video socket.
var risky = map[string]string{
	"1.2.840.10008.5.1.4.1.1.6.1": "ultrasound", "1.2.840.10008.5.1.4.1.1.3.1": "ultrasound",
	"1.2.840.10008.5.1.4.1.1.7": "secondary capture", "1.2.840.10008.5.1.4.1.1.7.1": "secondary capture",
	"1.2.840.10008.5.1.4.1.1.7.2": "secondary capture", "1.2.840.10008.5.1.4.1.1.7.3": "secondary capture",
	"1.2.840.10008.5.1.4.1.1.7.4": "secondary capture", "1.2.840.10008.5.1.4.1.1.77.1.1": "endoscopy",
	"1.2.840.10008.5.1.4.1.1.77.1.1.1": "endoscopy", "1.2.840.10008.5.1.4.1.1.12.1": "angiography",
}

// pixels deals with what is written in the pixels themselves.
func (p *pass) pixels(out, in *dicom.Dataset) error {
	if out.Get(dicom.PixelData) == nil {
		if len(p.options.Blank) > 0 && (out.Get(dicom.FloatPixelData) != nil || out.Get(dicom.DoubleFloatPixelData) != nil) {
			return errors.New("deident: regions of floating point pixels cannot be blanked")
		}
		return nil
	}
	burned := in.Text(dicom.BurnedInAnnotation)
	if !p.options.CleanPixels {
		if burned == "YES" {
			return ErrBurnedIn
		}
		if kind := risky[in.Text(dicom.SOPClassUID)]; kind != "" && burned != "NO" {
			p.warnings = append(p.warnings, "nothing says that no name is burned into the pixels of this "+kind+": look at it before it leaves")
		}
		return maskOverlays(out, in)
	}
	regions := ultrasound(in)
	if len(p.options.Blank) == 0 && len(regions) == 0 && burned == "YES" {
		return ErrBurnedIn
	}
	if err := maskOverlays(out, in); err != nil {
		return err
	}
	if len(p.options.Blank) == 0 && len(regions) == 0 {
		return nil
	}
	if err := p.blank(out, regions); err != nil {
		return err
	}
	setText(out, dicom.BurnedInAnnotation, dicom.CS, []string{"NO"})
	p.warnings = append(p.warnings, "regions of the pixels were blanked: look at the rest before it leaves")
	return nil
}

// ultrasound are the regions in which an ultrasound image shows the body (PS3.3
// section C.8.5.5); around them are names and settings.
func ultrasound(d *dicom.Dataset) []image.Rectangle {
	var all []image.Rectangle
	for _, item := range d.Items(dicom.SequenceOfUltrasoundRegions) {
		x0, ok0 := item.Int(dicom.RegionLocationMinX0)
		y0, ok1 := item.Int(dicom.RegionLocationMinY0)
		x1, ok2 := item.Int(dicom.RegionLocationMaxX1)
		y1, ok3 := item.Int(dicom.RegionLocationMaxY1)
		if ok0 && ok1 && ok2 && ok3 && x1 > x0 && y1 > y0 {
			all = append(all, image.Rect(int(x0), int(y0), int(x1)+1, int(y1)+1))
		}
	}
	return all
}

// blank decodes every frame, blanks it, and writes it natively.
func (p *pass) blank(out *dicom.Dataset, regions []image.Rectangle) error {
	frames, err := framesOf(out)
	if err != nil {
		return err
	}
	var all []byte
	var format pixel.Format
	for i := range frames.Count() {
		raw, err := frames.Read(i)
		if err != nil {
			return err
		}
		f, err := pixel.Decode(out, raw)
		if err != nil {
			return fmt.Errorf("deident: frame %d cannot be blanked: %w", i+1, err)
		}
		if len(f.Data) != f.Rows*f.Columns*f.Samples*f.Allocated/8 || f.Allocated < 8 {
			return fmt.Errorf("deident: frame %d: regions of its kind of pixels cannot be blanked", i+1)
		}
		paint(f, p.options.Blank, regions)
		all, format = append(all, f.Data...), f.Format
	}
	setNative(out, format, all)
	return nil
}

// paint sets what lies in blank, or outside all regions, to black.
func paint(f *pixel.Frame, blank, regions []image.Rectangle) {
	black := blackOf(&f.Format)
	for y := range f.Rows {
		for x := range f.Columns {
			if at := image.Pt(x, y); inside(at, blank) || len(regions) > 0 && !inside(at, regions) {
				copy(f.Data[(y*f.Columns+x)*len(black):], black)
			}
		}
	}
}

func inside(at image.Point, regions []image.Rectangle) bool {
	for _, r := range regions {
		if at.In(r) {
			return true
		}
	}
	return false
}

// blackOf is the bytes of one black pixel.
func blackOf(f *pixel.Format) []byte {
	size := f.Allocated / 8
	b := make([]byte, size*f.Samples)
	switch f.Photometric {
	case "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT":
		for i := 1; i < f.Samples; i++ {
			b[i*size+size-1] = 0x80
		}
	case "MONOCHROME1":
		max := uint64(1)<<f.Stored - 1
		if f.Signed {
			max >>= 1
		}
		var cell [8]byte
		binary.LittleEndian.PutUint64(cell[:], max)
		copy(b, cell[:size])
	}
	return b
}

// setNative stores decoded samples, which are little endian, as plain pixels in
// the data set's byte order; what was encapsulated becomes explicit VR little
// endian.
func setNative(out *dicom.Dataset, f pixel.Format, all []byte) {
	if out.Syntax.Encapsulated() {
		out.Syntax = dicom.ExplicitVRLittleEndian
	}
	vr := dicom.OW
	if f.Allocated == 8 {
		vr = dicom.OB
	}
	if size := f.Allocated / 8; out.Syntax.BigEndian() {
		for cell := range slices.Chunk(all, size) {
			slices.Reverse(cell)
		}
	}
	if len(all)%2 == 1 {
		all = append(all, 0)
	}
	out.SetRaw(dicom.PixelData, vr, all)
	out.Delete(dicom.ExtendedOffsetTable)
	out.Delete(dicom.ExtendedOffsetTableLengths)
	setText(out, dicom.PhotometricInterpretation, dicom.CS, []string{f.Photometric})
	if f.Samples > 1 {
		out.SetInts(dicom.PlanarConfiguration, 0)
	}
}

// maskOverlays clears the bits above and below those of the image: old overlays
// lie there (PS3.5 section 8.1.2), and their descriptions are gone.
func maskOverlays(out, in *dicom.Dataset) error {
	embedded := false
	for g := dicom.Tag(0x6000); g <= 0x601E; g += 2 {
		if at, ok := in.Int(g<<16 | 0x0102); ok && at > 0 && in.Get(g<<16|0x3000) == nil {
			embedded = true
		}
	}
	e := out.Get(dicom.PixelData)
	if !embedded || e.Fragments != nil {
		return nil
	}
	stored, _ := in.Int(dicom.BitsStored)
	high, _ := in.Int(dicom.HighBit)
	if allocated, _ := in.Int(dicom.BitsAllocated); allocated != 16 || stored < 1 || high < stored-1 || high > 15 {
		return fmt.Errorf("deident: overlays lie in the bits of the pixels, which cannot be told apart")
	}
	mask := uint16((1<<stored - 1) << (high - stored + 1))
	order := binary.ByteOrder(binary.LittleEndian)
	if out.Syntax.BigEndian() {
		order = binary.BigEndian
	}
	raw := append([]byte(nil), e.Raw...)
	for i := 0; i+1 < len(raw); i += 2 {
		order.PutUint16(raw[i:], order.Uint16(raw[i:])&mask)
	}
	e.Raw = raw
	return nil
}

// heldFrames are frames in memory.
type heldFrames struct {
	*dicom.Frames
	src held
}

// Read returns the bytes of frame i.
func (h heldFrames) Read(i int) ([]byte, error) { return h.Frames.Read(h.src, i) }

// framesOf indexes the pixel data that d holds.
func framesOf(d *dicom.Dataset) (heldFrames, error) {
	frames, err := dicom.IndexFrames(d)
	return heldFrames{frames, held{d.Get(dicom.PixelData)}}, err
}

// held reads a value at the offsets it had in its file.
type held struct{ e *dicom.Element }

// ReadAt implements io.ReaderAt.
func (h held) ReadAt(p []byte, off int64) (int, error) {
	if h.e.Fragments == nil {
		return partOf(p, h.e.Raw, off-h.e.Offset)
	}
	for _, f := range h.e.Fragments {
		if off >= f.Offset && off < f.Offset+f.Length {
			return partOf(p, f.Data, off-f.Offset)
		}
	}
	return 0, io.EOF
}

func partOf(p, b []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
