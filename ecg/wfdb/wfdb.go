// Package wfdb reads records of the WaveForm DataBase, the form of PhysioNet
// and of research recorders: a text header (.hea), one or more signal files in
// a dozen storage formats, and annotation files. It is the step parse for such
// records: a folder comes in, an ecg.Recording goes out.
//
// Source: the manual pages header(5), signal(5) and annot(5) of the WFDB
// applications guide.
package wfdb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Bounds on a record.
const (
	maxHeaderBytes = 1 << 20
	maxSegments    = 4096
	maxFrames      = 1 << 40 // what is stored is bounded by ecg.MaxSamples
	maxPerFrame    = 1 << 12
	maxRateHz      = 1e6
	maxAnnotations = 1 << 20
)

// reference is the ending of the annotation file that holds the beats people
// marked.
const reference = ".atr"

// Decode reads the record whose header is called name, such as "100.hea", in
// folder; its other files lie beside the header. Skewed signals are aligned,
// voltages of one rate become the leads, all else groups. Errors are
// *ecg.FormatError or those of folder; a record without a voltage wraps
// ecg.ErrNoSignal.
func Decode(folder fs.FS, name string) (*ecg.Recording, error) {
	r := &reader{folder: folder, dir: path.Dir(name), rec: &ecg.Recording{Format: ecg.FormatWFDB}, room: ecg.MaxSamples}
	data, err := r.file(path.Base(name))
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	var tracks []track
	if h.segments != nil {
		tracks, err = r.several(h)
	} else {
		tracks, err = r.simple(h, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := r.arrange(h, tracks); err != nil {
		return nil, err
	}
	r.rec.Patient = h.patient()
	if r.rec.Start = h.start; !h.start.IsZero() {
		r.rec.Notef(ecg.NoteLocalTime, "the header's time has no zone")
	}
	if err := r.annotate(h, strings.TrimSuffix(path.Base(name), ".hea"), tracks); err != nil {
		return nil, err
	}
	r.rec.NameLeads()
	return r.rec, nil
}

func fail(field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatWFDB, Offset: -1, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// arrange makes the voltages of one rate the recording's leads, groups of the
// rest.
func (r *reader) arrange(h *header, tracks []track) error {
	leads, err := choose(tracks)
	if err != nil {
		return err
	}
	r.rec.RateHz = h.rateHz * float64(tracks[leads[0]].perFrame)
	gaps := false
	for i, t := range tracks {
		lead := ecg.Lead{Name: t.name, Samples: t.samples}
		if slices.Contains(leads, i) {
			r.rec.Leads = append(r.rec.Leads, lead)
			for _, v := range t.samples {
				gaps = gaps || v != v
			}
			continue
		}
		r.aside(lead, t, h.rateHz*float64(t.perFrame))
	}
	if gaps {
		r.rec.Notef(ecg.NoteGap, "samples are marked as missing")
	}
	if r.rec.Samples() == 0 {
		return fail("signal file", "it holds no sample")
	}
	return nil
}

// choose returns the indexes of the tracks that are a recording's leads: the
// voltages of one rate, those of the heart before others.
func choose(tracks []track) (leads []int, err error) {
	main := -1
	for i, t := range tracks {
		if t.unit == "uV" && (main < 0 || ecg.OtherSignal(tracks[main].name) && !ecg.OtherSignal(t.name)) {
			main = i
		}
	}
	if main < 0 {
		return nil, &ecg.FormatError{Format: ecg.FormatWFDB, Offset: -1, Field: "signal line",
			Reason: "no signal is a voltage", Err: ecg.ErrNoSignal}
	}
	for i, t := range tracks {
		if t.unit == "uV" && t.perFrame == tracks[main].perFrame && ecg.OtherSignal(t.name) == ecg.OtherSignal(tracks[main].name) {
			leads = append(leads, i)
		}
	}
	return leads, nil
}

func (r *reader) aside(lead ecg.Lead, t track, rateHz float64) {
	for i := range r.rec.Groups {
		if g := &r.rec.Groups[i]; g.RateHz == rateHz && g.Unit == t.unit {
			g.Leads = append(g.Leads, lead)
			return
		}
	}
	r.rec.Groups = append(r.rec.Groups, ecg.Group{Kind: ecg.KindRhythm, RateHz: rateHz, Unit: t.unit, Leads: []ecg.Lead{lead}})
}

// annotate adds the reference annotations, if there are any.
func (r *reader) annotate(h *header, record string, tracks []track) error {
	data, err := r.file(record + reference)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list, rateHz, err := ReadAnnotations(data)
	if err != nil {
		r.rec.Notef(ecg.NoteIgnored, "the annotations were left out: %v", err)
		return nil
	}
	if rateHz <= 0 {
		rateHz = h.rateHz
	}
	for _, a := range list {
		at := math.Round(float64(a.Time) * r.rec.RateHz / rateHz)
		if !(at >= 0 && at < float64(r.rec.Samples())) {
			continue
		}
		mark := ecg.Annotation{Sample: int(at), Code: a.Symbol, Text: a.Text}
		if a.Channel > 0 && a.Channel < len(tracks) {
			if mark.Lead = ecg.StandardLead(tracks[a.Channel].name); mark.Lead == "" {
				mark.Lead = tracks[a.Channel].name
			}
		}
		r.rec.Annotations = append(r.rec.Annotations, mark)
	}
	return nil
}

// readFull reads until data is full or the file ends.
func readFull(f io.Reader, data []byte) (int, error) {
	n, err := io.ReadFull(f, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
