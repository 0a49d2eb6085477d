package wfdb

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// reader reads the files of one record.
type reader struct {
	folder fs.FS
	dir    string // in folder
	rec    *ecg.Recording
	room   int // samples that may still be read
}

// open opens a file beside the header and says how many bytes it has.
func (r *reader) open(name string) (fs.File, int64, error) {
	full := path.Join(r.dir, name)
	if strings.ContainsAny(name, `/\:`) || name == ".." || !fs.ValidPath(full) {
		return nil, 0, fail("header", "%.40q does not lie beside the header", name)
	}
	f, err := r.folder.Open(full)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fail("header", "%.40q is a folder", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// file returns the bytes of a file beside the header.
func (r *reader) file(name string) ([]byte, error) {
	f, size, err := r.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > ecg.MaxFileBytes {
		return nil, fail("signal file", "%.40q has %d bytes, at most %d are read", name, size, ecg.MaxFileBytes)
	}
	data := make([]byte, size)
	n, err := readFull(f, data)
	if err != nil {
		return nil, err
	}
	return data[:n], nil
}

func (r *reader) header(name string) (*header, error) {
	data, err := r.file(name + ".hea")
	if err != nil {
		return nil, err
	}
	return parseHeader(data)
}

// track is one signal of a record or segment, in its unit, at rateHz.
type track struct {
	name     string
	unit     string // "uV" for voltages
	perFrame int
	samples  []float32
}

// simple reads the signals of a record of one segment; most bounds the frames
// that are read, 0 reads those the header states.
func (r *reader) simple(h *header, most int) ([]track, error) {
	frames := h.frames
	if most > 0 {
		frames = most
	}
	groups, err := h.byFile()
	if err != nil {
		return nil, err
	}
	var tracks []track
	for _, group := range groups {
		read, err := r.signals(group, frames)
		if err != nil {
			return nil, err
		}
		tracks = append(tracks, read...)
	}
	r.level(tracks, frames)
	return tracks, nil
}

// level makes all tracks last as long as the longest.
func (r *reader) level(tracks []track, stated int) {
	frames := 0
	for _, t := range tracks {
		frames = max(frames, len(t.samples)/t.perFrame)
	}
	short := stated > frames
	for i := range tracks {
		t := &tracks[i]
		short = short || len(t.samples) < frames*t.perFrame
		for len(t.samples) < frames*t.perFrame {
			t.samples = append(t.samples, float32(math.NaN()))
		}
	}
	if short {
		r.rec.Notef(ecg.NoteLength, "the header states %d samples, the signal files hold up to %d", stated, frames)
	}
}

// fileSignals are the signals that share one file: their samples stand frame by
// frame, width of them in each.
type fileSignals struct {
	signals []signal
	coding  coding
	width   int
}

// byFile groups the signals of a record of one segment by their files.
func (h *header) byFile() ([]fileSignals, error) {
	var out []fileSignals
	for first := 0; first < len(h.signals); {
		end := first + 1
		for end < len(h.signals) && h.signals[end].file == h.signals[first].file {
			end++
		}
		group := fileSignals{signals: h.signals[first:end]}
		first = end
		main, known := group.signals[0], false
		switch group.coding, known = codingOf(main.format); {
		case main.file == "~":
			return nil, fail("signal line", "a layout is no record by itself")
		case !known:
			return nil, fail("signal line", "format %d is not known", main.format)
		}
		for _, s := range group.signals {
			if s.format != main.format || s.offset != main.offset {
				return nil, fail("signal line", "signals of one file have different formats or offsets")
			}
			group.width += s.perFrame
		}
		out = append(out, group)
	}
	return out, nil
}

// signals reads the signals that share one file.
func (r *reader) signals(group fileSignals, frames int) ([]track, error) {
	main, code, width := group.signals[0], group.coding, group.width
	data, err := r.file(main.file)
	if err != nil {
		return nil, missing(err, main.file)
	}
	if main.offset > len(data) {
		return nil, fail("signal file", "it has %d bytes, the samples begin at %d", len(data), main.offset)
	}
	data = data[main.offset:]
	most := r.room
	if frames > 0 && frames <= most/width {
		most = frames * width
	} else if frames > 0 {
		return nil, fail("record line", "%d samples of %d signals, at most %d are read", frames, width, r.room)
	}
	var flat []int32
	if code.read == nil {
		flat, err = unpackFLAC(data, group.signals, most)
	} else {
		if code.group*(len(data)/code.bytes) > most && frames == 0 {
			return nil, fail("signal file", "more than %d samples", most)
		}
		flat = code.unpack(data, most)
	}
	if err != nil {
		return nil, err
	}
	r.room -= len(flat)
	return r.split(group, flat, frames), nil
}

// split cuts the samples of one file into its signals.
func (r *reader) split(group fileSignals, flat []int32, frames int) []track {
	width := group.width
	got := len(flat) / width
	var tracks []track
	at := 0
	for _, s := range group.signals {
		t := track{name: s.name, perFrame: s.perFrame, samples: make([]float32, 0, got*s.perFrame)}
		scale := 1.0
		t.unit, scale = r.scaleOf(s)
		sum, value := uint16(0), int32(s.initial)
		for f := range got {
			for _, v := range flat[f*width+at : f*width+at+s.perFrame] {
				if s.format == 8 {
					value += v
					v = value
				}
				sum += uint16(v)
				if v == group.coding.invalid {
					t.samples = append(t.samples, float32(math.NaN()))
					continue
				}
				t.samples = append(t.samples, float32(float64(int64(v)-int64(s.baseline))*scale))
			}
		}
		if stated, err := strconv.Atoi(s.checksum); err == nil && uint16(stated) != sum && frames == got && stated != 0 {
			r.rec.Notef(ecg.NoteChecksum, "the checksum of signal %.16q does not match its samples", s.name)
		}
		t.align(s.skew * s.perFrame)
		tracks = append(tracks, t)
		at += s.perFrame
	}
	return tracks
}

// scaleOf returns the unit of a signal as a Recording has it and how much of it
// one count is.
func (r *reader) scaleOf(s signal) (unit string, scale float64) {
	unit, factor := unitOf(s.unit)
	if s.guessed && unit == "uV" {
		r.rec.Notef(ecg.NoteScale, "signal %.16q states no gain: %d counts in a millivolt are assumed", s.name, defaultGain)
	}
	return unit, factor / s.gain
}

// align undoes a skew: sample n of the signal stands skew samples later in the
// file than those of the others taken at the same instant.
func (t *track) align(skew int) {
	if skew <= 0 {
		return
	}
	skew = min(skew, len(t.samples))
	n := copy(t.samples, t.samples[skew:])
	for ; n < len(t.samples); n++ {
		t.samples[n] = float32(math.NaN())
	}
}

// unitOf returns the unit as a Recording has it and the factor that leads there.
func unitOf(unit string) (string, float64) {
	switch unit {
	case "mV", "mv", "MV":
		return "uV", 1e3
	case "uV", "uv", "µV", "\u03bcV":
		return "uV", 1
	case "nV":
		return "uV", 1e-3
	case "V":
		return "uV", 1e6
	}
	return unit, 1
}

// missing says which file of a record is not there.
func missing(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fail("signal file", "%.40q does not lie beside the header", name)
	}
	return err
}
