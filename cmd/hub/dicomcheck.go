package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

type dicomCheck struct {
	Files []string `arg:"" name:"file" help:"PS3.10 files or bare data sets."`
}

// errDefect is the error of a file whose findings are printed already.
var errDefect = errors.New("is of no use as it is")

// Run prints what is wrong with each file: where, what, and what to do. The
// error names the files that are of no use.
func (c *dicomCheck) Run(out io.Writer) error {
	return eachFile(c.Files, func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return errors.Unwrap(err)
		}
		defer f.Close()
		file, err := dicom.Read(f, dicom.Options{})
		findings := dicom.Check(file, err)
		if err == nil {
			findings = append(checkFrames(f, file), findings...)
		}
		return tell(out, path, file, findings)
	})
}

func tell(out io.Writer, path string, file *dicom.File, findings []dicom.Finding) error {
	severe := false
	for _, f := range findings {
		severe = severe || f.Severe
		if _, err := fmt.Fprintf(out, "%s: %s\n", path, f); err != nil {
			return err
		}
	}
	if severe {
		return errDefect
	}
	_, err := fmt.Fprintf(out, "%s: readable and complete, %s, %d notes\n", path, file.Syntax.Name(), len(findings))
	return err
}

// checkFrames decodes all frames: a codestream may be damaged while the file
// around it is whole. What dicom.Check says of the pixels is not repeated.
func checkFrames(f *os.File, file *dicom.File) []dicom.Finding {
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil || frames.Count() == 0 {
		return nil
	}
	err = eachFrame(pixelBytes(f, file), file.Dataset, frames, func(*pixel.Frame) {})
	if err == nil {
		return nil
	}
	e := file.Dataset.Get(dicom.PixelData)
	if e == nil {
		return nil
	}
	finding := dicom.Finding{Severe: true, Tag: e.Tag, Offset: e.Offset, Text: err.Error(), Fix: "send or copy it again; if it stays so, the device writes damaged frames"}
	if errors.Is(err, pixel.ErrUnsupported) {
		finding.Severe, finding.Fix = false, "stored and given back as it is; the hub shows no picture of it"
	}
	return []dicom.Finding{finding}
}
