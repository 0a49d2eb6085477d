package decode

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// refused lists files that must be refused and a word of the reason.
func refused() map[string]string {
	return map[string]string{
		"scp/bad_crc_shifted_log.scp":            "pointer leads to",
		"aecg/fda_empty.xml":                     "no rhythm",
		"philips-xml/invalid_doc_version.xml":    "version \"1.05\" is not read",
		"edf/wfdb_test_edfann.edf":               "no signal is in volts",
		"wfdb/multiseg/p000878/3269321_0001.hea": "no signal is a voltage",
	}
}

// parts says that a file is read as part of a record, or not meant to be read.
func part(name string) bool {
	return strings.HasPrefix(name, "wfdb/") && !strings.HasSuffix(name, ".hea") || strings.HasSuffix(name, "_layout.hea") ||
		strings.HasSuffix(name, "0000050.csv") || !strings.Contains(name, "/") || strings.HasPrefix(name, "truth/")
}

func TestTheWholeCorpusIsReadOrRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	root := filepath.Join(testdata.Dir(t), "ecg")
	folder := os.DirFS(root)
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || part(name) {
			return err
		}
		rec, err := Open(folder, name)
		if reason, bad := refused()[name]; bad {
			var fault *ecg.FormatError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v, want a refusal for %q", name, err, reason)
			}
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		if !strings.HasPrefix(name, "wfdb/ludb/") && !strings.HasPrefix(name, "wfdb/formats/") && name != "edf/mne_uneven_samp.edf" {
			checkPlausible(t, name, rec) // those were scaled lead by lead or made up
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryFileEqualsItsTruth compares samples, names, rates and times with what
// an independent reader found. Files with several groups have tests of their
// own beside their readers.
func TestEveryFileEqualsItsTruth(t *testing.T) {
	t.Parallel()
	folder := os.DirFS(filepath.Join(testdata.Dir(t), "ecg"))
	seen := 0
	for _, path := range testdata.Files(t, "ecg/truth", "*.json") {
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(path), ".json"), "__", "/")
		want := truth.Load(t, name)
		if _, bad := refused()[name]; bad || want.Expect != "" || want.Leads == nil || strings.Contains(name, "skew") || strings.HasPrefix(name, "contec/") {
			continue // aligned, or in counts
		}
		seen++
		rec, err := Open(folder, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rate := func(g *ecg.Group) float64 { return g.RateHz }
		have := map[string][]ecg.Lead{}
		rates := map[string]float64{}
		put := func(l ecg.Lead, hz float64) { have[l.Name], rates[l.Name] = append(have[l.Name], l), hz }
		for _, l := range rec.Leads {
			put(l, rec.RateHz)
		}
		for i := range rec.Groups {
			if rec.Groups[i].Kind == ecg.KindRhythm {
				for _, l := range rec.Groups[i].Leads {
					put(l, rate(&rec.Groups[i]))
				}
			}
		}
		for _, w := range want.Leads {
			lead := ecg.StandardLead(w.Name)
			if lead == "" {
				lead = w.Name
			}
			if len(have[lead]) == 0 {
				t.Errorf("%s: no lead %s", name, lead)
				continue
			}
			truth.Check(t, name, have[lead][:1], rates[lead], []truth.Lead{w})
			have[lead] = have[lead][1:]
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were compared", seen)
	}
}

// artificial lists files whose signals were made up or rescaled lead by lead, so
// that the limb leads contradict each other.
func artificial() []string {
	return []string{"aecg/gen_cn_dialect_nons_increment2s_gb2312.xml", "aecg/liryc_example.xml",
		"mfer/gen_std12_be_ludb3.mwf"}
}

// checkPlausible: real recordings earn no note of implausibility, or the checks
// cry wolf; made-up ones must.
func checkPlausible(t *testing.T, name string, rec *ecg.Recording) {
	t.Helper()
	if slices.Contains(artificial(), filepath.ToSlash(name)) {
		if !slices.ContainsFunc(rec.Notes, func(n ecg.Note) bool { return n.Code == ecg.NoteEinthoven }) {
			t.Errorf("%s: contradicting limb leads were not noticed", name)
		}
		return
	}
	for _, n := range rec.Notes {
		switch n.Code {
		case ecg.NoteEinthoven, ecg.NoteImplausibleAmplitude, ecg.NoteImplausibleRate:
			t.Errorf("%s: %s", name, n.Text)
		}
	}
}

func TestOneTraceIsTheSameInThreeFormats(t *testing.T) {
	t.Parallel()
	var recs []*ecg.Recording
	for _, name := range []string{"scp/ecgtoolkit_Example.scp", "aecg/hl7_Example.xml", "dicom/ecgtoolkit_Example.dcm"} {
		data, err := os.ReadFile(filepath.Join(testdata.Dir(t), "ecg", name))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	for _, rec := range recs[1:] {
		for _, name := range ecg.StandardLeads() {
			if !slices.Equal(rec.Lead(name).Samples, recs[0].Lead(name).Samples) {
				t.Errorf("%s: lead %s differs from SCP-ECG", rec.Format, name)
			}
		}
		if rec.RateHz != recs[0].RateHz || rec.Patient.ID != recs[0].Patient.ID || !rec.Start.Equal(recs[0].Start) {
			t.Errorf("%s: rate, patient or start differs from SCP-ECG", rec.Format)
		}
	}
}

func TestOtherFilesAreOfUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello", "<html><body/></html>",
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("\x00", 300)} {
		if _, err := Decode([]byte(text)); !errors.Is(err, ecg.ErrUnknownFormat) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestErrorsHoldNoPatientData(t *testing.T) {
	t.Parallel()
	for _, path := range append(testdata.Files(t, "ecg/aecg", "hl7*"), testdata.Files(t, "ecg/scp", "ecgtoolkit*")...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); at += len(data)/40 + 1 {
			bad := append([]byte(nil), data...)
			copy(bad[at:], "\x00\x00\x00\x00")
			rec, err := Decode(bad)
			texts := []string{}
			if err != nil {
				texts = append(texts, err.Error())
			} else {
				for _, n := range rec.Notes {
					texts = append(texts, n.Text)
				}
			}
			for _, text := range texts {
				if strings.Contains(text, "Clark") || strings.Contains(text, "SBJ-123") {
					t.Fatalf("%s", text)
				}
			}
		}
	}
}

// pack makes a ZIP archive of files of the test data.
func pack(t testing.TB, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		w, err := z.Create("folder/" + filepath.Base(name))
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

func TestAnArchiveOfOneRecordIsReadAsOne(t *testing.T) {
	t.Parallel()
	ptb := []string{"wfdb/ptb/s0010_re.hea", "wfdb/ptb/s0010_re.dat", "wfdb/ptb/s0010_re.xyz"}
	fixed := []string{"wfdb/multiseg/fixed1/v102s.hea", "wfdb/multiseg/fixed1/v102s_1.hea", "wfdb/multiseg/fixed1/v102s_2.hea",
		"wfdb/multiseg/fixed1/v102s_3.hea", "wfdb/multiseg/fixed1/v102s.dat"}
	scp := []string{"scp/ecgtoolkit_Example.scp", "contec/0000050.csv"}
	for leads, names := range map[int][]string{15: ptb, 2: fixed, 12: scp} {
		rec, err := Archive(pack(t, names...))
		if err != nil || len(rec.Leads) != leads {
			t.Errorf("%s: %v", names[0], err)
		}
	}
	for reason, names := range map[string][]string{
		"does not lie beside": ptb[:2],
		"2 records":           append(ptb, "wfdb/mitdb/100.hea", "wfdb/mitdb/100.dat"),
		"more than one ECG":   {"scp/ecgtoolkit_Example.scp", "aecg/hl7_Example.xml"},
		"unknown format":      {"contec/0000050.csv"},
	} {
		if _, err := Archive(pack(t, names...)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	if _, err := Archive([]byte("PK\x03\x04 and no more")); err == nil {
		t.Error("a damaged archive was read")
	}
	if _, err := Decode(truth.Bytes(t, "wfdb/mitdb/100.hea")); !errors.Is(err, ecg.ErrNoSignal) {
		t.Errorf("a header alone: %v", err)
	}
}
