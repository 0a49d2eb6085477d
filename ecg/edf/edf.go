// Package edf reads EDF, EDF+ and BDF files (Kemp 1992; Kemp and Olivan 2003;
// BioSemi's 24-bit form), which Holter recorders and converters write. It is the
// step parse for .edf uploads: file bytes come in, an ecg.Recording goes out.
//
// The format is mostly used for EEG and sleep: of a file without a signal
// labelled as ECG all voltages are read, and ecg.NoteUnlabelled says so.
package edf

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Bounds: no ECG recorder comes near.
const (
	maxSignals = 256
	maxRecords = 1 << 24
	maxRateHz  = 1e6
)

// file is the header taken apart.
type file struct {
	r           io.ReaderAt
	size        int64
	data        []byte // its header
	rec         *ecg.Recording
	plus        bool // EDF+ or BDF+
	gapped      bool // EDF+D: records need not follow each other
	sampleBytes int  // 2, in BDF 3
	headerBytes int
	records     int
	recordBytes int
	seconds     float64 // of one record
	signals     []signal
}

// signal is one column of the header. offset is where its samples start in a
// record.
type signal struct {
	label      string
	unit       string
	prefilter  string
	scale      float64 // physical = raw × scale + base
	base       float64
	samples    int // in a record
	offset     int
	annotation bool
	values     []float32
}

// Decode reads one EDF, EDF+ or BDF file. Errors are *ecg.FormatError; a file
// without ECG wraps ecg.ErrNoSignal. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if len(data) > ecg.MaxFileBytes {
		return nil, fail(0, "file", "%d bytes", len(data))
	}
	f, err := parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if err := f.fits(); err != nil {
		return nil, err
	}
	if err := f.readSamples(); err != nil {
		return nil, err
	}
	if err := f.arrange(); err != nil {
		return nil, err
	}
	if err := f.readAnnotations(); err != nil {
		return nil, err
	}
	f.rec.NameLeads()
	return f.rec, nil
}

func fail(at int, field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatEDF, Offset: int64(at), Field: field, Reason: fmt.Sprintf(format, args...)}
}

// arrange makes the ECG signals of one rate the recording's leads and groups of
// the rest.
func (f *file) arrange() error {
	leads, err := f.choose()
	if err != nil {
		return err
	}
	for i := range f.signals {
		s := &f.signals[i]
		lead := ecg.Lead{Name: s.label, Samples: s.values}
		switch {
		case s.annotation:
		case slices.Contains(leads, s):
			f.rec.Leads = append(f.rec.Leads, lead)
		default:
			f.aside(lead, s)
		}
	}
	return nil
}

// choose returns the signals that are the recording's leads: the ECG signals of
// the first one's rate, or all voltages where none is labelled.
func (f *file) choose() ([]*signal, error) {
	var main *signal
	labelled := true
	for i := range f.signals {
		s := &f.signals[i]
		if s.annotation || s.unit != "uV" {
			continue
		}
		if s.isECG() {
			main, labelled = s, true
			break
		}
		if main == nil {
			main, labelled = s, false
		}
	}
	if main == nil {
		return nil, &ecg.FormatError{Format: ecg.FormatEDF, Offset: -1, Field: "label",
			Reason: "no signal is in volts", Err: ecg.ErrNoSignal}
	}
	if !labelled {
		f.rec.Notef(ecg.NoteUnlabelled, "no signal is labelled as an ECG: the voltages may be of the brain or of muscles")
	}
	f.rec.RateHz = f.rate(main)
	f.rec.Filters = filters(main.prefilter)
	var leads []*signal
	for i := range f.signals {
		if s := &f.signals[i]; !s.annotation && s.isECG() == labelled && s.unit == "uV" && s.samples == main.samples {
			leads = append(leads, s)
		}
	}
	return leads, nil
}

func (f *file) aside(lead ecg.Lead, s *signal) {
	for i := range f.rec.Groups {
		if g := &f.rec.Groups[i]; g.RateHz == f.rate(s) && g.Unit == s.unit {
			g.Leads = append(g.Leads, lead)
			return
		}
	}
	f.rec.Groups = append(f.rec.Groups, ecg.Group{Kind: ecg.KindRhythm, RateHz: f.rate(s), Unit: s.unit, Leads: []ecg.Lead{lead}})
}

func (f *file) rate(s *signal) float64 { return float64(s.samples) / f.seconds }

// isECG: EDF+ labels ECG signals "ECG I"; converters write the lead alone.
func (s *signal) isECG() bool { return ecg.HeartSignal(s.label) }

// filters reads the prefiltering field, such as "HP:0.05Hz LP:150Hz N:50Hz".
func filters(text string) ecg.Filters {
	var out ecg.Filters
	for part := range strings.FieldsSeq(text) {
		kind, value, ok := strings.Cut(part, ":")
		if !ok {
			continue
		}
		hertz, ok := number(strings.TrimSuffix(strings.ToUpper(value), "HZ"))
		if !ok || hertz <= 0 {
			continue
		}
		switch strings.ToUpper(kind) {
		case "HP":
			out.HighPassHz = hertz
		case "LP":
			out.LowPassHz = hertz
		case "N":
			out.NotchHz = hertz
		}
	}
	return out
}

// shift moves the start by the fraction of a second EDF+ states in the first
// annotation.
func (f *file) shift(seconds float64) {
	if !f.rec.Start.IsZero() && seconds > 0 && seconds < 1 {
		f.rec.Start = f.rec.Start.Add(time.Duration(seconds * float64(time.Second)).Round(time.Microsecond))
	}
}
