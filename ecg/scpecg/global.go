package scpecg

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// notMeasured is the lowest of the values that say why a number is missing
// (29999 not computed, 29998 rejected, 29997 absent); beatSize is one block of
// section 7.
const (
	notMeasured = 29997
	beatSize    = 16
)

// readGlobal reads the device's global measurements, section 7 (5.10).
// Measurements are not needed to draw, so damage is only noted.
func (f *file) readGlobal() {
	s := &f.sections[sectionGlobal]
	if s.body == nil {
		return
	}
	c := cursor{data: s.body}
	blocks, spikes := int(c.u8()), int(c.u8())
	rr := c.u16()
	c.u16() // average P-P interval
	if c.short || c.left() < beatSize*blocks {
		f.rec.Notef(ecg.NoteIgnored, "section 7 is too short for its %d measurement blocks", blocks)
		return
	}
	f.measure(ecg.MeasureRR, int(rr))
	if blocks > 0 {
		f.measureBeat(c.take(beatSize))
		c.take(beatSize * (blocks - 1))
	}
	c.take(4 * spikes) // time and amplitude
	c.take(6 * spikes) // type, source, trigger, width
	c.take(int(c.u16()))
	rate := c.u16()
	c.u16() // atrial rate
	qtc := c.u16()
	if c.short {
		f.heartRateFromRR()
		return
	}
	f.measure(ecg.MeasureHR, int(rate))
	f.measure(ecg.MeasureQTc, int(qtc))
	f.heartRateFromRR()
}

// heartRateFromRR fills the rate in where section 7 states only the interval.
func (f *file) heartRateFromRR() {
	m := f.rec.DeviceMeasurements
	if _, ok := m[ecg.MeasureHR]; ok || m[ecg.MeasureRR] <= 0 {
		return
	}
	f.rec.SetMeasurement(ecg.MeasureHR, 60000/m[ecg.MeasureRR])
}

// measureBeat turns the on- and offsets in ms of one beat into durations.
func (f *file) measureBeat(block []byte) {
	c := cursor{data: block}
	pOn, pOff, qrsOn, qrsOff, tOff := int(c.u16()), int(c.u16()), int(c.u16()), int(c.u16()), int(c.u16())
	f.interval(ecg.MeasureP, pOn, pOff)
	f.interval(ecg.MeasurePR, pOn, qrsOn)
	f.interval(ecg.MeasureQRS, qrsOn, qrsOff)
	f.interval(ecg.MeasureQT, qrsOn, tOff)
	for _, key := range []string{ecg.MeasurePAxis, ecg.MeasureQRSAxis, ecg.MeasureTAxis} {
		if degrees := int16(c.u16()); degrees >= -180 && degrees <= 360 {
			f.rec.SetMeasurement(key, float64(degrees))
		}
	}
}

func (f *file) interval(key string, from, to int) {
	if from < notMeasured && to < notMeasured && to > from {
		f.rec.SetMeasurement(key, float64(to-from))
	}
}

func (f *file) measure(key string, value int) {
	if value > 0 && value < notMeasured {
		f.rec.SetMeasurement(key, float64(value))
	}
}

// statementHead is what comes before the statements in sections 8 and 11:
// confirmed or not, date, time, number of statements.
const statementHead = 1 + 4 + 3 + 1

// readStatements reads the device's interpretation: the plain text of section
// 8, else the texts of section 11 (5.11, 5.14).
func (f *file) readStatements() {
	if f.readTexts(&f.sections[sectionStatements], false); len(f.rec.Statements) == 0 {
		f.readTexts(&f.sections[sectionUniversal], true)
	}
}

// readTexts reads numbered statements. In section 11 each has a type first: 1
// a universal code with its modifiers, 2 full text, 3 statement logic.
func (f *file) readTexts(s *section, typed bool) {
	c := cursor{data: s.body}
	c.take(statementHead - 1)
	count := int(c.u8())
	if s.body == nil || c.short {
		return
	}
	for range count {
		c.u8() // sequence number
		text := c.take(int(c.u16()))
		if c.short {
			f.rec.Notef(ecg.NoteIgnored, "a statement runs over the end of section %d", s.number)
			return
		}
		if typed {
			if len(text) == 0 || text[0] > 2 {
				continue
			}
			text = text[1:]
		}
		if line := strings.TrimSpace(f.text(text)); line != "" {
			f.rec.Statements = append(f.rec.Statements, line)
		}
	}
}
