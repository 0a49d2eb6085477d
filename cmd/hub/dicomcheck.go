package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/dicom"
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
		return tell(out, path, file, dicom.Check(file, err))
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
