// Package cardiosoft reads the XML that GE's CardioSoft exports. It is the step
// parse for such uploads: file bytes come in, an ecg.Recording goes out.
package cardiosoft

import (
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmlecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// Decode reads one document. Errors are *ecg.FormatError; a document without a
// strip wraps ecg.ErrNoSignal. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	d, err := xmlecg.Open(ecg.FormatCardioSoft, "CardiologyXML", data)
	if err != nil {
		return nil, err
	}
	for _, strip := range d.Root.All("StripData") {
		if err := readStrip(d, strip, ecg.KindRhythm); err != nil {
			return nil, err
		}
	}
	if d.Rec.Samples() == 0 {
		return nil, d.NoSignal("StripData")
	}
	measured := d.Root.Child("RestingECGMeasurements")
	if median := measured.Child("MedianSamples"); median != nil {
		if err := readStrip(d, median, ecg.KindMedian); err != nil {
			return nil, err
		}
	}
	readPatient(d)
	readExam(d)
	readMeasurements(d, measured)
	d.Rec.NameLeads()
	return d.Rec, nil
}

// readStrip reads rate, resolution and one element of numbers for each lead.
func readStrip(d *xmlecg.Document, n *xmltree.Node, kind string) error {
	waves := n.All("WaveformData")
	if len(waves) == 0 {
		return nil
	}
	rate, ok := xmlecg.Positive(n.Child("SampleRate").Text(), xmlecg.MaxRateHz)
	if unit := n.Child("SampleRate").Attr("units"); !ok || unit != "" && !strings.EqualFold(unit, "Hz") {
		return d.Fail(n, "SampleRate", "%.16q in %.16q", n.Child("SampleRate").Text(), unit)
	}
	scale, ok := xmlecg.Positive(n.Child("Resolution").Text(), 1e6)
	if unit := n.Child("Resolution").Attr("units"); !ok || !strings.EqualFold(unit, "uVperLsb") {
		return d.Fail(n, "Resolution", "%.16q in %.16q, want uVperLsb", n.Child("Resolution").Text(), unit)
	}
	if len(waves) > ecg.MaxLeads {
		return d.Fail(n, "WaveformData", "%d leads", len(waves))
	}
	var leads []ecg.Lead
	for _, w := range waves {
		samples, err := d.List(w, "WaveformData", scale)
		if err != nil {
			return err
		}
		leads = append(leads, ecg.Lead{Name: w.Attr("lead"), Samples: samples})
	}
	if err := d.Level(n, leads); err != nil {
		return err
	}
	if kind == ecg.KindRhythm && d.Rec.Leads == nil {
		d.Rec.Leads, d.Rec.RateHz = leads, rate
		return nil
	}
	d.Rec.Groups = append(d.Rec.Groups, ecg.Group{Kind: kind, RateHz: rate, Unit: "uV", Leads: leads})
	return nil
}

// date joins the elements Year, Month and Day; "" without a year.
func date(n *xmltree.Node) string {
	if n.Child("Year").Text() == "" {
		return ""
	}
	return pad(n.Child("Year").Text(), 4) + pad(n.Child("Month").Text(), 2) + pad(n.Child("Day").Text(), 2)
}

func pad(text string, width int) string {
	return strings.Repeat("0", max(0, width-len(text))) + text
}

func readPatient(d *xmlecg.Document) {
	n, p := d.Root.Child("PatientInfo"), &d.Rec.Patient
	p.ID = n.Child("PID").Text()
	p.Name = strings.TrimSpace(n.Path("Name", "FamilyName").Text() + " " + n.Path("Name", "GivenName").Text())
	p.Sex = xmlecg.Sex(n.Child("Gender").Text())
	d.Birth(date(n.Child("BirthDateTime")))
	if unit := strings.ToLower(n.Child("Age").Attr("units")); unit == "" || strings.HasPrefix(unit, "year") {
		p.Age = xmlecg.Age(n.Child("Age").Text(), "Y")
	}
}

func readExam(d *xmlecg.Document) {
	if n := d.Root.Child("ObservationDateTime"); date(n) != "" {
		d.Start(fmt.Sprintf("%s%s%s%s", date(n), pad(n.Child("Hour").Text(), 2), pad(n.Child("Minute").Text(), 2), pad(n.Child("Second").Text(), 2)))
	}
	info := d.Root.Child("ClinicalInfo")
	device := info.Child("DeviceInfo")
	d.Rec.Device = ecg.Device{Manufacturer: "GE", Model: device.Child("Desc").Text(), Firmware: device.Child("SoftwareVer").Text()}
	f := d.Root.Child("FilterSetting")
	if hertz, ok := xmlecg.Positive(f.Child("LowPass").Text(), 1e4); ok {
		d.Rec.Filters.LowPassHz = hertz
	}
	for name, hertz := range map[string]float64{"Filter50Hz": 50, "Filter60Hz": 60} {
		if strings.EqualFold(f.Child(name).Text(), "yes") {
			d.Rec.Filters.NotchHz = hertz
		}
	}
}

func readMeasurements(d *xmlecg.Document, n *xmltree.Node) {
	for name, key := range map[string]string{"VentricularRate": ecg.MeasureHR, "RRInterval": ecg.MeasureRR, "PDuration": ecg.MeasureP,
		"PQInterval": ecg.MeasurePR, "QRSDuration": ecg.MeasureQRS, "QTInterval": ecg.MeasureQT, "QTCInterval": ecg.MeasureQTc,
		"PAxis": ecg.MeasurePAxis, "RAxis": ecg.MeasureQRSAxis, "TAxis": ecg.MeasureTAxis} {
		d.Measured(key, n.Child(name).Text())
	}
	i := d.Root.Child("Interpretation")
	for _, s := range append(i.Child("Diagnosis").All("DiagnosisText"), i.Child("Conclusion").All("ConclusionText")...) {
		if text := s.Text(); text != "" {
			d.Rec.Statements = append(d.Rec.Statements, text)
		}
	}
}
