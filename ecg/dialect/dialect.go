// Package dialect is the list of what makers do otherwise than their format
// says, or do not say at all: vendor, model and firmware lead to the quirk, as
// data. Readers take from it what a file leaves open, and decode adds the doubts
// that a known maker's file deserves.
//
// An entry needs a source that can be checked, a file or its makers' own
// export, and a test. What is assumed is always noted in the recording.
package dialect

import (
	"math"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Dialect is one maker's way with a format. Vendor, Model and Firmware match
// the beginning of what a file says, in any case; "" matches all.
type Dialect struct {
	Name     string
	Format   ecg.Format
	Vendor   string
	Model    string
	Firmware string

	// What files leave open; zero values are stated in the file.
	RateHz     float64
	Microvolts float64 // of one count
	Leads      []string

	// Sign tells files that name no maker; nil needs none.
	Sign func(*ecg.Recording) bool
	// Doubt is what a reader of the trace must know; "" if there is nothing.
	Doubt string
	// Source is where the facts come from.
	Source string
}

// Names of dialects that readers ask for.
const (
	ContecECG90A = "contec-ecg90a"
	EdanSE601    = "edan-se601"
	Healforce    = "healforce-prince180d"
	Zoncare      = "zoncare-zqecg"
)

// All lists the dialects.
func All() []Dialect {
	return []Dialect{
		{Name: ContecECG90A, Format: ecg.FormatContec, Vendor: "Contec", Model: "ECG90A", RateHz: 800, Microvolts: 5,
			Leads:  strings.Fields("II III V1 V2 V3 V4 V5 V6"),
			Source: "the device's file beside its publisher's CSV and SCP-ECG exports (RigacciOrg/ecg-contec)"},
		{Name: EdanSE601, Format: ecg.FormatEdan, Vendor: "Edan", RateHz: 1000, Microvolts: 1000.0 / 397,
			Leads:  strings.Fields("I II V1 V2 V3 V4 V5 V6"),
			Source: "found from files of an SE-601 (BIVectors/BRAVEHEART)"},
		{Name: Healforce, Format: ecg.FormatHealforce, Vendor: "Healforce", RateHz: 150,
			Leads:  strings.Fields("I II III"),
			Source: "found from files of a Prince 180D (KaibinBao/healforcescpecg); the leads' names from III = II − I"},
		{Name: Zoncare, Format: ecg.FormatZoncare, Vendor: "Zoncare", Microvolts: 1,
			Leads:  ecg.StandardLeads(),
			Source: "found from files (BIVectors/BRAVEHEART)"},
		{Name: "contec-edf", Format: ecg.FormatEDF, Sign: contecEDF,
			Doubt:  "made by a converter of Contec files that states amplitudes 6.1 times too large",
			Source: "one recording as EDF, SCP-ECG and the device's own file (RigacciOrg/ecg-contec)"},
	}
}

// Named returns the dialect called name; the zero Dialect if there is none.
func Named(name string) Dialect {
	for _, d := range All() {
		if d.Name == name {
			return d
		}
	}
	return Dialect{}
}

// Matches says that rec is of the dialect.
func (d Dialect) Matches(rec *ecg.Recording) bool {
	return d.Format == rec.Format && begins(rec.Device.Manufacturer, d.Vendor) && begins(rec.Device.Model, d.Model) &&
		begins(rec.Device.Firmware, d.Firmware) && (d.Sign == nil || d.Sign(rec))
}

func begins(text, with string) bool {
	return len(text) >= len(with) && strings.EqualFold(text[:len(with)], with)
}

// Doubts notes what is to be known about a recording of its maker.
func Doubts(rec *ecg.Recording) {
	for _, d := range All() {
		if d.Doubt != "" && d.Matches(rec) {
			rec.Notef(ecg.NoteDialect, "%s (dialect %s)", d.Doubt, d.Name)
		}
	}
}

// Assume notes everything that a file leaves open and the dialect fills in.
func (d Dialect) Assume(rec *ecg.Recording) {
	if d.Microvolts != 0 {
		rec.Notef(ecg.NoteScale, "the file states no scale: %.4g µV a count are assumed (dialect %s)", d.Microvolts, d.Name)
	}
	if d.RateHz != 0 {
		rec.Notef(ecg.NoteRate, "the file states no sampling rate in hertz: %g Hz are assumed (dialect %s)", d.RateHz, d.Name)
	}
	if len(d.Leads) != 0 {
		rec.Notef(ecg.NoteLead, "the file names no leads: %s are assumed (dialect %s)", strings.Join(d.Leads, ", "), d.Name)
	}
}

// contecEDF: twelve leads at 800 Hz whose values are whole multiples of 1 V
// divided by 32767, though the device's step is 5 µV.
func contecEDF(rec *ecg.Recording) bool {
	const step = 1e6 / 32767
	if len(rec.Leads) != 12 || rec.RateHz != 800 || rec.Device != (ecg.Device{}) {
		return false
	}
	moved := false
	for _, v := range rec.Leads[0].Samples[:min(200, rec.Samples())] {
		counts := (float64(v) - float64(rec.Leads[0].Samples[0])) / step
		moved = moved || counts != 0
		if math.Abs(counts-math.Round(counts)) > 0.01 {
			return false
		}
	}
	return moved
}
