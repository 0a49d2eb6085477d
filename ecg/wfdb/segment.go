package wfdb

import (
	"errors"
	"io/fs"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// several joins the segments of a record. With a layout segment, of length 0
// and listed first, signals are told by name; without, by order.
func (r *reader) several(h *header) ([]track, error) {
	segments := h.segments
	var layout *header
	if segments[0].frames == 0 && segments[0].name != "~" {
		var err error
		if layout, err = r.header(segments[0].name); err != nil {
			return nil, missing(err, segments[0].name+".hea")
		}
		segments = segments[1:]
	}
	parts, total, err := r.readSegments(h, segments)
	if err != nil {
		return nil, err
	}
	tracks, err := outline(layout, parts)
	if err != nil {
		return nil, err
	}
	stored := 0
	for _, p := range parts {
		for _, t := range p.tracks {
			stored += len(t.samples)
		}
	}
	for i := range tracks {
		if !axis.Fits(total*tracks[i].perFrame*len(tracks), stored) {
			return nil, fail("segment line", "%d samples of %d signals are too many", total, len(tracks))
		}
		tracks[i].samples = make([]float32, total*tracks[i].perFrame)
		for k := range tracks[i].samples {
			tracks[i].samples[k] = float32(math.NaN())
		}
	}
	for _, p := range parts {
		r.place(tracks, p, layout != nil)
	}
	return tracks, nil
}

// piece is a segment that was read and the frame at which it starts.
type piece struct {
	at     int
	tracks []track
}

// readSegments reads the segments whose files are there and returns how many
// frames the record has up to the end of the last of them.
func (r *reader) readSegments(h *header, segments []segment) (parts []piece, total int, err error) {
	at, absent := 0, 0
	for _, s := range segments {
		if s.name == "~" {
			at += s.frames
			continue
		}
		head, err := r.header(s.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			absent++
			at += s.frames
			continue
		case err != nil:
			return nil, 0, err
		case head.segments != nil:
			return nil, 0, fail("segment line", "segment %.40q is of several segments itself", s.name)
		case head.rateHz != h.rateHz:
			return nil, 0, fail("segment line", "segment %.40q has %g Hz, the record %g Hz", s.name, head.rateHz, h.rateHz)
		}
		tracks, err := r.simple(head, s.frames)
		if err != nil {
			return nil, 0, err
		}
		parts = append(parts, piece{at, tracks})
		at += s.frames
		total = at
	}
	if len(parts) == 0 {
		return nil, 0, fail("segment line", "no segment of the record lies beside the header")
	}
	if absent > 0 {
		r.rec.Notef(ecg.NoteIgnored, "%d of %d segments do not lie beside the header", absent, len(segments))
	}
	if total < at {
		r.rec.Notef(ecg.NoteLength, "the header states %d samples; what is there ends after %d", at, total)
	}
	return parts, total, nil
}

// outline returns the record's signals without samples.
func outline(layout *header, parts []piece) ([]track, error) {
	var tracks []track
	if layout == nil {
		for _, t := range parts[0].tracks {
			tracks = append(tracks, track{name: t.name, unit: t.unit, perFrame: t.perFrame})
		}
		return tracks, nil
	}
	for _, s := range layout.signals {
		unit, _ := unitOf(s.unit)
		tracks = append(tracks, track{name: s.name, unit: unit, perFrame: s.perFrame})
	}
	if len(tracks) == 0 {
		return nil, fail("layout", "it names no signal")
	}
	return tracks, nil
}

// place copies a segment's signals to where they belong.
func (r *reader) place(tracks []track, p piece, byName bool) {
	for i, t := range p.tracks {
		to := -1
		for k := range tracks {
			if byName && tracks[k].name == t.name || !byName && k == i {
				to = k
				break
			}
		}
		if to < 0 || tracks[to].unit != t.unit || tracks[to].perFrame != t.perFrame {
			r.rec.Notef(ecg.NoteIgnored, "signal %.16q of a segment does not fit those of the record", t.name)
			continue
		}
		into := tracks[to].samples[p.at*t.perFrame:]
		copy(into, t.samples)
	}
}
