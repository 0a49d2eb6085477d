package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
)

// ecgCommand works on ECG files without a hub.
type ecgCommand struct {
	Info    ecgInfoCommand    `cmd:"" help:"Say what an ECG file of any known format holds."`
	Measure ecgMeasureCommand `cmd:"" help:"Measure an ECG file: beats, waves, intervals, quality."`
	Convert ecgConvertCommand `cmd:"" help:"Write an ECG file as DICOM, HL7 aECG, SCP-ECG, EDF+ or WFDB."`
	Draw    ecgDrawCommand    `cmd:"" help:"Draw an ECG file on a page, SVG or PDF, at true scale."`
}

// ecgInfoCommand prints what the decoder reads of a file.
type ecgInfoCommand struct {
	File string `arg:"" help:"ECG file; a WFDB record by its .hea." type:"path"`
	JSON bool   `name:"json" help:"Print JSON with the first 20 samples of each lead."`
}

// firstSamples is how many samples of each lead the information shows.
const firstSamples = 20

// ecgInfo is the answer of `hub ecg info --json`: leads in file order, of
// several groups the rhythm first; samples in µV, a gap is null.
type ecgInfo struct {
	Format       ecg.Format         `json:"format"`
	Leads        []string           `json:"leads"`
	RateHz       float64            `json:"rate_hz"`
	Samples      int                `json:"samples"`
	Start        *string            `json:"start"` // ISO 8601; without a zone when the file states none
	Patient      ecgPatient         `json:"patient"`
	Unit         string             `json:"unit"`
	First        [][]*float32       `json:"first20"`
	Groups       []ecgGroup         `json:"groups"`
	Device       ecg.Device         `json:"device"`
	Measurements map[string]float64 `json:"measurements"`
	Statements   []string           `json:"statements"`
	Annotations  int                `json:"annotations"`
	Notes        []ecg.Note         `json:"notes"`
}

type ecgPatient struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Sex       string `json:"sex"`
	BirthDate string `json:"birth_date"`
	Age       string `json:"age"`
}

type ecgGroup struct {
	Kind    string       `json:"kind"`
	Leads   []string     `json:"leads"`
	RateHz  float64      `json:"rate_hz"`
	Samples int          `json:"samples"`
	Unit    string       `json:"unit"`
	First   [][]*float32 `json:"first20"`
}

// Run prints what the file holds; a file that cannot be read is an error with
// the reason.
func (c *ecgInfoCommand) Run(out io.Writer) error {
	info, err := inspectECG(c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(info)
	}
	return info.print(out)
}

// inspectECG describes the ECG file at path; of one too large to be held whole,
// only the beginning is read.
func inspectECG(path string) (*ecgInfo, error) {
	folder, name := os.DirFS(filepath.Dir(path)), filepath.Base(path)
	size, err := sizeOfECG(folder, name)
	if err != nil {
		return nil, err
	}
	var whole error
	if size <= ecg.MaxFileBytes {
		rec, err := readECG(path)
		if err == nil {
			return describeECG(rec), nil
		}
		if whole = err; size < mayBeLong {
			return nil, err
		}
	}
	stream, err := decode.OpenStream(folder, name)
	if err != nil && whole != nil {
		return nil, whole
	}
	if err != nil {
		return nil, err
	}
	rec, err := ecg.Window(stream, 0, firstSamples)
	if err != nil {
		return nil, err
	}
	info := describeECG(rec)
	info.Samples = stream.Samples()
	return info, nil
}

// mayBeLong is the size from which a file that cannot be held whole may still be
// a day of Holter.
const mayBeLong = 8 << 20

// sizeOfECG is the size of a file, or of all files of a WFDB record.
func sizeOfECG(folder fs.FS, name string) (int64, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return 0, err
	}
	if _, size, err := decode.RecordFiles(folder, name); err == nil && strings.HasSuffix(name, ".hea") {
		return size, nil
	}
	return info.Size(), nil
}

// readECG decodes the ECG file at path, with the files beside it that belong
// to its record.
func readECG(path string) (*ecg.Recording, error) {
	return decode.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

func describeECG(rec *ecg.Recording) *ecgInfo {
	info := &ecgInfo{Format: rec.Format, Leads: leadNames(rec.Leads), RateHz: rec.RateHz, Samples: rec.Samples(), Unit: "uV",
		First: firstOf(rec.Leads), Groups: []ecgGroup{}, Device: rec.Device, Measurements: rec.DeviceMeasurements,
		Statements: rec.Statements, Annotations: len(rec.Annotations), Notes: rec.Notes,
		Patient: ecgPatient{rec.Patient.ID, rec.Patient.Name, rec.Patient.Sex, rec.Patient.BirthDate, rec.Patient.Age}}
	if info.Measurements == nil {
		info.Measurements = map[string]float64{}
	}
	if info.Statements == nil { // JSON lists of nothing, not null
		info.Statements = []string{}
	}
	if info.Notes == nil {
		info.Notes = []ecg.Note{}
	}
	if !rec.Start.IsZero() {
		form := time.RFC3339Nano
		if rec.LocalTime() {
			form = "2006-01-02T15:04:05.999999999"
		}
		start := rec.Start.Format(form)
		info.Start = &start
	}
	for _, g := range rec.Groups {
		group := ecgGroup{Kind: g.Kind, Leads: leadNames(g.Leads), RateHz: g.RateHz, Unit: g.Unit, First: firstOf(g.Leads)}
		if len(g.Leads) > 0 {
			group.Samples = len(g.Leads[0].Samples)
		}
		info.Groups = append(info.Groups, group)
	}
	return info
}

func leadNames(leads []ecg.Lead) []string {
	names := make([]string, len(leads))
	for i, l := range leads {
		names[i] = l.Name
	}
	return names
}

func firstOf(leads []ecg.Lead) [][]*float32 {
	out := make([][]*float32, len(leads))
	for i, l := range leads {
		out[i] = make([]*float32, min(len(l.Samples), firstSamples))
		for k := range out[i] {
			if v := l.Samples[k]; v == v {
				out[i][k] = &v
			}
		}
	}
	return out
}

// print writes the information for a person; the samples stay away.
func (i *ecgInfo) print(out io.Writer) error {
	var text strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("format", "%s", i.Format)
	line("leads", "%d: %s", len(i.Leads), strings.Join(i.Leads, " "))
	seconds := 0.0
	if i.RateHz > 0 {
		seconds = float64(i.Samples) / i.RateHz
	}
	line("signal", "%d samples at %.6g Hz, %.2f s, in %s", i.Samples, i.RateHz, seconds, i.Unit)
	if i.Start != nil {
		line("start", "%s", *i.Start)
	}
	line("patient", "id %q, name %q, sex %q, born %q, age %q", i.Patient.ID, i.Patient.Name, i.Patient.Sex, i.Patient.BirthDate, i.Patient.Age)
	line("device", "%s %s %s", i.Device.Manufacturer, i.Device.Model, i.Device.Firmware)
	for _, g := range i.Groups {
		line("group", "%s: %d samples at %.6g Hz in %q: %s", g.Kind, g.Samples, g.RateHz, g.Unit, strings.Join(g.Leads, " "))
	}
	for name, value := range i.Measurements {
		line("measured", "%s %g", name, value)
	}
	for _, s := range i.Statements {
		line("statement", "%s", s)
	}
	if i.Annotations > 0 {
		line("annotations", "%d", i.Annotations)
	}
	for _, n := range i.Notes {
		line("note", "%s (%s)", n.Text, n.Code)
	}
	_, err := io.WriteString(out, text.String())
	return err
}
