package cardiosoft

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
const document = `<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE CardiologyXML SYSTEM "cardiology.dtd">
<CardiologyXML>
 <ObservationType>RestECG</ObservationType>
 <ObservationDateTime><Hour>9</Hour><Minute>5</Minute><Second>7</Second><Day>3</Day><Month>12</Month><Year>2019</Year></ObservationDateTime>
 <ClinicalInfo><DeviceInfo><Desc>CardioSoft</Desc><SoftwareVer>V6.73</SoftwareVer></DeviceInfo></ClinicalInfo>
 <PatientInfo><PID>P-3</PID><Name><FamilyName>M` + "\xfc" + `ller</FamilyName><GivenName>Eva</GivenName></Name><Age units="years">55</Age>
  <BirthDateTime><Day>2</Day><Month>1</Month><Year>1964</Year></BirthDateTime><Gender>FEMALE</Gender></PatientInfo>
 <FilterSetting><Filter50Hz>yes</Filter50Hz><Filter60Hz>no</Filter60Hz><LowPass units="Hz">100</LowPass></FilterSetting>
 <Interpretation><Diagnosis><DiagnosisText>Sinus rhythm</DiagnosisText></Diagnosis><Conclusion><ConclusionText>Normal</ConclusionText></Conclusion></Interpretation>
 <RestingECGMeasurements><VentricularRate units="BPM">64</VentricularRate><PQInterval units="ms">150</PQInterval><QTCInterval units="ms">410</QTCInterval><RAxis units="deg">-7</RAxis>
  <MedianSamples><SampleRate units="Hz">500</SampleRate><Resolution units="uVperLsb">5</Resolution><WaveformData lead="I">1,2</WaveformData></MedianSamples></RestingECGMeasurements>
 <StripData><SampleRate units="Hz">500</SampleRate><Resolution units="uVperLsb">5</Resolution>
  <WaveformData lead="I">
		1,-2,3,
		4</WaveformData>
  <WaveformData lead="AVF">10,20,30,40</WaveformData></StripData>
</CardiologyXML>`

func TestStripPatientAndMeasurementsAreRead(t *testing.T) {
	t.Parallel()
	if ecg.Detect([]byte(document)) != ecg.FormatCardioSoft {
		t.Fatal("the format is not found by content")
	}
	rec, err := Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rec.Leads, rec.RateHz, rec.Groups); got != "[{I [5 -10 15 20]} {aVF [50 100 150 200]}] 500 [{median 500 uV [{I [5 10]}]}]" {
		t.Error(got)
	}
	if rec.Patient != (ecg.Patient{ID: "P-3", Name: "Müller Eva", Sex: "F", BirthDate: "1964-01-02", Age: "055Y"}) {
		t.Errorf("%+v", rec.Patient)
	}
	if !rec.Start.Equal(time.Date(2019, 12, 3, 9, 5, 7, 0, time.UTC)) || rec.DeviceMeasurements[ecg.MeasureQRSAxis] != -7 ||
		rec.Filters != (ecg.Filters{LowPassHz: 100, NotchHz: 50}) || fmt.Sprintf("%q", rec.Statements) != `["Sinus rhythm" "Normal"]` {
		t.Errorf("%v %v %v %q", rec.Start, rec.DeviceMeasurements, rec.Filters, rec.Statements)
	}
}

func TestWhatIsDoubtfulIsRefused(t *testing.T) {
	t.Parallel()
	strip := strings.Index(document, "<StripData>")
	for reason, swap := range map[string][2]string{
		"want uVperLsb":      {`units="uVperLsb">5<`, `units="mV">5<`},
		"SampleRate":         {`units="Hz">500<`, `units="ms">2<`},
		"sample 2 is \"a\"":  {"10,20,", "10,a,"},
		"lead \"AVF\" has 5": {"10,20,", "10,20,21,"},
		"no rhythm waveform": {"StripData", "Other"},
		"is closed by":       {"</StripData>", ""},
	} {
		_, err := Decode([]byte(document[:strip] + strings.ReplaceAll(document[strip:], swap[0], swap[1])))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(document))
	truth.Fuzz(f, Decode)
}
