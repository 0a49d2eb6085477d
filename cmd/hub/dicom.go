package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// dicomCommand is what an operator does with files and with other nodes. It
// opens no database.
type dicomCommand struct {
	Dump      dicomDump      `cmd:"" help:"List what a file holds."`
	Check     dicomCheck     `cmd:"" help:"Say what is wrong with a file, where, and what to do; exit 1 if it is of no use."`
	Render    dicomRender    `cmd:"" help:"Write a frame as PNG or JPEG."`
	Echo      dicomEcho      `cmd:"" help:"Ask whether another node is there."`
	Send      dicomSend      `cmd:"" help:"Send files to another node as they are."`
	Find      dicomFind      `cmd:"" help:"Ask another node what it has, or for its worklist."`
	Move      dicomMove      `cmd:"" help:"Have another node send to a third."`
	Get       dicomGet       `cmd:"" help:"Fetch from another node into files."`
	Anonymize dicomAnonymize `cmd:"" help:"Write copies without the identity of the patient, for teaching and sharing (PS3.15 E)."`
}

// dumpKeep is the length in bytes above which a value is not listed but
// pointed at: longer than any text, shorter than pixels.
const dumpKeep = 1 << 20

type dicomDump struct {
	JSON   bool     `name:"json" help:"Print one line of JSON for each file: complete, transfer_syntax and dataset (PS3.18 F)."`
	Frames bool     `help:"With --json: also the SHA-256 of each decoded frame; those that cannot be decoded are left out, with the reason on stderr."`
	Files  []string `arg:"" name:"file" help:"PS3.10 files or bare data sets."`
}

// Run lists the files one after the other; the error names those that cannot
// be read whole.
func (c *dicomDump) Run(out io.Writer) error {
	w := bufio.NewWriter(out)
	return errors.Join(eachFile(c.Files, func(path string) error { return c.one(w, path) }), w.Flush())
}

// eachFile calls do for all paths and joins the errors, each with its path.
func eachFile(paths []string, do func(path string) error) error {
	var all []error
	for _, path := range paths {
		if err := do(path); err != nil {
			all = append(all, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(all...)
}

func (c *dicomDump) one(w *bufio.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer f.Close()
	file, err := dicom.Read(f, dicom.Options{Keep: dumpKeep})
	if file.Dataset == nil || len(file.Dataset.Elements) == 0 && err != nil {
		return err
	}
	if bad := dicom.PixelFault(file.Dataset); err == nil && bad != nil { // the rest can be read: no error
		fmt.Fprintf(os.Stderr, "hub: %s: read to its end, but %v\n", path, bad)
	}
	if !c.JSON {
		return errors.Join(err, file.List(w))
	}
	var sums []string
	if c.Frames {
		var bad error
		if sums, bad = frameSums(f, file); bad != nil { // the file is read all the same; `check` judges its pixels
			fmt.Fprintf(os.Stderr, "hub: %s: frames left out: %v\n", path, bad)
		}
	}
	return errors.Join(err, c.json(w, path, file, sums))
}

// json prints the contract's object on one line.
func (c *dicomDump) json(w *bufio.Writer, path string, file *dicom.File, sums []string) error {
	fmt.Fprintf(w, `{"complete":%t,"transfer_syntax":%q,"dataset":`, file.Complete, string(file.Syntax))
	if err := file.Dataset.JSON(w, dicom.JSONOptions{BulkURI: whereInFile(path)}); err != nil {
		return err
	}
	if c.Frames {
		raw, err := json.Marshal(append([]string{}, sums...))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, `,"frames":%s`, raw)
	}
	_, err := w.WriteString("}\n")
	return err
}

// whereInFile points at a value that is not printed by its place in the file;
// of a deflated file, in what it inflates to. Length -1 is fragments up to
// their delimiter.
func whereInFile(path string) func(string, *dicom.Element) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	base := url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}
	at := strings.ReplaceAll(base.String(), "?", "%3F")
	return func(_ string, e *dicom.Element) string {
		return fmt.Sprintf("%s?offset=%d&length=%d", at, e.Offset, e.Length)
	}
}
