package wfdb

import (
	"errors"
	"io/fs"
	"math"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/axis"
)

// several joins the segments of a record. With a layout segment, of length 0
// and listed first, signals are told by name; without, by order.
func (r *reader) several(h *header) ([]track, error) {
	segments, layout, err := r.layout(h)
	if err != nil {
		return nil, err
	}
	found, total, err := r.findSegments(h, segments)
	if err != nil {
		return nil, err
	}
	var parts []piece
	for _, f := range found {
		tracks, err := r.simple(f.header, f.frames)
		if err != nil {
			return nil, err
		}
		parts = append(parts, piece{f.at, tracks})
	}
	tracks, err := outline(layout, parts[0].tracks)
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

// layout returns the segments that hold samples and the header of the layout
// before them, nil if there is none.
func (r *reader) layout(h *header) (segments []segment, layout *header, err error) {
	if h.segments[0].frames != 0 || h.segments[0].name == "~" {
		return h.segments, nil, nil
	}
	if layout, err = r.header(h.segments[0].name); err != nil {
		return nil, nil, missing(err, h.segments[0].name+".hea")
	}
	return h.segments[1:], layout, nil
}

// found is a segment that is there, and the frame at which it starts.
type found struct {
	header     *header
	at, frames int
}

// findSegments reads the headers of the segments that are there and returns how
// many frames the record has up to the end of the last of them.
func (r *reader) findSegments(h *header, segments []segment) (there []found, total int, err error) {
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
		there = append(there, found{head, at, s.frames})
		at += s.frames
		total = at
	}
	if len(there) == 0 {
		return nil, 0, fail("segment line", "no segment of the record lies beside the header")
	}
	if absent > 0 {
		r.rec.Notef(ecg.NoteIgnored, "%d of %d segments do not lie beside the header", absent, len(segments))
	}
	if total < at {
		r.rec.Notef(ecg.NoteLength, "the header states %d samples; what is there ends after %d", at, total)
	}
	return there, total, nil
}

// outline returns the record's signals without samples: those of the layout, or
// without one those of the first segment.
func outline(layout *header, first []track) ([]track, error) {
	var tracks []track
	if layout == nil {
		for _, t := range first {
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

// home returns which of the record's tracks a segment's signal number i belongs
// to, -1 for none.
func (r *reader) home(tracks []track, t track, i int, byName bool) int {
	to := slices.IndexFunc(tracks, func(other track) bool { return other.name == t.name })
	if !byName {
		to = i
	}
	if to < 0 || to >= len(tracks) || tracks[to].unit != t.unit || tracks[to].perFrame != t.perFrame {
		r.rec.Notef(ecg.NoteIgnored, "signal %.16q of a segment does not fit those of the record", t.name)
		return -1
	}
	return to
}

// place copies a segment's signals to where they belong.
func (r *reader) place(tracks []track, p piece, byName bool) {
	for i, t := range p.tracks {
		if to := r.home(tracks, t, i, byName); to >= 0 {
			copy(tracks[to].samples[p.at*t.perFrame:], t.samples)
		}
	}
}
