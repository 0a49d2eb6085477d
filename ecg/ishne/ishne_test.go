package ishne

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

const sample = "ishne/thew_like_P28.01.ecg"

func TestARealFileEqualsAnIndependentReader(t *testing.T) {
	t.Parallel()
	rec, err := Decode(truth.Bytes(t, sample))
	if err != nil {
		t.Fatal(err)
	}
	truth.Check(t, sample, rec.Leads, rec.RateHz, truth.Load(t, sample).Leads)
	if rec.Patient != (ecg.Patient{ID: "ECG_P28.01"}) || !rec.Start.Equal(time.Date(2000, 1, 1, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", rec.Patient, rec.Start)
	}
	for _, n := range rec.Notes {
		if n.Code != ecg.NoteLocalTime {
			t.Errorf("%s", n.Text)
		}
	}
}

// build writes a file of two leads, four samples each, with a variable block
// and samples that begin after a gap.
func build(change func(header []byte)) []byte {
	h := make([]byte, headerLength)
	i16 := func(at int, v ...int) {
		for i, n := range v {
			binary.LittleEndian.PutUint16(h[at+2*i:], uint16(n))
		}
	}
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(h[at:], v) }
	put(0, 6)
	put(4, 4)
	put(8, uint32(headerAt+headerLength))
	put(12, uint32(headerAt+headerLength+10))
	copy(h[18:], "San")
	copy(h[58:], "\xd5\xc5") // GBK, as Chinese recorders write
	copy(h[98:], "H-1")
	i16(118, 2)
	i16(122, 3, 4, 1955)
	i16(128, 5, 6, 2024)
	i16(140, 7, 8, 9)
	i16(146, 2)
	i16(148, 6, 0)
	i16(196, 2500, 1000)
	i16(262, 200)
	if change != nil {
		change(h)
	}
	out := append([]byte(magic), 0, 0)
	out = append(append(out, h...), "extra."...)
	binary.LittleEndian.PutUint16(out[len(magic):], checksum(out[headerAt:]))
	out = append(out, 9, 9, 9, 9)
	for k := range 4 {
		out = binary.LittleEndian.AppendUint16(out, uint16(k-1))
		out = binary.LittleEndian.AppendUint16(out, uint16(10*k))
	}
	return out
}

func TestOffsetsOfTheHeaderAreUsed(t *testing.T) {
	t.Parallel()
	rec, err := Decode(build(nil))
	if err != nil {
		t.Fatal(err)
	}
	if s := rec.Leads[0].Samples; len(s) != 4 || s[0] != -2.5 || s[3] != 5 || rec.Leads[1].Samples[3] != 30 {
		t.Errorf("%v, %v", s, rec.Leads[1].Samples)
	}
	if rec.Leads[0].Name != "II" || rec.Leads[1].Name != "lead 2" || rec.RateHz != 200 {
		t.Errorf("%s, %s, %v Hz", rec.Leads[0].Name, rec.Leads[1].Name, rec.RateHz)
	}
	if rec.Patient != (ecg.Patient{ID: "H-1", Name: "张 San", Sex: "F", BirthDate: "1955-04-03"}) {
		t.Errorf("%+v", rec.Patient)
	}
	for _, n := range rec.Notes {
		if n.Code == ecg.NoteChecksum || n.Code == ecg.NoteLength {
			t.Errorf("%s", n.Text)
		}
	}
}

func TestDamagedHeadersAreRefusedOrNoted(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(h []byte){
		"offset of the ECG block": func(h []byte) { h[15] = 1 },
		"number of leads":         func(h []byte) { h[146] = 13 },
		"sampling rate":           func(h []byte) { h[262] = 0 },
		"amplitude resolution":    func(h []byte) { h[196], h[197] = 0xF7, 0xFF },
		"variable-length block":   func(h []byte) { h[0] = 200 },
	} {
		_, err := Decode(build(change))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	bad := build(nil)
	bad[headerAt+424]++
	rec, err := Decode(bad)
	if err != nil || rec.Notes[0].Code != ecg.NoteChecksum {
		t.Errorf("%v", err)
	}
}

func TestBeatsOfAnAnnotationFileAreAdded(t *testing.T) {
	t.Parallel()
	rec, err := Decode(build(nil))
	if err != nil {
		t.Fatal(err)
	}
	ann := append([]byte(annotationMagic), make([]byte, 2+headerLength)...)
	ann = append(ann, 1, 0, 0, 0, 'N', 0, 99, 0, 'V', 0, 2, 0)
	if err := Annotate(rec, rec.Samples(), ann); err != nil {
		t.Fatal(err)
	}
	if len(rec.Annotations) != 2 || rec.Annotations[0].Sample != 1 || rec.Annotations[1] != (ecg.Annotation{Sample: 3, Code: "V"}) {
		t.Errorf("%+v", rec.Annotations)
	}
	if err := Annotate(rec, rec.Samples(), ann[:100]); err == nil {
		t.Error("a cut file was taken")
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(build(nil))
	f.Add(truth.Bytes(f, sample)[:4000])
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := Decode(data)
		if err != nil {
			return
		}
		for _, l := range rec.Leads {
			if len(l.Samples) != rec.Samples() {
				t.Fatal("leads of unequal length")
			}
		}
		_ = Annotate(rec, rec.Samples(), data)
	})
}

func BenchmarkDecode(b *testing.B) {
	data := truth.Bytes(b, sample)[:522+24*10000] // ten seconds
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
