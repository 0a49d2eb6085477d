package web

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

func TestBestAcceptableFormIsChosen(t *testing.T) {
	t.Parallel()
	const ele, jpeg = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
	offers := []Offer{
		{Type: Octets, Related: true, Syntax: jpeg}, {Type: JPEG, Related: true, Syntax: jpeg, Default: true},
		{Type: JPEG, Syntax: jpeg, Default: true}, {Type: Octets, Related: true, Syntax: ele, Default: true},
	}
	for _, c := range []struct {
		header, query string
		want          int
	}{
		{"", "", 0},
		{"*/*", "", 0},
		{`multipart/related; type="application/octet-stream"; transfer-syntax=*`, "", 0},
		{`multipart/related; type=application/octet-stream; transfer-syntax=*`, "", 0},
		{`multipart/related; type="application/octet-stream"`, "", 3},
		{`multipart/related; type="application/octet-stream"; transfer-syntax="1.2.840.10008.1.2.1"`, "", 3},
		{`multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.4.90`, "", -1},
		{`multipart/related; type="image/*"`, "", 1},
		{"image/jpeg", "", 2},
		{"image/*", "", 2},
		{"text/html, image/jpeg;q=0.5, */*;q=0.1", "", 2},
		{`image/png;q=0.9, multipart/related;type="application/octet-stream";q=0.3, image/jpeg;q=0.2`, "", 3},
		{"image/jpeg;q=0", "", -1},
		{"multipart/*", "", 0},
		{"application/dicom+json", "", -1},
		{"image/png", "accept=image/jpeg", 2},
		{"image/png", "limit=1&accept=multipart/related;type=application/octet-stream;transfer-syntax=*&x", 0},
		{"image/png", "ACCEPT=multipart%2Frelated%3B+type%3Dimage%2Fjpeg", 1},
		{"image/png", "accept=image%2Fpng&accept=image/jpeg", 2},
		{"image/jpeg", "accept=", 2},
		{"image/jpeg;q=0, */*", "", 0},
		{"*/*;q=0.9, image/*;q=0.1, image/jpeg;q=0.2", "", 0},
		{"multipart/related, image/jpeg;q=0.5", "", 0},
		{"image/jpeg, multipart/related", "", 2},
		{"image/jpeg;q=0.50, multipart/related;q=0.500", "", 2},
		{`Multipart/Related; Type="IMAGE/JPEG"`, "", 1},
		{"image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50, image/jpeg;q=0.1", "", 2},
		{"image/jpeg;q=2, image/jpeg;q=x", "", -1},
		{"rubbish, ;;;, =", "", -1},
	} {
		if got := Choose(ParseAccept([]string{c.header}, AcceptQuery(c.query)), offers); got != c.want {
			t.Errorf("%q %q: offer %d, want %d", c.header, c.query, got, c.want)
		}
	}
}

func TestTransferSyntaxMattersOnlyToWhatHasOne(t *testing.T) {
	t.Parallel()
	accept := ParseAccept([]string{"application/dicom+json; transfer-syntax=1.2.840.10008.1.2.1; charset=utf-8"}, nil)
	if i := Choose(accept, []Offer{{Type: XML, Related: true, Default: true}, {Type: JSON, Default: true}}); i != 1 {
		t.Errorf("offer %d", i)
	}
	if got := AcceptQuery("accept=application/dicom+json&accept=%zz"); len(got) != 1 || got[0] != JSON {
		t.Errorf("%q", got)
	}
}

func TestSearchParametersAreReadOrRefused(t *testing.T) {
	t.Parallel()
	values, err := url.ParseQuery("limit=101&offset=5&fuzzymatching=true&includefield=00081030%2C00080060&includefield=all&00100010=%E7%8E%8B*" +
		"&StudyInstanceUID=1.2,1.3%5C1.4&ModalitiesInStudy=CT,MR&PatientID=a,b&accept=application/dicom%2Bjson")
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseQuery(values)
	if err != nil || q.Limit != 101 || q.Offset != 5 || !q.Fuzzy || !q.All || len(q.Include) != 2 || len(q.Keys) != 4 {
		t.Fatalf("%+v %v", q, err)
	}
	want := map[dicom.Tag]int{dicom.PatientName: 1, dicom.StudyInstanceUID: 3, dicom.ModalitiesInStudy: 2, dicom.PatientID: 1}
	for _, k := range q.Keys {
		if len(k.Values) != want[k.Tag] {
			t.Errorf("%s: %q", k.Tag, k.Values)
		}
	}
	for _, bad := range []string{"PatientNme=x", "limit=-1", "limit=1e9", "offset=x", "includefield=Nothing", "PatientID=%00", "PatientID=1&00100020=2", "99989999=1", "zz=1"} {
		values, err := url.ParseQuery(bad)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseQuery(values); err == nil {
			t.Errorf("%s: %+v", bad, q)
		}
	}
}

func FuzzParseMedia(f *testing.F) {
	f.Add(`multipart/related; type="application/dicom"; boundary="a\"b"; q=0.5, image/*`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range ParseAccept([]string{s}, AcceptQuery(s)) {
			if !(m.Q >= 0) || m.Q > 1 || m.Type == "" {
				t.Fatalf("%+v", m)
			}
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	f.Add("PatientName=%E7%8E%8B*&limit=5&includefield=all&StudyDate=20240101-")
	f.Fuzz(func(t *testing.T, s string) {
		values, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := ParseQuery(values)
		if err == nil && (q.Limit < -1 || q.Offset < 0) {
			t.Fatalf("%+v", q)
		}
	})
}

func FuzzArray(f *testing.F) {
	f.Add("Wang^Wei=王^伟", "a\"\\\n\xff")
	f.Fuzz(func(t *testing.T, name, text string) {
		var a Array
		a.Object()
		a.Text(dicom.StudyDescription, text, name)
		a.Text(dicom.PatientName, name)
		a.Text(dicom.SeriesNumber, text)
		a.Int(dicom.Rows, len(text))
		a.End()
		if b := a.Bytes(); !json.Valid(b) {
			t.Fatalf("%s", b)
		}
	})
}
