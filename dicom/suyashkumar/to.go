package suyashkumar

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/frame"
	"github.com/suyashkumar/dicom/pkg/tag"

	yuanzhen "github.com/yuanzhen/yuanzhen/dicom"
)

// To converts a file that was read with Options.Keep -1. stream holds the
// bytes it was read from, for its frames. Text becomes UTF-8; a frame in
// several fragments becomes one frame. Elements keep their order.
func To(f *yuanzhen.File, stream io.ReaderAt) (dicom.Dataset, error) {
	var out dicom.Dataset
	for _, d := range []*yuanzhen.Dataset{f.Meta, f.Dataset} {
		if d == nil {
			continue
		}
		elements, err := to(d, stream)
		if err != nil {
			return dicom.Dataset{}, err
		}
		out.Elements = append(out.Elements, elements...)
	}
	return out, nil
}

func to(d *yuanzhen.Dataset, stream io.ReaderAt) ([]*dicom.Element, error) {
	out := make([]*dicom.Element, 0, len(d.Elements))
	for i := range d.Elements {
		e := &d.Elements[i]
		data, err := valueOf(d, e, stream)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Tag, err)
		}
		value, err := dicom.NewValue(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Tag, err)
		}
		vr := string(e.VR)
		if e.Items != nil {
			vr = "SQ"
		}
		t := tag.Tag{Group: e.Tag.Group(), Element: e.Tag.Element()}
		out = append(out, &dicom.Element{Tag: t, ValueRepresentation: tag.GetVRKind(t, vr), RawValueRepresentation: vr,
			ValueLength: uint32(e.Length), Value: value})
	}
	return out, nil
}

// valueOf is an element's value in one of the types that dicom.NewValue takes.
func valueOf(d *yuanzhen.Dataset, e *yuanzhen.Element, stream io.ReaderAt) (any, error) {
	switch {
	case e.Bulk:
		return nil, fmt.Errorf("its value was not kept")
	case e.Items != nil:
		items := make([][]*dicom.Element, len(e.Items))
		for i, item := range e.Items {
			elements, err := to(item, stream)
			if err != nil {
				return nil, err
			}
			items[i] = elements
		}
		return items, nil
	case e.Tag == yuanzhen.PixelData:
		return pixels(d, e, stream)
	}
	switch e.VR {
	case yuanzhen.US, yuanzhen.SS, yuanzhen.UL, yuanzhen.SL, yuanzhen.SV, yuanzhen.UV:
		return ints(d.Ints(e.Tag)), nil
	case yuanzhen.AT:
		return halves(d.Ints(e.Tag)), nil
	case yuanzhen.FL:
		return shortest(d.Floats(e.Tag)), nil
	case yuanzhen.FD:
		return append([]float64{}, d.Floats(e.Tag)...), nil
	case yuanzhen.OW:
		return littleEndian(d, e.Raw), nil
	case yuanzhen.OB, yuanzhen.OD, yuanzhen.OF, yuanzhen.OL, yuanzhen.OV, yuanzhen.UN:
		return append([]byte{}, e.Raw...), nil
	}
	return append([]string{}, d.Texts(e.Tag)...), nil
}

func ints(values []int64) []int {
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = int(v)
	}
	return out
}

// halves are tags as that library has them: group and element as two numbers.
func halves(tags []int64) []int {
	out := make([]int, 0, 2*len(tags))
	for _, t := range tags {
		out = append(out, int(t>>16), int(t&0xFFFF))
	}
	return out
}

// shortest are numbers of 32 bits as that library has them: the decimal that
// stands for them, not the binary value.
func shortest(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64) // what was formatted parses
	}
	return out
}

// littleEndian are words with their low byte first.
func littleEndian(d *yuanzhen.Dataset, raw []byte) []byte {
	out := append([]byte{}, raw...)
	if d.Syntax.BigEndian() {
		for i := 0; i+1 < len(out); i += 2 {
			out[i], out[i+1] = out[i+1], out[i]
		}
	}
	return out
}

// pixels cuts pixel data into frames. Samples are read as unsigned cells, as
// that library's own reader does. Pixel data that cannot be cut into frames is
// handed over unprocessed.
func pixels(d *yuanzhen.Dataset, e *yuanzhen.Element, stream io.ReaderAt) (any, error) {
	frames, err := yuanzhen.IndexFrames(d)
	if err != nil {
		return dicom.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: e.Raw, IsEncapsulated: e.Fragments != nil, ParseErr: err}, nil
	}
	info := dicom.PixelDataInfo{IsEncapsulated: !frames.Native()}
	for i := range frames.Count() {
		raw, err := frames.Read(stream, i)
		if err != nil {
			return nil, err
		}
		if !frames.Native() {
			info.Frames = append(info.Frames, &frame.Frame{Encapsulated: true, EncapsulatedData: frame.EncapsulatedFrame{Data: raw}})
			continue
		}
		native := nativeFrame(d, raw)
		if native == nil {
			return dicom.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: e.Raw}, nil
		}
		info.Frames = append(info.Frames, &frame.Frame{NativeData: native})
	}
	return info, nil
}

// nativeFrame holds the cells of one frame, interleaved; nil for kinds of
// cells that the library has no type for.
func nativeFrame(d *yuanzhen.Dataset, raw []byte) frame.INativeFrame {
	number := func(t yuanzhen.Tag, absent int) int {
		if n, ok := d.Int(t); ok {
			return int(n)
		}
		return absent
	}
	rows, columns, samples := number(yuanzhen.Rows, 0), number(yuanzhen.Columns, 0), number(yuanzhen.SamplesPerPixel, 1)
	order := binary.ByteOrder(binary.LittleEndian)
	if d.Syntax.BigEndian() {
		order = binary.BigEndian
	}
	planar := samples > 1 && number(yuanzhen.PlanarConfiguration, 0) == 1
	bits := number(yuanzhen.BitsAllocated, 0)
	if rows*columns*samples*bits/8 != len(raw) || rows*columns*samples == 0 {
		return nil
	}
	place := func(i int) int {
		if !planar {
			return i
		}
		return i%(rows*columns)*samples + i/(rows*columns)
	}
	switch bits {
	case 8:
		f := frame.NewNativeFrame[uint8](bits, rows, columns, rows*columns, samples)
		for i, v := range raw {
			f.RawData[place(i)] = v
		}
		return f
	case 16:
		f := frame.NewNativeFrame[uint16](bits, rows, columns, rows*columns, samples)
		for i := range len(raw) / 2 {
			f.RawData[place(i)] = order.Uint16(raw[2*i:])
		}
		return f
	case 32:
		f := frame.NewNativeFrame[uint32](bits, rows, columns, rows*columns, samples)
		for i := range len(raw) / 4 {
			f.RawData[place(i)] = order.Uint32(raw[4*i:])
		}
		return f
	}
	return nil
}
