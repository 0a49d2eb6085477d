package decode

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

// stored makes a ZIP archive whose entries are not packed.
func stored(t testing.TB, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: filepath.Base(name), Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(truth.Bytes(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnArchiveIsReadInPartsAsTheWhole(t *testing.T) {
	t.Parallel()
	mitdb := []string{"wfdb/mitdb/100.hea", "wfdb/mitdb/100.dat"}
	for what, data := range map[string][]byte{
		"record, packed":  pack(t, mitdb...),
		"record, stored":  stored(t, mitdb...),
		"segments":        pack(t, "wfdb/multiseg/fixed1/v102s.hea", "wfdb/multiseg/fixed1/v102s_1.hea", "wfdb/multiseg/fixed1/v102s_2.hea", "wfdb/multiseg/fixed1/v102s_3.hea", "wfdb/multiseg/fixed1/v102s.dat"),
		"one ISHNE file":  pack(t, "ishne/thew_like_P28.01.ecg"),
		"one EDF, stored": stored(t, "edf/contec_0000050.edf"),
	} {
		whole, err := Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		s, err := Stream(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		n := whole.Samples()
		for _, span := range [][2]int{{n / 2, n/2 + 500}, {0, n}, {n - 9, n}, {3, 4}} { // forwards and back
			got, err := ecg.Window(s, span[0], span[1])
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			for i, l := range got.Leads {
				if !slices.EqualFunc(l.Samples, whole.Leads[i].Samples[span[0]:span[1]], func(x, y float32) bool { return x == y || x != x && y != y }) {
					t.Errorf("%s: lead %s differs in samples %v", what, l.Name, span)
				}
			}
		}
	}
	for reason, names := range map[string][]string{
		"more than one ECG": {"ishne/thew_like_P28.01.ecg", "edf/contec_0000050.edf"},
		"2 records":         append([]string{"wfdb/ludb/1.hea", "wfdb/ludb/1.dat"}, mitdb...),
		"unknown format":    {"scp/ecgtoolkit_Example.scp"}, // Decode reads it
	} {
		data := pack(t, names...)
		if _, err := Stream(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestAPackedEntryIsReadFromAnyPlace(t *testing.T) {
	t.Parallel()
	content := make([]byte, 9<<20) // more than is kept behind, twice
	random := rand.NewChaCha8([32]byte{7})
	for at := 0; at < len(content); at += 64 { // half of it can be packed
		if _, err := random.Read(content[at : at+32]); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("x.dat")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	at := entryAt(r.File[0], bytes.NewReader(out.Bytes()))
	for _, span := range [][2]int{{0, 100}, {8 << 20, 8<<20 + 5}, {8<<20 - 100_000, 9 << 20}, {1 << 20, 6 << 20}, {6<<20 - 7, 6<<20 + 9}, {5, 5 << 20}} {
		p := make([]byte, span[1]-span[0])
		if n, err := at.ReadAt(p, int64(span[0])); n < len(p) || !bytes.Equal(p, content[span[0]:span[1]]) {
			t.Errorf("bytes %v: %d read, %v", span, n, err)
		}
	}
	if n, err := at.ReadAt(make([]byte, 10), int64(len(content))-4); n != 4 || err != io.EOF {
		t.Errorf("over the end: %d bytes, %v", n, err)
	}
	if kept := cap(at.(*unpacked).kept); kept > 16<<20 {
		t.Errorf("%d bytes are held", kept)
	}
}

func TestAnArchiveThatUnfoldsWithoutEndIsRefused(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range []string{"a.dat", "b.dat"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 100<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Stream(bytes.NewReader(out.Bytes()), int64(out.Len())); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("%d bytes that unpack to 200 MiB: %v", out.Len(), err)
	}
}

// FuzzStream: whatever the bytes, opening and reading in parts does not panic, and
// a part equals the same samples of the whole.
func FuzzStream(f *testing.F) {
	for _, name := range []string{"edf/contec_0000050.edf", "ishne/thew_like_P28.01.ecg", "dicom/pydicom_waveform_ecg.dcm", "dicom/gen_ambulatory_8bit_implicit.dcm", "wfdb/ludb/1.hea"} {
		data := truth.Bytes(f, name)
		f.Add(data[:min(len(data), 20_000)], uint16(7), uint16(300))
	}
	for _, names := range [][]string{{"wfdb/ludb/1.hea", "wfdb/ludb/1.dat"}, {"wfdb/multiseg/p000878/3269321_0002.hea", "wfdb/multiseg/p000878/3269321_0002.dat"}} {
		f.Add(pack(f, names...), uint16(0), uint16(9))
		f.Add(stored(f, names...), uint16(4000), uint16(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, from, length uint16) {
		s, err := Stream(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		first, n := int(from)%max(s.Samples(), 1), min(int(length), 1<<12)
		part, err := ecg.Window(s, first, first+n)
		if err != nil {
			return
		}
		whole, err := Decode(data)
		if err != nil || whole.Samples() != s.Samples() || len(whole.Leads) != len(part.Leads) {
			return // what is repaired in the whole is refused or left out in parts
		}
		for i, l := range part.Leads {
			want := whole.Leads[i].Samples[first:min(first+n, whole.Samples())]
			if !slices.EqualFunc(l.Samples, want, func(x, y float32) bool { return x == y || x != x && y != y }) {
				t.Fatalf("lead %d differs between sample %d and %d", i+1, first, first+n)
			}
		}
	})
}
