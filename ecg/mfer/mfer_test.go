package mfer

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func decodeFile(t *testing.T, name string) *ecg.Recording {
	t.Helper()
	rec, err := Decode(truth.Bytes(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rec
}

func TestATwelveLeadFileGivesTheSamplesOfAnIndependentReader(t *testing.T) {
	t.Parallel()
	const name = "mfer/gen_std12_be_ludb3.mwf"
	rec := decodeFile(t, name)
	truth.Check(t, name, rec.Leads, rec.RateHz, truth.Load(t, name).Leads)
	want := ecg.Patient{ID: "GEN-M3", Name: "张三", Sex: "F", BirthDate: "1960-01-01", Age: "065Y"}
	if rec.Patient != want {
		t.Error("the patient differs from the truth")
	}
	if !rec.Start.Equal(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)) || rec.Device.Model != "ECG-1" {
		t.Errorf("start %v, device %+v", rec.Start, rec.Device)
	}
}

func TestAMonitorFileKeepsChannelsOfOtherRatesAndUnitsAside(t *testing.T) {
	t.Parallel()
	const name = "mfer/nk_monitor_test-file.mwf"
	rec, want := decodeFile(t, name), truth.Load(t, name).Leads
	truth.Check(t, name, rec.Leads, rec.RateHz, want[:2])
	at := 2
	for _, g := range rec.Groups {
		truth.Check(t, name+" "+g.Unit, g.Leads, g.RateHz, want[at:at+len(g.Leads)])
		at += len(g.Leads)
	}
	if at != len(want) || rec.Groups[0].Unit != "mmHg" {
		t.Errorf("%d channels of %d, groups %v", at, len(want), len(rec.Groups))
	}
	if rec.Patient.ID != "12345" || rec.Patient.Name != "TRWRU" { // in two character sets
		t.Error("patient differs from the truth")
	}
	if !rec.Start.Equal(time.Date(2019, 6, 19, 13, 20, 0, 0, time.UTC)) {
		t.Errorf("start %v", rec.Start)
	}
}

// tlv writes one tag.
func tlv(tag byte, value ...byte) []byte { return append([]byte{tag, byte(len(value))}, value...) }

func file(parts ...[]byte) []byte {
	out := append([]byte{0x40, 4}, "MFR "...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, tagEnd, 0)
}

var (
	hz500  = tlv(tagInterval, 0, 0, 1, 0xF4)
	uv     = tlv(tagSensitivity, 0, 0xFA, 1)
	leadII = tlv(tagLead, 0, 2)
	block2 = tlv(tagBlock, 2)
)

func TestEverySampleTypeAndByteOrderIsRead(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for kind, c := range map[byte]struct {
		data []byte
		want float32
	}{
		int16Samples: {[]byte{0xFF, 0xFE}, -257}, uint16Samples: {[]byte{0xFF, 0xFE}, 65279},
		int32Samples: {le.AppendUint32(nil, 0xFFFFFFFE), -2}, uint8Samples: {[]byte{0xFF}, 255},
		int8Samples: {[]byte{0xFF}, -1}, uint32Samples: {[]byte{0, 0, 1, 0}, 65536},
		floatSamples: {[]byte{0, 0, 0x20, 0x41}, 10}, doubleSamples: {[]byte{0, 0, 0, 0, 0, 0, 0x24, 0x40}, 10},
	} {
		little := file(tlv(tagByteOrder, 1), tlv(tagInterval, 0, 0, 0xF4, 1), uv, tlv(tagLead, 2, 0), tlv(tagType, kind),
			tlv(tagData, c.data...))
		rec, err := Decode(little)
		if err != nil || rec.Leads[0].Samples[0] != c.want || rec.RateHz != 500 || rec.Leads[0].Name != "II" {
			t.Errorf("type %d: %v", kind, err)
		}
	}
	rec, err := Decode(file(hz500, uv, leadII, tlv(tagData, 0xFF, 0xFE)))
	if err != nil || rec.Leads[0].Samples[0] != -2 {
		t.Errorf("big-endian: %v", err)
	}
}

func TestFramesAndSequencesContinueOneAnother(t *testing.T) {
	t.Parallel()
	rec, err := Decode(file(hz500, uv, tlv(tagChannels, 2), block2, tlv(tagSequences, 2),
		append([]byte{tagChannel, 0}, tlv(0, leadII...)[1:]...), append([]byte{tagChannel, 1}, tlv(0, tlv(tagLead, 0, 1)...)[1:]...),
		tlv(tagNull, 0x80, 0),
		tlv(tagData, 0, 1, 0, 2, 0, 11, 0, 12, 0, 3, 0x80, 0, 0, 13, 0, 14),
		tlv(tagData, 0, 5, 0, 6, 0, 15, 0, 16, 0, 7, 0, 8, 0, 17, 0, 18)))
	if err != nil {
		t.Fatal(err)
	}
	two, one := rec.Lead("II").Samples, rec.Lead("I").Samples
	if len(two) != 8 || two[2] != 3 || two[3] == two[3] || two[7] != 8 || one[2] != 13 || one[4] != 15 {
		t.Errorf("II %v, I %v", two, one)
	}
}

func TestWhatCannotBeReadForSureIsRefused(t *testing.T) {
	t.Parallel()
	data := tlv(tagData, 0, 1)
	for reason, bytes := range map[string][]byte{
		"compressed waveforms":      file(hz500, uv, leadII, tlv(tagCompression, 0, 1), data),
		"disagree about its sign":   file(hz500, uv, leadII, tlv(tagOffset, 0, 1), data),
		"no sampling interval":      file(uv, leadII, data),
		"no channel is an ECG lead": file(hz500, leadII, data), // without sensitivity the unit is unknown
		"neither hertz nor seconds": file(tlv(tagInterval, 2, 0, 1), uv, leadII, data),
		"type 9 is not read":        file(hz500, uv, leadII, tlv(tagType, 9), data),
		"channel 3 of 1":            file(append([]byte{tagChannel, 3}, tlv(0, leadII...)[1:]...), data),
		"run over the end":          append(file(hz500)[:8], tagData, 100),
		"do not hold one sequence":  file(hz500, uv, leadII, block2, data),
		"changes between frames":    file(hz500, uv, leadII, data, tlv(tagSensitivity, 1, 0, 1), data),
		"number of channels":        file(tlv(tagChannels, 0xFF, 0xFF)),
	} {
		_, err := Decode(bytes)
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(file(hz500, uv, leadII, tlv(tagData, 0, 1)))
	for _, path := range testdata.Files(f, "ecg/mfer", "gen*.mwf") {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data[:min(len(data), 2000)])
		}
	}
	truth.Fuzz(f, Decode)
}
