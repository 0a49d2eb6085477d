// Package charset turns the text bytes of ECG files into UTF-8. Carts declare
// their character set seldom and wrongly, so that undeclared text is judged by
// its bytes.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Names of the sets Guess tells apart.
const (
	ASCII   = "us-ascii"
	UTF8    = "utf-8"
	GB18030 = "gb18030"
	Latin1  = "iso-8859-1"
)

// Guess returns text as UTF-8 and the set it was taken for: ASCII, UTF-8 if it
// is valid as such, GB18030 (which includes GB2312 and GBK) if it looks
// Chinese, else Latin-1.
func Guess(text []byte) (utf string, set string) {
	switch {
	case isASCII(text):
		return string(text), ASCII
	case utf8.Valid(text):
		return string(text), UTF8
	case looksChinese(text):
		if out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text); err == nil {
			return string(out), GB18030
		}
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(text)
	if err != nil {
		return strings.ToValidUTF8(string(text), "\uFFFD"), Latin1
	}
	return string(out), Latin1
}

// Decode returns text as UTF-8 from the set called label, one of the names the
// WHATWG encoding standard lists; ok is false for other names and for text that
// is not of that set.
func Decode(label string, text []byte) (utf string, ok bool) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return "", false
	}
	// GB18030 holds every GBK character and more; carts that say GB2312 use both.
	name, _ := htmlindex.Name(enc)
	if name == "gbk" {
		enc = simplifiedchinese.GB18030
	}
	if strings.HasPrefix(name, "utf-16") || bytes.IndexByte(text, escape) >= 0 { // sets that do not begin with ASCII, or have shifts
		out, err := enc.NewDecoder().Bytes(text)
		return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
	}
	return decodePieces(enc, text)
}

// escape begins a shift in the sets of ISO 2022.
const escape = 0x1B

// pieceEnd is no part of a character of several bytes in any set.
const pieceEnd = '>'

// decodePieces decodes only pieces that hold more than ASCII: most of an ECG is
// digits.
func decodePieces(enc encoding.Encoding, text []byte) (utf string, ok bool) {
	out := make([]byte, 0, len(text)+len(text)/8)
	for len(text) > 0 {
		end := bytes.IndexByte(text, pieceEnd) + 1
		if end == 0 {
			end = len(text)
		}
		piece := text[:end]
		text = text[end:]
		if isASCII(piece) {
			out = append(out, piece...)
			continue
		}
		decoded, err := enc.NewDecoder().Bytes(piece)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return "", false
		}
		out = append(out, decoded...)
	}
	return string(out), true
}

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// looksChinese: in GBK every high byte starts a pair, and in ordinary text most
// pairs are of the GB2312 core, both bytes high. In European Latin-1 text high
// bytes stand alone, between ASCII letters.
func looksChinese(text []byte) bool {
	core, other := 0, 0
	for i := 0; i < len(text); i++ {
		if text[i] < 0x80 {
			continue
		}
		if i+1 >= len(text) {
			return false
		}
		lead, trail := text[i], text[i+1]
		i++
		switch {
		case lead >= 0xA1 && lead <= 0xF7 && trail >= 0xA1 && trail <= 0xFE:
			core++
		case lead >= 0x81 && lead <= 0xFE && trail >= 0x40 && trail != 0x7F && trail != 0xFF:
			other++
		default:
			return false
		}
	}
	return core > 0 && core >= other
}
