package wfdb

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
)

// Annotation is one entry of an annotation file, annot(5).
type Annotation struct {
	Time    int64  // in frames of the record, or of RateHz where the file states one
	Symbol  string // such as "N", "V", "+" or "(": the mnemonic PhysioNet prints
	Channel int
	Subtype int
	Num     int
	Text    string
}

// Codes of an annotation file that are no annotation by themselves.
const (
	codeSkip    = 59
	codeNum     = 60
	codeSub     = 61
	codeChannel = 62
	codeText    = 63
)

// symbols are the mnemonics of the codes from 1 on; "" is not assigned.
var symbols = [...]string{1: "N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "~", 16: "|", 18: "s", "T", "*", "D", "\"",
	"=", "p", "B", "^", "t", "+", "u", "?", "!", "[", "]", "e", "n", "@", "x", "f", "(", ")", "r"}

// resolution is how a comment at time 0 states the rate of times.
const resolution = "## time resolution:"

// ReadAnnotations reads an annotation file in the MIT format. rateHz is the
// rate of the times if the file states one, else 0: they count the record's
// frames. Errors are *ecg.FormatError.
func ReadAnnotations(data []byte) (list []Annotation, rateHz float64, err error) {
	now, channel, num := int64(0), 0, 0
	for at := 0; at+2 <= len(data); {
		word := binary.LittleEndian.Uint16(data[at:])
		at += 2
		code, value := int(word>>10), int(word&0x3FF)
		if code == 0 && value == 0 {
			break
		}
		last := len(list) - 1
		switch code {
		case codeSkip:
			if at+4 > len(data) {
				return nil, 0, fail("annotations", "the file ends inside an interval")
			}
			now += int64(int32(uint32(binary.LittleEndian.Uint16(data[at:]))<<16 | uint32(binary.LittleEndian.Uint16(data[at+2:]))))
			at += 4
			continue
		case codeNum:
			if num = int(int8(value)); last >= 0 {
				list[last].Num = num
			}
			continue
		case codeSub:
			if last >= 0 {
				list[last].Subtype = int(int8(value))
			}
			continue
		case codeChannel:
			if channel = value & 0xFF; last >= 0 {
				list[last].Channel = channel
			}
			continue
		case codeText:
			if at+value > len(data) {
				return nil, 0, fail("annotations", "a text of %d bytes runs over the end of the file", value)
			}
			text, _ := charset.Guess(data[at : at+value])
			text = strings.TrimRight(text, "\x00")
			at += value + value&1
			if last < 0 {
				continue
			}
			list[last].Text = text
			if rate, ok := strings.CutPrefix(text, resolution); ok && list[last].Time == 0 {
				rateHz, _ = strconv.ParseFloat(strings.TrimSpace(rate), 64)
			}
			continue
		}
		now += int64(value)
		symbol := ""
		if code < len(symbols) {
			symbol = symbols[code]
		}
		if len(list) == maxAnnotations {
			return nil, 0, fail("annotations", "there are more than %d", maxAnnotations)
		}
		list = append(list, Annotation{Time: now, Symbol: symbol, Channel: channel, Num: num})
	}
	kept := list[:0]
	for _, a := range list {
		if a.Symbol == "\"" && strings.HasPrefix(a.Text, "## ") { // about the file, not the signal
			continue
		}
		kept = append(kept, a)
	}
	return kept, rateHz, nil
}
