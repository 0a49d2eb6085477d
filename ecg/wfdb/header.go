package wfdb

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Defaults of the header file, header(5).
const (
	defaultRateHz = 250
	defaultGain   = 200 // counts in a unit
	defaultUnit   = "mV"
)

// header is a record's .hea file taken apart.
type header struct {
	name     string
	rateHz   float64 // of frames
	frames   int     // 0 if not stated
	start    time.Time
	signals  []signal
	count    int       // of signals, as stated
	segments []segment // of a record of several
	comments []string
}

// signal is one signal line.
type signal struct {
	file     string // "~" for none
	format   int
	perFrame int
	skew     int
	offset   int     // bytes before the first sample of file
	gain     float64 // counts in a unit
	guessed  bool    // no gain is stated
	baseline int
	unit     string
	initial  int // value before the first, for the format of differences
	checksum string
	name     string
}

// segment is one line of a record of several segments; name "~" is a gap.
type segment struct {
	name   string
	frames int
}

// parseHeader reads the text of a header file.
func parseHeader(data []byte) (*header, error) {
	if len(data) > maxHeaderBytes {
		return nil, fail("header", "%d bytes", len(data))
	}
	h := &header{}
	var lines []string
	for raw := range bytes.Lines(data) {
		text, _ := charset.Guess(raw)
		text = strings.TrimSpace(text)
		if comment, ok := strings.CutPrefix(text, "#"); ok {
			h.comments = append(h.comments, strings.TrimSpace(comment))
		} else if text != "" {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return nil, fail("header", "there is no record line")
	}
	several, err := h.parseRecord(lines[0])
	if err != nil {
		return nil, err
	}
	lines = lines[1:]
	if several > 0 {
		return h, h.parseSegments(lines, several)
	}
	if len(lines) < h.count {
		return nil, fail("header", "%d signals are announced, %d are described", h.count, len(lines))
	}
	for i, line := range lines[:h.count] {
		s, err := parseSignal(line)
		if err != nil {
			return nil, fail("signal line", "signal %d: %v", i+1, err)
		}
		h.signals = append(h.signals, s)
	}
	return h, nil
}

// parseRecord reads "name[/segments] signals [rate[/counter[(base)]] [frames
// [time [date]]]]" and returns the number of segments, 0 for a simple record.
func (h *header) parseRecord(line string) (segments int, err error) {
	part := strings.Fields(line)
	if len(part) < 2 {
		return 0, fail("record line", "it has %d fields", len(part))
	}
	name, several, multi := strings.Cut(part[0], "/")
	h.name, h.rateHz = name, defaultRateHz
	if multi {
		if segments, err = strconv.Atoi(several); err != nil || segments < 1 || segments > maxSegments {
			return 0, fail("record line", "%.16q segments", several)
		}
	}
	if h.count, err = strconv.Atoi(part[1]); err != nil || h.count < 0 || h.count > ecg.MaxLeads {
		return 0, fail("record line", "%.16q signals", part[1])
	}
	if len(part) > 2 {
		rate, _, _ := strings.Cut(part[2], "/")
		rate, _, _ = strings.Cut(rate, "(")
		if h.rateHz, err = strconv.ParseFloat(rate, 64); err != nil || !(h.rateHz > 0 && h.rateHz <= maxRateHz) {
			return 0, fail("record line", "a rate of %.16q", part[2])
		}
	}
	if len(part) > 3 {
		if h.frames, err = strconv.Atoi(part[3]); err != nil || h.frames < 0 || h.frames > maxFrames {
			return 0, fail("record line", "%.16q samples", part[3])
		}
	}
	if len(part) > 5 {
		h.start = startOf(part[4], part[5])
	}
	return segments, nil
}

// startOf reads HH:MM:SS[.sss] or parts of it and DD/MM/YYYY; zero if there is
// no such instant.
func startOf(clock, date string) time.Time {
	var d, c [3]float64
	if !numbers(date, "/", d[:]) || !numbers(clock, ":", c[:]) {
		return time.Time{}
	}
	t, ok := stamp.Time(int(d[2]), int(d[1]), int(d[0]), int(c[0]), int(c[1]), c[2])
	if !ok {
		return time.Time{}
	}
	return t
}

// numbers splits text into exactly the numbers of out.
func numbers(text, by string, out []float64) bool {
	parts := strings.Split(text, by)
	if len(parts) != len(out) {
		return false
	}
	for i, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || !(v >= 0 && v < 1e6) {
			return false
		}
		out[i] = v
	}
	return true
}

func (h *header) parseSegments(lines []string, several int) error {
	if len(lines) < several {
		return fail("header", "%d segments are announced, %d are listed", several, len(lines))
	}
	for i, line := range lines[:several] {
		part := strings.Fields(line)
		if len(part) < 2 {
			return fail("segment line", "segment %d has no length", i+1)
		}
		n, err := strconv.Atoi(part[1])
		if err != nil || n < 0 || n > maxFrames {
			return fail("segment line", "segment %d: %.16q samples", i+1, part[1])
		}
		h.segments = append(h.segments, segment{part[0], n})
	}
	return nil
}

// Second and third field of a signal line: format with samples in a frame, skew
// and offset, and gain with baseline and unit.
var (
	formatField = regexp.MustCompile(`^(\d{1,3})(?:x(\d{1,6}))?(?::(\d{1,6}))?(?:\+(\d{1,9}))?$`)
	gainField   = regexp.MustCompile(`^([-+0-9.eE]+)(?:\((-?\d{1,10})\))?(?:/(\S+))?$`)
)

// parseSignal reads one signal line; what is not stated has its default.
func parseSignal(line string) (signal, error) {
	part := strings.Fields(line)
	if len(part) < 2 {
		return signal{}, fail("signal line", "it has %d fields", len(part))
	}
	m := formatField.FindStringSubmatch(part[1])
	if m == nil {
		return signal{}, fail("signal line", "format %.16q", part[1])
	}
	s := signal{file: part[0], format: atoi(m[1]), perFrame: max(1, atoi(m[2])), skew: atoi(m[3]), offset: atoi(m[4]),
		gain: defaultGain, guessed: true, unit: defaultUnit}
	if s.perFrame > maxPerFrame {
		return s, fail("signal line", "%d samples in a frame", s.perFrame)
	}
	field := func(i int) string {
		if i < len(part) {
			return part[i]
		}
		return ""
	}
	zero := atoi(field(4))
	s.baseline, s.initial, s.checksum = zero, zero, field(6)
	if text := field(2); text != "" {
		g := gainField.FindStringSubmatch(text)
		if g == nil {
			return s, fail("signal line", "gain %.24q", text)
		}
		gain, err := strconv.ParseFloat(g[1], 64)
		if err != nil {
			return s, fail("signal line", "gain %.24q", text)
		}
		if gain != 0 {
			s.gain, s.guessed = gain, false
		}
		if g[2] != "" {
			s.baseline = atoi(g[2])
		}
		if g[3] != "" {
			s.unit = g[3]
		}
	}
	if field(5) != "" {
		s.initial = atoi(field(5))
	}
	if len(part) > 8 {
		s.name = afterFields(line, 8)
	}
	return s, nil
}

// afterFields returns what follows the first n fields: a description may hold
// spaces.
func afterFields(line string, n int) string {
	for range n {
		line = strings.TrimLeft(line, " \t")
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			return ""
		}
		line = line[i:]
	}
	return strings.TrimSpace(line)
}

// atoi reads a number that a wrong text leaves at 0.
func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// Comments of the databases that say age and sex: "<age>: 25  <sex>: M",
// "age: 81", "Age: 55"; MIT-BIH writes "69 M 1085 1629 x1".
var (
	ageComment   = regexp.MustCompile(`(?i)(?:^|[<\s])age>?\s*[:=]\s*(\d{1,3})\b`)
	sexComment   = regexp.MustCompile(`(?i)(?:^|[<\s])(?:sex|gender)>?\s*[:=]\s*(male|female|m|f)\b`)
	mitdbComment = regexp.MustCompile(`^(\d{1,3}) ([MF]) \d+ `)
)

func (h *header) patient() ecg.Patient {
	var p ecg.Patient
	age := func(text string) {
		if n := atoi(text); n > 0 && n < 130 {
			p.Age = strconv.Itoa(n)
			p.Age = strings.Repeat("0", 3-len(p.Age)) + p.Age + "Y"
		}
	}
	for _, c := range h.comments {
		if m := mitdbComment.FindStringSubmatch(c); m != nil {
			age(m[1])
			p.Sex = m[2]
		}
		if m := ageComment.FindStringSubmatch(c); m != nil {
			age(m[1])
		}
		if m := sexComment.FindStringSubmatch(c); m != nil {
			p.Sex = strings.ToUpper(m[1][:1])
		}
	}
	return p
}
