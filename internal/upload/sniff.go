package upload

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
)

// form is what a file is, by its content.
type form int

const (
	unknownForm form = iota
	emptyForm
	dicomForm
	dicomdirForm // a CD's table of contents (PS3.10 section 8): its files come by themselves
	ecgForm
	zipForm
	pictureForm // a picture or PDF: an ECG where a person says so
	otherForm   // certainly no exam: programs, documents
)

// mediaDirectory is the SOP class of a DICOMDIR (PS3.4 annex I).
var mediaDirectory = []byte("1.2.840.10008.1.3.10")

// sniff tells what a file of a name and size is; head is its start,
// ecg.DetectBytes of it or the whole file if shorter.
func sniff(name string, head []byte) form {
	switch {
	case len(head) == 0:
		return emptyForm
	case len(head) >= 132 && string(head[128:132]) == "DICM":
		if isDirectory(head) {
			return dicomdirForm
		}
		return dicomForm
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipForm
	case ecg.Detect(head) != ecg.FormatUnknown:
		return ecgForm
	case bareDataset(head):
		return dicomForm
	case isPicture(head):
		return pictureForm
	case notMedical(name, head):
		return otherForm
	}
	return unknownForm
}

func isDirectory(head []byte) bool {
	i := bytes.Index(head[:min(len(head), 1024)], mediaDirectory)
	if i < 0 {
		return false
	}
	end := i + len(mediaDirectory)
	return end == len(head) || head[end] == 0 || head[end] == 2 // padding, or the next element of group 2
}

// bareDataset reports a data set without preamble: old exports begin with
// group 2 or 8, little or big endian.
func bareDataset(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		group, element := order.Uint16(head), order.Uint16(head[2:])
		if (group == 2 || group == 8) && element <= 0x0100 {
			return true
		}
	}
	return string(head[:4]) == "DICM"
}

// isPicture: pictures and PDFs in which an ECG may come.
func isPicture(head []byte) bool {
	f := decode.Detect(head)
	return f == ecg.FormatPicture || f == ecg.FormatPDF
}

// magics start files that are certainly no exam, though CDs are full of them.
var magics = []string{"GIF8", "MZ", "\x7FELF", "MSCF", "Rar!", "7z\xBC\xAF", "\x00\x00\x01\x00", "\xD0\xCF\x11\xE0",
	"\xCA\xFE\xBA\xBE", "{\\rtf", "RIFF", "OggS", "ID3", "\x1F\x8B"}

// texts are the endings of text files that come with viewers and autostarts.
var texts = []string{".txt", ".inf", ".ini", ".htm", ".html", ".css", ".js", ".json", ".md", ".bat", ".cmd", ".cfg", ".log", ".csv", ".url", ".sh", ".svg"}

func notMedical(name string, head []byte) bool {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m)) {
			return true
		}
	}
	if len(head) > 10 && string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00" { // a bitmap's reserved words
		return true
	}
	base := strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if base == ".ds_store" || base == "thumbs.db" {
		return true
	}
	ending := path.Ext(base)
	for _, e := range texts {
		if e == ending {
			return plainText(head)
		}
	}
	return false
}

func plainText(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	for i := 0; i < min(utf8.UTFMax, len(head)); i++ { // the cut may split a character
		if utf8.Valid(head[:len(head)-i]) {
			return true
		}
	}
	return !bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) // GB18030 text
}
