package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/encode"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// twelve is an ECG of twelve leads and ten seconds at 500 Hz, in whole µV.
func twelve(t testing.TB) *ecg.Recording {
	t.Helper()
	rec, err := synth.Make(synth.Normal, 3)
	if err != nil {
		t.Fatal(err)
	}
	one, two := rec.Lead("I").Samples, rec.Lead("II").Samples
	for _, l := range rec.Leads {
		for k, v := range l.Samples {
			l.Samples[k] = float32(math.Round(float64(v)/5) * 5)
		}
	}
	for k := range one { // exactly, after rounding
		rec.Lead("III").Samples[k] = two[k] - one[k]
	}
	return rec
}

// written is that ECG in every format that a few lines write, from the formats'
// descriptions and apart from the readers.
func written(t testing.TB, rec *ecg.Recording) map[string][]byte {
	t.Helper()
	out := map[string][]byte{
		"ishne": ishneOf(rec), "schiller-xml": schillerOf(rec), "eli-xml": eliOf(rec), "cardiosoft-xml": cardiosoftOf(rec), "zoncare-xml": zoncareOf(rec),
	}
	for _, format := range encode.Formats() {
		var b bytes.Buffer
		if _, err := encode.Encode(&b, rec, format); err != nil {
			t.Fatal(err)
		}
		out[string(format)] = b.Bytes()
	}
	return out
}

// counts are samples as 16-bit numbers, interleaved or lead by lead.
func counts(rec *ecg.Recording, microvolts float64) [][]int16 {
	out := make([][]int16, len(rec.Leads))
	for i, l := range rec.Leads {
		for _, v := range l.Samples {
			out[i] = append(out[i], int16(math.Round(float64(v)/microvolts)))
		}
	}
	return out
}

func interleaved(leads [][]int16) []byte {
	var out []byte
	for k := range leads[0] {
		for _, l := range leads {
			out = binary.LittleEndian.AppendUint16(out, uint16(l[k]))
		}
	}
	return out
}

func packed(lead []int16) string {
	return base64.StdEncoding.EncodeToString(interleaved([][]int16{lead}))
}

func listed(lead []int16) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(lead), " ", ","), "[]")
}

func ishneOf(rec *ecg.Recording) []byte {
	const before, header = 10, 512
	h := make([]byte, header)
	le := binary.LittleEndian
	le.PutUint32(h[4:], uint32(rec.Samples()))
	le.PutUint32(h[8:], before+header)
	le.PutUint32(h[12:], before+header)
	le.PutUint16(h[146:], uint16(len(rec.Leads)))
	for i, name := range rec.Leads {
		spec := map[string]uint16{"I": 5, "II": 6, "III": 7, "aVR": 8, "aVL": 9, "aVF": 10, "V1": 11, "V2": 12, "V3": 13, "V4": 14, "V5": 15, "V6": 16}
		le.PutUint16(h[148+2*i:], spec[name.Name])
		le.PutUint16(h[196+2*i:], 5000) // nV
	}
	le.PutUint16(h[262:], uint16(rec.RateHz))
	return append(append([]byte("ISHNE1.0\x00\x00"), h...), interleaved(counts(rec, 5))...)
}

func schillerOf(rec *ecg.Recording) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<com.xiriuz.sema.xml.schillerEDI.SchillerEDI><patdata/><eventdata><event><wavedata><type>ECG_RHYTHMS</type>`+
		`<resolution><samplerate><value>%g</value><exponent>1</exponent></samplerate><yres><unitperbit>5</unitperbit><units>uV</units></yres></resolution>`, rec.RateHz)
	for i, lead := range counts(rec, 5) {
		fmt.Fprintf(&b, `<channel><name>%s</name><datastype>COMMASEPARATE</datastype><data>%s</data></channel>`, rec.Leads[i].Name, listed(lead))
	}
	return append(b.Bytes(), `</wavedata></event></eventdata></com.xiriuz.sema.xml.schillerEDI.SchillerEDI>`...)
}

func eliOf(rec *ecg.Recording) []byte {
	var b bytes.Buffer
	b.WriteString(`<ECG ACQUISITION_TIME="20231201120000">`)
	for i, lead := range counts(rec, 5) {
		fmt.Fprintf(&b, `<CHANNEL OFFSET="0" BITS="16" FORMAT="SIGNED" UNITS_PER_MV="200" DURATION="%d" SAMPLE_FREQ="%g" NAME="%s" ENCODING="BASE64" DATA="%s"/>`,
			len(lead), rec.RateHz, rec.Leads[i].Name, packed(lead))
	}
	return append(b.Bytes(), `</ECG>`...)
}

func cardiosoftOf(rec *ecg.Recording) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<CardiologyXML><StripData><SampleRate units="Hz">%g</SampleRate><Resolution units="uVperLsb">5</Resolution>`, rec.RateHz)
	for i, lead := range counts(rec, 5) {
		fmt.Fprintf(&b, `<WaveformData lead="%s">%s</WaveformData>`, rec.Leads[i].Name, listed(lead))
	}
	return append(b.Bytes(), `</StripData></CardiologyXML>`...)
}

func zoncareOf(rec *ecg.Recording) []byte {
	leads := append(counts(rec, 1), make([]int16, rec.Samples()))
	return fmt.Appendf(nil, `<?xml version="1.0"?><zqecg><head><lead>12</lead><sample>%g</sample><second>10</second></head><data>%s</data></zqecg>`,
		rec.RateHz, base64.StdEncoding.EncodeToString(interleaved(leads)))
}

func TestTwelveLeadsComeBackFromEveryFormat(t *testing.T) {
	t.Parallel()
	rec := twelve(t)
	for format, data := range written(t, rec) {
		if format == "wfdb" { // an archive
			if Detect(data) != ecg.FormatArchive {
				t.Error("WFDB is no archive")
			}
		} else if got := Detect(data); string(got) != format {
			t.Errorf("%s is taken for %q", format, got)
		}
		got, err := Decode(data)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if got.RateHz != rec.RateHz || len(got.Leads) != len(rec.Leads) {
			t.Errorf("%s: %d leads at %v Hz", format, len(got.Leads), got.RateHz)
			continue
		}
		for _, want := range rec.Leads {
			lead := got.Lead(want.Name)
			if lead == nil || len(lead.Samples) != len(want.Samples) {
				t.Errorf("%s: lead %s is not there whole", format, want.Name)
				continue
			}
			for k, v := range lead.Samples {
				if d := v - want.Samples[k]; d > 0.01 || d < -0.01 {
					t.Errorf("%s: sample %d of %s is %v, want %v", format, k, want.Name, v, want.Samples[k])
					break
				}
			}
		}
	}
}

// timed is what the time of parsing is told of: an ECG of ten seconds in every
// format, real where there is one.
func timed(t testing.TB) map[string][]byte {
	t.Helper()
	files := written(t, twelve(t))
	delete(files, "wfdb")
	for format, name := range map[string]string{"mfer": "mfer/gen_std12_be_ludb3.mwf", "muse-xml": "muse-xml/introecg_MUSE_example.xml", "philips-xml": "philips-xml/129DYPRG_1_03.xml",
		"scp-ecg, real": "scp/ecgtoolkit_Example.scp", "hl7-aecg, real": "aecg/hl7_Example.xml", "dicom, real": "dicom/pydicom_waveform_ecg.dcm"} {
		files[format] = truth.Bytes(t, name)
	}
	contec := truth.Bytes(t, "contec/0000050.ECG")
	const head, tenSeconds, trailer = 43, 16 * 8000, 37
	files["contec"] = append(contec[:head+tenSeconds:head+tenSeconds], contec[len(contec)-trailer:]...)
	files["edan"] = edanOf(t)
	return files
}

// edanOf lays ten seconds of a real recording of 1000 Hz out as an SE-601 does.
func edanOf(t testing.TB) []byte {
	t.Helper()
	rec, err := wfdb.Decode(os.DirFS(truth.Path(t, "wfdb/ptb")), "s0010_re.hea")
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Repeat([]byte{7, 1, 9}, 677)
	for _, name := range []string{"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"} {
		for _, v := range rec.Lead(name).Samples[:10000] {
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(float64(v)*0.397))))
		}
	}
	return append(out, make([]byte, 9600)...)
}
