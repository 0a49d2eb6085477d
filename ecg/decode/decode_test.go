package decode

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// notYet lists files of the corpus that are not decoded, and why.
func notYet() map[string]string {
	return map[string]string{
		"contec": "no parser for Contec's own format yet; its SCP export is read",
		"ishne":  "no parser yet",
		"pdf":    "drawings are not read",
		"wfdb":   "records of several files are not uploads of one file",
	}
}

// refused lists files that must be refused and a word of the reason.
func refused() map[string]string {
	return map[string]string{
		"scp/bad_crc_shifted_log.scp":         "pointer leads to",
		"scp/healforce_62.scp":                "big-endian",
		"aecg/fda_empty.xml":                  "no rhythm",
		"edf/mne_duplicate_labels.edf":        "no signal is labelled as an ECG",
		"edf/mne_uneven_samp.edf":             "no signal is labelled as an ECG",
		"edf/pyedflib_subsecond.edf":          "no signal is labelled as an ECG",
		"philips-xml/invalid_doc_version.xml": "version \"1.05\" is not read",
		"edf/wfdb_test_edfann.edf":            "no signal is labelled as an ECG",
	}
}

func TestTheWholeCorpusIsDecodedRefusedOrListed(t *testing.T) {
	t.Parallel()
	root := filepath.Join(testdata.Dir(t), "ecg")
	for _, path := range testdata.Files(t, "ecg", "*") {
		name, _ := filepath.Rel(root, path)
		folder, _, inFolder := strings.Cut(filepath.ToSlash(name), "/")
		if !inFolder || folder == "truth" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := Decode(data)
		if reason, bad := refused()[filepath.ToSlash(name)]; bad {
			var fault *ecg.FormatError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v, want a refusal for %q", name, err, reason)
			}
			continue
		}
		if _, listed := notYet()[strings.TrimSuffix(folder, "-xml")]; listed {
			if !errors.Is(err, ecg.ErrUnknownFormat) {
				t.Errorf("%s is listed as not read yet, but gave %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPlausible(t, name, rec)
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

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"scp/ecgtoolkit_Example.scp", "aecg/gen_cn_dialect_nons_increment2s_gb2312.xml",
		"dicom/gen_12lead_be_12bit_scpcodes_gb18030.dcm", "mfer/gen_std12_be_ludb3.mwf", "muse-xml/introecg_MUSE_example.xml",
		"philips-xml/129DYPRG_1_03.xml"} {
		b.Run(filepath.Dir(name), func(b *testing.B) {
			data, err := os.ReadFile(filepath.Join(testdata.Dir(b), "ecg", name))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestOtherFilesAreOfUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello", "%PDF-1.7", "PK\x03\x04", "<html><body/></html>",
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xd8\xff\xe0", strings.Repeat("\x00", 300)} {
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
