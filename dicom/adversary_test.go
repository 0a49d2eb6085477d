package dicom

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// everything is a data set with all VRs, sequences in sequences, empty ones,
// private ones and values at the edge of what is allowed.
func everything() []forged {
	code := []forged{{CodeValue, SH, "T-D3000 "}, {CodingSchemeDesignator, SH, "SRT "}, {CodeMeaning, LO, "胸部 "}}
	return []forged{
		{SpecificCharacterSet, CS, "ISO_IR 192"},
		{ImageType, CS, `ORIGINAL\\AXIAL `},
		{SOPClassUID, UI, even(ctImage)},
		{SOPInstanceUID, UI, "1.2.3.4.5\x00"},
		{StudyDate, DA, "20240229"},
		{AcquisitionDateTime, DT, "20240229103000.123456+0800"},
		{StudyTime, TM, "103000.1"},
		{AccessionNumber, SH, ""},
		{0x00080054, AE, "ONE\\TWO "},
		{0x00080081, ST, `Line 1\still one ` + "\r\n"},
		{0x00080119, UC, "a long code value, unlimited, with \\ two "},
		{ProcedureCodeSequence, SQ, [][]forged{code, {}, {{CodeMeaning, LO, ""}}}},
		{0x00081115, SQ, [][]forged{{{SeriesInstanceUID, UI, "1.2"}, {0x00081199, SQ, [][]forged{
			{{ReferencedSOPInstanceUID, UI, "1.2.3\x00"}, {0x0040A170, SQ, [][]forged{code, code}}}, {{0x0040A170, SQ, [][]forged{}}}}}}}},
		{0x00081120, SQ, [][]forged{}},
		{0x00081140, SQ, [][]forged{{}}},
		{0x00081190, UR, "http://example.org/a\\b "},
		{0x00089459, FL, []uint32{0x3FC00000, 0x80000000, 0x7F7FFFFF}},
		{0x00090010, LO, "ACME"},
		{0x00091001, SQ, [][]forged{{{0x00090010, LO, "ACME"}, {0x00091004, LO, "in"}}}},
		{0x00091002, OB, "\x01\x02\x03\x04"},
		{0x00091003, UN, "\xFE\xFF\x00\xE0\x04\x00\x00\x00item"},
		{0x00091004, LO, "私 "},
		{0x00091005, FD, []uint64{0x3FF8000000000000}},
		{PatientName, PN, "Wang^Xiao=王^小东=\\Li="},
		{PatientID, LO, " P1\\P2"},
		{0x00101010, AS, "045Y"},
		{0x00104000, LT, " spaces before and \\ after  "},
		{0x00181063, DS, `1.5\-2e-3\ 3 `},
		{0x00186020, SL, []uint32{0xFFFFFFFF, 1}},
		{0x00189073, FD, []uint64{0x400921FB54442D18, 0x0000000000000001}},
		{InstanceNumber, IS, `+07 `},
		{SamplesPerPixel, US, []uint16{1}},
		{PhotometricInterpretation, CS, "MONOCHROME2 "},
		{0x00280009, AT, []uint16{0x0018, 0x1063, 0x0054, 0x0010}},
		{Rows, US, []uint16{2}},
		{Columns, US, []uint16{2}},
		{PixelSpacing, DS, `0.5\0.5`},
		{BitsAllocated, US, []uint16{16}},
		{BitsStored, US, []uint16{16}},
		{HighBit, US, []uint16{15}},
		{PixelRepresentation, US, []uint16{1}},
		{SmallestImagePixelValue, SS, []uint16{0xFFFE}},
		{0x00281201, OW, []uint16{1, 0x0203}},
		{0x0040A160, UT, `several \ lines` + "\r\n" + "of text "},
		{0x00420011, OB, "%PDF-1.4\x00\x00"},
		{0x00640009, OF, []uint32{0x3FC00000, 0x3F800000}},
		{0x00660022, OD, []uint64{0x3FF8000000000000}},
		{0x00660040, OL, []uint32{1, 0xFFFFFFFE}},
		{0x00720082, SV, []uint64{0xFFFFFFFFFFFFFFFE, 5}},
		{0x00720083, UV, []uint64{0xFFFFFFFFFFFFFFFE, 5}},
		{0x00720081, OV, []uint64{1, 0x0102030405060708}},
		{0x60000050, SS, []uint16{1, 0xFFFF}},
		{PixelData, OW, []uint16{1, 2, 3, 0xFFFF}},
	}
}

// forms are the ways to write a data set that mean the same.
func forms() []form {
	var out []form
	for _, f := range []form{
		{name: "explicit"}, {name: "implicit", implicit: true}, {name: "big endian", big: true}, {name: "deflated", deflated: true},
		{name: "deflated with zlib header", deflated: true, zlib: true}, {name: "deflated with a byte more", deflated: true, oddDeflate: true},
	} {
		for _, how := range []form{
			{name: "defined lengths"}, {name: "open sequences", openSequences: true}, {name: "open items", openItems: true},
			{name: "all open", openSequences: true, openItems: true}, {name: "group lengths", groupLengths: true},
			{name: "wrong group lengths", groupLengths: true, wrongLengths: true, openSequences: true},
			{name: "sequences as UN", unknown: true}, {name: "sequences as UN, open items", unknown: true, openItems: true},
			{name: "sequences as UN of defined length", unknownDefined: true},
			{name: "stray item delimiters", strayDelimiters: true}, {name: "odd lengths", unpadded: true},
		} {
			if f.implicit && (how.unknown || how.unknownDefined) {
				continue // there are no VRs
			}
			how.name, how.big, how.implicit = f.name+", "+how.name, f.big, f.implicit
			how.deflated, how.zlib, how.oddDeflate = f.deflated, f.zlib, f.oddDeflate
			out = append(out, how)
		}
	}
	return out
}

// model is what a reader makes of a file: its DICOM JSON, all values inline.
// Of a file whose private elements carry no VRs they are left out.
func model(t *testing.T, what string, raw []byte, o Options, private bool) map[string]any {
	t.Helper()
	f, err := Read(bytes.NewReader(raw), o)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return nil
	}
	if !f.Complete {
		t.Errorf("%s: not complete: %s", what, f.Reason)
	}
	text, err := f.Dataset.MarshalJSON()
	var m map[string]any
	if err != nil || json.Unmarshal(text, &m) != nil {
		t.Fatalf("%s: %v %s", what, err, text)
	}
	for key := range m {
		if !private && strings.Contains("13579BDF", key[3:4]) {
			delete(m, key)
		}
	}
	return m
}

// unlike lists the members in which two models differ.
func unlike(got, want map[string]any) []string {
	var out []string
	if got == nil {
		return nil // told already
	}
	for key := range want {
		if !reflect.DeepEqual(got[key], want[key]) {
			out = append(out, fmt.Sprintf("%s is %v, want %v", key, got[key], want[key]))
		}
	}
	for key := range got {
		if want[key] == nil {
			out = append(out, key+" is new")
		}
	}
	return out
}

func TestADataSetReadsAlikeHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, private := range []bool{true, false} {
		want := model(t, "plain", part10(ExplicitVRLittleEndian, form{}.stream(everything())), Options{}, private)
		for _, f := range forms() {
			if private == (f.implicit || f.unknown || f.unknownDefined) {
				continue
			}
			for _, keep := range []int64{0, -1} {
				got := model(t, f.name, part10(f.syntax(), f.stream(everything())), Options{Keep: keep}, private)
				for _, d := range unlike(got, want) {
					t.Errorf("%s: %s", f.name, d)
				}
			}
		}
	}
}

func TestAFileReadsAlikeWhateverStandsAroundItsDataSet(t *testing.T) {
	t.Parallel()
	for _, f := range []form{{name: "explicit"}, {name: "implicit", implicit: true}, {name: "big endian", big: true}, {name: "deflated", deflated: true}} {
		stream, ts := f.stream(everything()), f.syntax()
		whole := part10(ts, stream)
		want := model(t, f.name, whole, Options{}, !f.implicit)
		join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
		preamble := append(make([]byte, preambleSize), "DICM"...)
		padded := append(everything(), forged{DataSetTrailingPadding, OB, "\x00\x00\x00\x00"})
		for name, raw := range map[string][]byte{
			"meta length too small": join(preamble, meta(ts, -20), stream),
			"meta length too large": join(preamble, meta(ts, 400), stream),
			"meta length of 4 GiB":  join(preamble, meta(ts, 1<<32-1-200), stream),
			"no meta length":        join(preamble, meta(ts, -1), stream),
			"no preamble":           join([]byte("DICM"), meta(ts, 0), stream),
			"no preamble nor magic": join(meta(ts, 0), stream),
			"text in the preamble":  join([]byte(strings.Repeat("TIFF", 32)), whole[preambleSize:]),
			"trailing padding":      part10(ts, f.stream(padded)),
			"zeros behind":          join(whole, make([]byte, 512)),
			"0xFF behind":           join(whole, bytes.Repeat([]byte{0xFF}, 100)),
		} {
			got := model(t, f.name+", "+name, raw, Options{}, !f.implicit)
			if got != nil {
				delete(got, "FFFCFFFC")
			}
			for _, d := range unlike(got, want) {
				t.Errorf("%s, %s: %s", f.name, name, d)
			}
		}
		if f.deflated {
			continue
		}
		for _, d := range unlike(model(t, f.name+" bare", stream, Options{}, !f.implicit), want) {
			t.Errorf("%s, bare: %s", f.name, d)
		}
	}
}

// What looks like a sequence under VR UN may be anything: if it is none, the
// rest of the file is read all the same, and nothing is held twice.
func TestBytesUnderUNThatAreNoSequenceStayBytes(t *testing.T) {
	item := "\xFE\xFF\x00\xE0"
	deep := ""
	for range 2000 {
		deep = item + string(binary.LittleEndian.AppendUint32(nil, uint32(12+len(deep)))) + element(ProcedureCodeSequence, "UN", uint32(len(deep)), deep)
	}
	for name, value := range map[string]string{
		"no item":                      "12345678",
		"half an item":                 item + "\x10\x00\x00\x00\x08\x00",
		"an item longer than its data": item + "\x0C\x00\x00\x00\x08\x00\x04\x01\xFF\x00\x00\x00abcd",
		"nested two thousand times":    deep,
	} {
		raw := element(ProcedureCodeSequence, "UN", uint32(len(value)), value) + element(PatientID, "LO", 2, "P1")
		d, err := guarded(t, name, strings.NewReader(raw), ExplicitVRLittleEndian, 8)
		if err != nil || d.Text(PatientID) != "P1" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e := d.Get(ProcedureCodeSequence); e.Items == nil && string(e.Raw) != value {
			t.Errorf("%s: the bytes are lost", name)
		}
	}
}

// modelsByPydicom prints the DICOM JSON of each file, one a line.
const modelsByPydicom = `
import json, sys, warnings, pydicom
warnings.simplefilter('ignore')
for path in sys.argv[1:]:
    try: print(pydicom.dcmread(path, force=True).to_json(bulk_data_threshold=1 << 30))
    except Exception as e: print(json.dumps({'error': repr(e)}))
`

func TestOtherReadersReadWhatIsForgedAsWeDo(t *testing.T) {
	t.Parallel()
	python := "/usr/bin/python3"
	need(t, "dcm2json", python)
	if exec.Command(python, "-c", "import pydicom").Run() != nil {
		t.Skip("no pydicom: nobody else reads what is forged")
	}
	dir := t.TempDir()
	var paths []string
	for i, f := range forms() {
		path := filepath.Join(dir, fmt.Sprint(i, ".dcm"))
		if err := os.WriteFile(path, part10(f.syntax(), f.stream(everything())), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	out, err := exec.Command(python, append([]string{"-c", modelsByPydicom}, paths...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]int{}
	lines := strings.Split(string(out), "\n")
	for i, f := range forms() {
		ours := model(t, f.name, part10(f.syntax(), f.stream(everything())), Options{}, true)
		var pydicom map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &pydicom); err != nil {
			t.Fatal(err)
		}
		for peer, theirs := range map[string]map[string]any{"pydicom": pydicom, "dcmtk": dcmtkJSON(t, paths[i])} {
			if theirs == nil || theirs["error"] != nil || f.strayDelimiters || f.unpadded || f.big && f.unknownDefined {
				continue // the other cannot read it, or takes delimiters for items, a NUL for text, and UN for big endian
			}
			read[peer]++
			for key, want := range theirs {
				if !strings.HasSuffix(key, "0000") && !agreed(ours[key], want, f.big) {
					t.Errorf("%s, %s: %s is %v, want %v", peer, f.name, key, ours[key], want)
				}
			}
			for key := range ours {
				if theirs[key] == nil {
					t.Errorf("%s, %s: there is no %s", peer, f.name, key)
				}
			}
		}
	}
	if read["pydicom"] < len(paths)/2 || read["dcmtk"] < len(paths)/2 {
		t.Errorf("of %d files others read only %v", len(paths), read)
	}
}

// agreed compares what two readers write of one value, but for spaces around
// text, the form of numbers, group lengths, and what others leave as it lies:
// bytes in big endian, and sequences under VR UN.
func agreed(a, b any, big bool) bool {
	switch b := b.(type) {
	case nil:
		return a == nil
	case string:
		text, _ := a.(string)
		return strings.TrimSpace(text) == strings.TrimSpace(b)
	case float64:
		n, err := strconv.ParseFloat(fmt.Sprint(a), 64)
		return err == nil && math.Abs(n-b) <= 1e-6*math.Abs(b)
	case []any:
		list, _ := a.([]any)
		return slices.EqualFunc(list, b, func(x, y any) bool { return agreed(x, y, big) })
	case map[string]any:
		m, ok := a.(map[string]any)
		if b["vr"] == "UN" || big && b["InlineBinary"] != nil {
			return ok
		}
		for key := range b {
			if !strings.HasSuffix(key, "0000") && !agreed(m[key], b[key], big) {
				return false
			}
		}
		return ok
	}
	return false
}
