package dicom

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestDictionaryKnowsTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag     Tag
		keyword string
		vr      VR
	}{
		{PatientName, "PatientName", PN}, {0x60120010, "OverlayRows", US}, {0x50FE0005, "CurveDimensions", US},
		{PixelData, "PixelData", OW}, {LUTData, "LUTData", OW}, {PixelPaddingValue, "PixelPaddingValue", US},
		{0x00203123, "SourceImageIDs", CS}, {0x0008001C, "SyntheticData", CS}, {0x00020010, "TransferSyntaxUID", UI},
	} {
		if e, ok := Lookup(c.tag); !ok || e.Keyword != c.keyword || e.VR != c.vr || e.Name == "" {
			t.Errorf("%s: %+v", c.tag, e)
		}
	}
	for _, tag := range []Tag{0x00090010, 0x00101111, 0x61000010} {
		if e, ok := Lookup(tag); ok {
			t.Errorf("%s: %+v", tag, e)
		}
	}
	if !slices.IsSorted(dictTags[:]) || len(dictTags) != len(dictRows) || len(dictTags) < 4900 {
		t.Errorf("%d tags, %d rows", len(dictTags), len(dictRows))
	}
	for i, row := range dictRows {
		if tag, ok := TagOf(row.Keyword); !ok || tag != dictTags[i] && dictRows[i].Keyword != row.Keyword {
			t.Errorf("%s is found at %s", row.Keyword, tag)
		}
	}
	if _, ok := TagOf("NoSuchKeyword"); ok {
		t.Error("a keyword nobody defined")
	}
}

func TestDictionaryIsWhatTheGeneratorMakes(t *testing.T) {
	t.Parallel()
	const source = "/usr/lib/python3/dist-packages/pydicom/_dicom_dict.py"
	if _, err := os.Stat(source); err != nil {
		t.Skip("no pydicom: the dictionary cannot be made again")
	}
	out := filepath.Join(t.TempDir(), "dict.go")
	if msg, err := exec.Command("go", "run", "./internal/gendict", source, "internal/gendict/later.tsv", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("dict_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("dict_gen.go is not what go generate makes")
	}
}

func TestUIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		u := NewUID()
		if !ValidUID(u) || seen[u] {
			t.Fatalf("%q", u)
		}
		seen[u] = true
	}
	for s, want := range map[string]bool{
		"1.2.840.10008.1.2": true, "0.0": true, "1": false, "": false, "1.": false, ".1": false, "1..2": false,
		"1.02": false, "1.2a": false, "1.2 ": false, "1.*": false,
		"1.23456789012345678901234567890123456789012345678901234567890123":  true,
		"1.234567890123456789012345678901234567890123456789012345678901234": false,
	} {
		if ValidUID(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
	if !ValidUID(ImplementationUID) || len(ImplementationVersion) > 16 {
		t.Error("our own implementation identification is invalid")
	}
}

func TestNumbersReadAndWrite(t *testing.T) {
	t.Parallel()
	for _, ts := range []TransferSyntax{ExplicitVRLittleEndian, ExplicitVRBigEndian} {
		d := &Dataset{Syntax: ts}
		d.SetInts(Rows, 40000)
		d.SetInts(InstanceNumber, -7, 8)
		d.SetInts(PixelRepresentation, 1)
		d.SetInts(PixelPaddingValue, -2000)
		d.SetFloats(RescaleSlope, 1.0/3)
		d.SetFloats(ChannelSensitivity, 1e-300, 2)
		d.SetFloats(RecommendedDisplayFrameRate, 12.6)
		d.SetText(Columns, "512")
		d.SetRaw(SliceLocation, DS, []byte("abc "))
		if v := d.Ints(InstanceNumber); !slices.Equal(v, []int64{-7, 8}) {
			t.Errorf("IS: %v", v)
		}
		if v, ok := d.Int(Rows); v != 40000 || !ok {
			t.Errorf("US: %v", v)
		}
		if v, ok := d.Int(PixelPaddingValue); v != -2000 || !ok || d.Get(PixelPaddingValue).VR != SS {
			t.Errorf("US or SS: %v", v)
		}
		if v, _ := d.Float(RescaleSlope); v < 0.33333 || v > 0.33334 || len(d.Get(RescaleSlope).Raw) > 16 {
			t.Errorf("DS: %v", v)
		}
		if v := d.Floats(ChannelSensitivity); len(v) != 2 || v[1] != 2 {
			t.Errorf("DS: %v", v)
		}
		if v := d.Text(RecommendedDisplayFrameRate); v != "13" {
			t.Errorf("IS of a fraction: %s", v)
		}
		if v := d.Text(Columns); v != "512" {
			t.Errorf("US as text: %s", v)
		}
		if _, ok := d.Float(SliceLocation); ok {
			t.Error("letters are a number")
		}
		if v, ok := d.Int(NumberOfFrames); ok || v != 0 {
			t.Error("an absent element is a number")
		}
	}
	var absent *Dataset
	if absent.Get(Rows) != nil || absent.Items(Rows) != nil || absent.Text(Rows) != "" {
		t.Error("a nil data set has elements")
	}
}

func BenchmarkReadCT(b *testing.B) {
	var best string
	for rel, path := range corpusFiles(b) {
		if st, err := os.Stat(path); err == nil && st.Size() > 500<<10 && st.Size() < 540<<10 && len(rel) > 3 && rel[:3] == "ct/" {
			best = path
		}
	}
	raw, err := os.ReadFile(best)
	if err != nil {
		b.Skip(err)
	}
	for _, seek := range []bool{true, false} {
		b.Run(map[bool]string{true: "seek", false: "stream"}[seek], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := bytes.NewReader(raw)
				var err error
				if seek {
					_, err = Read(r, Options{})
				} else {
					_, err = Read(onlyReader{r}, Options{})
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
