package edan

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/ecg/wfdb"
)

// build lays a real recording of 1000 Hz out as an Edan file: no file of the
// device may be given away. shift moves each lead against the one before.
func build(t testing.TB, shift int) []byte {
	t.Helper()
	rec, err := wfdb.Decode(os.DirFS(truth.Path(t, "wfdb/ptb")), "s0010_re.hea")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, samplesAt)
	for i := range out {
		out[i] = byte(i * 7)
	}
	for i, name := range []string{"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"} {
		for k := range samples {
			uv := rec.Lead(name).Samples[k+i*shift]
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(float64(uv)*countsInMV/1000))))
		}
	}
	return append(out, make([]byte, 9600)...)
}

func TestEightSimultaneousLeadsAreRead(t *testing.T) {
	t.Parallel()
	rec, err := Decode(build(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	want, err := wfdb.Decode(os.DirFS(truth.Path(t, "wfdb/ptb")), "s0010_re.hea")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range rec.Leads {
		for k, v := range l.Samples {
			if d := v - want.Lead(l.Name).Samples[k]; d > 1.3 || d < -1.3 {
				t.Fatalf("lead %s, sample %d: off by %v µV", l.Name, k, d)
			}
		}
	}
	if rec.RateHz != 1000 || len(rec.Leads) != 8 || len(rec.Notes) < 3 {
		t.Errorf("%v Hz, %d leads, %d notes", rec.RateHz, len(rec.Leads), len(rec.Notes))
	}
}

func TestWhatOnlyResemblesAnEdanFileIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	interleaved := append([]byte(nil), build(t, 0)[:samplesAt]...)
	good := build(t, 0)
	for k := range samples {
		for i := range leads {
			at := samplesAt + 2*(i*samples+k)
			interleaved = append(interleaved, good[at], good[at+1])
		}
	}
	for name, data := range map[string][]byte{
		"one long lead cut in eight":   build(t, 3301),
		"leads side by side":           interleaved,
		"samples that begin elsewhere": append([]byte{0}, good...),
		"a file that ends early":       good[:leastBytes-1],
		"zeros":                        make([]byte, leastBytes),
	} {
		if Is(data) {
			t.Errorf("%s were taken for an Edan file", name)
		}
		if _, err := Decode(data); err == nil {
			t.Errorf("%s were read", name)
		}
	}
	for _, file := range []string{"wfdb/ptb/s0010_re.dat", "wfdb/formats/a103l.mat", "wfdb/multiseg/fixed1/v102s.dat", "pdf/introecg_FICTITIOUS_EKG.pdf"} {
		if data := truth.Bytes(t, file); Is(data) || len(data) > mostBytes && Is(data[:mostBytes]) {
			t.Errorf("%s was taken for an Edan file", file)
		}
	}
	if ecg.Detect(good) != ecg.FormatUnknown {
		t.Error("the test's own file resembles another format")
	}
}

// FuzzDecode: whatever the bytes, no panic.
func FuzzDecode(f *testing.F) {
	good := build(f, 0)
	f.Add(good, 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, b byte) {
		whole := append([]byte(nil), good...)
		if at >= 0 && at < len(whole) {
			copy(whole[at:], data)
			whole[at] = b
		}
		if rec, err := Decode(whole); err == nil && rec.Samples() != samples {
			t.Fatal("a trace of another length")
		}
	})
}
