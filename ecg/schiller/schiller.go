// Package schiller reads the XML that Schiller's SEMA software exports. It is
// the step parse for such uploads: file bytes come in, an ecg.Recording goes
// out.
package schiller

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmlecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// root is the name of the document element, a class of the software.
const root = "com.xiriuz.sema.xml.schillerEDI.SchillerEDI"

// Decode reads one document. Errors are *ecg.FormatError; a document without
// rhythm wraps ecg.ErrNoSignal. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	d, err := xmlecg.Open(ecg.FormatSchiller, root, data)
	if err != nil {
		return nil, err
	}
	readPatient(d)
	readExam(d)
	for _, event := range d.Root.Child("eventdata").All("event") {
		for _, wave := range event.All("wavedata") {
			if err := readWave(d, wave); err != nil {
				return nil, err
			}
		}
		readMeasurements(d, event)
	}
	if d.Rec.Samples() == 0 {
		return nil, d.NoSignal("wavedata")
	}
	d.Rec.NameLeads()
	return d.Rec, nil
}

func readPatient(d *xmlecg.Document) {
	n, p := d.Root.Child("patdata"), &d.Rec.Patient
	p.ID = n.Child("id").Text()
	p.Name = strings.TrimSpace(n.Child("lastname").Text() + " " + n.Child("firstname").Text())
	p.Sex = xmlecg.Sex(n.Child("gender").Text())
	d.Birth(n.Child("birthdate").Text())
	p.Age = xmlecg.Age(n.Child("age").Text(), "Y")
}

func readExam(d *xmlecg.Document) {
	n := d.Root.Child("examdescript")
	d.Start(n.Path("startdatetime", "date").Text() + n.Path("startdatetime", "time").Text())
	device := find(d.Root, "aquiringdevice", 4)
	hardware, software := device.Child("hardware"), device.Child("software")
	d.Rec.Device = ecg.Device{Manufacturer: hardware.Child("vendor").Text(), Model: hardware.Child("model").Text(),
		Serial: hardware.Child("serial").Text(), Firmware: software.Child("version").Text()}
	if d.Rec.Device.Manufacturer == "" {
		d.Rec.Device.Manufacturer = "Schiller"
	}
}

// find returns the first element called name, at most depth levels down.
func find(n *xmltree.Node, name string, depth int) *xmltree.Node {
	if n == nil || depth == 0 {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
		if found := find(c, name, depth-1); found != nil {
			return found
		}
	}
	return nil
}

// readWave reads one set of channels: rhythms become the leads, averages a group
// of median beats.
func readWave(d *xmlecg.Document, wave *xmltree.Node) error {
	kind := ""
	switch strings.ToUpper(wave.Child("type").Text()) {
	case "ECG_RHYTHM", "ECG_RHYTHMS":
		kind = ecg.KindRhythm
	case "ECG_AVERAGES":
		kind = ecg.KindMedian
	default:
		return nil
	}
	rate, scale, err := resolution(d, wave.Child("resolution"))
	if err != nil {
		return err
	}
	var leads []ecg.Lead
	for _, c := range wave.All("channel") {
		data := c.Child("data")
		if form := c.Child("datastype").Text(); form != "" && !strings.EqualFold(form, "COMMASEPARATE") {
			return d.Fail(c, "datastype", "%.32q is not read", form)
		}
		samples, err := d.List(data, "data", scale)
		if err != nil {
			return err
		}
		if len(samples) > 0 {
			leads = append(leads, ecg.Lead{Name: c.Child("name").Text(), Samples: samples})
		}
	}
	if len(leads) > ecg.MaxLeads {
		return d.Fail(wave, "channel", "%d channels", len(leads))
	}
	if err := d.Level(wave, leads); err != nil {
		return err
	}
	switch {
	case len(leads) == 0:
	case kind == ecg.KindRhythm && d.Rec.Leads == nil:
		d.Rec.Leads, d.Rec.RateHz = leads, rate
	default:
		d.Rec.Groups = append(d.Rec.Groups, ecg.Group{Kind: kind, RateHz: rate, Unit: "uV", Leads: leads})
	}
	return nil
}

// resolution reads rate and scale, in hertz and µV a bit. An exponent other
// than 1 has not been seen, and whether it multiplies or raises is not known.
func resolution(d *xmlecg.Document, n *xmltree.Node) (rate, scale float64, err error) {
	samplerate, yres := n.Child("samplerate"), n.Child("yres")
	value := func(n *xmltree.Node, child string) string {
		if c := n.Child(child); c != nil {
			return c.Text()
		}
		return n.Text()
	}
	rate, ok := xmlecg.Positive(value(samplerate, "value"), xmlecg.MaxRateHz)
	if !ok {
		return 0, 0, d.Fail(samplerate, "samplerate", "%.16q is no rate", value(samplerate, "value"))
	}
	for _, e := range []*xmltree.Node{samplerate.Child("exponent"), yres.Child("exponent")} {
		if text := e.Text(); text != "" && text != "1" {
			return 0, 0, d.Fail(e, "exponent", "%.16q: what exponents other than 1 mean is not known", text)
		}
	}
	scale, ok = xmlecg.Positive(value(yres, "unitperbit"), 1e6)
	if !ok {
		return 0, 0, d.Fail(yres, "unitperbit", "%.16q is no scale", value(yres, "unitperbit"))
	}
	switch unit := yres.Child("units").Text(); strings.ToLower(unit) {
	case "uv":
	case "mv":
		scale *= 1e3
	case "":
		d.Rec.Notef(ecg.NoteScale, "the scale has no unit and was taken for microvolts")
	default:
		return 0, 0, d.Fail(yres, "units", "unknown unit %.16q", unit)
	}
	return rate, scale, nil
}

// readMeasurements reads the lists of names and values of global annotations,
// and the statements.
func readMeasurements(d *xmlecg.Document, event *xmltree.Node) {
	keys := map[string]string{"HR": ecg.MeasureHR, "RR": ecg.MeasureRR, "P": ecg.MeasureP, "PR": ecg.MeasurePR, "PQ": ecg.MeasurePR,
		"QRS": ecg.MeasureQRS, "QT": ecg.MeasureQT, "QTC": ecg.MeasureQTc, "P_AXIS": ecg.MeasurePAxis, "QRS_AXIS": ecg.MeasureQRSAxis,
		"T_AXIS": ecg.MeasureTAxis}
	for _, a := range event.All("annotation_global") {
		names, values := a.All("name"), a.All("value")
		for i := range min(len(names), len(values)) {
			if key := keys[strings.ToUpper(names[i].Text())]; key != "" {
				d.Measured(key, values[i].Text())
			}
		}
	}
	for _, s := range event.All("interpretation") {
		if text := s.Text(); text != "" {
			d.Rec.Statements = append(d.Rec.Statements, text)
		}
	}
}
