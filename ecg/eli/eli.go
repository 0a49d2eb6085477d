// Package eli reads the XML of Mortara's ELI electrocardiographs and ELI Link,
// which Burdick and Welch Allyn carts write too. It is the step parse for such
// uploads: file bytes come in, an ecg.Recording goes out.
package eli

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmlecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/xmltree"
)

// Decode reads one document. Errors are *ecg.FormatError; a document without
// rhythm wraps ecg.ErrNoSignal. The result shares no memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	d, err := xmlecg.Open(ecg.FormatELI, "ECG", data)
	if err != nil {
		return nil, err
	}
	cycle := d.Root.Child("TYPICAL_CYCLE")
	leads, rate, err := read(d, d.Root, d.Root.All("CHANNEL"), cycle)
	if err != nil {
		return nil, err
	}
	if len(leads) == 0 || len(leads[0].Samples) == 0 {
		return nil, d.NoSignal("CHANNEL")
	}
	d.Rec.Leads, d.Rec.RateHz = leads, rate
	median, rate, err := read(d, cycle, cycle.All("TYPICAL_CYCLE_CHANNEL"), cycle)
	if err != nil {
		return nil, err
	}
	if len(median) > 0 {
		d.Rec.Groups = append(d.Rec.Groups, ecg.Group{Kind: ecg.KindMedian, RateHz: rate, Unit: "uV", Leads: median})
	}
	readPatient(d)
	readSource(d)
	readMeasurements(d, cycle)
	d.Rec.NameLeads()
	return d.Rec, nil
}

// read decodes channels, all of which must have one rate. What a channel does
// not state itself, it takes from common.
func read(d *xmlecg.Document, at *xmltree.Node, channels []*xmltree.Node, common *xmltree.Node) (leads []ecg.Lead, rate float64, err error) {
	if len(channels) > ecg.MaxLeads {
		return nil, 0, d.Fail(at, "CHANNEL", "%d channels", len(channels))
	}
	for _, c := range channels {
		state := func(name string) string {
			if text := c.Attr(name); text != "" {
				return text
			}
			return common.Attr(name)
		}
		lead, hertz, err := readChannel(d, c, state)
		if err != nil {
			return nil, 0, err
		}
		if rate != 0 && hertz != rate {
			return nil, 0, d.Fail(c, "SAMPLE_FREQ", "channel %.16q has %v Hz, the others %v Hz", lead.Name, hertz, rate)
		}
		rate = hertz
		leads = append(leads, lead)
	}
	return leads, rate, d.Level(at, leads)
}

// readChannel decodes one channel: base64 of signed 16-bit numbers, to which
// OFFSET is added.
func readChannel(d *xmlecg.Document, c *xmltree.Node, state func(string) string) (ecg.Lead, float64, error) {
	lead := ecg.Lead{Name: c.Attr("NAME")}
	rate, ok := xmlecg.Positive(state("SAMPLE_FREQ"), xmlecg.MaxRateHz)
	if !ok {
		return lead, 0, d.Fail(c, "SAMPLE_FREQ", "channel %.16q: %.16q is no rate", lead.Name, state("SAMPLE_FREQ"))
	}
	units, ok := xmlecg.Positive(state("UNITS_PER_MV"), 1e9)
	if !ok {
		return lead, 0, d.Fail(c, "UNITS_PER_MV", "channel %.16q: %.16q is no scale", lead.Name, state("UNITS_PER_MV"))
	}
	for name, only := range map[string]string{"BITS": "16", "FORMAT": "SIGNED", "ENCODING": "BASE64"} {
		if text := state(name); text != "" && !strings.EqualFold(text, only) {
			return lead, 0, d.Fail(c, name, "channel %.16q: %.16q is not read", lead.Name, text)
		}
	}
	offset := 0.0
	if text := c.Attr("OFFSET"); text != "" {
		if offset, ok = xmlecg.Number(text); !ok {
			return lead, 0, d.Fail(c, "OFFSET", "channel %.16q: %.16q", lead.Name, text)
		}
	}
	raw, err := d.Int16(c, "DATA", []byte(c.Attr("DATA")))
	if err != nil {
		return lead, 0, err
	}
	if stated, ok := xmlecg.Number(state("DURATION")); ok && stated != float64(len(raw)) {
		d.Rec.Notef(ecg.NoteLength, "channel %.16q states %v samples and holds %d", lead.Name, stated, len(raw))
	}
	lead.Samples = make([]float32, len(raw))
	for i, v := range raw {
		lead.Samples[i] = float32((float64(v) + offset) * 1000 / units)
	}
	return lead, rate, nil
}

// readPatient reads the subject; older documents have only labelled fields.
func readPatient(d *xmlecg.Document) {
	fields := map[string]string{}
	for _, f := range d.Root.Child("DEMOGRAPHIC_FIELDS").All("DEMOGRAPHIC_FIELD") {
		fields[strings.ToLower(strings.TrimRight(f.Attr("LABEL"), ": "))] = f.Attr("VALUE")
	}
	n, p := d.Root.Child("SUBJECT"), &d.Rec.Patient
	either := func(attribute, label string) string {
		if text := strings.TrimSpace(n.Attr(attribute)); text != "" {
			return text
		}
		return strings.TrimSpace(fields[label])
	}
	p.ID = either("ID", "id")
	p.Name = strings.TrimSpace(either("LAST_NAME", "last") + " " + either("FIRST_NAME", "first"))
	p.Sex = xmlecg.Sex(either("GENDER", "sex"))
	birth := either("DOB", "dob")
	if birth == "" {
		birth = n.Attr("DOB_XML")
	}
	d.Birth(birth)
	letter := map[string]string{"": "Y", "Y": "Y", "YEARS": "Y", "M": "M", "MONTHS": "M", "D": "D", "DAYS": "D", "W": "W", "WEEKS": "W"}[strings.ToUpper(d.Root.Attr("AGE_UNITS"))]
	age := d.Root.Attr("AGE")
	if age == "" {
		age, letter = fields["age"], "Y"
	}
	if letter != "" {
		p.Age = xmlecg.Age(age, letter)
	}
}

func readSource(d *xmlecg.Document) {
	start := d.Root.Attr("ACQUISITION_TIME_XML")
	if start == "" {
		start = d.Root.Attr("ACQUISITION_TIME")
	}
	d.Start(start)
	n := d.Root.Child("SOURCE")
	d.Rec.Device = ecg.Device{Manufacturer: n.Attr("MANUFACTURER"), Model: n.Attr("MODEL"), Serial: n.Attr("ACQUIRING_DEVICE_SERIAL_NUMBER"),
		Firmware: n.Attr("ACQUIRING_DEVICE_SW_VERSION"), Institution: n.Attr("ACQUIRING_DEVICE_SITE_NAME")}
	if hertz, ok := xmlecg.Positive(n.Attr("LOW_PASS_FILTER"), 1e4); ok {
		d.Rec.Filters.LowPassHz = hertz
	}
}

func readMeasurements(d *xmlecg.Document, cycle *xmltree.Node) {
	d.Measured(ecg.MeasureHR, d.Root.Attr("VENT_RATE"))
	d.Measured(ecg.MeasureRR, d.Root.Attr("AVERAGE_RR"))
	for attribute, key := range map[string]string{"P_DURATION": ecg.MeasureP, "PR_DURATION": ecg.MeasurePR, "QRS_DURATION": ecg.MeasureQRS,
		"QT": ecg.MeasureQT, "QTC": ecg.MeasureQTc, "P_AXIS": ecg.MeasurePAxis, "QRS_AXIS": ecg.MeasureQRSAxis, "T_AXIS": ecg.MeasureTAxis} {
		d.Measured(key, cycle.Attr(attribute))
	}
	for _, s := range d.Root.Child("AUTOMATIC_INTERPRETATION").All("STATEMENT") {
		text := strings.TrimSpace(s.Attr("TEXT"))
		if text == "" {
			continue
		}
		if reason := strings.TrimSpace(s.Attr("REASON")); reason != "" {
			text += ", " + reason
		}
		d.Rec.Statements = append(d.Rec.Statements, text)
	}
}
