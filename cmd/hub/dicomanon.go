package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/deident"
)

type dicomAnonymize struct {
	Out     string   `required:"" help:"Folder to write to, made if missing; the names of its files are the new UIDs."`
	KeyFile string   `help:"File of at least 16 secret bytes. Files done under one key stay one patient; without it a key is made up and forgotten."`
	Retain  []string `enum:"uids,device,institution,patient,dates,shifted-dates,safe-private" help:"Keep uids, device, institution, patient (age, sex, size), dates, shifted-dates, safe-private (PS3.15 E.3)."`
	Clean   []string `enum:"descriptors,graphics,structured,pixels" help:"Keep descriptors, graphics, structured content or pixels without what identifies in them (PS3.15 E.3)."`
	Blank   []string `help:"With --clean pixels: regions to blank, as column,row,width,height from 0, several separated by semicolons." sep:";"`
	Paths   []string `arg:"" name:"path" help:"DICOM files and folders of them."`
}

// Run writes a de-identified copy of each object. It prints how many, in which
// attributes words have stayed, and what somebody has to look at; the error names what was left out.
func (c *dicomAnonymize) Run(out io.Writer) error {
	z, err := c.deidentifier()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	var all []error
	written, texts := copies{}, map[dicom.Tag]int{}
	for _, root := range c.Paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			if err := c.one(out, z, written, texts, path); err != nil {
				all = append(all, fmt.Errorf("%s: left out: %w", path, err))
			}
			return nil
		})
		if err != nil {
			all = append(all, err)
		}
	}
	for _, t := range slices.Sorted(maps.Keys(texts)) {
		name := "private"
		if e, ok := dicom.Lookup(t); ok {
			name = e.Name
		}
		fmt.Fprintf(out, "text stayed in %s %s of %d objects\n", t, name, texts[t])
	}
	fmt.Fprintf(out, "%d objects written to %s\n", len(written), c.Out)
	return errors.Join(all...)
}

func (c *dicomAnonymize) deidentifier() (*deident.Deidentifier, error) {
	key := make([]byte, 32)
	if c.KeyFile == "" {
		rand.Read(key) // never fails, by its documentation
	} else {
		var err error
		if key, err = os.ReadFile(c.KeyFile); err != nil {
			return nil, err
		}
	}
	var o deident.Options
	switches := map[string]*bool{"uids": &o.KeepUIDs, "device": &o.KeepDevice, "institution": &o.KeepInstitution, "patient": &o.KeepPatient,
		"dates": &o.KeepDates, "shifted-dates": &o.ShiftDates, "safe-private": &o.KeepSafePrivate,
		"descriptors": &o.CleanText, "graphics": &o.CleanGraphics, "structured": &o.CleanContent, "pixels": &o.CleanPixels}
	for _, name := range append(c.Retain, c.Clean...) {
		*switches[name] = true
	}
	for _, s := range c.Blank {
		var x, y, w, h int
		if _, err := fmt.Sscanf(s, "%d,%d,%d,%d", &x, &y, &w, &h); err != nil || x < 0 || y < 0 || w < 1 || h < 1 {
			return nil, fmt.Errorf("--blank %q is not column,row,width,height", s)
		}
		o.Blank = append(o.Blank, image.Rect(x, y, x+w, y+h))
	}
	return deident.New(key, o)
}

// copies are the sums of the files that were written, by their paths.
type copies map[string][sha256.Size]byte

// one writes the de-identified copy of one file, and counts the attributes in
// which text stayed; nothing of it remains after an error. The same object found twice is written once; another one under
// its UID is an error.
func (c *dicomAnonymize) one(out io.Writer, z *deident.Deidentifier, written copies, texts map[dicom.Tag]int, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer f.Close()
	file, err := dicom.Read(f, dicom.Options{Keep: -1})
	if err != nil {
		return err
	}
	if file.Syntax.Deflated() { // so that offsets are those of the bytes in hand
		if file, err = inflateAgain(file); err != nil {
			return err
		}
	}
	r, err := z.Apply(file.Dataset)
	if err != nil {
		return err
	}
	to := filepath.Join(c.Out, strings.Trim(r.Meta.SOPInstanceUID, ".")+".dcm")
	if !dicom.ValidUID(r.Meta.SOPInstanceUID) {
		return errors.New("its SOP Instance UID, which was to be kept, is none")
	}
	var whole bytes.Buffer
	if err := dicom.WriteFile(&whole, r.Meta, r.Dataset); err != nil {
		return err
	}
	sum := sha256.Sum256(whole.Bytes())
	if before, ok := written[to]; ok {
		if before != sum {
			return errors.New("another object with the same SOP Instance UID is written already")
		}
		return nil
	}
	if err := writeFile(to, func(w io.Writer) error { _, err := w.Write(whole.Bytes()); return err }); err != nil {
		return err
	}
	written[to] = sum
	for _, t := range r.Texts {
		texts[t]++
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(out, "%s: %s\n", to, warning)
	}
	return nil
}

// inflateAgain is the file as it would be without deflation.
func inflateAgain(file *dicom.File) (*dicom.File, error) {
	var b bytes.Buffer
	if err := dicom.Write(&b, file.Dataset, dicom.ExplicitVRLittleEndian); err != nil {
		return nil, err
	}
	d, err := dicom.Parse(&b, dicom.ExplicitVRLittleEndian, dicom.Options{Keep: -1})
	if err != nil {
		return nil, err
	}
	return &dicom.File{Meta: file.Meta, Syntax: dicom.ExplicitVRLittleEndian, Dataset: d, Complete: true}, nil
}
