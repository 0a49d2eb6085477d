package dicom

import (
	"bytes"
	"unicode/utf8"
)

// repair is the character set that text is shown in because the declared one
// does not fit its bytes.
type repair struct {
	kind       charsetKind // kindUTF8 or kindGB; kindNone if nothing is repaired
	confidence float64
}

// evidenceLimit bounds how many bytes of text a judgement looks at.
const evidenceLimit = 64 << 10

// Repaired tells whether the text of the data set is shown in another
// character set than the declared one, "GB18030" or "ISO_IR 192", and how sure
// that is, from 0 (nothing repaired) to 1. The stored bytes are untouched.
func (d *Dataset) Repaired() (charset string, confidence float64) {
	if d == nil {
		return "", 0
	}
	switch r := d.scope().repair; r.kind {
	case kindUTF8:
		return "ISO_IR 192", r.confidence
	case kindGB:
		return "GB18030", r.confidence
	}
	return "", 0
}

// scope is the data set whose (0008,0005) holds for d: d itself, one around
// it, or the outermost.
func (d *Dataset) scope() *Dataset {
	for d.parent != nil {
		if _, ok := d.find(SpecificCharacterSet); ok {
			return d
		}
		d = d.parent
	}
	return d
}

// judge decides once, after parsing, whether the declared character set fits
// the text of d and of the items that inherit it.
func (d *Dataset) judge(learned bool) {
	if d.scope() != d {
		return
	}
	var texts [][]byte
	left := evidenceLimit
	collectText(d, &texts, &left)
	if len(texts) == 0 {
		return
	}
	cs := d.charset()
	d.repair = judgeText(cs, texts)
	switch {
	case learned && d.repair.kind == kindNone && cs.mayHideGB() && wellFormedGB(texts):
		d.repair = repair{kindGB, enoughGB}
	case !learned && d.repair.kind == kindGB && koreanName(d):
		d.repair = repair{}
	}
}

// mayHideGB says that a writer of GB18030 may have declared the set: it is the
// default of many devices.
func (cs charset) mayHideGB() bool {
	return cs.kind == kindNone || cs.kind == kindISO2022 && (cs.g1 == latin1 || cs.g1 == none && cs.missed == none)
}

// wellFormedGB says that all high bytes pair up, no text is escaped, and no
// pair would swallow a letter in the middle of a Latin word: "René" is none.
func wellFormedGB(texts [][]byte) bool {
	for _, t := range texts {
		before := byte(' ')
		for len(t) > 0 {
			n := gbLength(t)
			if t[0] == 0x1B || n == 1 && t[0] >= 0x80 || n == 2 && isLetter(before) && isLetter(t[1]) {
				return false
			}
			before = t[n-1]
			t = t[n:]
		}
	}
	return true
}

func isLetter(c byte) bool { return isUpper(c) || c >= 'a' && c <= 'z' }

// koreanSurnames are the commonest, in KS X 1001, whose bytes are no surname
// in GBK.
const koreanSurnames = "\xB1\xE8\xC0\xCC\xB9\xDA\xC3\xD6\xC1\xA4\xB0\xAD\xC1\xB6\xC0\xB1\xC0\xE5\xC0\xD3\xC7\xD1\xBF\xC0" + // Kim Lee Park Choi …
	"\xBC\xAD\xBD\xC5\xB1\xC7\xBE\xC8\xBC\xDB\xB7\xF9\xC0\xFC\xB0\xED\xB9\xAE\xBE\xE7\xBC\xD5\xB9\xE8\xB9\xE9\xC7\xE3" // Seo Shin Kwon Ahn …

// koreanName says that a name of d is rather Korean than Chinese: it starts
// with a surname, and all its pairs are syllables. The two sets share their
// bytes, so that Korean would pass as rare Chinese characters.
func koreanName(d *Dataset) bool {
	for i := range d.Elements {
		e := &d.Elements[i]
		if e.VR != PN || len(e.Raw) < 4 || isASCII(e.Raw) {
			continue
		}
		for at := 0; at+1 < len(koreanSurnames); at += 2 {
			if string(e.Raw[:2]) == koreanSurnames[at:at+2] && onlySyllables(e.Raw) {
				return true
			}
		}
	}
	return false
}

// onlySyllables says that all high bytes pair up to Hangul of KS X 1001.
func onlySyllables(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if i+1 == len(b) || b[i] < 0xB0 || b[i] > 0xC8 || b[i+1] < 0xA1 {
			return false
		}
		i++
	}
	return true
}

// collectText gathers the values that are not plain ASCII.
func collectText(d *Dataset, texts *[][]byte, left *int) {
	for i := range d.Elements {
		e := &d.Elements[i]
		for _, item := range e.Items {
			if _, own := item.find(SpecificCharacterSet); !own {
				collectText(item, texts, left)
			}
		}
		if !e.VR.text() || isASCII(e.Raw) || *left <= 0 {
			continue
		}
		*texts = append(*texts, e.Raw)
		*left -= len(e.Raw)
	}
}

// judgeText weighs the declared set against UTF-8 and GB18030.
func judgeText(cs charset, texts [][]byte) repair {
	if bytes.IndexByte(bytes.Join(texts, nil), 0x1B) >= 0 {
		return repair{} // somebody who writes escapes knows the set
	}
	utf := weighUTF8(texts)
	switch cs.kind {
	case kindUTF8:
		if utf > 0 || allUTF8(texts) {
			return repair{}
		}
		return repairGB(weighGB(texts))
	case kindGB:
		// GB18030 text is hardly ever valid UTF-8; text that is neither stays.
		if utf >= 0.9 && weighGB(texts) < utf {
			return repair{kindUTF8, utf}
		}
		return repair{}
	case kindISO2022:
		if utf >= 0.9 {
			return repair{kindUTF8, utf}
		}
		if cs.mayHideGB() {
			return repairGB(weighGB(texts))
		}
		return repair{}
	}
	if utf > 0 {
		return repair{kindUTF8, utf}
	}
	return repairGB(weighGB(texts))
}

// enoughGB is the weight from which bytes are shown as Chinese; French or
// German text in Latin-1 stays far below it.
const enoughGB = 0.6

func repairGB(weight float64) repair {
	if weight < enoughGB {
		return repair{}
	}
	return repair{kindGB, weight}
}

func allUTF8(texts [][]byte) bool {
	for _, t := range texts {
		if !utf8.Valid(t) {
			return false
		}
	}
	return true
}

// weighUTF8 is how likely the texts are UTF-8: 0 if one of them is not, and
// rising with the number of characters, since few bytes fit by chance. A
// character cut off at the end of a value does not count against it.
func weighUTF8(texts [][]byte) float64 {
	wide := 0
	for _, t := range texts {
		for len(t) > 0 {
			r, n := utf8.DecodeRune(t)
			if r == utf8.RuneError && n == 1 {
				if utf8.FullRune(t) || wide == 0 {
					return 0
				}
				break
			}
			if n > 1 {
				wide += n - 1
			}
			t = t[n:]
		}
	}
	if wide == 0 {
		return 0
	}
	return 1 - 0.2/float64(wide)
}

// weighGB is how likely the texts are Chinese in GBK: nearly all their high
// bytes pair up to the characters that GB2312 orders by frequency of use.
func weighGB(texts [][]byte) float64 {
	var common, rare, bad float64
	for _, t := range texts {
		for len(t) > 0 {
			n := gbLength(t)
			switch {
			case t[0] < 0x80:
			case n == 1 && len(t) == 1: // cut off at the end
			case n == 1:
				bad++
			case n == 2 && t[1] < 0xA1, n == 4:
				rare++ // GBK's and GB18030's additions
			case t[0] >= 0xB0 && t[0] <= 0xD7:
				common++ // level 1 of GB2312
			case t[0] >= 0xA1 && t[0] <= 0xA3, t[0] >= 0xD8 && t[0] <= 0xF7:
				common += 0.6
				rare += 0.2 // punctuation and level 2
			default:
				rare++
			}
			t = t[n:]
		}
	}
	if common == 0 {
		return 0
	}
	share := common / (common + rare + 3*bad)
	return share * (1 - 0.3/(1+common))
}
