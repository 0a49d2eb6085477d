// Package mfer reads MFER files: ISO 22077-1, the format of Nihon Kohden and
// Fukuda Denshi carts and monitors. It is the step parse for .mwf uploads: file
// bytes come in, an ecg.Recording goes out.
package mfer

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Tags (ISO 22077-1 annex A).
const (
	tagZero        = 0x00
	tagByteOrder   = 0x01
	tagCharset     = 0x03
	tagBlock       = 0x04
	tagChannels    = 0x05
	tagSequences   = 0x06
	tagLead        = 0x09
	tagType        = 0x0A
	tagInterval    = 0x0B
	tagSensitivity = 0x0C
	tagOffset      = 0x0D
	tagCompression = 0x0E
	tagNull        = 0x12
	tagMaker       = 0x17
	tagData        = 0x1E
	tagChannel     = 0x3F
	tagEnd         = 0x80
	tagName        = 0x81
	tagPatientID   = 0x82
	tagBirth       = 0x83
	tagSex         = 0x84
	tagTime        = 0x85
)

// maxFrames bounds the data frames of one file.
const maxFrames = 4096

// reader holds the definitions in force while the tags go by. Root definitions
// count for every channel that has none of its own.
type reader struct {
	data      []byte
	at        int
	order     binary.ByteOrder
	charset   string
	root      definition
	own       []definition
	sequences int // 0: as many as the data hold
	frames    int
	signals   []signal
	total     int
	rec       *ecg.Recording
}

// Decode reads one MFER file. Errors are *ecg.FormatError. The result shares no
// memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	r := &reader{data: data, order: binary.BigEndian, rec: &ecg.Recording{Format: ecg.FormatMFER}}
	r.root = definition{block: 1, kind: int16Samples}
	r.own = []definition{{}}
	if len(data) > ecg.MaxFileBytes {
		return nil, r.fail("file", "%d bytes are more than %d", len(data), ecg.MaxFileBytes)
	}
	for r.at < len(r.data) {
		tag, value, channel, err := r.next()
		if err != nil {
			return nil, err
		}
		if tag == tagEnd {
			break
		}
		if tag == tagChannel {
			err = r.channelAttributes(channel, value)
		} else {
			err = r.item(tag, value)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.arrange(); err != nil {
		return nil, err
	}
	r.rec.NameLeads()
	return r.rec, nil
}

func (r *reader) fail(field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatMFER, Offset: int64(r.at), Field: field, Reason: fmt.Sprintf(format, args...)}
}

// next reads tag, length and value. In a channel attribute the channel number
// stands between tag and length. Lengths above 127 say in how many bytes the
// length follows, always big-endian.
func (r *reader) next() (tag byte, value []byte, channel int, err error) {
	tag = r.data[r.at]
	r.at++
	if tag == tagChannel {
		if channel, err = r.channelNumber(); err != nil {
			return 0, nil, 0, err
		}
	}
	field := fmt.Sprintf("tag %02X", tag)
	if r.at >= len(r.data) {
		if tag == tagZero || tag == tagEnd {
			return tagEnd, nil, 0, nil
		}
		return 0, nil, 0, r.fail(field, "the file ends before the length")
	}
	length := int(r.data[r.at])
	r.at++
	if length >= 0x80 {
		n := length & 0x7F
		if n < 1 || n > 4 || r.at+n > len(r.data) {
			return 0, nil, 0, r.fail(field, "length in %d bytes", n)
		}
		length = 0
		for _, b := range r.data[r.at : r.at+n] {
			length = length<<8 | int(b)
		}
		r.at += n
	}
	if length > len(r.data)-r.at {
		return 0, nil, 0, r.fail(field, "%d bytes run over the end of the file", length)
	}
	value = r.data[r.at : r.at+length]
	r.at += length
	return tag, value, channel, nil
}

// channelNumber is one byte, or seven bits a byte with the top bit saying that
// more follow.
func (r *reader) channelNumber() (int, error) {
	n := 0
	for range 3 {
		if r.at >= len(r.data) {
			break
		}
		b := r.data[r.at]
		r.at++
		n = n<<7 | int(b&0x7F)
		if b&0x80 == 0 {
			return n, nil
		}
	}
	return 0, r.fail("tag 3F", "the channel number has no end")
}

// item handles one tag of the root.
func (r *reader) item(tag byte, value []byte) error {
	switch tag {
	case tagByteOrder:
		return r.setOrder(value)
	case tagCharset:
		r.charset = strings.TrimRight(string(value), " \x00")
	case tagChannels:
		n := int(r.unsigned(value))
		if n < 1 || n > ecg.MaxLeads {
			return r.fail("number of channels", "%d", n)
		}
		r.own = make([]definition, n)
	case tagSequences:
		r.sequences = int(r.unsigned(value))
	case tagCompression:
		if r.unsigned(value) != 0 {
			return r.fail("compression", "compressed waveforms are not read")
		}
	case tagData:
		return r.frame(value)
	case tagMaker:
		parts := strings.Split(r.text(value), "^")
		parts = append(parts, "", "", "", "")
		r.rec.Device = ecg.Device{Manufacturer: parts[0], Model: parts[1], Firmware: parts[2], Serial: parts[3]}
	case tagName, tagPatientID, tagBirth, tagSex, tagTime:
		r.patient(tag, value)
	default:
		return r.define(&r.root, tag, value)
	}
	return nil
}

func (r *reader) setOrder(value []byte) error {
	switch {
	case len(value) == 1 && value[0] == 0:
		r.order = binary.BigEndian
	case len(value) == 1 && value[0] == 1:
		r.order = binary.LittleEndian
	default:
		return r.fail("byte order", "neither 0 nor 1")
	}
	return nil
}

// text decodes by the character set in force, which may change within a file.
func (r *reader) text(value []byte) string {
	if strings.EqualFold(r.charset, "UTF-16LE") || strings.EqualFold(r.charset, "UTF-16BE") {
		value = value[:len(value)&^1]
	}
	text, ok := charset.Decode(strings.ToLower(r.charset), value)
	if !ok {
		var set string
		if text, set = charset.Guess(value); set != charset.ASCII {
			r.rec.Notef(ecg.NoteCharset, "text in %.24q was taken for %s", r.charset, set)
		}
	}
	text, _, _ = strings.Cut(text, "\x00")
	return strings.TrimSpace(text)
}

func (r *reader) patient(tag byte, value []byte) {
	p := &r.rec.Patient
	switch tag {
	case tagName:
		p.Name = strings.Join(strings.Fields(strings.ReplaceAll(r.text(value), "^", " ")), " ")
	case tagPatientID:
		p.ID = r.text(value)
	case tagSex:
		if len(value) == 1 && value[0] >= 1 && value[0] <= 2 {
			p.Sex = [...]string{1: "M", 2: "F"}[value[0]]
		}
	case tagBirth: // age in years, days beyond, birth date; FF for unknown
		if len(value) != 7 {
			return
		}
		if value[0] != 0xFF && value[0] != 0 {
			p.Age = fmt.Sprintf("%03dY", value[0])
		}
		if year := r.order.Uint16(value[3:]); year != 0xFFFF && year != 0 {
			if p.BirthDate = stamp.Date(int(year), int(value[5]), int(value[6])); p.BirthDate == "" {
				r.rec.Notef(ecg.NoteDate, "the birth date is no valid date and was left out")
			}
		}
	case tagTime:
		r.start(value)
	}
}

// start reads year, month, day, hour, minute, second, milli- and microseconds.
func (r *reader) start(value []byte) {
	if len(value) < 7 {
		return
	}
	seconds := float64(value[6])
	if len(value) >= 11 {
		seconds += float64(r.order.Uint16(value[7:]))/1e3 + float64(r.order.Uint16(value[9:]))/1e6
	}
	t, ok := stamp.Time(int(r.order.Uint16(value)), int(value[2]), int(value[3]), int(value[4]), int(value[5]), seconds)
	if !ok {
		r.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	r.rec.Start = t
	r.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
}
