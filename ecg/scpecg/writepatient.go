package scpecg

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
)

// Further tags of section 1 and values of tag 14 that only the writer needs.
const (
	tagFreeText  = 30
	noZone       = 0x7FFF
	modelBytes   = 5
	maxTextBytes = 30000
	noNumber     = 29999 // "not computed", section 7
)

// patient writes section 1; tag 14 names the character set of all texts.
func (e *encoder) patient() []byte {
	rec, p := e.rec, e.rec.Patient
	var s []byte
	tag := func(number byte, value []byte) {
		if len(value) > 0 {
			s = binary.LittleEndian.AppendUint16(append(s, number), uint16(len(value)))
			s = append(s, value...)
		}
	}
	last, first, _ := strings.Cut(loss.Line(p.Name), " ")
	tag(tagPatientID, e.text(p.ID))
	tag(tagLastName, e.text(last))
	tag(tagFirstName, e.text(first))
	tag(tagAge, ageBytes(p.Age))
	if born, err := time.Parse(time.DateOnly, p.BirthDate); err == nil {
		tag(tagBirthDate, append(binary.LittleEndian.AppendUint16(nil, uint16(born.Year())), byte(born.Month()), byte(born.Day())))
	}
	tag(tagSex, []byte{map[string]byte{"M": 1, "F": 2}[p.Sex]})
	tag(tagDevice, e.device())
	tag(tagInstitution, e.text(rec.Device.Institution))
	date, clock := e.stamp()
	tag(tagDate, date)
	tag(tagTime, clock)
	if date != nil {
		tag(tagTimeZone, e.zone())
	} else {
		e.notes.Addf(ecg.NoteNotWritten, "the recording states no time: the record lacks the date and time SCP-ECG demands")
	}
	e.filters(tag)
	if e.missing > 0 {
		tag(tagFreeText, e.text("samples are missing in this recording and were filled with the value before them"))
	}
	return append(s, tagEnd, 0, 0)
}

// text is encoded and ends with a NUL; "" is nothing. A tag's length has 16
// bits.
func (e *encoder) text(s string) []byte {
	s = strings.ToValidUTF8(loss.Line(s), "")
	for len(s) > maxTextBytes {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	if s == "" {
		return nil
	}
	return append(e.inSet(s), 0)
}

// inSet turns UTF-8 into the record's character set, which has all of it.
func (e *encoder) inSet(s string) []byte {
	if e.set != nil {
		if out, err := e.set.NewEncoder().String(s); err == nil {
			return []byte(out)
		}
	}
	return []byte(s)
}

// ageBytes is the inverse of age; nil if there is none.
func ageBytes(age string) []byte {
	if len(age) != 4 {
		return nil
	}
	unit := map[byte]byte{'Y': 1, 'M': 2, 'W': 3, 'D': 4}[age[3]]
	n := 0
	for _, c := range age[:3] {
		if c < '0' || c > '9' {
			return nil
		}
		n = 10*n + int(c-'0')
	}
	if unit == 0 {
		return nil
	}
	return append(binary.LittleEndian.AppendUint16(nil, uint16(n)), unit)
}

// device writes tag 14: 36 fixed bytes, then strings.
func (e *encoder) device() []byte {
	d := e.rec.Device
	name := loss.Line(d.Model)
	model := e.inSet(name)
	if len(model) > modelBytes {
		e.notes.Addf(ecg.NoteNotWritten, "the model's name is cut to %d bytes", modelBytes)
	}
	for len(model) > modelBytes { // whole characters
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
		model = e.inSet(name)
	}
	v := make([]byte, 36)
	v[7] = 255 // the manufacturer is named below
	copy(v[8:], model)
	v[14] = protocolVersion
	v[15] = 0xD0 // category III: rhythm data, measurements and interpretation
	v[16] = e.language
	v[17] = 0xC0 // can store and print
	switch e.rec.Filters.NotchHz {
	case 50:
		v[18] = 1
	case 60:
		v[18] = 2
	}
	v[35] = 1 // bytes of the first string, the analysing program's
	for _, s := range []string{"", d.Serial, d.Firmware, "", d.Manufacturer} {
		v = append(append(v, e.inSet(loss.Line(s))...), 0)
	}
	return v
}

// chooseText picks the character set of all texts: ASCII, else Latin-1, else
// GB2312, else UTF-8. Few readers know the last.
func (e *encoder) chooseText() {
	d, p := e.rec.Device, e.rec.Patient
	all := strings.Join(append([]string{d.Manufacturer, d.Model, d.Serial, d.Firmware, d.Institution, p.ID, p.Name}, e.rec.Statements...), "")
	if strings.IndexFunc(all, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return
	}
	for _, set := range []struct {
		language byte
		encoding encoding.Encoding
	}{{0x01, charmap.ISO8859_1}, {0x27, simplifiedchinese.GBK}} {
		if _, err := set.encoding.NewEncoder().String(all); err == nil {
			e.language, e.set = set.language, set.encoding
			return
		}
	}
	e.language = 0x07
}

// zone writes tag 34: minutes east of UTC.
func (e *encoder) zone() []byte {
	minutes := noZone
	if !e.rec.LocalTime() {
		_, seconds := e.rec.Start.Zone()
		minutes = seconds / 60
	}
	return append(binary.LittleEndian.AppendUint16(nil, uint16(int16(minutes))), 0, 0)
}

func (e *encoder) filters(tag func(byte, []byte)) {
	f := e.rec.Filters
	number := func(v float64) []byte {
		n := math.Round(v)
		if !(n >= 1 && n <= math.MaxUint16) {
			return nil
		}
		return binary.LittleEndian.AppendUint16(nil, uint16(n))
	}
	tag(tagHighPass, number(f.HighPassHz*100))
	tag(tagLowPass, number(f.LowPassHz))
	switch f.NotchHz {
	case 60:
		tag(tagFilters, []byte{1})
	case 50:
		tag(tagFilters, []byte{2})
	}
}

// global writes section 7 with one block of measurements; nothing if the device
// stated none.
func (e *encoder) global() []byte {
	m := e.rec.DeviceMeasurements
	if len(m) == 0 {
		return nil
	}
	le := binary.LittleEndian
	number := func(key string) uint16 {
		v, ok := m[key]
		if n := math.Round(v); ok && n > 0 && n < notMeasured {
			return uint16(n)
		}
		return noNumber
	}
	s := append([]byte{1, 0}, le.AppendUint16(nil, number(ecg.MeasureRR))...)
	s = le.AppendUint16(s, noNumber)
	for _, v := range e.beatTimes() {
		s = le.AppendUint16(s, v)
	}
	for _, key := range []string{ecg.MeasurePAxis, ecg.MeasureQRSAxis, ecg.MeasureTAxis} {
		degrees := uint16(noNumber)
		if v, ok := m[key]; ok && v >= -180 && v <= 360 {
			degrees = uint16(int16(math.Round(v)))
		} else if v, ok := m[key]; ok && v >= -360 {
			degrees = uint16(int16(math.Round(v + 360)))
		}
		s = le.AppendUint16(s, degrees)
	}
	s = le.AppendUint16(s, 0) // types of single QRS complexes
	s = le.AppendUint16(le.AppendUint16(s, number(ecg.MeasureHR)), noNumber)
	s = append(le.AppendUint16(s, number(ecg.MeasureQTc)), 0)
	return le.AppendUint16(s, 0)
}

// beatTimes returns onset and end of P, onset and end of QRS and end of T in
// ms, placed so that their distances are the device's durations.
func (e *encoder) beatTimes() [5]uint16 {
	m := e.rec.DeviceMeasurements
	times := [5]uint16{noNumber, noNumber, noNumber, noNumber, noNumber}
	known := func(key string) (float64, bool) {
		v, ok := m[key]
		return math.Round(v), ok && v > 0 && v < notMeasured/2
	}
	const margin = 100 // ms before the first wave
	onset := float64(margin)
	p, hasP := known(ecg.MeasureP)
	pr, hasPR := known(ecg.MeasurePR)
	qrs, hasQRS := known(ecg.MeasureQRS)
	qt, hasQT := known(ecg.MeasureQT)
	if hasP && !hasPR && (hasQRS || hasQT) {
		e.notes.Addf(ecg.NoteNotWritten, "the duration of P is left out: without PR its place before QRS is unknown")
		hasP = false
	}
	if hasP {
		times[0], times[1] = uint16(onset), uint16(onset+p)
	}
	if hasPR {
		times[0] = uint16(onset)
		onset += pr
	}
	if hasPR || hasQRS || hasQT {
		times[2] = uint16(onset)
	}
	if hasQRS {
		times[3] = uint16(onset + qrs)
	}
	if hasQT {
		times[4] = uint16(onset + qt)
	}
	return times
}

// statements writes section 8; nothing if the device made none.
func (e *encoder) statements() []byte {
	lines := e.rec.Statements
	if len(lines) == 0 {
		return nil
	}
	if len(lines) > maxStatements {
		e.notes.Addf(ecg.NoteNotWritten, "%d of %d statements are left out", len(lines)-maxStatements, len(lines))
		lines = lines[:maxStatements]
	}
	date, clock := e.stamp()
	s := append([]byte{0}, append(append(date, make([]byte, 4-len(date))...), append(clock, make([]byte, 3-len(clock))...)...)...)
	s = append(s, byte(len(lines)))
	for i, line := range lines {
		t := e.text(line)
		s = binary.LittleEndian.AppendUint16(append(s, byte(i+1)), uint16(len(t)))
		s = append(s, t...)
	}
	return s
}
