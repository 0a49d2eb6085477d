package hub

import "time"

// TraceMarksID names one reader's marks on one recording.
type TraceMarksID string

// TraceMarks are what a reader measured on an ECG by hand: the boundaries of the
// median beat in ms from its R peak, and the beats whose class was changed.
// They stand beside the device's and the hub's values and never replace them;
// each saving is a row of its own.
type TraceMarks struct {
	ID         TraceMarksID
	Recording  RecordingID
	Account    AccountID
	Boundaries MarkedBounds
	Beats      []MarkedBeat
	Speed      float64 // mm/s of the drawing on which they were set
	Gain       float64 // mm/mV
	At         time.Time
}

// MarkedBounds are boundaries in ms from the R peak; nil where the reader set
// none (an absent P wave).
type MarkedBounds struct {
	POn    *float64 `json:"p_on_ms"`
	POff   *float64 `json:"p_off_ms"`
	QRSOn  *float64 `json:"qrs_on_ms"`
	QRSOff *float64 `json:"qrs_off_ms"`
	TEnd   *float64 `json:"t_end_ms"`
}

// MarkedBeat is a beat as the reader sees it.
type MarkedBeat struct {
	Sample int    `json:"sample"` // of the R peak, from the first sample
	Class  string `json:"class"`  // dominant, ventricular, supraventricular, paced, artefact, other
}
