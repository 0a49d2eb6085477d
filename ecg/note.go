package ecg

import "fmt"

// NoteCode names one kind of assumption or repair; it is the key of a message
// catalogue.
type NoteCode string

// Codes of Notes.
const (
	// NoteLocalTime: the file's time has no zone, it is the device's local time.
	NoteLocalTime NoteCode = "ecg.local_time"
	// NoteChecksum: a checksum does not match its bytes, the rest is consistent.
	NoteChecksum NoteCode = "ecg.checksum"
	// NoteLength: stated and stored number of samples differ; the stored is used.
	NoteLength NoteCode = "ecg.length"
	// NoteRate: the stated sampling interval was replaced by a plausible one.
	NoteRate NoteCode = "ecg.rate_assumed"
	// NoteDate: a date or time is impossible and was left out.
	NoteDate NoteCode = "ecg.date_invalid"
	// NoteCharset: the text's character set is not declared and was inferred.
	NoteCharset NoteCode = "ecg.charset_assumed"
	// NoteLead: a lead has no or an unknown identity.
	NoteLead NoteCode = "ecg.lead_unknown"
	// NoteUnlabelled: no signal says that it is an ECG.
	NoteUnlabelled NoteCode = "ecg.unlabelled"
	// NoteDuplicateLead: two signals have the same lead name.
	NoteDuplicateLead NoteCode = "ecg.lead_duplicate"
	// NoteScale: a unit or scale is missing or was inferred.
	NoteScale NoteCode = "ecg.scale_assumed"
	// NoteDialect: the file departs from its standard in a known way.
	NoteDialect NoteCode = "ecg.dialect"
	// NoteIgnored: a part of the file is damaged or unknown and was left out.
	NoteIgnored NoteCode = "ecg.part_ignored"
	// NoteRecovered: the traces were taken from a drawing.
	NoteRecovered NoteCode = "ecg.recovered"
	// NotePicture: the file is kept as a picture, see Recording.Picture.
	NotePicture NoteCode = "ecg.picture_only"
	// NoteGap: samples are marked as missing.
	NoteGap NoteCode = "ecg.gap"
	// NoteLeadOff: the device marked a lead as off while recording.
	NoteLeadOff NoteCode = "ecg.device_lead_off"
	// NoteCalibration: the trace ends with a calibration pulse, see
	// Recording.Calibration.
	NoteCalibration NoteCode = "ecg.calibration_pulse"
	// NoteImplausibleRate, NoteImplausibleAmplitude and NoteEinthoven are the
	// findings of CheckRate, CheckAmplitude and CheckEinthoven.
	NoteImplausibleRate      NoteCode = "ecg.rate_implausible"
	NoteImplausibleAmplitude NoteCode = "ecg.amplitude_implausible"
	NoteEinthoven            NoteCode = "ecg.einthoven"
)

// maxNotes bounds the notes of one recording: a damaged file may earn one per
// element.
const maxNotes = 64

// Note is one assumption or repair made while reading: a code for programs and
// an English sentence for the cart's vendor, without patient data.
type Note struct {
	Code NoteCode
	Text string
}

// Notef appends a note, unless the same note stands already or there are too
// many.
func (r *Recording) Notef(code NoteCode, format string, args ...any) {
	note := Note{Code: code, Text: fmt.Sprintf(format, args...)}
	for _, n := range r.Notes {
		if n == note {
			return
		}
	}
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, note)
	}
}

// Assumptions returns the notes about what the file leaves open or states
// wrongly and was filled in: a reader must know them to trust the trace.
func (r *Recording) Assumptions() []Note {
	var out []Note
	for _, n := range r.Notes {
		switch n.Code {
		case NoteRate, NoteScale, NoteLead, NoteDialect, NoteRecovered, NoteUnlabelled:
			out = append(out, n)
		}
	}
	return out
}
