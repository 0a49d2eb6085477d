package schiller

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

// document writes an export of two leads; no real one may be given away.
func document(change func(string) string) []byte {
	text := `<?xml version="1.0" encoding="UTF-8"?>
<com.xiriuz.sema.xml.schillerEDI.SchillerEDI>
 <patdata><id>P-7</id><lastname>王</lastname><firstname>小明</firstname><birthdate>19610203</birthdate><gender>MALE</gender></patdata>
 <examdescript><startdatetime><date>20240501</date><time>101112</time></startdatetime>
  <aquiringdevice><hardware><vendor>SCHILLER AG</vendor><model>AT-102</model></hardware><software><version>1.23</version></software></aquiringdevice></examdescript>
 <eventdata><event>
  <annotation_global><name>HR</name><name>QRS</name><name>QRS_AXIS</name><value>72</value><value>96</value><value>-15</value></annotation_global>
  <wavedata><type>ECG_AVERAGES</type><resolution><samplerate><value>1000</value><exponent>1</exponent></samplerate><yres><unitperbit>1</unitperbit><units>uV</units></yres></resolution>
   <channel><name>I</name><datastype>COMMASEPARATE</datastype><data>1,2,3</data></channel></wavedata>
  <wavedata><type>ECG_RHYTHMS</type><resolution><samplerate><value>500</value><exponent>1</exponent></samplerate><yres><unitperbit>5</unitperbit><units>uV</units></yres></resolution>
   <channel><name>I</name><datastype>COMMASEPARATE</datastype><data>0,10,-20,
    30,</data></channel>
   <channel><name>AVR</name><datastype>COMMASEPARATE</datastype><data>4,3,2,1</data></channel></wavedata>
 </event></eventdata>
</com.xiriuz.sema.xml.schillerEDI.SchillerEDI>`
	if change != nil {
		text = change(text)
	}
	return []byte(text)
}

func TestRhythmPatientAndMeasurementsAreRead(t *testing.T) {
	t.Parallel()
	data := document(nil)
	if ecg.Detect(data) != ecg.FormatSchiller {
		t.Fatal("the format is not found by content")
	}
	rec, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rec.Leads, rec.RateHz); got != "[{I [0 50 -100 150]} {aVR [20 15 10 5]}] 500" {
		t.Error(got)
	}
	if len(rec.Groups) != 1 || rec.Groups[0].Kind != ecg.KindMedian || rec.Groups[0].RateHz != 1000 {
		t.Errorf("%+v", rec.Groups)
	}
	if rec.Patient != (ecg.Patient{ID: "P-7", Name: "王 小明", Sex: "M", BirthDate: "1961-02-03"}) || rec.Device.Model != "AT-102" {
		t.Errorf("%+v %+v", rec.Patient, rec.Device)
	}
	if !rec.Start.Equal(time.Date(2024, 5, 1, 10, 11, 12, 0, time.UTC)) || rec.DeviceMeasurements[ecg.MeasureQRS] != 96 || rec.DeviceMeasurements[ecg.MeasureQRSAxis] != -15 {
		t.Errorf("%v %v", rec.Start, rec.DeviceMeasurements)
	}
}

func TestWhatIsDoubtfulIsRefused(t *testing.T) {
	t.Parallel()
	for reason, swap := range map[string][2]string{
		"exponents other":         {"<value>500</value><exponent>1<", "<value>500</value><exponent>2<"},
		"unknown unit \"kV\"":     {"<unitperbit>5</unitperbit><units>uV", "<unitperbit>5</unitperbit><units>kV"},
		"\"x\" is no scale":       {"<unitperbit>5<", "<unitperbit>x<"},
		"no rate":                 {"<value>500<", "<value>0<"},
		"\"HEX\" is not read":     {"<datastype>COMMASEPARATE</datastype><data>4", "<datastype>HEX</datastype><data>4"},
		"lead \"AVR\" has 3":      {"4,3,2,1", "4,3,2"},
		"sample 2 is \"a\"":       {"4,3,2,1", "4,a,2,1"},
		"no rhythm waveform":      {"ECG_RHYTHMS", "RESP"},
		"is closed by":            {"</eventdata>", "</event>"},
		"the root element is <x>": {"", ""},
	} {
		data := document(func(text string) string {
			if swap[0] == "" {
				return "<x/>"
			}
			return strings.Replace(text, swap[0], swap[1], 1)
		})
		_, err := Decode(data)
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(document(nil))
	truth.Fuzz(f, Decode)
}
