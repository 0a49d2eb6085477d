package pixel

import (
	"encoding/binary"
	"math"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// maxEntries is how many entries a lookup table may have, PS3.3 C.11.1.1.1.
const maxEntries = 1 << 16

// lut is a lookup table, PS3.3 section C.11.
type lut struct {
	first   float64 // stored value of the first entry
	entries []uint16
	top     float64 // highest value of an entry by its bits
}

// at looks a value up; those outside take the first or the last entry.
func (l *lut) at(v float64) float64 {
	i := int(min(max(math.Floor(v-l.first), 0), float64(len(l.entries)-1)))
	return float64(l.entries[i])
}

// readLUT reads an item of a LUT sequence; nil if it is none.
func readLUT(item *dicom.Dataset, signed bool) *lut {
	return buildLUT(item, dicom.LUTDescriptor, dicom.LUTData, signed)
}

func buildLUT(d *dicom.Dataset, descriptor, data dicom.Tag, signed bool) *lut {
	desc := descriptorOf(d, descriptor, signed)
	e := d.Get(data)
	if desc == nil || e == nil || e.Bulk {
		return nil
	}
	l := &lut{first: float64(desc[1]), top: float64(int(1)<<desc[2] - 1)}
	l.entries = words(e.Raw, desc[0], d.Syntax.BigEndian() && e.VR != dicom.OB)
	if len(l.entries) == 0 {
		return nil
	}
	return l
}

// descriptorOf reads the number of entries, the first value mapped and the
// bits of an entry.
func descriptorOf(d *dicom.Dataset, t dicom.Tag, signed bool) []int {
	v := d.Ints(t)
	if len(v) != 3 {
		return nil
	}
	n, first, bits := int(v[0])&0xFFFF, int(v[1]), int(v[2])
	if n == 0 {
		n = maxEntries
	}
	if signed {
		first = int(int16(first))
	} else {
		first &= 0xFFFF
	}
	if bits < 1 || bits > 16 {
		bits = 16
	}
	return []int{n, first, bits}
}

// words reads n entries, of a byte each if there are not enough bytes for more.
func words(raw []byte, n int, big bool) []uint16 {
	out := make([]uint16, 0, n)
	if len(raw) < 2*n {
		for _, b := range raw[:min(n, len(raw))] {
			out = append(out, uint16(b))
		}
		return out
	}
	for ; len(out) < n; raw = raw[2:] {
		if big {
			out = append(out, binary.BigEndian.Uint16(raw))
		} else {
			out = append(out, binary.LittleEndian.Uint16(raw))
		}
	}
	return out
}

// newModality returns the way from stored to modality values, PS3.3 C.11.1.
func newModality(d *dicom.Dataset, f *Frame, frame int) func(float64) float64 {
	if items := d.Items(dicom.ModalityLUTSequence); len(items) > 0 {
		if l := readLUT(items[0], f.Signed); l != nil {
			return l.at
		}
	}
	from := d
	if group := functional(d, frame, dicom.PixelValueTransformationSequence); group != nil {
		from = group
	}
	slope, ok := from.Float(dicom.RescaleSlope)
	if !ok || slope == 0 {
		slope = 1
	}
	intercept, _ := from.Float(dicom.RescaleIntercept)
	return func(v float64) float64 { return v*slope + intercept }
}

// functional finds the item of a functional group of a frame, in its own
// groups or the shared ones (PS3.3 section C.7.6.16); nil if there is none.
func functional(d *dicom.Dataset, frame int, group dicom.Tag) *dicom.Dataset {
	own := d.Items(dicom.PerFrameFunctionalGroupsSequence)
	if frame >= 0 && frame < len(own) {
		if items := own[frame].Items(group); len(items) > 0 {
			return items[0]
		}
	}
	if shared := d.Items(dicom.SharedFunctionalGroupsSequence); len(shared) > 0 {
		if items := shared[0].Items(group); len(items) > 0 {
			return items[0]
		}
	}
	return nil
}

// newVOI returns the way from modality values to greys from 0 to 1, PS3.3
// section C.11.2: the window asked for, the object's first window, its VOI
// LUT, or else the range that spread finds.
func newVOI(d *dicom.Dataset, f *Frame, o RenderOptions, spread func() (low, high float64)) func(float64) float64 {
	from := d
	if group := functional(d, o.Frame, dicom.FrameVOILUTSequence); group != nil {
		from = group
	}
	center, hasCenter := from.Float(dicom.WindowCenter)
	width, _ := from.Float(dicom.WindowWidth)
	function := from.Text(dicom.VOILUTFunction)
	if o.WindowWidth > 0 {
		return window(o.WindowCenter, o.WindowWidth, function)
	}
	if hasCenter && (width >= 1 || width > 0 && function != "" && function != "LINEAR") {
		return window(center, width, function)
	}
	if items := from.Items(dicom.VOILUTSequence); len(items) > 0 {
		if l := readLUT(items[0], f.Signed || signedRescale(d)); l != nil {
			return func(v float64) float64 { return l.at(v) / l.top }
		}
	}
	low, high := spread()
	return func(v float64) float64 {
		if high == low {
			return 0
		}
		return (v - low) / (high - low)
	}
}

// signedRescale says that modality values may be negative.
func signedRescale(d *dicom.Dataset) bool {
	v, ok := d.Float(dicom.RescaleIntercept)
	return ok && v < 0
}

// window is one of the VOI LUT functions, PS3.3 C.11.2.1.2 and C.11.2.1.3.
func window(center, width float64, function string) func(float64) float64 {
	switch function {
	case "SIGMOID":
		return func(v float64) float64 { return 1 / (1 + math.Exp(-4*(v-center)/width)) }
	case "LINEAR_EXACT":
		return func(v float64) float64 { return (v-center)/width + 0.5 }
	}
	if width <= 1 {
		return func(v float64) float64 {
			if v > center-0.5 {
				return 1
			}
			return 0
		}
	}
	return func(v float64) float64 { return (v-(center-0.5))/(width-1) + 0.5 }
}
