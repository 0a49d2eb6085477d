package dicom

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// left is a data set whose longer values stayed in its stream, written in a
// syntax.
func left(t *testing.T, d *Dataset, from TransferSyntax) (*Dataset, io.ReaderAt) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d, from); err != nil {
		t.Fatal(err)
	}
	out, err := Parse(bytes.NewReader(b.Bytes()), from, Options{Keep: 4})
	if err != nil {
		t.Fatal(err)
	}
	return out, bytes.NewReader(b.Bytes())
}

func TestValuesLeftInTheStreamAreWrittenAsIfKept(t *testing.T) {
	t.Parallel()
	item := New()
	item.SetRaw(WaveformData, OW, bytes.Repeat([]byte{1, 2, 3, 4}, 50_000))
	d := New()
	d.SetText(PatientComments, strings.Repeat("long ", 99))
	d.SetItems(WaveformSequence, item)
	native, framed := *d, *d
	native.SetRaw(PixelData, OW, bytes.Repeat([]byte{5, 6}, 70_001))
	framed.SetFrames(PixelData, [][]byte{bytes.Repeat([]byte{7}, 99_999), {8, 9, 10, 11, 12, 13}})
	for _, c := range []struct {
		d        *Dataset
		from, to TransferSyntax
	}{
		{&native, ExplicitVRLittleEndian, ImplicitVRLittleEndian},
		{&native, ExplicitVRBigEndian, ExplicitVRLittleEndian},
		{&native, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian},
		{&framed, JPEG2000Lossless, JPEG2000Lossless},
	} {
		stored, stream := left(t, c.d, c.from)
		var got, want bytes.Buffer
		if err := WriteFrom(&got, stored, c.to, stream, nil); err != nil {
			t.Fatal(err)
		}
		if err := Write(&want, c.d, c.to); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s to %s: %d bytes unlike the %d that it should be", c.from.Name(), c.to.Name(), got.Len(), want.Len())
		}
	}
}

func TestFramesStandInPlaceOfPixelData(t *testing.T) {
	t.Parallel()
	d := New()
	d.SetRaw(PixelData, OB, []byte{1, 2})
	frames := func(yield func([]byte, error) bool) {
		_ = yield([]byte{3, 4, 5}, nil) && yield([]byte{6, 7}, nil)
	}
	fault := errors.New("a fault of the codec")
	for name, c := range map[string]struct {
		to   TransferSyntax
		p    Pixels
		want string // "" if it works
	}{
		"native":      {ExplicitVRLittleEndian, Pixels{VR: OB, Length: 5, Frames: frames}, ""},
		"fragments":   {JPEGLSLossless, Pixels{Length: -1, Frames: frames}, ""},
		"too few":     {ExplicitVRLittleEndian, Pixels{VR: OB, Length: 6, Frames: frames}, "6 bytes were announced, 5 came"},
		"wrong kind":  {ExplicitVRLittleEndian, Pixels{Length: -1, Frames: frames}, "does not allow"},
		"other kind":  {JPEGLSLossless, Pixels{Length: 5, Frames: frames}, "does not allow"},
		"too long":    {ExplicitVRLittleEndian, Pixels{Length: 1 << 32, Frames: frames}, "a value of"},
		"codec fault": {ExplicitVRLittleEndian, Pixels{VR: OB, Length: 5, Frames: func(yield func([]byte, error) bool) { yield(nil, fault) }}, fault.Error()},
	} {
		var b bytes.Buffer
		err := WriteFrom(&b, d, c.to, nil, &c.p)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		back, err := Parse(bytes.NewReader(b.Bytes()), c.to, Options{Keep: -1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e := back.Get(PixelData)
		if c.p.Length >= 0 && !bytes.Equal(e.Raw, []byte{3, 4, 5, 6, 7, 0}) || c.p.Length < 0 && (len(e.Fragments) != 2 || !bytes.Equal(e.Fragments[1].Data, []byte{6, 7})) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
