package suyashkumar

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/suyashkumar/dicom"

	yuanzhen "github.com/yuanzhen/yuanzhen/dicom"
)

// From converts a data set of that library to explicit VR little endian and
// UTF-8, without group 0002. Encapsulated frames become a fragment each; write
// them with the transfer syntax they came in, which From returns.
func From(in dicom.Dataset) (*yuanzhen.Dataset, yuanzhen.TransferSyntax, error) {
	d, syntax := yuanzhen.New(), yuanzhen.ExplicitVRLittleEndian
	for _, e := range in.Elements {
		if e.Tag.Group != 2 {
			continue
		}
		if values, ok := e.Value.GetValue().([]string); ok && e.Tag.Element == 0x0010 && len(values) == 1 {
			syntax = yuanzhen.TransferSyntax(strings.TrimRight(values[0], "\x00 "))
		}
	}
	if err := from(d, in.Elements); err != nil {
		return nil, "", err
	}
	if !syntax.Encapsulated() {
		syntax = yuanzhen.ExplicitVRLittleEndian
	}
	d.Syntax = yuanzhen.ExplicitVRLittleEndian
	return d, syntax, nil
}

func from(d *yuanzhen.Dataset, elements []*dicom.Element) error {
	for _, e := range elements {
		t := yuanzhen.Tag(e.Tag.Group)<<16 | yuanzhen.Tag(e.Tag.Element)
		if e.Tag.Group <= 2 || e.Tag.Element == 0 {
			continue
		}
		if t == yuanzhen.SpecificCharacterSet {
			d.SetRaw(t, yuanzhen.CS, []byte("ISO_IR 192"))
			continue
		}
		if err := set(d, t, yuanzhen.VR(e.RawValueRepresentation), e.Value.GetValue()); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return nil
}

func set(d *yuanzhen.Dataset, t yuanzhen.Tag, vr yuanzhen.VR, value any) error {
	switch v := value.(type) {
	case []string:
		d.SetRaw(t, vr, padded(vr, strings.Join(v, `\`)))
	case []int:
		d.SetRaw(t, vr, numbers(vr, v))
	case []float64:
		d.SetRaw(t, vr, floats(vr, v))
	case []byte:
		d.SetRaw(t, vr, padded(yuanzhen.OB, string(v)))
	case []*dicom.SequenceItemValue:
		items := make([]*yuanzhen.Dataset, len(v))
		for i, item := range v {
			items[i] = yuanzhen.New()
			elements, _ := item.GetValue().([]*dicom.Element)
			if err := from(items[i], elements); err != nil {
				return err
			}
		}
		d.SetItems(t, items...)
	case dicom.PixelDataInfo:
		return setPixels(d, t, v)
	default:
		return fmt.Errorf("a value of type %T", value)
	}
	return nil
}

func padded(vr yuanzhen.VR, s string) []byte {
	if len(s)%2 == 0 {
		return []byte(s)
	}
	if vr == yuanzhen.UI || vr == yuanzhen.OB || vr == yuanzhen.UN {
		return []byte(s + "\x00")
	}
	return []byte(s + " ")
}

func numbers(vr yuanzhen.VR, values []int) []byte {
	var raw []byte
	for _, v := range values {
		switch vr {
		case yuanzhen.UL, yuanzhen.SL:
			raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
		case yuanzhen.UV, yuanzhen.SV:
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		default:
			raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
		}
	}
	return raw
}

func floats(vr yuanzhen.VR, values []float64) []byte {
	var raw []byte
	for _, v := range values {
		if vr == yuanzhen.FL || vr == yuanzhen.OF {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		} else {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
	}
	return raw
}

func setPixels(d *yuanzhen.Dataset, t yuanzhen.Tag, info dicom.PixelDataInfo) error {
	if info.IntentionallySkipped {
		return fmt.Errorf("its pixel data was skipped")
	}
	if info.IntentionallyUnprocessed {
		d.SetRaw(t, yuanzhen.OW, info.UnprocessedValueData)
		return nil
	}
	if info.IsEncapsulated {
		frames := make([][]byte, len(info.Frames))
		for i, f := range info.Frames {
			frames[i] = f.EncapsulatedData.Data
		}
		d.SetFrames(t, frames)
		return nil
	}
	var raw []byte
	vr := yuanzhen.OW
	for _, f := range info.Frames {
		switch data := f.NativeData.RawDataSlice().(type) {
		case []uint8:
			raw, vr = append(raw, data...), yuanzhen.OB
		case []uint16:
			for _, v := range data {
				raw = binary.LittleEndian.AppendUint16(raw, v)
			}
		case []uint32:
			for _, v := range data {
				raw = binary.LittleEndian.AppendUint32(raw, v)
			}
		default:
			return fmt.Errorf("samples of type %T", data)
		}
	}
	d.SetRaw(t, vr, padded(yuanzhen.OB, string(raw)))
	return nil
}
