package dicomwave

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/loss"
)

// SOP classes of electrocardiograms (PS3.4 B.5).
const (
	TwelveLeadECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
	GeneralECG    = "1.2.840.10008.5.1.4.1.1.9.1.2"
	AmbulatoryECG = "1.2.840.10008.5.1.4.1.1.9.1.3"
	GeneralECG32  = "1.2.840.10008.5.1.4.1.1.9.1.4"
)

// What the objects may hold (PS3.3 A.34.3.4, A.34.4.4, A.34.5.4).
const (
	maxTwelveLeadSamples  = 16384
	maxTwelveLeadChannels = 13
	maxGeneralChannels    = 24
	maxAmbulatoryChannels = 12
	leastHz, mostHz       = 200, 1000 // of 12-lead and general objects
	ambulatoryHz          = 50        // the least of ambulatory ones
	ambulatorySeconds     = 600       // from where on a recording is a long one
	longestValue          = 1 << 32   // bytes of Waveform Data
)

// Encode writes rec as a DICOM file in explicit VR little endian with text in
// UTF-8: as 12-lead ECG where the twelve standard leads fit one, as ambulatory
// ECG where it lasts ten minutes, else as general ECG, and with 32-bit samples
// where its rate is beyond 1000 Hz. A median group follows the rhythm. Study,
// series and instance get new UIDs.
//
// It returns what the object could not hold. Errors are *ecg.FormatError and
// those of w.
func Encode(w io.Writer, rec *ecg.Recording) ([]ecg.Note, error) {
	if err := loss.Writable(ecg.FormatDICOM, rec); err != nil {
		return nil, err
	}
	e := &encoder{rec: rec, d: dicom.New()}
	if err := e.choose(); err != nil {
		return nil, err
	}
	e.identity()
	e.equipment()
	if err := e.times(time.Now()); err != nil {
		return nil, err
	}
	e.waveforms()
	e.annotations()
	err := dicom.WriteFile(w, dicom.FileMeta{SOPClassUID: e.class, SOPInstanceUID: e.d.Text(dicom.SOPInstanceUID),
		Syntax: dicom.ExplicitVRLittleEndian}, e.d)
	return e.notes, err
}

// encoder holds one recording while it is written.
type encoder struct {
	rec   *ecg.Recording
	d     *dicom.Dataset
	notes loss.Notes
	class string
	wide  bool // samples of 32 bits
}

// choose picks the SOP class.
func (e *encoder) choose() error {
	rec, n := e.rec, len(e.rec.Leads)
	usual := rec.RateHz >= leastHz && rec.RateHz <= mostHz
	switch {
	case n > maxGeneralChannels:
		return loss.Refuse(ecg.FormatDICOM, "NumberOfWaveformChannels (003A,0005)", "%d leads, an ECG object has at most %d", n, maxGeneralChannels)
	case rec.RateHz > mostHz:
		e.class, e.wide = GeneralECG32, true
	case rec.RateHz >= ambulatoryHz && n <= maxAmbulatoryChannels && (rec.Duration() >= ambulatorySeconds*time.Second || rec.RateHz < leastHz):
		e.class = AmbulatoryECG
	case !usual:
		e.class, e.wide = GeneralECG32, true
	case e.twelve() && rec.Samples() <= maxTwelveLeadSamples:
		e.class = TwelveLeadECG
	default:
		e.class = GeneralECG
	}
	if bytes := float64(rec.Samples()) * float64(n) * float64(e.sampleBytes()); bytes >= longestValue {
		return loss.Refuse(ecg.FormatDICOM, "WaveformData (5400,1010)", "%.0f bytes are beyond one element", bytes)
	}
	return nil
}

// twelve says that the leads are the twelve standard ones, each once, with at
// most one more.
func (e *encoder) twelve() bool {
	names := map[string]int{}
	for _, l := range e.rec.Leads {
		names[l.Name]++
	}
	for _, name := range ecg.StandardLeads() {
		if names[name] != 1 {
			return false
		}
	}
	return len(e.rec.Leads) <= maxTwelveLeadChannels
}

func (e *encoder) sampleBytes() int {
	if e.wide {
		return 4
	}
	return 2
}

// identity writes the patient, study, series and SOP common modules.
func (e *encoder) identity() {
	d, p := e.d, e.rec.Patient
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	d.SetText(dicom.SOPClassUID, e.class)
	for _, t := range []dicom.Tag{dicom.SOPInstanceUID, dicom.StudyInstanceUID, dicom.SeriesInstanceUID} {
		d.SetText(t, dicom.NewUID())
	}
	d.SetName(dicom.PatientName, personName(p.Name))
	d.SetText(dicom.PatientID, e.value("the patient's number", p.ID, 64))
	d.SetText(dicom.PatientBirthDate, strings.ReplaceAll(p.BirthDate, "-", ""))
	d.SetText(dicom.PatientSex, p.Sex)
	if p.Age != "" {
		d.SetText(dicom.PatientAge, p.Age)
	}
	for _, t := range []dicom.Tag{dicom.ReferringPhysicianName, dicom.AccessionNumber, dicom.StudyID} {
		d.SetText(t)
	}
	d.SetText(dicom.Modality, "ECG")
	d.SetInts(dicom.SeriesNumber, 1)
	d.SetInts(dicom.InstanceNumber, 1)
	d.SetItems(dicom.AcquisitionContextSequence)
}

// personName puts a name of Chinese characters into the ideographic group and
// takes the first word of any other for the family name.
func personName(name string) dicom.PersonName {
	name = strings.Join(strings.Fields(strings.NewReplacer("\\", " ", "=", " ", "^", " ").Replace(loss.Line(name))), " ")
	name = strings.ToValidUTF8(name[:min(len(name), 64)], "")
	for _, r := range name {
		if r > 0x2E7F { // CJK begins
			return dicom.PersonName{Ideographic: strings.Replace(name, " ", "^", 1)}
		}
	}
	return dicom.PersonName{Alphabetic: strings.Replace(name, " ", "^", 1)}
}

// equipment names the device; the manufacturer may be empty, not absent.
func (e *encoder) equipment() {
	dev := e.rec.Device
	e.d.SetText(dicom.Manufacturer, e.value("the manufacturer", dev.Manufacturer, 64))
	for _, v := range []struct {
		tag        dicom.Tag
		what, text string
	}{{dicom.ManufacturerModelName, "the model", dev.Model}, {dicom.DeviceSerialNumber, "the serial number", dev.Serial},
		{dicom.SoftwareVersions, "the firmware", dev.Firmware}, {dicom.InstitutionName, "the institution", dev.Institution}} {
		if v.text != "" {
			e.d.SetText(v.tag, e.value(v.what, v.text, 64))
		}
	}
}

// value makes text fit an element: one value of at most some characters.
func (e *encoder) value(what, text string, most int) string {
	text = strings.ReplaceAll(loss.Line(text), "\\", "/")
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	e.notes.Addf(ecg.NoteNotWritten, "%s is cut to %d characters", what, most)
	return string(runes[:most])
}

// times writes the dates; every object has an acquisition time, and one without
// gets now, the time of writing, which the series says.
func (e *encoder) times(now time.Time) error {
	start := e.rec.Start
	zone := ""
	switch {
	case start.IsZero():
		start = now.Truncate(time.Second)
		e.d.SetText(dicom.SeriesDescription, "Time of recording unknown, time of conversion given")
		e.notes.Addf(ecg.NoteStandIn, "the recording states no time: the object has the time of conversion, and its series description says so")
	case !e.rec.LocalTime():
		zone = start.Format("-0700")
		e.d.SetText(dicom.TimezoneOffsetFromUTC, zone)
	}
	if start.Year() < 1 || start.Year() > 9999 {
		return loss.Refuse(ecg.FormatDICOM, "AcquisitionDateTime (0008,002A)", "the year %d", start.Year())
	}
	e.d.SetText(dicom.AcquisitionDateTime, start.Format("20060102150405.000000")+zone)
	for _, v := range []struct{ date, clock dicom.Tag }{{dicom.StudyDate, dicom.StudyTime}, {dicom.ContentDate, dicom.ContentTime}} {
		e.d.SetText(v.date, start.Format("20060102"))
		e.d.SetText(v.clock, start.Format("150405.000000"))
	}
	return nil
}

// decimal writes a number as DS, which has 16 characters.
func decimal(v float64) string {
	for digits := 16; digits > 0; digits-- {
		if text := strconv.FormatFloat(v, 'g', digits, 64); len(text) <= 16 {
			if digits == 16 && len(strconv.FormatFloat(v, 'g', -1, 64)) <= 16 {
				return strconv.FormatFloat(v, 'g', -1, 64)
			}
			return text
		}
	}
	return strconv.FormatFloat(math.Round(v), 'g', 8, 64)
}
