package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/ecg/encode"
	"github.com/yuanzhen/yuanzhen/internal/font"
)

// ecgConvertCommand writes an ECG file in another format.
type ecgConvertCommand struct {
	To    string `required:"" enum:"dicom,aecg,scp,edf,wfdb" help:"Format to write: ${enum}."`
	File  string `arg:"" help:"ECG file of any format; a WFDB record by its .hea." type:"path"`
	Out   string `arg:"" help:"File to write; of a WFDB record the .hea, the others stand beside it, or a .zip with all." type:"path"`
	Force bool   `help:"Overwrite what exists."`
}

// writtenFormats are the formats by the names of --to.
func writtenFormats() map[string]ecg.Format {
	return map[string]ecg.Format{"dicom": ecg.FormatDICOM, "aecg": ecg.FormatAECG, "scp": ecg.FormatSCP, "edf": ecg.FormatEDF, "wfdb": ecg.FormatWFDB}
}

// Run converts the file and says line by line what the format could not hold.
func (c *ecgConvertCommand) Run(out io.Writer) error {
	rec, err := readECG(c.File)
	if err != nil {
		return err
	}
	name := filepath.Base(c.Out)
	if c.To == "wfdb" && filepath.Ext(name) == "" {
		name += ".hea"
	}
	files, notes, err := encode.Files(rec, writtenFormats()[c.To], name)
	if err != nil {
		return err
	}
	if err := writeFiles(filepath.Dir(c.Out), files, c.Force); err != nil {
		return err
	}
	var text strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&text, "note: %s (%s)\n", n.Text, n.Code)
	}
	_, err = io.WriteString(out, text.String())
	return err
}

// writeFiles writes all files of a record or none: an existing one stops it
// before the first, unless forced.
func writeFiles(folder string, files []encode.File, force bool) error {
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, f.Name)); err == nil && !force {
			return existsError(filepath.Join(folder, f.Name))
		}
	}
	for i, f := range files {
		if err := writeNew(filepath.Join(folder, f.Name), f.Data, force); err != nil {
			for _, done := range files[:i] {
				_ = os.Remove(filepath.Join(folder, done.Name)) // half a record is none
			}
			return err
		}
	}
	return nil
}

func existsError(path string) error {
	return fmt.Errorf("%s exists and was left as it is: --force overwrites it", path)
}

// writeNew writes a file that does not exist yet, or any with force.
func writeNew(path string, data []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	const private = 0o600 // an ECG names its patient
	f, err := os.OpenFile(path, flags, private)
	if errors.Is(err, os.ErrExist) {
		return existsError(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// ecgDrawCommand draws an ECG file on one A4 page.
type ecgDrawCommand struct {
	File     string  `arg:"" help:"ECG file of any format; a WFDB record by its .hea." type:"path"`
	Out      string  `arg:"" help:"File to write." type:"path"`
	Format   string  `enum:"auto,svg,pdf" default:"auto" help:"svg or pdf; auto goes by the ending of OUT."`
	Layout   string  `enum:"3x4+1R,3x4+3R,3x4,6x2,12x1" default:"3x4+1R" help:"Arrangement of the leads: ${enum}."`
	Speed    float64 `default:"25" help:"Paper speed in mm/s: 12.5, 25 or 50."`
	Gain     float64 `default:"10" help:"Scale in mm/mV: 2.5, 5, 10 or 20."`
	HighPass float64 `default:"0.05" help:"High-pass of the drawing in Hz: 0.05, 0.15 or 0.5."`
	LowPass  float64 `default:"150" help:"Low-pass of the drawing in Hz: 25 to 150."`
	Notch    float64 `default:"0" help:"Notch of the drawing in Hz: 0, 50 or 60."`
	Start    float64 `default:"0" help:"Second of the recording at the left edge."`
	Force    bool    `help:"Overwrite what exists."`
}

// Run draws the file with the patient and the time over the grid.
func (c *ecgDrawCommand) Run() error {
	rec, err := readECG(c.File)
	if err != nil {
		return err
	}
	if rec.Picture != "" {
		return fmt.Errorf("%s is a picture of an ECG and has no signal to draw", filepath.Base(c.File))
	}
	format := c.Format
	if format == "auto" {
		format = "svg"
		if strings.EqualFold(filepath.Ext(c.Out), ".pdf") {
			format = "pdf"
		}
	}
	options := draw.Options{Layout: draw.Layout(c.Layout), MMPerSecond: c.Speed, MMPerMV: c.Gain, StartSecond: c.Start, Header: pageHeader(rec),
		Filter: draw.Filter{HighPassHz: c.HighPass, LowPassHz: c.LowPass, NotchHz: c.Notch}}
	var page bytes.Buffer
	if format == "pdf" {
		err = drawPDF(&page, rec, options)
	} else {
		err = draw.SVG(&page, rec, options)
	}
	if err != nil {
		return err
	}
	return writeNew(c.Out, page.Bytes(), c.Force)
}

func drawPDF(w io.Writer, rec *ecg.Recording, o draw.Options) error {
	typeface, err := font.SansSC()
	if err != nil {
		return err
	}
	return draw.PDFPage(w, rec, o, typeface)
}

// pageHeader is who and when, as far as the file says.
func pageHeader(rec *ecg.Recording) []string {
	p := rec.Patient
	who := strings.Join(strings.Fields(strings.Join([]string{p.Name, p.ID, p.Sex, p.BirthDate, p.Age}, " ")), "  ")
	when := ""
	if !rec.Start.IsZero() {
		when = rec.Start.Format("2006-01-02 15:04:05")
		if !rec.LocalTime() {
			when += rec.Start.Format(" -07:00")
		}
	}
	d := rec.Device
	with := strings.Join(strings.Fields(strings.Join([]string{when, d.Institution, d.Manufacturer, d.Model}, " ")), " ")
	var lines []string
	for _, line := range []string{who, with} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
