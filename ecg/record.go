// Package ecg holds one form for electrocardiograms of every file format:
// leads with standard names, samples in microvolts, the rate in hertz, and what
// the device said about patient, filters and measurements.
//
// It belongs to the steps arrive and parse. Package ecg/decode turns file bytes
// into a Recording; the folders below hold one parser per format. Nothing here
// measures or interprets a trace, knows the hub, or changes the bytes received.
package ecg

import "time"

// Recording is one electrocardiogram as its file states it, whatever the
// format. Whatever had to be assumed or repaired is in Notes.
type Recording struct {
	// Format says which parser read the file.
	Format Format
	// Leads are the rhythm signals in file order. All have RateHz and the same
	// number of samples, sampled at the same instants.
	Leads []Lead
	// RateHz is the sampling rate of Leads as computed from the file, so an
	// SCP interval of 1667 µs gives 599.88 and not 600.
	RateHz float64
	// Picture is the media type of a file that is a picture of an ECG and no
	// signal, such as a scan: it has no Leads, and nothing is measured on it.
	// "" for all others.
	Picture string
	// Calibration is how many samples at the end of all Leads are the device's
	// calibration pulse and no heart signal; 0 in most files.
	Calibration int
	// Start is the instant of the first sample; zero if the file has none.
	// Times without a zone are in time.UTC and Notes has NoteLocalTime.
	Start time.Time

	Patient Patient
	Device  Device
	// Groups are further signals: median beats, another rate or unit.
	Groups []Group

	// Statements are the device's own interpretation, one line each, in its
	// own words and language.
	Statements []string
	// DeviceMeasurements are the device's own global measurements by the keys
	// MeasureHR … ; absent means the device stated none.
	DeviceMeasurements map[string]float64
	// Annotations are marks on the rhythm signals in order of time: the
	// device's or, in databases, people's.
	Annotations []Annotation
	// Filters are those the device applied before storing.
	Filters Filters
	Notes   []Note
}

// Annotation is a mark on the rhythm signals.
type Annotation struct {
	Sample int    // from the first sample of Leads
	Code   string // in the format's own code, such as "N" or "V" for a beat
	Lead   string // name of the lead it is about, "" for all
	Text   string
}

// Keys of Recording.DeviceMeasurements; the unit is the last part of the name.
const (
	MeasureHR      = "hr_bpm"
	MeasureRR      = "rr_ms"
	MeasureP       = "p_ms"
	MeasurePR      = "pr_ms"
	MeasureQRS     = "qrs_ms"
	MeasureQT      = "qt_ms"
	MeasureQTc     = "qtc_ms"
	MeasurePAxis   = "p_axis_deg"
	MeasureQRSAxis = "qrs_axis_deg"
	MeasureTAxis   = "t_axis_deg"
)

// Lead is one signal. Name is a standard name (see StandardLead) when the file
// states a known lead, else the file's own words.
type Lead struct {
	Name string
	// Samples are in µV, in the unit of the Group for other signals; NaN is a
	// gap: padding, lead off or a value the device marked as invalid.
	Samples []float32
}

// Kinds of Group.
const (
	KindRhythm = "rhythm" // continuous, of another rate, length or unit than Leads
	KindMedian = "median" // one representative beat
)

// Group is a set of signals sampled together that are not part of
// Recording.Leads. Unit is "uV" for electrical signals, otherwise the file's
// unit, such as "mmHg"; empty if the file states none.
type Group struct {
	Kind   string
	RateHz float64
	Unit   string
	Leads  []Lead
}

// Patient is the identity written in the file. It must not reach log lines,
// error texts or URLs.
type Patient struct {
	ID        string
	Name      string // as in the file; DICOM carets become spaces
	Sex       string // "M", "F" or "" when unknown or neither
	BirthDate string // YYYY-MM-DD, or "" when unknown or no valid date
	Age       string // number and unit as in DICOM AS: "042Y", "003M", "010D"; else ""
}

// Device is the recording cart and where it stands, in the file's own words.
type Device struct {
	Manufacturer string
	Model        string
	Serial       string
	Firmware     string
	Institution  string
}

// Filters are corner frequencies in hertz; 0 means not stated.
type Filters struct {
	HighPassHz float64
	LowPassHz  float64
	NotchHz    float64
}

// Lead returns the rhythm lead called name, nil if there is none.
func (r *Recording) Lead(name string) *Lead {
	for i := range r.Leads {
		if r.Leads[i].Name == name {
			return &r.Leads[i]
		}
	}
	return nil
}

// Samples returns the number of samples per rhythm lead.
func (r *Recording) Samples() int {
	if len(r.Leads) == 0 {
		return 0
	}
	return len(r.Leads[0].Samples)
}

// Duration returns how long the rhythm leads last; 0 without a rate.
func (r *Recording) Duration() time.Duration {
	if r.RateHz <= 0 {
		return 0
	}
	return time.Duration(float64(r.Samples()) / r.RateHz * float64(time.Second))
}

// LocalTime says that Start has no zone and is the device's own clock.
func (r *Recording) LocalTime() bool {
	for _, n := range r.Notes {
		if n.Code == NoteLocalTime {
			return true
		}
	}
	return false
}

// SetMeasurement stores a device measurement under key, making the map first.
func (r *Recording) SetMeasurement(key string, value float64) {
	if r.DeviceMeasurements == nil {
		r.DeviceMeasurements = map[string]float64{}
	}
	r.DeviceMeasurements[key] = value
}
