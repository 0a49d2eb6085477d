// Package picture takes photographs and scans of ECGs, as JPEG or PNG, in as
// what they are: something a person can look at and nothing can be measured on.
// It is the step parse for such uploads: file bytes come in, an ecg.Recording
// without leads goes out.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // decoders that image.DecodeConfig finds
	_ "image/png"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Bounds on a picture: a browser has to show it.
const (
	leastSide  = 64
	mostSide   = 20_000
	mostPixels = 200 << 20
)

// MediaType tells JPEG and PNG by content; "" for others.
func MediaType(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xFF\xD8\xFF")):
		return "image/jpeg"
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	}
	return ""
}

// ErrHEIC says that a file is a photograph as iPhones take them, which browsers do
// not show. It is wrapped in a FormatError.
var ErrHEIC = errors.New("HEIC is not read")

// IsHEIC tells HEIC by content: a file type box with a brand of HEIF (ISO/IEC
// 23008-12 annex B).
func IsHEIC(data []byte) bool {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return false
	}
	switch string(data[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return true
	}
	return false
}

// Decode checks that data begin as a picture of a sensible size does and returns
// a recording without leads. Errors are *ecg.FormatError.
func Decode(data []byte) (*ecg.Recording, error) {
	if IsHEIC(data) {
		return nil, &ecg.FormatError{Format: ecg.FormatPicture, Offset: 4, Field: "file type", Err: ErrHEIC,
			Reason: "this is a HEIC photograph of an iPhone: send it as JPEG, or choose \"Most Compatible\" under Settings, Camera, Formats and take it again"}
	}
	width, height, err := Size(data)
	if err != nil {
		return nil, err
	}
	rec := &ecg.Recording{Format: ecg.FormatPicture, Picture: MediaType(data)}
	rec.Notef(ecg.NotePicture, "the file is a picture of %d × %d pixels: nothing is measured on it", width, height)
	return rec, nil
}

// Size returns the sides of a picture in pixels. Errors are *ecg.FormatError.
func Size(data []byte) (width, height int, err error) {
	if MediaType(data) == "" || len(data) > ecg.MaxFileBytes {
		return 0, 0, fail("%d bytes that are neither JPEG nor PNG", len(data))
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, fail("%v", err)
	}
	width, height = size.Width, size.Height
	if min(width, height) < leastSide || max(width, height) > mostSide || width*height > mostPixels {
		return 0, 0, fail("%d × %d pixels", width, height)
	}
	return width, height, nil
}

func fail(format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatPicture, Offset: -1, Field: "picture", Reason: fmt.Sprintf(format, args...)}
}
