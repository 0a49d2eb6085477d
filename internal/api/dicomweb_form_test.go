package api

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// runs is an image of 48 equal samples of 16 bits in RLE (PS3.5 annex G): a
// segment for each of their bytes.
func runs() []byte {
	frame := make([]byte, 64, 68)
	frame[0], frame[4], frame[8] = 2, 64, 66
	return append(frame, 257-48, 7, 257-48, 9)
}

// framed is an object whose pixels are one fragment.
func framed(t *testing.T, u uids, ts dicom.TransferSyntax, fragment []byte) []byte {
	t.Helper()
	f, err := dicom.Read(bytes.NewReader(image(u, 1, 1, nil)), dicom.Options{Keep: -1})
	must(t, err)
	f.Dataset.SetFrames(dicom.PixelData, [][]byte{fragment})
	var b bytes.Buffer
	must(t, dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: f.Dataset.Text(dicom.SOPClassUID), SOPInstanceUID: u.instance, Syntax: ts}, f.Dataset))
	return b.Bytes()
}

func TestUnnamedSyntaxIsPlainUnlessSomethingWasLost(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	lossless, broken, lossy, wrapped := uids{"1.5", "1.5.1", "1.5.1.1"}, uids{"1.5", "1.5.1", "1.5.1.2"}, uids{"1.5", "1.5.1", "1.5.1.3"}, uids{"1.6", "1.6.1", "1.6.1.1"}
	h.stow("tech1", framed(t, lossless, dicom.RLELossless, runs()), framed(t, broken, dicom.RLELossless, []byte("no segments at all..")),
		framed(t, lossy, dicom.JPEGBaseline8Bit, []byte("\xff\xd8\xff\xe0 lossy")),
		framed(t, wrapped, dicom.EncapsulatedUncompressed, make([]byte, 96)))
	const plain, rle, jpeg = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50"
	for _, c := range []struct {
		u            uids
		accept, want string // "" is 406
	}{
		{lossless, "application/dicom", plain}, {lossless, `multipart/related; type="application/dicom"`, plain},
		{lossless, "application/dicom; transfer-syntax=*", rle}, {lossless, "", rle}, {lossless, "*/*", rle}, {lossless, "multipart/related", rle},
		{lossless, "application/dicom; transfer-syntax=" + rle, rle}, {lossless, "text/html, application/xhtml+xml, */*;q=0.8", rle},
		{lossless, `application/dicom; transfer-syntax=` + rle + `;q=0.2, application/dicom;q=0.9`, plain},
		{broken, "application/dicom", rle}, {broken, "application/dicom; transfer-syntax=" + plain, ""},
		{wrapped, "application/dicom", plain}, {wrapped, "*/*", string(dicom.EncapsulatedUncompressed)},
		{lossy, "application/dicom", jpeg}, {lossy, `multipart/related; type="application/dicom"`, jpeg},
	} {
		r := h.get("tech1", c.u.path(), c.accept)
		if c.want == "" {
			if r.code != 406 || r.head.Get("ETag") != "" {
				t.Errorf("%s as %q: %d %v", c.u.instance, c.accept, r.code, r.head)
			}
			continue
		}
		parts, kinds := r.parts(t)
		if r.code != 200 || kinds[0] != "application/dicom; transfer-syntax="+c.want {
			t.Errorf("%s as %q: %d %q %.200s", c.u.instance, c.accept, r.code, kinds, r.body)
			continue
		}
		f, err := dicom.Read(bytes.NewReader(parts[0]), dicom.Options{Keep: -1})
		if err != nil || string(f.Syntax) != c.want || c.want == plain && len(f.Dataset.Get(dicom.PixelData).Raw) != 96 {
			t.Errorf("%s as %q: %v, %s", c.u.instance, c.accept, err, f.Syntax)
		}
	}
	_, kinds := h.get("tech1", "/studies/1.5", `multipart/related; type="application/dicom"`).parts(t)
	if got := strings.Join(kinds, " "); strings.Count(got, plain) != 1 || strings.Count(got, jpeg) != 1 {
		t.Errorf("the study came as %q", kinds)
	}
}

func TestArchiveHoldsTheSyntaxItsAcceptNames(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 1, nil))
	for accept, want := range map[string]dicom.TransferSyntax{"application/zip": dicom.ExplicitVRLittleEndian, "application/zip; transfer-syntax=1.2.840.10008.1.2": dicom.ImplicitVRLittleEndian,
		"multipart/related;q=0.1, application/zip": dicom.ExplicitVRLittleEndian} {
		for _, path := range []string{u.path(), "/studies/1.5"} {
			r := h.get("tech1", path, accept)
			z, err := zip.NewReader(bytes.NewReader(r.body), int64(len(r.body)))
			if err != nil || len(z.File) != 1 {
				t.Fatalf("%s: %d, %v", accept, r.code, err)
			}
			one, err := z.File[0].Open()
			must(t, err)
			data, err := io.ReadAll(one)
			must(t, err)
			if f, err := dicom.Read(bytes.NewReader(data), dicom.Options{}); err != nil || f.Syntax != want {
				t.Errorf("%s of %s: %v", accept, path, err)
			}
		}
	}
	if r := h.get("tech1", u.path(), "application/zip; transfer-syntax=1.2.840.10008.1.2.4.90"); r.code != 406 {
		t.Errorf("in a syntax that is not there: %d", r.code)
	}
}

func TestWhatACallerHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 3, nil))
	ask := func(method, path, accept string, headers ...string) reply {
		return h.web("tech1", method, path, nil, append([]string{"Accept", accept}, headers...)...)
	}
	for _, c := range []struct{ path, accept string }{
		{u.path(), "application/dicom"}, {u.path(), "application/dicom; transfer-syntax=1.2.840.10008.1.2"}, {u.path(), `multipart/related; type="application/dicom"`}, {u.path(), "application/zip"},
		{u.path() + "/frames/2", "application/octet-stream"}, {u.path() + "/frames/1,2", ""}, {u.path() + "/bulkdata/7FE00010", ""}, {u.path() + "/metadata", ""}, {"/studies/1.5/metadata", ""},
	} {
		first := ask("GET", c.path, c.accept)
		etag := first.head.Get("ETag")
		if first.code != 200 || etag == "" {
			t.Errorf("%s as %q: %d, tag %q", c.path, c.accept, first.code, etag)
			continue
		}
		for given, want := range map[string]int{etag: 304, `"other", ` + etag: 304, strings.TrimPrefix(etag, "W/"): 304, "*": 304, `"other"`: 200} {
			if r := ask("GET", c.path, c.accept, "If-None-Match", given); r.code != want || want == 304 && (len(r.body) > 0 || r.head.Get("ETag") != etag) {
				t.Errorf("%s as %q with %s: %d", c.path, c.accept, given, r.code)
			}
		}
		head := ask("HEAD", c.path, c.accept)
		if head.code != 200 || len(head.body) > 0 || head.head.Get("ETag") != etag || strings.Split(head.head.Get("Content-Type"), "boundary")[0] != strings.Split(first.head.Get("Content-Type"), "boundary")[0] {
			t.Errorf("HEAD %s as %q: %d %v", c.path, c.accept, head.code, head.head)
		}
	}
	whole := ask("GET", u.path(), "application/dicom")
	for _, c := range []struct {
		path, accept, bytes, etag string
		code                      int
		want                      []byte
	}{
		{u.path(), "application/dicom", "bytes=128-131", "", 206, []byte("DICM")},
		{u.path(), "application/dicom", "bytes=-4", whole.head.Get("ETag"), 206, whole.body[len(whole.body)-4:]},
		{u.path(), "application/dicom", "bytes=-4", `"another"`, 200, whole.body},
		{u.path(), "application/dicom", "bytes=99999999-", "", 416, nil},
		{u.path() + "/bulkdata/7FE00010", "application/octet-stream", "bytes=0-3", "", 206, whole.body[len(whole.body)-3*96:][:4]},
		{u.path() + "/frames/3", "application/octet-stream", "bytes=92-", "", 206, whole.body[len(whole.body)-4:]},
	} {
		headers := []string{"Range", c.bytes}
		if c.etag != "" {
			headers = append(headers, "If-Range", c.etag)
		}
		if r := ask("GET", c.path, c.accept, headers...); r.code != c.code || c.want != nil && !bytes.Equal(r.body, c.want) {
			t.Errorf("%s of %s: %d %q", c.bytes, c.path, r.code, r.body[:min(64, len(r.body))])
		}
	}
}

func TestMetadataIsCompressedForWhoTakesThat(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 3, nil))
	for accepted, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "identity": "", "*": "gzip", "*;q=0": ""} {
		if r := h.web("tech1", "GET", u.path()+"/metadata", nil, "Accept-Encoding", accepted); r.code != http.StatusOK || r.head.Get("Content-Encoding") != want {
			t.Errorf("%s: %d %q", accepted, r.code, r.head.Get("Content-Encoding"))
		}
	}
}

func TestOddlyWrittenRequestsAreUnderstood(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 3, nil))
	for path, want := range map[string]string{
		"/studies/1%2E5/series/1.5%2e1/instances/1.5.1.1?accept=application/dicom;transfer-syntax=*":         "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
		u.path() + "?accept=application%2Fdicom%3B%20transfer-syntax%3D1.2.840.10008.1.2":                    "application/dicom; transfer-syntax=1.2.840.10008.1.2",
		u.path() + "/metadata?accept=application/dicom+json":                                                 "application/dicom+json",
		u.path() + "/metadata?accept=application/dicom%2Bjson;charset=UTF-8;transfer-syntax=1.2.840.10008.1": "application/dicom+json",
		u.path() + "/frames/1?accept=text/html&accept=application/octet-stream":                              "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
	} {
		if r := h.get("tech1", path, "image/gif"); r.code != 200 || r.head.Get("Content-Type") != want {
			t.Errorf("%s: %d %s %.200s", path, r.code, r.head.Get("Content-Type"), r.body)
		}
	}
}

// The requests of clients, as they write them.
func TestClientsGetTheFormTheyUnderstand(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	packed, plain := uids{"1.5", "1.5.1", "1.5.1.1"}, uids{"1.5", "1.5.1", "1.5.1.2"}
	h.stow("tech1", framed(t, packed, dicom.RLELossless, runs()), image(plain, 2, 1, nil))
	const (
		octets  = `multipart/related; type="application/octet-stream"`
		objects = `multipart/related; type="application/dicom"`
		ele     = "; transfer-syntax=1.2.840.10008.1.2.1"
		rle     = "; transfer-syntax=1.2.840.10008.1.2.5"
	)
	for _, c := range []struct {
		client, path string
		accept       []string
		want         string // the answer's media type, or that of its first part
	}{
		{"OHIF", packed.path() + "/frames/1", []string{"multipart/related; type=application/octet-stream; transfer-syntax=*"}, "application/octet-stream" + rle},
		{"OHIF", packed.path() + "/rendered?accept=image%2Fjpeg", []string{octets}, "image/jpeg"},
		{"OHIF's <img>", packed.path() + "/thumbnail?accept=image/jpeg", []string{"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}, "image/jpeg"},
		{"OHIF", "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030", []string{"application/dicom+json"}, "application/dicom+json"},
		{"dicomweb-client for JavaScript", packed.path() + "/frames/1", []string{octets}, "application/octet-stream" + ele},
		{"dicomweb-client for JavaScript", packed.path(), []string{objects}, "application/dicom" + ele},
		{"dicomweb-client for Python", packed.path() + "/frames/1", []string{octets + `; transfer-syntax="*"`}, "application/octet-stream" + rle},
		{"dicomweb-client for Python", packed.path() + "/frames/1", []string{`multipart/related; type="image/jpeg"; transfer-syntax="1.2.840.10008.1.2.4.50", ` + octets + `; transfer-syntax="1.2.840.10008.1.2.1"`}, "application/octet-stream" + ele},
		{"dicomweb-client for Python", packed.path() + "/metadata", []string{"application/dicom+json"}, "application/dicom+json"},
		{"dicomweb-client for Python", plain.path() + "/bulkdata/7FE00010", []string{octets + "; transfer-syntax=*"}, "application/octet-stream" + ele},
		{"Orthanc", "/studies/1.5/series/1.5.1", []string{`multipart/related; type="application/dicom"`}, "application/dicom" + ele},
		{"Orthanc", "/studies/1.5/metadata", []string{"application/json"}, "application/dicom+json"},
		{"dcm4che", packed.path(), []string{"multipart/related;type=application/dicom;transfer-syntax=1.2.840.10008.1.2.4.90;q=0.5", `multipart/related;type="application/dicom";transfer-syntax=*`}, "application/dicom" + rle},
		{"dcm4che", packed.path(), []string{"*/*"}, "application/dicom" + rle},
		{"a browser", packed.path(), []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, "application/dicom" + rle},
		{"a script that asks for anything in JSON", "/studies", []string{"application/json;charset=utf-8, text/plain, */*"}, "application/dicom+json"},
	} {
		req, err := http.NewRequest("GET", h.url+dicomRoot+c.path, nil)
		must(t, err)
		req.Header["Accept"] = c.accept // line by line
		req.Header.Set("Authorization", "Bearer "+h.accounts["tech1"].Token)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		parts, kinds := (reply{code: resp.StatusCode, head: resp.Header, body: body}).parts(t)
		if resp.StatusCode != 200 || kinds[0] != c.want || len(parts[0]) == 0 {
			t.Errorf("%s, %s as %q: %d %q %.200s", c.client, c.path, c.accept, resp.StatusCode, kinds, body)
		}
	}
}
