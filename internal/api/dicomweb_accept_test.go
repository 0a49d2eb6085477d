package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	stdimage "image"
	_ "image/jpeg"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// acceptMatrix are the Accept headers of clients, standard and sloppy.
var acceptMatrix = []string{
	"", "*/*", "application/dicom", "application/dicom; transfer-syntax=*", `application/dicom; transfer-syntax="1.2.840.10008.1.2.1"`, "application/dicom; transfer-syntax=1.2.840.10008.1.2",
	"application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80", "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90", "application/dicom; transfer-syntax=1.2.3",
	`multipart/related; type="application/dicom"`, `multipart/related; type="application/dicom"; transfer-syntax=*`, "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
	"application/octet-stream", `multipart/related; type="application/octet-stream"`, "multipart/related; type=application/octet-stream; transfer-syntax=*",
	`multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1`, `multipart/related; type="image/jpeg"`, "multipart/related; type=image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50",
	`multipart/related; type="image/jls"`, `multipart/related; type="image/jp2"`, `multipart/related; type="image/jphc"`, `multipart/related; type="image/dicom-rle"`, `multipart/related; type="video/mp4"`,
	`multipart/related; type="image/*"`, "image/jpeg", "image/png", "image/gif", "image/*", "application/pdf", "text/html", "application/zip", "application/json", "application/dicom+json",
	`multipart/related; type="application/dicom+xml"`, "application/dicom+xml", "image/jp2;q=0.9, */*;q=0.1", "multipart/related", ";;;", "image/jpeg;q=0",
}

// rarest picks one file of each transfer syntax and kind, the smallest.
func rarest(t *testing.T) map[string]string {
	t.Helper()
	const most = 2 << 20
	chosen, size := map[string]string{}, map[string]int64{}
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		st, err := os.Stat(name)
		must(t, err)
		if st.Size() > most || strings.Contains(name, "malformed") {
			continue
		}
		data, err := os.ReadFile(name)
		must(t, err)
		f, err := dicom.Read(bytes.NewReader(data), dicom.Options{})
		if err != nil || f.Dataset.Text(dicom.SOPInstanceUID) == "" || f.Dataset.Text(dicom.SeriesInstanceUID) == "" || f.Dataset.Text(dicom.StudyInstanceUID) == "" || f.Dataset.Text(dicom.SOPClassUID) == "" {
			continue
		}
		kind := "image"
		switch {
		case strings.HasPrefix(f.Dataset.Text(dicom.SOPClassUID), encapsulatedDocuments):
			kind = "document"
		case !hasPixels(f.Dataset):
			kind = "other"
		case f.Dataset.Text(dicom.NumberOfFrames) > "1":
			kind = "frames"
		}
		key := string(f.Syntax) + " " + kind
		if chosen[key] == "" || st.Size() < size[key] {
			chosen[key], size[key] = name, st.Size()
		}
	}
	return chosen
}

func TestEveryAcceptOfEverySyntaxGetsTheRightAnswer(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	cells := 0
	for key, name := range rarest(t) {
		file, err := os.ReadFile(name)
		must(t, err)
		f, err := dicom.Read(bytes.NewReader(file), dicom.Options{})
		must(t, err)
		u := uids{f.Dataset.Text(dicom.StudyInstanceUID), f.Dataset.Text(dicom.SeriesInstanceUID), f.Dataset.Text(dicom.SOPInstanceUID)}
		if r := h.web("tech1", "POST", "/studies", bytes.NewReader(file), "Content-Type", "application/dicom"); r.code != 200 {
			continue // another file of the same object came first
		}
		for _, below := range []string{"", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/7FE00010", "/metadata"} {
			for _, accept := range acceptMatrix {
				r := h.get("tech1", u.path()+below, accept)
				cells++
				if wrong := judge(t, r, key, below, accept, string(f.Syntax)); wrong != "" {
					t.Errorf("%s (%s)%s as %q: %d %.160q: %s", filepath.Base(name), key, below, accept, r.code, r.body, wrong)
				}
			}
		}
	}
	if cells < 1000 {
		t.Errorf("only %d cells were looked at", cells)
	}
}

// judge says what is wrong with an answer, "" if nothing is.
func judge(t *testing.T, r reply, key, below, accept, stored string) string {
	ranges := web.ParseAccept([]string{accept}, nil)
	_, kinds := r.parts(t)
	switch {
	case r.code == 404 && (below == "/frames/1" || below == "/rendered" || below == "/thumbnail" || below == "/bulkdata/7FE00010"):
		if strings.HasSuffix(key, "image") || strings.HasSuffix(key, "frames") {
			return "its pixels are not found"
		}
		return ""
	case r.code == 406:
		if !json.Valid(r.body) || !strings.Contains(r.head.Get("Content-Type"), "problem+json") {
			return "the refusal does not explain itself"
		}
		always := below == "" && slices.Contains([]string{"", "*/*", "application/dicom", "application/dicom; transfer-syntax=*", `multipart/related; type="application/dicom"`, "application/zip", "multipart/related"}, accept) ||
			below == "/metadata" && slices.Contains([]string{"", "*/*", "application/json", "application/dicom+json", "application/dicom+xml"}, accept)
		if always {
			return "this can be given of every object"
		}
		return ""
	case r.code != 200:
		return "neither given nor refused"
	}
	kind, err := web.ParseMedia(kinds[0])
	if err != nil {
		return "no media type"
	}
	offer := web.Offer{Type: kind.Type, Related: strings.HasPrefix(r.head.Get("Content-Type"), "multipart/"), Syntax: kind.Params["transfer-syntax"], Default: true}
	sameModel := below == "/metadata" && (kind.Type == web.JSON || kind.Type == web.XML)
	if web.Choose(ranges, []web.Offer{offer}) < 0 && !sameModel {
		return "not what was asked for: " + kinds[0]
	}
	if strings.Contains(accept, "transfer-syntax=*") && offer.Syntax != "" && offer.Syntax != stored && below != "/bulkdata/7FE00010" {
		// Native samples are the same in the two little endian syntaxes, and turned round of the big endian one.
		if native := !dicom.TransferSyntax(stored).Encapsulated(); !(native && below == "/frames/1") {
			return "as stored is " + stored
		}
	}
	return ""
}

func TestCompressedObjectsAreConvertedWithoutLoss(t *testing.T) {
	t.Parallel()
	if _, err := codec.EncodeJPEGLS(codec.Image{Rows: 1, Columns: 1, Components: 1, Bits: 8}, []byte{0}); err != nil {
		t.Skipf("the codecs are not built in: %v", err)
	}
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	file := image(u, 1, 3, nil)
	h.stow("tech1", file)
	squeezed := h.get("tech1", u.path(), "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80")
	if squeezed.code != 200 {
		t.Fatalf("%d %s", squeezed.code, squeezed.body)
	}
	other := newHospital(t)
	if r := other.web("tech1", "POST", "/studies", bytes.NewReader(squeezed.body), "Content-Type", "application/dicom"); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	for _, path := range []string{u.path(), "/studies/1.5", "/studies/1.5/series/1.5.1"} {
		parts, kinds := other.get("tech1", path, `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1`).parts(t)
		if kinds[0] != "application/dicom; transfer-syntax=1.2.840.10008.1.2.1" || !bytes.HasSuffix(parts[0], file[len(file)-3*96:]) {
			t.Errorf("%s came back as %q", path, kinds)
		}
	}
	if r := other.get("tech1", "/studies/1.5", `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90`); r.code != 406 {
		t.Errorf("in a syntax the hub cannot write: %d", r.code)
	}
}

func TestSomeOfASeriesComeAsPartialContent(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	one, video := uids{"1.5", "1.5.1", "1.5.1.1"}, uids{"1.5", "1.5.1", "1.5.1.2"}
	h.stow("tech1", image(one, 1, 1, nil))
	model := modelOf(t, image(video, 2, 1, nil), "/v", nil)
	if r := h.described(web.JSON, [3]string{web.JSON, "", string(model)}, [3]string{"video/mp4", "/v", "\x00\x00\x00\x18ftypmp42"}); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	r := h.get("tech1", "/studies/1.5", "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2")
	if parts, _ := r.parts(t); r.code != 206 || len(parts) != 1 || r.head.Get("Warning") == "" {
		t.Errorf("%d, %d parts, %v", r.code, len(parts), r.head)
	}
	if r = h.get("tech1", video.path()+"/frames/1", `multipart/related; type="video/mp4"`); r.code != 200 {
		t.Errorf("the video: %d %s", r.code, r.body)
	}
}

func TestPicturesAreCutAndFittedAsAsked(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 3, nil), image(uids{"1.5", "1.5.1", "1.5.1.2"}, 2, 1, nil))
	for query, want := range map[string]string{"": "8x6", "viewport=4,4": "4x3", "viewport=16,16,0,0,4,4": "16x16", "viewport=8,8,2,2,-4,2": "8x4", "viewport=4,4,,,,": "4x3", "viewport=10,10,4,": "400",
		"viewport=4,4,90,90,2,2": "400", "window=10,20,linear_exact": "8x6", "window=10,20,SIGMOID": "400", "annotation=patient": "8x6", "annotation=everything": "400", "viewport=0,4": "400", "viewport=8192,8192": "400", "viewport=8192,4096": "8x6"} {
		r := h.get("tech1", u.path()+"/rendered?"+query, "image/png")
		got := fmt.Sprint(r.code)
		if r.code == 200 {
			p, err := png.Decode(bytes.NewReader(r.body))
			must(t, err)
			got = fmt.Sprintf("%dx%d", p.Bounds().Dx(), p.Bounds().Dy())
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for path, want := range map[string]int{"/studies/1.5/rendered": 2, "/studies/1.5/series/1.5.1/rendered": 2, u.path() + "/frames/1,3/rendered": 2} {
		parts, kinds := h.get("tech1", path, `multipart/related; type="image/jpeg"`).parts(t)
		if _, _, err := stdimage.DecodeConfig(bytes.NewReader(parts[0])); err != nil || len(parts) != want || kinds[0] != "image/jpeg" {
			t.Errorf("%s: %d parts of %q, %v", path, len(parts), kinds, err)
		}
	}
	if r := h.get("tech1", "/studies/1.5/rendered", "image/jpeg"); r.code != 200 || r.head.Get("Content-Type") != "image/jpeg" {
		t.Errorf("one picture of a study: %d", r.code)
	}
	uri := "/wado?requestType=WADO&studyUID=1.5&seriesUID=1.5.1&objectUID=1.5.1.1"
	for query, want := range map[string]string{"": "image/jpeg", "&contentType=application/dicom": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1", "&contentType=image/png&frameNumber=2&rows=4": "image/png",
		"&contentType=" + url.QueryEscape("application/dicom") + "&transferSyntax=1.2.840.10008.1.2": "application/dicom; transfer-syntax=1.2.840.10008.1.2"} {
		if r := h.get("tech1", uri+query, ""); r.code != 200 || r.head.Get("Content-Type") != want {
			t.Errorf("WADO-URI%s: %d %s", query, r.code, r.head.Get("Content-Type"))
		}
	}
	for query, want := range map[string]int{"/wado": 400, uri + "&frameNumber=9": 404, "/wado?requestType=WADO&studyUID=1&seriesUID=2&objectUID=3": 404} {
		if r := h.get("tech1", query, ""); r.code != want {
			t.Errorf("%s: %d, want %d", query, r.code, want)
		}
	}
}

func TestEncapsulatedDocumentIsShownAsWhatItIs(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	const pdf = "%PDF-1.4 of odd length"
	d := dicom.New()
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: "1.2.840.10008.5.1.4.1.1.104.1", dicom.SOPInstanceUID: u.instance, dicom.StudyInstanceUID: u.study, dicom.SeriesInstanceUID: u.series,
		dicom.PatientID: "P1", dicom.Modality: "DOC", dicom.MIMETypeOfEncapsulatedDocument: "application/pdf"} {
		d.SetText(tag, text)
	}
	d.SetRaw(dicom.EncapsulatedDocument, dicom.OB, []byte(pdf+"!\x00"))
	d.SetInts(dicom.EncapsulatedDocumentLength, int64(len(pdf)+1))
	var b bytes.Buffer
	must(t, dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: "1.2.840.10008.5.1.4.1.1.104.1", SOPInstanceUID: u.instance, Syntax: dicom.ExplicitVRLittleEndian}, d))
	if r := h.stow("tech1", b.Bytes()); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	for accept, want := range map[string]int{"": 200, "application/pdf": 200, "*/*": 200, "image/jpeg": 406} {
		r := h.get("tech1", u.path()+"/rendered", accept)
		if r.code != want || want == 200 && (string(r.body) != pdf+"!" || r.head.Get("Content-Type") != "application/pdf") {
			t.Errorf("as %q: %d %s %q", accept, r.code, r.head.Get("Content-Type"), r.body)
		}
	}
}
