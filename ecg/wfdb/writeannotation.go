package wfdb

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
)

// Limits of an annotation file: the longest interval one word holds and the
// longest text.
const (
	longestStep = 1023
	longestText = 1023
)

// noteSymbol is the code of a comment, which may have any text.
const noteSymbol = "\""

// annotations writes the marks in the MIT format, annot(5), in order of time. A
// mark whose code is no mnemonic becomes a comment with the code as its text.
func (e *encoder) annotations() []byte {
	var out []byte
	word := func(code, value int) { out = binary.LittleEndian.AppendUint16(out, uint16(code<<10|value)) }
	now, channel := 0, 0
	for _, a := range e.rec.Annotations {
		text := loss.Line(a.Text)
		code := codeOf(a.Code)
		if code == 0 {
			code, text = codeOf(noteSymbol), strings.TrimSpace(a.Code+" "+text)
			e.notes.Addf(ecg.NoteNotWritten, "marks of a kind WFDB lacks are written as comments")
		}
		step := a.Sample - now
		if step < 0 || step > longestStep {
			word(codeSkip, 0)
			out = binary.LittleEndian.AppendUint16(out, uint16(uint32(int32(step))>>16))
			out = binary.LittleEndian.AppendUint16(out, uint16(step))
			step = 0
		}
		word(code, step)
		now = a.Sample
		if c := e.channel(a.Lead); c != channel {
			word(codeChannel, c)
			channel = c
		}
		if text = strings.ToValidUTF8(text[:min(len(text), longestText)], ""); text != "" {
			word(codeText, len(text))
			out = append(out, text...)
			if len(text)%2 != 0 {
				out = append(out, 0)
			}
		}
	}
	return append(out, 0, 0)
}

// codeOf is the number of a mnemonic, 0 if there is none.
func codeOf(symbol string) int {
	for code, s := range symbols {
		if s == symbol && s != "" {
			return code
		}
	}
	return 0
}

// channel is the signal called lead; 0 for a mark on all.
func (e *encoder) channel(lead string) int {
	for i, t := range e.tracks {
		if t.name == lead && i <= math.MaxUint8 {
			return i
		}
	}
	return 0
}
