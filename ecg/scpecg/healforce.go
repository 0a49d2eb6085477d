package scpecg

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
	"github.com/yuanzhen/yuanzhen/ecg/internal/stamp"
)

// Layout of Healforce files, which have the outline of SCP-ECG and little else
// of it: section pointers count from zero, dates are big-endian, checksums are
// of another kind, section 2 is of no use, and the leads are interleaved in one
// stream of 10-bit samples.
const (
	healforceLeads = 3
	quadBytes      = 6 // four samples
	quadSamples    = 4
	// The stream holds I, II, III; einthovenCounts is how far III may lie from
	// II − I on average, beyond rounding and the device's filters.
	einthovenCounts = 4
)

// DecodeHealforce reads a file of Healforce's hand-held devices, whose layout was
// found by others from files of a Prince 180D. What is not known for certain, or
// does not hold in this file, is an error. Errors are *ecg.FormatError.
func DecodeHealforce(data []byte) (*ecg.Recording, error) {
	h := &healforce{data: data, rec: &ecg.Recording{Format: ecg.FormatHealforce, Device: ecg.Device{Manufacturer: dialect.Named(dialect.Healforce).Vendor}}}
	if len(data) > ecg.MaxFileBytes || len(data) < recordHeader+sectionHeader {
		return nil, h.fail(0, "file", "%d bytes", len(data))
	}
	if err := h.split(); err != nil {
		return nil, err
	}
	h.readPatient()
	if err := h.readRhythm(); err != nil {
		return nil, err
	}
	h.rec.Notef(ecg.NoteDialect, "a Healforce file, which only resembles SCP-ECG: 10-bit samples of all leads in one stream, dates big-endian")
	h.rec.NameLeads()
	return h.rec, nil
}

// healforce is one such file; sections hold bodies without header.
type healforce struct {
	data     []byte
	rec      *ecg.Recording
	sections [knownSections][]byte
	offsets  [knownSections]int
}

func (h *healforce) fail(at int, field, format string, args ...any) error {
	return &ecg.FormatError{Format: ecg.FormatHealforce, Offset: int64(at), Field: field, Reason: fmt.Sprintf(format, args...)}
}

// split finds the sections by zero-based pointers.
func (h *healforce) split() error {
	size := int(binary.LittleEndian.Uint32(h.data[recordHeader+4:]))
	if size < sectionHeader || recordHeader+size > len(h.data) {
		return h.fail(recordHeader+4, "section 0", "%d bytes in a file of %d", size, len(h.data))
	}
	for at := recordHeader + sectionHeader; at+pointerSize <= recordHeader+size; at += pointerSize {
		number := int(binary.LittleEndian.Uint16(h.data[at:]))
		length, index := int(binary.LittleEndian.Uint32(h.data[at+2:])), int(binary.LittleEndian.Uint32(h.data[at+6:]))
		if number == 0 || number >= knownSections {
			continue
		}
		if length < sectionHeader || index < 0 || index+length > len(h.data) || int(binary.LittleEndian.Uint16(h.data[index+2:])) != number {
			return h.fail(at, "section 0", "the pointer of section %d, %d bytes at %d, does not lead to it", number, length, index)
		}
		h.sections[number], h.offsets[number] = h.data[index+sectionHeader:index+length], index+sectionHeader
	}
	return nil
}

func (h *healforce) readPatient() {
	c := cursor{data: h.sections[sectionPatient]}
	var date, clock []byte
	for c.left() > 0 {
		tag, value := c.u8(), []byte(nil)
		if length := int(c.u16()); length > 0 {
			value = c.take(length)
		}
		if c.short || value == nil {
			break
		}
		switch {
		case tag == tagPatientID:
			f := &file{rec: h.rec}
			h.rec.Patient.ID = f.text(value)
		case tag == tagDate && len(value) == 4:
			date = value
		case tag == tagTime && len(value) == 3:
			clock = value
		}
	}
	if date == nil || clock == nil {
		return
	}
	start, ok := stamp.Time(int(binary.BigEndian.Uint16(date)), int(date[2]), int(date[3]), int(clock[0]), int(clock[1]), float64(clock[2]))
	if !ok {
		h.rec.Notef(ecg.NoteDate, "the date and time of recording are impossible and were left out")
		return
	}
	h.rec.Start = start
	h.rec.Notef(ecg.NoteLocalTime, "the file states no time zone: the start is the device's local time")
}

// readRhythm reads section 6: multiplier in nanovolts, rate, one length, then
// groups of three words that hold four samples of twelve bits, the fourth in
// bits 10 to 13 of each; the two highest bits of a sample mark beats.
func (h *healforce) readRhythm() error {
	leads, body := h.sections[sectionLeads], h.sections[sectionRhythm]
	if len(leads) < 2 || len(body) < 8 {
		return h.fail(h.offsets[sectionRhythm], "section 6", "lead definitions of %d and rhythm data of %d bytes", len(leads), len(body))
	}
	known := dialect.Named(dialect.Healforce)
	nanovolts, rate := binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:])
	size := int(binary.LittleEndian.Uint16(body[6:]))
	switch {
	case leads[0] != healforceLeads:
		return h.fail(h.offsets[sectionLeads], "section 3", "%d leads; what files of other than %d mean is not known", leads[0], healforceLeads)
	case float64(rate) != known.RateHz || nanovolts == 0:
		return h.fail(h.offsets[sectionRhythm], "section 6", "multiplier %d, interval %d: not those of known files", nanovolts, rate)
	case size < quadBytes || 8+size > len(body):
		return h.fail(h.offsets[sectionRhythm]+6, "section 6", "%d bytes of samples in a section of %d", size, len(body))
	}
	columns := unpackQuads(body[8:8+size], healforceLeads)
	if off := einthoven(columns); off > einthovenCounts {
		return h.fail(h.offsets[sectionRhythm]+8, "section 6", "the leads are not I, II and III: III differs by %.1f counts from II − I", off)
	}
	h.rec.RateHz = float64(rate)
	for i, name := range known.Leads {
		samples := make([]float32, len(columns[i]))
		for k, v := range columns[i] {
			samples[k] = float32(float64(v) * float64(nanovolts) / 1000)
		}
		h.rec.Leads = append(h.rec.Leads, ecg.Lead{Name: name, Samples: samples})
	}
	known.Assume(h.rec) // what section 6 gives as interval is the rate
	return nil
}

// unpackQuads returns the samples by lead, in counts.
func unpackQuads(data []byte, leads int) [][]int {
	columns := make([][]int, leads)
	n := 0
	for ; len(data) >= quadBytes; data = data[quadBytes:] {
		var quad [quadSamples]uint16
		for i := range 3 {
			quad[i] = binary.LittleEndian.Uint16(data[2*i:])
			quad[3] |= quad[i] >> 10 & 0xF << (8 - 4*i)
		}
		for _, word := range quad {
			columns[n%leads] = append(columns[n%leads], int(word&0x3FF)-512)
			n++
		}
	}
	for i := range columns {
		columns[i] = columns[i][:n/leads]
	}
	return columns
}

// einthoven is the mean distance of III from II − I about its median.
func einthoven(columns [][]int) float64 {
	rest := make([]float64, len(columns[0]))
	for k := range rest {
		rest[k] = float64(columns[2][k] - columns[1][k] + columns[0][k])
	}
	if len(rest) == 0 {
		return math.Inf(1)
	}
	sorted := slices.Sorted(slices.Values(rest))
	middle, sum := sorted[len(sorted)/2], 0.0
	for _, r := range rest {
		sum += math.Abs(r - middle)
	}
	return sum / float64(len(rest))
}
