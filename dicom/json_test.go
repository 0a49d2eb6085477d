package dicom

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

func toJSON(t *testing.T, d *Dataset, o JSONOptions) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := d.JSON(&b, o); err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b.Bytes(), &m); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	return m
}

func TestJSONHasTheFormOfAnnexF(t *testing.T) {
	t.Parallel()
	d := New()
	d.SetText(SpecificCharacterSet, "GB18030")
	d.SetName(PatientName, PersonName{Alphabetic: "Wang^X", Ideographic: "王^小东"})
	d.SetText(ImageType, "ORIGINAL", "", "AXIAL")
	d.SetRaw(InstanceNumber, IS, []byte("+007 "))
	d.SetRaw(SliceThickness, DS, []byte(" 1.50 "))
	d.SetRaw(PixelSpacing, DS, []byte(`0.5\wide`))
	d.SetText(PatientComments, `one\two "three"`)
	d.SetText(PatientID)
	d.SetInts(Rows, 512)
	d.SetInts(FrameIncrementPointer, int64(FrameTime))
	d.SetRaw(RedPaletteColorLookupTableData, OW, []byte{1, 2})
	item := New()
	d.SetItems(ProcedureCodeSequence, item, New())
	item.SetText(CodeMeaning, "胸部")
	item.put(Element{Tag: EncapsulatedDocument, VR: OB, Bulk: true, Length: 1 << 20})
	d.put(Element{Tag: PixelData, VR: OW, Bulk: true, Length: 1 << 20})

	got := toJSON(t, d, JSONOptions{BulkURI: func(path string, e *Element) string { return "bulk/" + path }})
	var want map[string]any
	err := json.Unmarshal([]byte(`{
		"00080005": {"vr":"CS","Value":["ISO_IR 192"]},
		"00080008": {"vr":"CS","Value":["ORIGINAL",null,"AXIAL"]},
		"00081032": {"vr":"SQ","Value":[{"00080104":{"vr":"LO","Value":["胸部"]},"00420011":{"vr":"OB","BulkDataURI":"bulk/00081032/1/00420011"}},{}]},
		"00100010": {"vr":"PN","Value":[{"Alphabetic":"Wang^X","Ideographic":"王^小东"}]},
		"00100020": {"vr":"LO"},
		"00104000": {"vr":"LT","Value":["one\\two \"three\""]},
		"00180050": {"vr":"DS","Value":[1.5]},
		"00200013": {"vr":"IS","Value":[7]},
		"00280009": {"vr":"AT","Value":["00181063"]},
		"00280010": {"vr":"US","Value":[512]},
		"00280030": {"vr":"DS","Value":[0.5,"wide"]},
		"00281201": {"vr":"OW","InlineBinary":"AQI="},
		"7FE00010": {"vr":"OW","BulkDataURI":"bulk/7FE00010"}}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	for k := range want {
		if !reflect.DeepEqual(got[k], want[k]) {
			t.Errorf("%s: %v, want %v", k, got[k], want[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d members, want %d", len(got), len(want))
	}
}

func TestJSONOfRealFilesComesBack(t *testing.T) {
	t.Parallel()
	for rel, path := range corpusFiles(t) {
		file, err := readPath(t, path, Options{Keep: 4 << 10})
		if err != nil {
			continue
		}
		first, err := file.Dataset.MarshalJSON()
		if err != nil || !json.Valid(first) {
			t.Errorf("%s: not JSON: %v", rel, err)
			continue
		}
		if len(first) > 64<<10 { // more of the same: items of many frames
			continue
		}
		back, err := ParseJSON(bytes.NewReader(first))
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			continue
		}
		for _, tag := range []Tag{PatientName, PatientID, StudyDescription, SOPInstanceUID, Modality, WindowCenter, Rows} {
			a, b := strings.Join(back.Texts(tag), "\\"), strings.Join(file.Dataset.Texts(tag), "\\")
			if a != b && back.Floats(tag) == nil {
				t.Errorf("%s: %s is %q, was %q", rel, tag, a, b)
			}
		}
	}
}

func TestPydicomReadsOurJSON(t *testing.T) {
	t.Parallel()
	const script = `
import sys, pydicom
ds = pydicom.Dataset.from_json(sys.stdin.read())
print(ds.PatientName.ideographic, ds.Rows, ds.ProcedureCodeSequence[0].CodeMeaning, [float(v) for v in ds.WindowCenter], len(ds.PixelData))`
	python := "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import pydicom").Run(); err != nil {
		t.Skip("no pydicom: nobody else reads our JSON")
	}
	raw, err := sample(ExplicitVRLittleEndian).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Env = append(cmd.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := cmd.CombinedOutput()
	if want := "王^小东 2 胸部 [40.5, -600.0] 12\n"; err != nil || string(out) != want {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
}

func TestJSONThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"00081032":{"vr":"SQ","Value":[`, MaxDepth+2) + strings.Repeat(`]}}`, MaxDepth+2)
	for _, s := range []string{"", "[]", `{"0010":{}}`, `{"00100010":{"vr":"P"}}`, `{"00280010":{"vr":"US","Value":[70000]}}`,
		`{"00280010":{"vr":"US","Value":["x"]}}`, `{"00100020":{"vr":"LO","Value":[{}]}}`, `{"7FE00010":{"vr":"OW","InlineBinary":"%"}}`,
		`{"7FE00010":{"vr":"OW","Value":[1]}}`, deep} {
		if d, err := ParseJSON(strings.NewReader(s)); err == nil {
			t.Errorf("%.60s: %d elements and no error", s, len(d.Elements))
		}
	}
}

func TestJSONBulkDataKeepsItsURI(t *testing.T) {
	t.Parallel()
	d, err := ParseJSON(strings.NewReader(`{"7FE00010":{"vr":"OW","BulkDataURI":"cid:1"},"PatientID":{"vr":"LO","Value":["1"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if e := d.Get(PixelData); e == nil || !e.Bulk || e.URI != "cid:1" || d.Text(PatientID) != "1" {
		t.Errorf("%+v", d)
	}
}
