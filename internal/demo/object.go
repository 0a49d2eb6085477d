package demo

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
)

// SOP classes of what the demo sends.
const (
	ctImage     = "1.2.840.10008.5.1.4.1.1.2"
	dxImage     = "1.2.840.10008.5.1.4.1.1.1.1"
	usCine      = "1.2.840.10008.5.1.4.1.1.3.1"
	ecg12Lead   = "1.2.840.10008.5.1.4.1.1.9.1.1"
	demoDevices = "远诊演示设备"
)

// Tags that only radiographs made here need (PS3.3 C.8.11.3).
const (
	positionerType     dicom.Tag = 0x00181508
	pixelIntensity     dicom.Tag = 0x00281040
	pixelIntensitySign dicom.Tag = 0x00281041
)

// subject is who an exam is of and where it was made.
type subject struct {
	clinic, id, name, pinyin, sex, birth, idNumber string
	accession                                      string
	charset                                        string // GB18030 or ISO_IR 192
	at                                             time.Time
}

// base is what all objects of a study have in common.
func base(s subject, study, class, modality, description string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, s.charset)
	d.SetText(dicom.SOPClassUID, class)
	d.SetText(dicom.SOPInstanceUID, dicom.NewUID())
	d.SetText(dicom.StudyInstanceUID, study)
	d.SetName(dicom.PatientName, dicom.PersonName{Alphabetic: s.pinyin, Ideographic: s.name})
	d.SetText(dicom.PatientID, s.id)
	d.SetText(dicom.PatientSex, s.sex)
	d.SetText(dicom.PatientBirthDate, s.birth)
	d.SetText(dicom.AccessionNumber, s.accession)
	d.SetText(dicom.StudyID, "1")
	d.SetText(dicom.ReferringPhysicianName)
	d.SetText(dicom.StudyDate, s.at.Format("20060102"))
	d.SetText(dicom.StudyTime, s.at.Format("150405"))
	d.SetText(dicom.SeriesDate, s.at.Format("20060102"))
	d.SetText(dicom.SeriesTime, s.at.Format("150405"))
	d.SetText(dicom.ContentDate, s.at.Format("20060102"))
	d.SetText(dicom.ContentTime, s.at.Format("150405"))
	d.SetText(dicom.Modality, modality)
	d.SetText(dicom.StudyDescription, description)
	d.SetText(dicom.SeriesDescription, description)
	d.SetText(dicom.Manufacturer, demoDevices)
	d.SetText(dicom.ManufacturerModelName, "YZ-"+modality)
	d.SetText(dicom.DeviceSerialNumber, "DEMO-"+s.clinic)
	d.SetText(dicom.SoftwareVersions, "1.0")
	d.SetText(dicom.InstitutionName, s.clinic)
	return d
}

// grey sets the pixel attributes of a one-sample image.
func grey(d *dicom.Dataset, rows, cols int, photometric string, pixels []byte) {
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetText(dicom.PhotometricInterpretation, photometric)
	d.SetInts(dicom.Rows, int64(rows))
	d.SetInts(dicom.Columns, int64(cols))
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetInts(dicom.BitsStored, 12)
	d.SetInts(dicom.HighBit, 11)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetRaw(dicom.PixelData, dicom.OW, pixels)
}

// ctSeries makes a chest CT of n slices.
func ctSeries(s subject, n int, seed uint64) []object {
	study, series, frame := dicom.NewUID(), dicom.NewUID(), dicom.NewUID()
	body := thorax(seed, true)
	out := make([]object, 0, n)
	for i := range n {
		z := 120 - 240*float64(i)/float64(n)
		d := base(s, study, ctImage, "CT", "胸部CT平扫")
		d.SetText(dicom.SeriesInstanceUID, series)
		d.SetText(dicom.FrameOfReferenceUID, frame)
		d.SetText(dicom.PositionReferenceIndicator)
		d.SetText(dicom.ImageType, "ORIGINAL", "PRIMARY", "AXIAL")
		d.SetText(dicom.BodyPartExamined, "CHEST")
		d.SetText(dicom.PatientPosition, "HFS")
		d.SetInts(dicom.SeriesNumber, 1)
		d.SetInts(dicom.AcquisitionNumber, 1)
		d.SetInts(dicom.InstanceNumber, int64(i+1))
		d.SetFloats(dicom.ImagePositionPatient, -ctSize/2*ctPixelMM, -ctSize/2*ctPixelMM, z)
		d.SetFloats(dicom.ImageOrientationPatient, 1, 0, 0, 0, 1, 0)
		d.SetFloats(dicom.PixelSpacing, ctPixelMM, ctPixelMM)
		d.SetFloats(dicom.SliceThickness, 5)
		d.SetFloats(dicom.SliceLocation, z)
		d.SetFloats(dicom.KVP, 120)
		d.SetFloats(dicom.RescaleIntercept, -ctOffset)
		d.SetFloats(dicom.RescaleSlope, 1)
		d.SetText(dicom.RescaleType, "HU")
		d.SetFloats(dicom.WindowCenter, 40)
		d.SetFloats(dicom.WindowWidth, 400)
		grey(d, ctSize, ctSize, "MONOCHROME2", ctSlice(body, z, seed))
		out = append(out, object{d, dicom.ExplicitVRLittleEndian})
	}
	return out
}

// radiograph makes a chest radiograph; inverted stores it as MONOCHROME1.
func radiograph(s subject, seed uint64, f finding, inverted bool) object {
	d := base(s, dicom.NewUID(), dxImage, "DX", "胸部正位DR")
	d.SetText(dicom.SeriesInstanceUID, dicom.NewUID())
	d.SetText(dicom.ImageType, "ORIGINAL", "PRIMARY")
	d.SetText(dicom.BodyPartExamined, "CHEST")
	d.SetText(dicom.ViewPosition, "PA")
	d.SetRaw(positionerType, dicom.CS, nil)
	d.SetText(dicom.ImageLaterality, "U")
	d.SetText(dicom.PatientOrientation, "L", "F")
	d.SetInts(dicom.SeriesNumber, 1)
	d.SetInts(dicom.InstanceNumber, 1)
	d.SetText(dicom.PresentationIntentType, "FOR PRESENTATION")
	d.SetFloats(dicom.ImagerPixelSpacing, dxMM, dxMM)
	d.SetText(dicom.DetectorType, "DIRECT")
	d.SetText(pixelIntensity, "LOG")
	d.SetText(dicom.BurnedInAnnotation, "NO")
	d.SetText(dicom.LossyImageCompression, "00")
	d.SetFloats(dicom.RescaleIntercept, 0)
	d.SetFloats(dicom.RescaleSlope, 1)
	d.SetText(dicom.RescaleType, "US")
	d.SetFloats(dicom.WindowCenter, 1500)
	d.SetFloats(dicom.WindowWidth, 2600)
	region := dicom.New()
	region.SetText(dicom.CodeValue, "51185008")
	region.SetText(dicom.CodingSchemeDesignator, "SCT")
	region.SetText(dicom.CodeMeaning, "Chest")
	d.SetItems(dicom.AnatomicRegionSequence, region)
	d.SetItems(dicom.AcquisitionContextSequence)
	sign, photometric, shape := int64(1), "MONOCHROME2", "IDENTITY"
	pixels := chest(seed, f)
	if inverted {
		sign, photometric, shape = -1, "MONOCHROME1", "INVERSE"
		for i := 0; i < len(pixels); i += 2 {
			binary.LittleEndian.PutUint16(pixels[i:], 4095-binary.LittleEndian.Uint16(pixels[i:]))
		}
		d.SetFloats(dicom.WindowCenter, 2595)
	}
	d.SetInts(pixelIntensitySign, sign)
	d.SetText(dicom.PresentationLUTShape, shape)
	grey(d, dxRows, dxCols, photometric, pixels)
	return object{d, dicom.ExplicitVRLittleEndian}
}

// cine makes an ultrasound loop of JPEG frames.
func cine(s subject, seed uint64) (object, error) {
	frames, err := heartbeat(seed)
	if err != nil {
		return object{}, err
	}
	d := base(s, dicom.NewUID(), usCine, "US", "超声心动图")
	d.SetText(dicom.SeriesInstanceUID, dicom.NewUID())
	d.SetText(dicom.ImageType, "ORIGINAL", "PRIMARY")
	d.SetText(dicom.BodyPartExamined, "HEART")
	d.SetText(dicom.PatientOrientation)
	d.SetInts(dicom.SeriesNumber, 1)
	d.SetInts(dicom.InstanceNumber, 1)
	d.SetInts(dicom.SamplesPerPixel, 3)
	d.SetText(dicom.PhotometricInterpretation, "YBR_FULL_422")
	d.SetInts(dicom.PlanarConfiguration, 0)
	d.SetInts(dicom.NumberOfFrames, usFrames)
	d.SetFloats(dicom.FrameTime, 40)
	d.SetRaw(dicom.FrameIncrementPointer, dicom.AT, []byte{0x18, 0x00, 0x63, 0x10}) // (0018,1063)
	d.SetInts(dicom.Rows, usRows)
	d.SetInts(dicom.Columns, usCols)
	d.SetInts(dicom.BitsAllocated, 8)
	d.SetInts(dicom.BitsStored, 8)
	d.SetInts(dicom.HighBit, 7)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetText(dicom.LossyImageCompression, "01")
	d.SetText(dicom.LossyImageCompressionMethod, "ISO_10918_1")
	d.SetFloats(dicom.LossyImageCompressionRatio, 12)
	d.SetFrames(dicom.PixelData, frames)
	return object{d, dicom.JPEGBaseline8Bit}, nil
}

// leadCodes are the MDC codes of the twelve leads (PS3.16 CID 3001).
var leadCodes = map[string]string{"I": "2:1", "II": "2:2", "V1": "2:3", "V2": "2:4", "V3": "2:5", "V4": "2:6", "V5": "2:7", "V6": "2:8",
	"III": "2:61", "aVR": "2:62", "aVL": "2:63", "aVF": "2:64"}

// uvPerCount is the sensitivity of the ECGs made here.
const uvPerCount = 2.5

// ecgObject stores a recording as a 12-lead ECG object (PS3.3 A.34.3).
func ecgObject(s subject, rec *ecg.Recording) object {
	d := base(s, dicom.NewUID(), ecg12Lead, "ECG", "十二导联心电图")
	d.SetText(dicom.SeriesInstanceUID, dicom.NewUID())
	d.SetInts(dicom.SeriesNumber, 1)
	d.SetInts(dicom.InstanceNumber, 1)
	d.SetText(dicom.AcquisitionDateTime, s.at.Format("20060102150405"))
	d.SetItems(dicom.AcquisitionContextSequence)
	group := dicom.New()
	group.SetText(dicom.WaveformOriginality, "ORIGINAL")
	group.SetInts(dicom.NumberOfWaveformChannels, int64(len(rec.Leads)))
	group.SetInts(dicom.NumberOfWaveformSamples, int64(rec.Samples()))
	group.SetFloats(dicom.SamplingFrequency, rec.RateHz)
	channels := make([]*dicom.Dataset, len(rec.Leads))
	data := make([]byte, 2*len(rec.Leads)*rec.Samples())
	for i, lead := range rec.Leads {
		channels[i] = channel(lead.Name)
		for n, v := range lead.Samples {
			count := int16(-32768) // the padding value: no signal
			if !math.IsNaN(float64(v)) {
				count = int16(math.Round(float64(v) / uvPerCount))
			}
			binary.LittleEndian.PutUint16(data[2*(n*len(rec.Leads)+i):], uint16(count))
		}
	}
	group.SetItems(dicom.ChannelDefinitionSequence, channels...)
	group.SetInts(dicom.WaveformBitsAllocated, 16)
	group.SetText(dicom.WaveformSampleInterpretation, "SS")
	group.SetRaw(dicom.WaveformPaddingValue, dicom.OW, []byte{0x00, 0x80})
	group.SetRaw(dicom.WaveformData, dicom.OW, data)
	d.SetItems(dicom.WaveformSequence, group)
	return object{d, dicom.ExplicitVRLittleEndian}
}

func channel(lead string) *dicom.Dataset {
	code := func(value, scheme, meaning string) *dicom.Dataset {
		c := dicom.New()
		c.SetText(dicom.CodeValue, value)
		c.SetText(dicom.CodingSchemeDesignator, scheme)
		c.SetText(dicom.CodeMeaning, meaning)
		return c
	}
	ch := dicom.New()
	ch.SetText(dicom.ChannelLabel, lead)
	ch.SetItems(dicom.ChannelSourceSequence, code(leadCodes[lead], "MDC", "Lead "+lead))
	ch.SetFloats(dicom.ChannelSensitivity, uvPerCount)
	ch.SetItems(dicom.ChannelSensitivityUnitsSequence, code("uV", "UCUM", "microvolt"))
	ch.SetFloats(dicom.ChannelSensitivityCorrectionFactor, 1)
	ch.SetFloats(dicom.ChannelBaseline, 0)
	ch.SetFloats(dicom.ChannelSampleSkew, 0)
	ch.SetInts(dicom.WaveformBitsStored, 16)
	ch.SetFloats(dicom.FilterLowFrequency, 0.05)
	ch.SetFloats(dicom.FilterHighFrequency, 150)
	return ch
}

// object is a data set with the syntax it is sent in.
type object struct {
	data   *dicom.Dataset
	syntax dicom.TransferSyntax
}

// aECG writes a recording as an HL7 annotated ECG (HL7 V3 aECG, 2003).
func aECG(s subject, rec *ecg.Recording) []byte {
	var b strings.Builder
	stamp := s.at.Format("20060102150405")
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`)
	b.WriteString(`<id root="` + strings.TrimPrefix(dicom.NewUID(), "2.25.") + `"/><code code="93000" codeSystem="2.16.840.1.113883.6.12"/>`)
	b.WriteString(`<effectiveTime><low value="` + stamp + `"/><high value="` + s.at.Add(rec.Duration()).Format("20060102150405") + `"/></effectiveTime>`)
	b.WriteString(`<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject><id extension="` + s.id + `"/><subjectDemographicPerson><name>` + s.name +
		`</name><administrativeGenderCode code="` + s.sex + `" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="` + s.birth + `"/></subjectDemographicPerson></trialSubject></subject>` +
		`<componentOf><clinicalTrial><id root="1.3.6.1.4.1.99999.1" extension="demo"/></clinicalTrial></componentOf></subjectAssignment></componentOf></timepointEvent></componentOf>`)
	b.WriteString(`<component><series><code code="RHYTHM" codeSystem="2.16.840.1.113883.5.4"/><effectiveTime><low value="` + stamp + `"/></effectiveTime><component><sequenceSet>`)
	b.WriteString(`<component><sequence><code code="TIME_ABSOLUTE" codeSystem="2.16.840.1.113883.5.4"/><value xsi:type="GLIST_TS"><head value="` + stamp +
		`"/><increment value="0.002" unit="s"/></value></sequence></component>`)
	for _, lead := range rec.Leads {
		b.WriteString(`<component><sequence><code code="MDC_ECG_LEAD_` + strings.ToUpper(lead.Name) + `" codeSystem="2.16.840.1.113883.6.24"/><value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/><scale value="2.5" unit="uV"/><digits>`)
		for i, v := range lead.Samples {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(count(v))
		}
		b.WriteString(`</digits></value></sequence></component>`)
	}
	b.WriteString(`</sequenceSet></component></series></component></AnnotatedECG>` + "\n")
	return []byte(b.String())
}

func count(v float32) string {
	if math.IsNaN(float64(v)) {
		return "0"
	}
	n := int(math.Round(float64(v) / uvPerCount))
	if n < 0 {
		return "-" + digits(-n)
	}
	return digits(n)
}

func digits(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return digits(n/10) + string(rune('0'+n%10))
}
