package flac

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

// bitWriter writes bits, the highest first.
type bitWriter struct {
	data []byte
	free int
}

func (w *bitWriter) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		w.free--
		w.data[len(w.data)-1] |= byte(v>>i&1) << w.free
	}
}

// stream writes one frame of four samples, 16 bits and two channels; body writes
// the subframes.
func stream(assignment uint64, body func(w *bitWriter)) []byte {
	out := []byte("fLaC\x80\x00\x00\x22")
	info := make([]byte, streamInfo)
	info[12], info[13] = 1<<1, 15<<4 // two channels, 16 bits
	out = append(out, info...)
	w := &bitWriter{}
	w.put(0x3FFE, 14)
	w.put(0, 2)
	w.put(6, 4) // size in the next byte
	w.put(0, 4)
	w.put(assignment, 4)
	w.put(4, 3) // 16 bits
	w.put(0, 1)
	w.put(0, 8) // number
	w.put(3, 8) // size less one
	w.put(0, 8) // checksum of the header
	body(w)
	crc := crc16(w.data)
	return append(append(out, w.data...), byte(crc>>8), byte(crc))
}

func verbatim(w *bitWriter, bits int, values ...int) {
	w.put(1<<1, 8)
	for _, v := range values {
		w.put(uint64(v), bits)
	}
}

func TestChannelsStoredAsDifferencesComeBack(t *testing.T) {
	t.Parallel()
	left, right := []int32{5, -7, 300, 0}, []int32{4, -9, 302, -1}
	for assignment, body := range map[uint64]func(w *bitWriter){
		1: func(w *bitWriter) { verbatim(w, 16, 5, -7, 300, 0); verbatim(w, 16, 4, -9, 302, -1) },
		8: func(w *bitWriter) { verbatim(w, 16, 5, -7, 300, 0); verbatim(w, 17, 1, 2, -2, 1) },
		9: func(w *bitWriter) { verbatim(w, 17, 1, 2, -2, 1); verbatim(w, 16, 4, -9, 302, -1) },
		10: func(w *bitWriter) {
			verbatim(w, 16, 4, -8, 301, -1)
			verbatim(w, 17, 1, 2, -2, 1)
		},
	} {
		got, err := Decode(stream(assignment, body), 100)
		if err != nil || !slices.Equal(got[0], left) || !slices.Equal(got[1], right) {
			t.Errorf("assignment %d: %v, %v", assignment, got, err)
		}
	}
}

func TestConstantPredictedAndWastedSubframesAreRead(t *testing.T) {
	t.Parallel()
	data := stream(1, func(w *bitWriter) {
		w.put(0, 8) // constant
		w.put(7, 16)
		w.put((8+1)<<1|1, 8) // first differences, and
		w.put(0b01, 2)       // two wasted bits
		w.put(10, 14)
		w.put(0, 2)                           // Rice
		w.put(0, 4)                           // one partition
		w.put(1, 4)                           // of parameter 1
		for _, v := range []uint64{2, 3, 0} { // 1, -2, 0, folded
			for range v >> 1 {
				w.put(0, 1)
			}
			w.put(1, 1)
			w.put(v&1, 1)
		}
	})
	got, err := Decode(data, 100)
	if err != nil || !slices.Equal(got[0], []int32{7, 7, 7, 7}) || !slices.Equal(got[1], []int32{40, 44, 36, 36}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestDamagedStreamsGiveTheFramesBeforeTheFault(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(truth.Path(t, "wfdb/formats/mixedsignals_e.dat"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Decode(data, 1<<20)
	if err != nil || len(whole) != 3 {
		t.Fatal(err)
	}
	bad := bytes.Clone(data)
	bad[len(bad)*3/4] ^= 1
	part, err := Decode(bad, 1<<20)
	var fault *Error
	if !errors.As(err, &fault) || len(part[0]) == 0 || len(part[0]) >= len(whole[0]) || !slices.Equal(part[0], whole[0][:len(part[0])]) {
		t.Errorf("%v after %d of %d samples", err, len(part[0]), len(whole[0]))
	}
	if _, err := Decode(data, 1000); err == nil {
		t.Error("more samples than allowed were read")
	}
	for _, text := range []string{"", "RIFF", "fLaC", string(data[:20])} {
		if _, err := Decode([]byte(text), 100); err == nil {
			t.Errorf("%.8q was read", text)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic and no more samples than allowed.
func FuzzDecode(f *testing.F) {
	f.Add(stream(1, func(w *bitWriter) { verbatim(w, 16, 1, 2, 3, 4); verbatim(w, 16, 1, 2, 3, 4) }))
	if data, err := os.ReadFile(truth.Path(f, "wfdb/formats/flacformats.d1")); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		channels, _ := Decode(data, 10_000)
		total := 0
		for _, c := range channels {
			total += len(c)
		}
		if total > 10_000 {
			t.Fatalf("%d samples", total)
		}
	})
}
