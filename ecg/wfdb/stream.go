package wfdb

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// chunkSamples is how many samples of a file are read at a time.
const chunkSamples = 1 << 18

// Open reads the headers of the record whose header is called name; its samples
// are read when asked for, from files of folder that have to be io.ReaderAt.
// Signals of another rate or unit and the annotations are left out. Formats in
// which a sample is found only by reading all before it (8 and the FLAC ones)
// are refused. Errors are *ecg.FormatError or those of folder.
func Open(folder fs.FS, name string) (ecg.Stream, error) {
	r := &reader{folder: folder, dir: path.Dir(name), rec: &ecg.Recording{Format: ecg.FormatWFDB}}
	data, err := r.file(path.Base(name))
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	s := &stream{reader: r}
	if h.segments != nil {
		err = s.several(h)
	} else {
		err = s.one(h)
	}
	if err != nil {
		return nil, err
	}
	if err := s.keepLeads(h); err != nil {
		return nil, err
	}
	r.rec.Patient = h.patient()
	if r.rec.Start = h.start; !h.start.IsZero() {
		r.rec.Notef(ecg.NoteLocalTime, "the header's time has no zone")
	}
	r.rec.NameLeads()
	return s, nil
}

// stream is a record whose samples stay in their files.
type stream struct {
	*reader
	tracks   []track // without samples
	leads    []int   // indexes of tracks
	perFrame int     // of the leads
	frames   int     // of the record
	parts    []part  // in the order of time

	opened *part // whose files are open
}

// part is one segment, or all of a record without segments.
type part struct {
	at, frames int // in the record
	files      []partFile
}

// partFile is a signal file of a part.
type partFile struct {
	fileSignals
	name    string
	frames  int // that it holds
	skew    int // the largest
	columns []column
	r       io.ReaderAt // nil while closed
	close   func() error
}

// column is where the samples of one lead stand in a frame of a file.
type column struct {
	track    int // index of the record's tracks, replaced by that of its leads
	at       int
	skew     int
	scale    float64
	baseline int
}

// one makes the record of one segment a single part.
func (s *stream) one(h *header) error {
	p, tracks, err := s.part(h, h.frames)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range p.files {
		for i := range f.columns {
			f.columns[i].track = n
			n++
		}
	}
	s.tracks, s.parts, s.frames = tracks, []part{p}, p.frames
	return nil
}

// several places the segments of a record: with a layout, signals are told by
// name, else by order.
func (s *stream) several(h *header) error {
	segments, layout, err := s.layout(h)
	if err != nil {
		return err
	}
	found, total, err := s.findSegments(h, segments)
	if err != nil {
		return err
	}
	var heads [][]track
	for _, f := range found {
		p, tracks, err := s.part(f.header, f.frames)
		if err != nil {
			return err
		}
		p.at, p.frames = f.at, min(p.frames, f.frames)
		s.parts, heads = append(s.parts, p), append(heads, tracks)
	}
	if s.tracks, err = outline(layout, heads[0]); err != nil {
		return err
	}
	for i := range s.parts {
		n := 0
		for _, f := range s.parts[i].files {
			for k := range f.columns {
				f.columns[k].track = s.home(s.tracks, heads[i][n], n, layout != nil)
				n++
			}
		}
	}
	s.frames = total
	return nil
}

// part finds the signal files of a header with up to frames frames, 0 for as
// many as there are; tracks are its signals in the order of the files' columns.
func (s *stream) part(h *header, frames int) (p part, tracks []track, err error) {
	groups, err := h.byFile()
	if err != nil {
		return p, nil, err
	}
	for _, g := range groups {
		f, err := s.locate(g)
		if err != nil {
			return p, nil, err
		}
		at := 0
		for _, sig := range g.signals {
			t := track{name: sig.name, perFrame: sig.perFrame}
			c := column{at: at, skew: sig.skew, baseline: sig.baseline}
			t.unit, c.scale = s.scaleOf(sig)
			f.columns, f.skew, at = append(f.columns, c), max(f.skew, sig.skew), at+sig.perFrame
			tracks = append(tracks, t)
		}
		if frames > 0 {
			f.frames = min(f.frames, frames)
		}
		p.frames = max(p.frames, f.frames)
		p.files = append(p.files, f)
	}
	for _, f := range p.files {
		if f.frames < max(p.frames, frames) {
			s.rec.Notef(ecg.NoteLength, "the header states %d samples, the signal files hold up to %d", frames, p.frames)
		}
	}
	return p, tracks, nil
}

// locate counts the frames of a signal file.
func (s *stream) locate(g fileSignals) (partFile, error) {
	out := partFile{fileSignals: g, name: g.signals[0].file}
	if g.coding.read == nil || g.signals[0].format == 8 {
		return out, fail("signal line", "format %d is read only in files that can be held whole", g.signals[0].format)
	}
	f, size, err := s.open(out.name)
	if err != nil {
		return out, missing(err, out.name)
	}
	defer f.Close()
	offset := int64(g.signals[0].offset)
	if offset > size || size > ecg.MaxStreamBytes {
		return out, fail("signal file", "it has %d bytes, the samples begin at %d", size, offset)
	}
	out.frames = g.coding.count(int(size-offset)) / g.width
	return out, nil
}

// keepLeads chooses the leads and drops the columns of other signals.
func (s *stream) keepLeads(h *header) error {
	var err error
	if s.leads, err = choose(s.tracks); err != nil {
		return err
	}
	s.perFrame = s.tracks[s.leads[0]].perFrame
	s.rec.RateHz = h.rateHz * float64(s.perFrame)
	if s.frames == 0 {
		return fail("signal file", "it holds no sample")
	}
	if s.frames > math.MaxInt/s.perFrame {
		return fail("record line", "%d samples", s.frames)
	}
	for _, i := range s.leads {
		s.rec.Leads = append(s.rec.Leads, ecg.Lead{Name: s.tracks[i].name})
	}
	for _, p := range s.parts {
		for i := range p.files {
			f := &p.files[i]
			f.columns = slices.DeleteFunc(f.columns, func(c column) bool { return !slices.Contains(s.leads, c.track) })
			for k := range f.columns {
				f.columns[k].track = slices.Index(s.leads, f.columns[k].track)
			}
		}
	}
	return nil
}

// Head implements ecg.Stream.
func (s *stream) Head() *ecg.Recording { return s.rec }

// Samples implements ecg.Stream.
func (s *stream) Samples() int { return s.frames * s.perFrame }

// ReadAt implements ecg.Stream.
func (s *stream) ReadAt(dst [][]float32, from int) error {
	for _, out := range dst {
		for i := range out {
			out[i] = float32(math.NaN())
		}
	}
	first, last := from/s.perFrame, (from+len(dst[0])-1)/s.perFrame
	for i := range s.parts {
		p := &s.parts[i]
		if p.at > last || p.at+p.frames <= first {
			continue
		}
		if err := s.use(p); err != nil {
			return err
		}
		lo, hi := max(first-p.at, 0), min(last-p.at+1, p.frames)
		for k := range p.files {
			f := &p.files[k]
			step := max(chunkSamples/f.width, 1)
			for at := lo; at < hi && len(f.columns) > 0; at += step {
				if err := s.fill(dst, from, p, f, at, min(at+step, hi)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// use opens the files of p and closes those of the part before.
func (s *stream) use(p *part) error {
	if s.opened == p {
		return nil
	}
	if s.opened != nil {
		for i := range s.opened.files {
			f := &s.opened.files[i]
			if f.r != nil {
				f.close()
				f.r = nil
			}
		}
	}
	s.opened = p
	for i := range p.files {
		f := &p.files[i]
		file, _, err := s.open(f.name)
		if err != nil {
			s.opened = nil
			return missing(err, f.name)
		}
		r, ok := file.(io.ReaderAt)
		if !ok {
			s.opened = nil
			file.Close()
			return fail("signal file", "%.40q cannot be read in parts", f.name)
		}
		f.r, f.close = r, file.Close
	}
	return nil
}

// fill writes the frames [lo, hi) of p that stand in f to dst, which begins at
// sample from of the record.
func (s *stream) fill(dst [][]float32, from int, p *part, f *partFile, lo, hi int) error {
	flat, err := f.read(lo, min(hi+f.skew, f.frames))
	if err != nil {
		return err
	}
	for _, c := range f.columns {
		out := dst[c.track]
		for n := lo; n < hi && n+c.skew < f.frames; n++ {
			at := (p.at+n)*s.perFrame - from
			for k, v := range flat[(n+c.skew-lo)*f.width+c.at:][:s.perFrame] {
				if i := at + k; i >= 0 && i < len(out) && v != f.coding.invalid {
					out[i] = float32(float64(int64(v)-int64(c.baseline)) * c.scale)
				}
			}
		}
	}
	return nil
}

// read returns the samples of the frames [lo, hi), frame by frame.
func (f *partFile) read(lo, hi int) ([]int32, error) {
	if hi <= lo {
		return nil, nil
	}
	group, skip := lo*f.width/f.coding.group, lo*f.width%f.coding.group
	samples := skip + (hi-lo)*f.width
	raw := make([]byte, (samples+f.coding.group-1)/f.coding.group*f.coding.bytes)
	n, err := f.r.ReadAt(raw, int64(f.signals[0].offset)+int64(group)*int64(f.coding.bytes))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	flat := f.coding.unpack(raw[:n], samples)
	if len(flat) < samples {
		return nil, io.ErrUnexpectedEOF
	}
	return flat[skip:], nil
}
