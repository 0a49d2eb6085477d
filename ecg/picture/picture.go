// Package picture takes photographs and scans of ECGs, as JPEG or PNG, in as
// what they are: something a person can look at and nothing can be measured on.
// It is the step parse for such uploads: file bytes come in, an ecg.Recording
// without leads goes out.
package picture

import (
	"bytes"
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

// Decode checks that data begin as a picture of a sensible size does and returns
// a recording without leads. Errors are *ecg.FormatError.
func Decode(data []byte) (*ecg.Recording, error) {
	media := MediaType(data)
	if media == "" || len(data) > ecg.MaxFileBytes {
		return nil, fail("%d bytes that are neither JPEG nor PNG", len(data))
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fail("%v", err)
	}
	if min(size.Width, size.Height) < leastSide || max(size.Width, size.Height) > mostSide || size.Width*size.Height > mostPixels {
		return nil, fail("%d × %d pixels", size.Width, size.Height)
	}
	rec := &ecg.Recording{Format: ecg.FormatPicture, Picture: media}
	rec.Notef(ecg.NotePicture, "the file is a picture of %d × %d pixels: nothing is measured on it", size.Width, size.Height)
	return rec, nil
}

func fail(format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatPicture, Offset: -1, Field: "picture", Reason: fmt.Sprintf(format, args...)}
}
