package web

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

func TestXMLAndJSONSayTheSame(t *testing.T) {
	t.Parallel()
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	d.SetText(dicom.SOPInstanceUID, "1.2.3")
	d.SetText(dicom.PatientName, "Wang^Wei^^Dr=王^伟<&>")
	d.SetText(dicom.ImageType, "ORIGINAL", "", "AXIAL")
	d.SetInts(dicom.Rows, 512)
	d.SetText(dicom.PixelSpacing, "0.5", "0.25")
	item := dicom.New()
	item.SetText(dicom.CodeValue, "T-1")
	d.SetItems(dicom.AnatomicRegionSequence, item, dicom.New())
	d.SetRaw(0x00090010, dicom.LO, []byte("ACME"))
	d.SetRaw(0x00091001, dicom.OB, []byte{1, 2, 3, 4})
	want, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := AppendXML(nil, want)
	if err != nil || !bytes.Contains(doc, []byte(`<DicomAttribute tag="00091001" vr="OB" privateCreator="ACME">`)) ||
		!bytes.Contains(doc, []byte(`<Ideographic><FamilyName>王</FamilyName><GivenName>伟&lt;&amp;&gt;</GivenName></Ideographic>`)) {
		t.Fatalf("%v %s", err, doc)
	}
	back, err := JSONFromXML(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	again, err := dicom.ParseJSON(bytes.NewReader(back))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := again.MarshalJSON(); string(got) != string(want) {
		t.Errorf("came back as\n%s\nwas\n%s", got, want)
	}
}

func TestXMLThatIsNoDataSetIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "<a/>", "<NativeDicomModel>", `<NativeDicomModel><DicomAttribute tag="zz"/></NativeDicomModel>`,
		`<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel/>`, "<NativeDicomModel/><NativeDicomModel/>", `<NativeDicomModel><x/></NativeDicomModel>`,
		`<NativeDicomModel><DicomAttribute tag="00100010" vr="PN"><What/></DicomAttribute></NativeDicomModel>`,
		"<NativeDicomModel>" + strings.Repeat(`<DicomAttribute tag="0040A730" vr="SQ"><Item>`, 500)} {
		if b, err := JSONFromXML(strings.NewReader(bad)); err == nil {
			t.Errorf("%.80q gives %s", bad, b)
		}
	}
}

func FuzzJSONFromXML(f *testing.F) {
	f.Add(`<NativeDicomModel><DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>A</FamilyName></Alphabetic></PersonName></DicomAttribute></NativeDicomModel>`)
	f.Add(`<NativeDicomModel><DicomAttribute tag="0040A730" vr="SQ"><Item number="2"><DicomAttribute keyword="Rows" vr="US"><Value number="1">5</Value></DicomAttribute></Item></DicomAttribute></NativeDicomModel>`)
	f.Fuzz(func(t *testing.T, s string) {
		b, err := JSONFromXML(strings.NewReader(s))
		if err != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("%q", b)
		}
		doc, err := AppendXML(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		var any struct{ XMLName xml.Name }
		if err := xml.Unmarshal(doc, &any); err != nil {
			t.Fatalf("%v: %s", err, doc)
		}
	})
}
