package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
)

func draw(t testing.TB, side int, asPNG bool) []byte {
	t.Helper()
	var out bytes.Buffer
	m, err := image.NewGray(image.Rect(0, 0, side, side)), error(nil)
	if asPNG {
		err = png.Encode(&out, m)
	} else {
		err = jpeg.Encode(&out, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPhotographsAreKeptAndNotMeasured(t *testing.T) {
	t.Parallel()
	for media, data := range map[string][]byte{"image/jpeg": draw(t, 200, false), "image/png": draw(t, 200, true)} {
		rec, err := Decode(data)
		if err != nil || rec.Picture != media || len(rec.Leads) != 0 || rec.Notes[0].Code != ecg.NotePicture {
			t.Errorf("%s: %v, %+v", media, err, rec)
		}
	}
}

func TestIconsAndDamagedPicturesAreRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{"an icon": draw(t, 16, true), "a stump": draw(t, 200, false)[:20], "text": []byte("hello")} {
		if rec, err := Decode(data); err == nil {
			t.Errorf("%s gave %+v", name, rec)
		}
	}
}

func TestPhotographsOfIPhonesAreRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	_, err := Decode([]byte("\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic"))
	if !errors.Is(err, ErrHEIC) || !strings.Contains(err.Error(), "send it as JPEG") {
		t.Error(err)
	}
	for _, other := range []string{"\x00\x00\x00\x20ftypisom\x00\x00", "ftypheic", ""} {
		if IsHEIC([]byte(other)) {
			t.Errorf("%q was taken for one", other)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic.
func FuzzDecode(f *testing.F) {
	f.Add(draw(f, 64, true))
	f.Add(draw(f, 64, false))
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = Decode(data) })
}
