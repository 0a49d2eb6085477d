package ecg

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"unicode/utf16"
)

// Format names a file format.
type Format string

// The formats Detect tells apart.
const (
	FormatUnknown   Format = ""
	FormatSCP       Format = "scp-ecg"
	FormatAECG      Format = "hl7-aecg"
	FormatDICOM     Format = "dicom"
	FormatMFER      Format = "mfer"
	FormatEDF       Format = "edf"
	FormatMUSE      Format = "muse-xml"
	FormatPhilips   Format = "philips-xml"
	FormatHealforce Format = "healforce" // calls itself SCP-ECG and is not
	FormatWFDB      Format = "wfdb"      // by its header, the .hea file
	FormatISHNE     Format = "ishne"
	FormatContec    Format = "contec"

	FormatSchiller   Format = "schiller-xml"
	FormatELI        Format = "eli-xml" // Mortara
	FormatCardioSoft Format = "cardiosoft-xml"
	FormatZoncare    Format = "zoncare-xml"
	FormatEdan       Format = "edan"
	FormatArchive    Format = "zip"     // holds one ECG of another format
	FormatPDF        Format = "pdf"     // a drawing
	FormatPicture    Format = "picture" // JPEG or PNG
)

// DetectBytes is how much of a file's start Detect looks at.
const DetectBytes = 64 << 10

// Detect tells the format by content, never by name; head is the file's start,
// DetectBytes of it or the whole file if shorter. It returns FormatUnknown when
// nothing fits.
func Detect(head []byte) Format {
	if len(head) > DetectBytes {
		head = head[:DetectBytes]
	}
	switch {
	case len(head) >= 132 && string(head[128:132]) == "DICM":
		return FormatDICOM
	case isSCP(head):
		if isHealforce(head) {
			return FormatHealforce
		}
		return FormatSCP
	case bytes.HasPrefix(head, []byte("ISHNE1.0")):
		return FormatISHNE
	case isEDF(head):
		return FormatEDF
	case isMFER(head):
		return FormatMFER
	case isContec(head):
		return FormatContec
	case isWFDB(head):
		return FormatWFDB
	}
	return detectXML(head)
}

// isSCP: the record starts with CRC and length, then section 0, whose header
// has its own number 0 and, from version 1.3 on, "SCPECG" in the reserved bytes
// (ISO 11073-91064:2009 5.3). Older files leave those zero, so that the pointer
// of section 0 to itself has to be there: index 7, or 6 in Healforce files,
// which only resemble SCP-ECG; the parser says so, which helps more than an
// unknown format.
func isSCP(head []byte) bool {
	if len(head) < 32 || binary.LittleEndian.Uint16(head[8:]) != 0 {
		return false
	}
	if string(head[16:22]) == "SCPECG" {
		return true
	}
	length, index := binary.LittleEndian.Uint32(head[10:]), binary.LittleEndian.Uint32(head[28:])
	return string(head[16:22]) == "\x00\x00\x00\x00\x00\x00" && length >= 32 && length < 4096 &&
		binary.LittleEndian.Uint16(head[22:]) == 0 &&
		binary.LittleEndian.Uint32(head[24:]) == length && (index == 7 || index == 6)
}

// isHealforce: the pointer of section 0 to itself counts from zero, which no
// SCP-ECG record does, and the record length is no little-endian number.
func isHealforce(head []byte) bool {
	return binary.LittleEndian.Uint32(head[28:]) == 6 && binary.LittleEndian.Uint32(head[2:]) > MaxFileBytes
}

// Layout of Contec files: a case number of digits, the time as text, then
// samples of 12 bits.
const (
	contecTime    = 10
	contecSamples = 43
)

// isContec: the header's texts and the first samples of eight leads fit.
func isContec(head []byte) bool {
	if len(head) < contecSamples+16 || !contecHead.Match(head[:contecTime+20]) {
		return false
	}
	for at := contecSamples; at < contecSamples+16; at += 2 {
		if v := binary.LittleEndian.Uint16(head[at:]); v > 0xFFF && v != 0x6800 {
			return false
		}
	}
	return true
}

// contecHead is the case number, padded, and "2006-01-02 15:04:05".
var contecHead = regexp.MustCompile(`^(?s)\d{1,8}\x00{0,7}.{0,9}?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\x00$`)

// isEDF: EDF starts with "0" and seven spaces, BDF with 0xFF "BIOSEMI"; the
// header length at byte 184 is 256 for each signal and 256 more.
func isEDF(head []byte) bool {
	if len(head) < 256 {
		return false
	}
	return string(head[:8]) == "0       " || string(head[:8]) == "\xffBIOSEMI"
}

// isMFER: a file starts with the preamble tag 0x40 and "MFR", or with one of
// the definitions that writers put first (ISO 22077-1 section 5).
func isMFER(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	if head[0] == 0x40 && bytes.Contains(head[:16], []byte("MFR")) {
		return true
	}
	return head[0] == 0x01 && head[1] == 1 && head[2] <= 1 && head[3] > 1 && head[3] < 0x20 && head[4] <= 8
}

// Lines of a WFDB header: the record, then a segment or signal (header(5)).
var (
	wfdbRecord = regexp.MustCompile(`^[\w.-]{1,64}(/\d{1,4})?[ \t]+\d{1,3}([ \t]+\d[\d.eE+-]*(/\S+|\(\S+)?([ \t]+\d+([ \t]+[\d:.]+([ \t]+[\d/]+)?)?)?)?$`)
	wfdbLine   = regexp.MustCompile(`^\S{1,80}[ \t]+\d{1,12}([x:+]\d+)*([ \t]|$)`)
)

// isWFDB: a header file is text whose first two lines, comments aside, are a
// record line and a line for a segment or signal.
func isWFDB(head []byte) bool {
	seen := 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if seen == 0 && !wfdbRecord.Match(line) || seen == 1 {
			return seen == 1 && wfdbLine.Match(line)
		}
		seen++
	}
	return false
}

// detectXML looks for the root element, whatever comes before it: comments, a
// declaration, or nothing (FDA samples have no declaration).
func detectXML(head []byte) Format {
	text := widen(head)
	if !bytes.Contains(text, []byte("<")) {
		return FormatUnknown
	}
	switch root := rootElement(text); {
	case string(root) == "AnnotatedECG":
		return FormatAECG
	case string(root) == "RestingECG" || string(root) == "MuseXML":
		return FormatMUSE
	case string(root) == "restingecgdata":
		return FormatPhilips
	case string(root) == "com.xiriuz.sema.xml.schillerEDI.SchillerEDI":
		return FormatSchiller
	case string(root) == "CardiologyXML":
		return FormatCardioSoft
	case string(root) == "zqecg":
		return FormatZoncare
	case string(root) == "ECG" && bytes.Contains(text, []byte("<CHANNEL")) || string(root) == "ECG" && bytes.Contains(text, []byte("ACQUISITION_TIME")):
		return FormatELI
	}
	return FormatUnknown
}

// widen turns UTF-16 with a byte order mark into UTF-8 and drops the mark of
// UTF-8; other text stays as it is.
func widen(head []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return head[3:]
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return head
	}
	units := make([]uint16, 0, len(head)/2)
	for i := 2; i+1 < len(head); i += 2 {
		units = append(units, order.Uint16(head[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// rootElement returns the local name of the first element that opens in text.
func rootElement(text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '<')
		if i < 0 || i+1 >= len(text) {
			return nil
		}
		text = text[i+1:]
		end := ">"
		switch {
		case bytes.HasPrefix(text, []byte("!--")):
			end = "-->"
		case text[0] != '!' && text[0] != '?':
			return localName(text)
		}
		i = bytes.Index(text, []byte(end))
		if i < 0 {
			return nil
		}
		text = text[i+len(end):]
	}
}

func localName(text []byte) []byte {
	n := bytes.IndexAny(text, " \t\r\n/>")
	if n < 0 {
		return nil
	}
	name := text[:n]
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return name
}
