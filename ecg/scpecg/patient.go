package scpecg

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Tags of section 1 that a Recording has a place for (5.4).
const (
	tagLastName       = 0
	tagFirstName      = 1
	tagPatientID      = 2
	tagSecondLastName = 3
	tagAge            = 4
	tagBirthDate      = 5
	tagSex            = 8
	tagDevice         = 14
	tagInstitution    = 16
	tagDate           = 25
	tagTime           = 26
	tagHighPass       = 27
	tagLowPass        = 28
	tagFilters        = 29
	tagTimeZone       = 34
	tagEnd            = 255
)

// readPatient reads section 1. Without one the record has no identity, which
// the caller must deal with; a damaged one is an error.
func (f *file) readPatient() error {
	s := &f.sections[sectionPatient]
	if s.body == nil {
		f.rec.Notef(ecg.NoteIgnored, "the record has no section 1: no patient, date or device")
		return nil
	}
	tags := map[byte][]byte{}
	c := cursor{data: s.body}
	for c.left() > 0 {
		at, tag := c.at, c.u8()
		if tag == tagEnd {
			break
		}
		value := c.take(int(c.u16()))
		if c.short {
			return s.fail(at, "tag %d runs over the end of the section", tag)
		}
		if _, twice := tags[tag]; !twice {
			tags[tag] = value
		}
	}
	if device := tags[tagDevice]; len(device) > 16 {
		f.language = device[16]
	}
	f.setPatient(tags)
	f.setDevice(tags)
	f.setStart(tags)
	f.setFilters(tags)
	return nil
}

// text decodes a tag's text up to its first NUL, by the language code of tag 14
// or, where that claims ASCII wrongly, by its bytes (5.4.3, tag 14 byte 17).
func (f *file) text(value []byte) string {
	if i := bytes.IndexByte(value, 0); i >= 0 {
		value = value[:i]
	}
	label := ""
	switch f.language {
	case 0x01:
		label = "iso-8859-1"
	case 0x03:
		label = "iso-8859-2"
	case 0x13:
		label = "iso-8859-5"
	case 0x07:
		label = "utf-8"
	case 0x27:
		label = "gb2312"
	}
	if label != "" {
		if text, ok := charset.Decode(label, value); ok {
			return strings.TrimSpace(text)
		}
	}
	text, set := charset.Guess(value)
	if set != charset.ASCII {
		f.rec.Notef(ecg.NoteCharset, "text beyond ASCII was taken for %s", set)
	}
	return strings.TrimSpace(text)
}

func (f *file) setPatient(tags map[byte][]byte) {
	p := &f.rec.Patient
	p.ID = f.text(tags[tagPatientID])
	first, last := f.text(tags[tagFirstName]), f.text(tags[tagLastName])
	if second := f.text(tags[tagSecondLastName]); second != "" {
		last = strings.TrimSpace(last + " " + second)
	}
	p.Name = strings.TrimSpace(last + " " + first)
	if sex := tags[tagSex]; len(sex) == 1 {
		p.Sex = map[byte]string{1: "M", 2: "F"}[sex[0]]
	}
	if b := tags[tagBirthDate]; len(b) == 4 && !bytes.Equal(b, make([]byte, 4)) {
		c := cursor{data: b}
		p.BirthDate = stamp.Date(int(c.u16()), int(c.u8()), int(c.u8()))
		if p.BirthDate == "" {
			f.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
		}
	}
	if a := tags[tagAge]; len(a) == 3 {
		c := cursor{data: a}
		p.Age = age(int(c.u16()), c.u8())
	}
}

// age writes an SCP age as DICOM does; "" for zero, unknown units and ages
// beyond three digits.
func age(value int, unit byte) string {
	letter := map[byte]string{1: "Y", 2: "M", 3: "W", 4: "D"}[unit]
	if unit == 5 { // hours
		value, letter = value/24, "D"
	}
	if letter == "" || value > 999 || value == 0 && unit != 5 {
		return ""
	}
	return fmt.Sprintf("%03d%s", value, letter)
}

// setDevice reads tag 14: fixed bytes, then strings that end with a NUL.
func (f *file) setDevice(tags map[byte][]byte) {
	f.rec.Device.Institution = f.text(tags[tagInstitution])
	v := tags[tagDevice]
	if len(v) < 36 {
		return
	}
	f.rec.Device.Model = f.text(v[8:14])
	var strs []string // analysing program, serial number, system software, SCP software, manufacturer
	for rest := v[36:]; len(rest) > 0 && len(strs) < 5; {
		part, after, _ := bytes.Cut(rest, []byte{0})
		strs = append(strs, f.text(part))
		rest = after
	}
	strs = append(strs, make([]string, 5-len(strs))...)
	f.rec.Device.Serial, f.rec.Device.Firmware, f.rec.Device.Manufacturer = strs[1], strs[2], strs[4]
}

func (f *file) setStart(tags map[byte][]byte) {
	date, clock := tags[tagDate], tags[tagTime]
	if len(date) != 4 {
		return
	}
	if len(clock) != 3 {
		clock = make([]byte, 3)
	}
	c := cursor{data: date}
	start, ok := stamp.Time(int(c.u16()), int(c.u8()), int(c.u8()), int(clock[0]), int(clock[1]), float64(clock[2]))
	if !ok {
		f.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	f.rec.Start = start
	const unknownZone = 0x7FFF
	zone := cursor{data: tags[tagTimeZone]}
	if minutes := int16(zone.u16()); !zone.short && minutes != unknownZone && minutes >= -14*60 && minutes <= 14*60 {
		offset := time.Duration(minutes) * time.Minute
		f.rec.Start = start.Add(-offset).In(time.FixedZone("", int(offset/time.Second)))
		return
	}
	f.rec.Notef(ecg.NoteLocalTime, "the record states no time zone: the start is the device's local time")
}

func (f *file) setFilters(tags map[byte][]byte) {
	filters := &f.rec.Filters
	if v := (&cursor{data: tags[tagHighPass]}); v.left() == 2 {
		filters.HighPassHz = float64(v.u16()) / 100
	}
	if v := (&cursor{data: tags[tagLowPass]}); v.left() == 2 {
		filters.LowPassHz = float64(v.u16())
	}
	if v := tags[tagFilters]; len(v) >= 1 {
		switch {
		case v[0]&1 != 0:
			filters.NotchHz = 60
		case v[0]&2 != 0:
			filters.NotchHz = 50
		}
	}
}
