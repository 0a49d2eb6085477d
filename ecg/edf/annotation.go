package edf

import (
	"bytes"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/charset"
)

// maxAnnotations bounds what is kept of the marks in a file.
const maxAnnotations = 1 << 16

// readAnnotations takes the texts of the annotation signals (EDF+ 2.2.4): the
// patient's button, what a recorder or a person marked. Time-keeping marks,
// which have no text, are left out.
func (f *file) readAnnotations() error {
	first := max(f.onset(0), 0)
	record := make([]byte, f.recordBytes)
	for n := range f.records {
		if len(f.rec.Annotations) >= maxAnnotations || !f.annotated() {
			break
		}
		if err := f.record(n, record); err != nil {
			return err
		}
		for _, s := range f.signals {
			if s.annotation {
				f.take(record[s.offset:s.offset+s.samples*f.sampleBytes], first)
			}
		}
	}
	return nil
}

func (f *file) annotated() bool {
	for _, s := range f.signals {
		if s.annotation {
			return f.plus && f.rec.RateHz > 0
		}
	}
	return false
}

// take reads the lists of one record; what breaks the form is passed over.
func (f *file) take(lists []byte, first float64) {
	for list := range bytes.SplitSeq(lists, []byte{endOfTAL}) {
		parts := bytes.Split(list, []byte{endOfPart})
		stamp, _, _ := bytes.Cut(parts[0], []byte{beforeLength})
		at, ok := number(string(stamp))
		if !ok || at < first || at-first > maxOnset {
			continue
		}
		for _, part := range parts[1:] {
			text, _ := charset.Guess(part[:min(len(part), maxMarkLength)])
			text, lead, _ := strings.Cut(strings.TrimSpace(text), "@@")
			if text != "" && len(f.rec.Annotations) < maxAnnotations {
				f.rec.Annotations = append(f.rec.Annotations, ecg.Annotation{Sample: int((at-first)*f.rec.RateHz + 0.5), Text: text, Lead: lead})
			}
		}
	}
}
