package main

import (
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

type dicomRender struct {
	Out     string  `required:"" help:"Picture to write; .png or .jpg says which kind."`
	Frame   int     `default:"1" help:"Frame, from 1."`
	Center  float64 `help:"Window center in the units of the modality (HU for CT)."`
	Width   float64 `help:"Window width; 0 takes the window of the object."`
	Size    int     `help:"Longest side in pixels; 0 keeps the image's size."`
	Quality int     `default:"90" help:"Of a JPEG, 1 to 100."`
	File    string  `arg:"" help:"PS3.10 file or bare data set."`
}

// Validate refuses what no picture can be made of.
func (c *dicomRender) Validate() error {
	switch strings.ToLower(filepath.Ext(c.Out)) {
	case ".png", ".jpg", ".jpeg":
	default:
		return fmt.Errorf("--out must end in .png or .jpg")
	}
	if c.Frame < 1 || c.Width < 0 || c.Size < 0 || c.Quality < 1 || c.Quality > 100 {
		return fmt.Errorf("--frame counts from 1, --width and --size from 0, --quality is 1 to 100")
	}
	return nil
}

// Run writes one frame as a picture, as a screen would show it.
func (c *dicomRender) Run() error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := dicom.Read(f, dicom.Options{})
	if err != nil {
		return err
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil {
		return err
	}
	if c.Frame > frames.Count() {
		return fmt.Errorf("frame %d of %d", c.Frame, frames.Count())
	}
	raw, err := frames.Read(pixelBytes(f, file), c.Frame-1)
	if err != nil {
		return err
	}
	img, err := pixel.Render(file.Dataset, raw, pixel.RenderOptions{
		Width: c.Size, WindowCenter: c.Center, WindowWidth: c.Width, Frame: c.Frame - 1})
	if err != nil {
		return err
	}
	return writeFile(c.Out, func(w io.Writer) error {
		if strings.EqualFold(filepath.Ext(c.Out), ".png") {
			return png.Encode(w, img)
		}
		return pixel.EncodeJPEG(w, img, c.Quality)
	})
}

// writeFile creates a file, or leaves none behind when write fails.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if bad := f.Close(); err == nil {
		err = bad
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}
