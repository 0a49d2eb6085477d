package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
	"github.com/yuanzhen/yuanzhen/storage"
)

// reply is one answer of the DICOMweb services.
type reply struct {
	code int
	head http.Header
	body []byte
}

// web sends a request with somebody's token below the DICOMweb root.
func (h *hospital) web(login, method, path string, body io.Reader, headers ...string) reply {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+dicomRoot+path, body)
	must(h.t, err)
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+h.accounts[login].Token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return reply{resp.StatusCode, resp.Header, data}
}

func (h *hospital) get(login, path, accept string) reply {
	h.t.Helper()
	return h.web(login, "GET", path, nil, "Accept", accept)
}

// parts splits a multipart answer; another is one part.
func (r reply) parts(t *testing.T) (parts [][]byte, kinds []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.head.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return [][]byte{r.body}, []string{r.head.Get("Content-Type")}
	}
	m := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	for {
		p, err := m.NextRawPart()
		if err == io.EOF {
			return parts, kinds
		}
		must(t, err)
		b, err := io.ReadAll(p)
		must(t, err)
		parts, kinds = append(parts, b), append(kinds, p.Header.Get("Content-Type"))
	}
}

// rows reads a search's answer.
func (r reply) rows(t *testing.T) []map[string]struct{ Value []any } {
	t.Helper()
	var v []map[string]struct{ Value []any }
	if err := json.Unmarshal(r.body, &v); err != nil || r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	return v
}

// stow sends files as parts.
func (h *hospital) stow(login string, files ...[]byte) reply {
	h.t.Helper()
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "\r\n--zaun\r\nContent-Type: application/dicom\r\n\r\n%s", f)
	}
	b.WriteString("\r\n--zaun--\r\n")
	return h.web(login, "POST", "/studies", &b, "Content-Type", `multipart/related; type="application/dicom"; boundary=zaun`)
}

// uids is where an object is.
type uids struct{ study, series, instance string }

func (u uids) path() string {
	return "/studies/" + u.study + "/series/" + u.series + "/instances/" + u.instance
}

// image is a file with a small picture, 8 by 6 pixels of 16 bits a frame.
func image(u uids, number, frames int, change func(*dicom.Dataset)) []byte {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.2")
	d.SetText(dicom.SOPInstanceUID, u.instance)
	d.SetText(dicom.StudyDate, "20260301")
	d.SetText(dicom.StudyTime, "101500")
	d.SetText(dicom.AccessionNumber, "ACC-"+u.study)
	d.SetText(dicom.Modality, "CT")
	d.SetText(dicom.StudyDescription, "胸部平扫")
	d.SetText(dicom.PatientName, "Wang^Wei=王^伟")
	d.SetText(dicom.PatientID, "P1")
	d.SetText(dicom.PatientSex, "M")
	d.SetText(dicom.StudyInstanceUID, u.study)
	d.SetText(dicom.SeriesInstanceUID, u.series)
	d.SetText(dicom.SeriesNumber, "2")
	d.SetText(dicom.InstanceNumber, fmt.Sprint(number))
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	d.SetInts(dicom.NumberOfFrames, int64(frames))
	d.SetInts(dicom.Rows, 6)
	d.SetInts(dicom.Columns, 8)
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetInts(dicom.BitsStored, 12)
	d.SetInts(dicom.HighBit, 11)
	d.SetInts(dicom.PixelRepresentation, 0)
	pixels := make([]byte, frames*96)
	for i := range pixels {
		if i%2 == 0 {
			pixels[i] = byte(i + number)
		}
	}
	d.SetRaw(dicom.PixelData, dicom.OW, pixels)
	if change != nil {
		change(d)
	}
	var b bytes.Buffer
	if err := dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: "1.2.840.10008.5.1.4.1.1.2", SOPInstanceUID: u.instance, Syntax: dicom.ExplicitVRLittleEndian}, d); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// dataset is what stands in a file behind its meta header.
func dataset(t *testing.T, file []byte) []byte {
	t.Helper()
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{})
	must(t, err)
	return file[f.DatasetOffset:]
}

func TestStudyIsStoredFoundAndComesBackBitIdentical(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	var files [][]byte
	for i := range 12 {
		files = append(files, image(uids{"1.2.3", "1.2.3.4", fmt.Sprintf("1.2.3.4.%d", i+1)}, i+1, 1, nil))
	}
	r := h.stow("tech1", files...)
	if r.code != 200 || !bytes.Contains(r.body, []byte("1.2.3.4.12")) {
		t.Fatalf("stow: %d %s", r.code, r.body)
	}
	rows := h.get("tech1", "/studies?PatientName="+url.QueryEscape("*王*")+"&ModalitiesInStudy=CT&StudyDate=20260301", "").rows(t)
	if len(rows) != 1 || fmt.Sprint(rows[0]["00201208"].Value) != "[12]" || fmt.Sprint(rows[0]["00081030"].Value) != "[胸部平扫]" ||
		fmt.Sprint(rows[0]["00080005"].Value) != "[ISO_IR 192]" || fmt.Sprint(rows[0]["00100010"].Value[0].(map[string]any)["Ideographic"]) != "王^伟" {
		t.Fatalf("found %v", rows)
	}
	whole := h.get("tech1", "/studies/1.2.3/series/1.2.3.4", `multipart/related; type="application/dicom"`)
	parts, kinds := whole.parts(t)
	if len(parts) != 12 || kinds[0] != "application/dicom; transfer-syntax=1.2.840.10008.1.2.1" {
		t.Fatalf("%d parts of %q", len(parts), kinds)
	}
	for i, p := range parts {
		if !bytes.Equal(dataset(t, p), dataset(t, files[i])) {
			t.Fatalf("instance %d differs", i+1)
		}
	}
	if dump, err := exec.LookPath("dcmdump"); err != nil {
		t.Log("dcmdump is not installed: the answer was not read by it")
	} else {
		name := filepath.Join(t.TempDir(), "a.dcm")
		must(t, os.WriteFile(name, parts[0], 0o600))
		if out, err := exec.Command(dump, "-q", "+U8", name).CombinedOutput(); err != nil {
			t.Fatalf("dcmdump: %v %s", err, out)
		}
	}
	if z := h.get("tech1", "/studies/1.2.3", "application/zip"); z.code != 200 || !bytes.HasPrefix(z.body, []byte("PK")) {
		t.Fatalf("zip: %d", z.code)
	}
}

func TestStoreSaysWhatBecameOfEachObject(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	first := image(u, 1, 1, nil)
	related := `multipart/related; type="application/dicom"; boundary=zaun`
	post := func(path, kind, body string) reply {
		return h.web("tech1", "POST", path, strings.NewReader(body), "Content-Type", kind)
	}
	for _, c := range []struct {
		name     string
		got      reply
		code     int
		contains string
	}{
		{"a new object", h.stow("tech1", first), 200, `"00081190"`},
		{"the same bytes again", h.stow("tech1", first), 200, u.instance},
		{"other bytes under its UID", h.stow("tech1", image(u, 2, 1, nil)), 202, `"00081196":{"vr":"US","Value":[45056]}`},
		{"a good and a bad one", h.stow("tech1", first, []byte("no DICOM at all")), 202, `"00081197":{"vr":"US","Value":[49152]}`},
		{"only a bad one", h.stow("tech1", first[:len(first)-20]), 409, `"00081197":{"vr":"US","Value":[49152]}`},
		{"a single part", post("/studies", "application/dicom", string(image(uids{"1.6", "1.6.1", "1.6.1.1"}, 1, 1, nil))), 200, "1.6.1.1"},
		{"a wrong study", post("/studies/1.9", "application/dicom", string(image(uids{"1.7", "1.7.1", "1.7.1.1"}, 1, 1, nil))), 409, `"Value":[43265]`},
		{"another class than announced", h.stow("tech1", image(uids{"1.8", "1.8.1", "1.8.1.1"}, 1, 1, func(d *dicom.Dataset) { d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.4") })), 409, `"Value":[43264]`},
		{"lines with a bare line feed", post("/studies", related, "preamble\n--zaun\nContent-Type: application/dicom\n\n"+string(first)+"\n--zaun--\nepilogue"), 200, u.instance},
		{"unquoted parameters", post("/studies", "multipart/related;type=application/dicom;boundary=zaun", "--zaun\r\nContent-Type: application/dicom\r\n\r\n"+string(first)+"\r\n--zaun--"), 200, u.instance},
		{"no parts", post("/studies", related, "--zaun--\r\n"), 400, "dicomweb.multipart"},
		{"no boundary in the body", post("/studies", related, "nothing"), 400, "dicomweb.multipart"},
		{"a body that breaks off", post("/studies", related, "--zaun\r\n\r\n"+string(first)), 400, "dicomweb.multipart"},
		{"no boundary named", post("/studies", `multipart/related; type="application/dicom"`, "x"), 400, "dicomweb.multipart"},
		{"another type", post("/studies", "application/json", "{}"), 415, "dicomweb.media_type"},
		{"parts of another type", post("/studies", `multipart/related; type="text/plain"; boundary=zaun`, "x"), 415, "dicomweb.media_type"},
		{"an answer in XML", h.web("tech1", "POST", "/studies", bytes.NewReader(first), "Content-Type", "application/dicom", "Accept", "application/dicom+xml"), 200, `keyword="ReferencedSOPSequence"`},
		{"an answer in a form there is not", h.web("tech1", "POST", "/studies", bytes.NewReader(first), "Content-Type", "application/dicom", "Accept", "text/html"), 406, "dicomweb.not_acceptable"},
		{"the attribute at fault", post("/studies/1.9", "application/dicom", string(image(uids{"1.7", "1.7.1", "1.7.1.1"}, 1, 1, nil))), 409, `"00720026":{"vr":"AT","Value":["0020000D"]}`},
		{"an object without a class", h.stow("tech1", image(uids{"1.10", "1.10.1", "1.10.1.1"}, 1, 1, func(d *dicom.Dataset) { d.Delete(dicom.SeriesInstanceUID) })), 409, `"00720026":{"vr":"AT","Value":["0020000E"]}`},
		{"an object whose header breaks off", h.stow("tech1", first[:400]), 409, `"00081198"`},
	} {
		if c.got.code != c.code || !strings.Contains(string(c.got.body), c.contains) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, c.got.code, c.got.body, c.code, c.contains)
		}
	}
	parts, _ := h.get("tech1", u.path(), "application/dicom").parts(t)
	if !bytes.Equal(dataset(t, parts[0]), dataset(t, first)) {
		t.Error("the first object under the UID did not stay")
	}
}

func TestOnlyThoseConcernedSeeAStudy(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error { // what tech1 sends waits to be submitted
		a, err := tx.AccountByLogin("tech1")
		if err != nil {
			return err
		}
		a.AutoSubmit = false
		return tx.UpdateAccount(a)
	}))
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	if r := h.stow("tech1", image(u, 1, 1, nil)); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	below := []string{"/studies/1.5", "/studies/1.5/metadata", "/studies/1.5/series", "/studies/1.5/thumbnail", u.path(), u.path() + "/metadata", u.path() + "/frames/1",
		u.path() + "/rendered", u.path() + "/bulkdata/7FE00010", "/studies/1.5/series/1.5.1/metadata"}
	for _, path := range below {
		for login, want := range map[string]int{"tech1": 200, "clinician1": 200, "tech2": 404, "reader1": 404, "admin": 403, "auditor": 403, "": 401} {
			if r := h.get(login, path, ""); r.code != want {
				t.Errorf("%s for %q: %d, want %d", path, login, r.code, want)
			}
		}
	}
	if rows := h.get("tech2", "/studies?StudyInstanceUID=1.5", "").rows(t); len(rows) != 0 {
		t.Errorf("another clinic finds %v", rows)
	}
	if r := h.web("reader1", "POST", "/studies", strings.NewReader("x"), "Content-Type", "application/dicom"); r.code != 403 {
		t.Errorf("a reader stores: %d", r.code)
	}
	// Submitted, the study belongs to its reading centre too, and with it its
	// patient's other exams.
	if r := h.stow("tech1", image(uids{"1.4", "1.4.1", "1.4.1.1"}, 1, 1, nil)); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	task := h.ok("tech1", "GET", "/api/v1/tasks?accession=ACC-1.5", nil)["items"].([]any)[0].(map[string]any)
	if code, v := h.as("tech1", "POST", "/api/v1/tasks/"+task["id"].(string)+"/submit", map[string]any{}); code != 200 {
		t.Fatalf("submit: %d %v", code, v)
	}
	for _, path := range append(below, "/studies/1.4", "/studies/1.4/metadata") {
		if r := h.get("reader1", path, ""); r.code != 200 {
			t.Errorf("%s for the reader: %d %s", path, r.code, r.body)
		}
	}
	for query, want := range map[string]int{"StudyInstanceUID=1.5": 1, "StudyInstanceUID=1.4": 1, "PatientID=P1": 2, "PatientID=P2": 0} {
		if rows := h.get("reader1", "/studies?"+query, "").rows(t); len(rows) != want {
			t.Errorf("reader's %s: %d studies, want %d", query, len(rows), want)
		}
	}
}

func TestSearchUnderstandsWhatStandardAndViewersAsk(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	for i := range 5 {
		study := fmt.Sprintf("1.%d", i+1)
		r := h.stow("tech1", image(uids{study, study + ".1", study + ".1.1"}, 1, 1, func(d *dicom.Dataset) {
			d.SetText(dicom.StudyDate, fmt.Sprintf("2026030%d", i+1))
			d.SetText(dicom.StudyTime, fmt.Sprintf("1%d3000", i))
			d.SetText(dicom.PatientID, fmt.Sprintf("P_%d", i))
			if i == 4 {
				d.SetText(dicom.Modality, "MR")
				d.SetText(dicom.PatientName, "Li^Na=李^娜")
			}
		}))
		if r.code != 200 {
			t.Fatalf("%d %s", r.code, r.body)
		}
	}
	ohif := "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030"
	for query, want := range map[string]int{
		"/studies": 5, "/studies?" + ohif: 5, "/studies?limit=2": 2, "/studies?limit=2&offset=4": 1, "/studies?limit=0": 0, "/studies?offset=9": 0,
		"/studies?PatientName=wang*": 4, "/studies?PatientName=" + url.QueryEscape("李^娜"): 1, "/studies?PatientName=Wang%5EWei": 4, "/studies?PatientName=Wang": 0,
		"/studies?PatientName=*Wei": 4, "/studies?00100010=li*": 1, "/studies?PatientID=P_0": 1, "/studies?PatientID=P_%3F": 5, "/studies?PatientID=Px0": 0,
		"/studies?PatientID=%25": 0, "/studies?AccessionNumber=*ACC*": 5, "/studies?StudyInstanceUID=1.1,1.2": 2, "/studies?StudyInstanceUID=1.1%5C1.2%5C9": 2,
		"/studies?StudyDate=20260302-20260304": 3, "/studies?StudyDate=-20260302": 2, "/studies?StudyDate=20260304-": 2, "/studies?StudyDate=20260305": 1,
		"/studies?StudyTime=12": 1, "/studies?StudyTime=1130-133000": 3, "/studies?ModalitiesInStudy=MR": 1, "/studies?ModalitiesInStudy=MR,CT": 5, "/studies?ModalitiesInStudy=M": 0,
		"/studies?PatientName=": 5, "/studies?PatientSex=F": 0, "/studies?includefield=all&PatientSex=M": 5, "/studies?StudyDescription=" + url.QueryEscape("*平扫"): 5,
		"/series?Modality=MR": 1, "/series?PatientName=wang*": 4, "/series?SeriesInstanceUID=1.1.1": 1, "/instances?SOPInstanceUID=1.3.1.1": 1, "/instances": 5,
		"/studies/1.1/series": 1, "/studies/1.1/series?Modality=MR": 0, "/studies/1.1/instances": 1, "/studies/1.1/series/1.1.1/instances?InstanceNumber=1": 1,
		"/studies/1.1/series?includefield=00080021,00080031,0008103E,00200011": 1,
	} {
		if rows := h.get("tech1", query, "application/dicom+json").rows(t); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", query, len(rows), want)
		}
	}
	for query, want := range map[string]string{"/studies?PatientNam=x": "dicomweb.query", "/studies?SeriesInstanceUID=1": "dicomweb.key_unsupported", "/studies?limit=-1": "dicomweb.query",
		"/studies?limit=x": "dicomweb.query", "/studies?StudyDate=yesterday": "dicomweb.query", "/studies?fuzzymatching=perhaps": "dicomweb.query",
		"/studies?includefield=Nonsense": "dicomweb.query", "/studies?NumberOfStudyRelatedSeries=1": "dicomweb.key_unsupported", "/studies?RequestAttributesSequence=1": "dicomweb.key_unsupported", "/studies?PatientName.CodeValue=1": "dicomweb.query", "/studies?PatientID=1&00100020=2": "dicomweb.query"} {
		if r := h.get("tech1", query, ""); r.code != 400 || !strings.Contains(string(r.body), want) {
			t.Errorf("%s: %d %s", query, r.code, r.body)
		}
	}
	if r := h.get("tech1", "/studies?limit=2", ""); !strings.Contains(r.head.Get("Warning"), "additional results") {
		t.Errorf("no warning of more: %v", r.head)
	}
	if r := h.get("tech1", "/studies?fuzzymatching=true&ReferringPhysicianName=x", ""); len(r.head.Values("Warning")) != 1 || !strings.Contains(r.head.Get("Warning"), "fuzzymatching") {
		t.Errorf("warnings: %v", r.head)
	}
	if r := h.get("tech1", "/studies?PatientID=none", ""); string(r.body) != "[]" {
		t.Errorf("nothing found is %q", r.body)
	}
}

func TestSearchReachesWhatOnlyHeadersHold(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	for i := range 3 {
		study := fmt.Sprintf("1.%d", i+1)
		for n := range 2 {
			h.stow("tech1", image(uids{study, study + ".1", fmt.Sprintf("%s.1.%d", study, n+1)}, n+1, 1, func(d *dicom.Dataset) {
				d.SetText(dicom.StudyDate, fmt.Sprintf("2026030%d", i+1))
				d.SetText(dicom.StudyTime, []string{"2200", "0900", "0800"}[i])
				d.SetText(dicom.KVP, fmt.Sprint(80+20*i))
				d.SetText(dicom.ImageType, "ORIGINAL", fmt.Sprint("N", n+1))
				d.SetText(dicom.TimezoneOffsetFromUTC, "+0800")
				step := dicom.New()
				step.SetText(dicom.ScheduledProcedureStepID, "SPS-"+study)
				d.SetItems(dicom.RequestAttributesSequence, step)
				d.SetText(dicom.PatientName, []string{"Wang^XiaoMing=王^小明", "Zeng^Li=曾^丽", "Ma^Chao=马^超"}[i])
			}))
		}
	}
	for query, want := range map[string]int{
		"/series?KVP=100": 1, "/series?KVP=999": 0, "/instances?ImageType=N2": 3, "/studies/1.1/instances?ImageType=N2&KVP=80": 1, "/studies?KVP=80": 1, "/instances?ImageType=N*&limit=4": 4,
		"/instances?ImageType=N2&offset=2": 1, "/series?RequestAttributesSequence.ScheduledProcedureStepID=SPS-1.2": 1, "/series?00400275.00400009=SPS-1*": 3, "/studies?TimezoneOffsetFromUTC=%2B0800": 3,
		"/studies?StudyDate=20260301-20260302&StudyTime=2100-1000": 2, "/studies?StudyDate=20260301-&StudyTime=2300-": 2, "/studies?StudyDate=20260301-20260303&StudyTime=2300-": 0, "/studies?StudyDate=20260302&StudyTime=0800-1000": 1,
		"/studies?fuzzymatching=true&PatientName=wxm": 1, "/studies?fuzzymatching=true&PatientName=" + url.QueryEscape("小明"): 1, "/studies?fuzzymatching=true&PatientName=zl": 1,
		"/studies?fuzzymatching=true&PatientName=xiaoming%5Ewang": 1, "/studies?fuzzymatching=true&PatientName=m": 2, "/studies?PatientName=wxm": 0, "/studies?fuzzymatching=true&PatientName=*": 3,
	} {
		if rows := h.get("tech1", query, "application/dicom+json").rows(t); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", query, len(rows), want)
		}
	}
	for query, want := range map[string][]string{
		"/studies?limit=1&includefield=KVP,PatientAge": {"00180060"}, "/series?limit=1&includefield=all": {"00080201", "00400275", "00100010", "0020000E"},
		"/studies?limit=1&includefield=all": {"00080201", "00100010"}, "/studies/1.1/series?includefield=PatientName": {"00100010"}, "/instances?limit=1&includefield=all": {"7FE00010", "00280100", "00180060"},
		"/studies/1.1/instances?includefield=RequestAttributesSequence.ScheduledProcedureStepID": {"00400275"}, "/series?KVP=80": {"00180060"},
	} {
		r := h.get("tech1", query, "")
		if r.code != 200 {
			t.Errorf("%s: %d %s", query, r.code, r.body)
			continue
		}
		row := r.rows(t)[0]
		for _, tag := range want {
			if _, ok := row[tag]; !ok {
				t.Errorf("%s: no %s in %s", query, tag, r.body)
			}
		}
	}
	if row := h.get("tech1", "/studies?limit=1&includefield=all", "").rows(t)[0]; len(row["00180060"].Value) != 0 {
		t.Error("includefield=all gives a study what belongs to images")
	}
	r := h.get("tech1", "/studies?limit=2", `multipart/related; type="application/dicom+xml"`)
	parts, kinds := r.parts(t)
	if r.code != 200 || len(parts) != 2 || kinds[0] != "application/dicom+xml" || !bytes.Contains(parts[1], []byte(`keyword="PatientName"`)) {
		t.Errorf("as XML: %d %q %s", r.code, kinds, r.body)
	}
	if r = h.get("tech1", "/studies?PatientID=none", "application/dicom+xml"); r.code != 200 {
		t.Errorf("nothing as XML: %d", r.code)
	}
}

func TestFramesMetadataAndBulkDataInTheFormsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	file := image(u, 1, 3, nil)
	h.stow("tech1", file)
	pixels := file[len(file)-3*96:]
	for _, c := range []struct {
		path, accept string
		code         int
		kind         string // of the answer or its first part
		want         []byte // of the first part
	}{
		{"/frames/2", `multipart/related; type="application/octet-stream"`, 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[96:192]},
		{"/frames/2", `multipart/related; type=application/octet-stream; transfer-syntax=*`, 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[96:192]},
		{"/frames/3", "application/octet-stream", 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[192:]},
		{"/frames/1", "", 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[:96]},
		{"/frames/1,3", "*/*", 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[:96]},
		{"/frames/1,3", "application/octet-stream", 406, "application/problem+json; charset=utf-8", nil},
		{"/frames/1", `multipart/related; type="image/jp2"`, 406, "application/problem+json; charset=utf-8", nil},
		{"/frames/1", `multipart/related; type="image/jp2", application/octet-stream;q=0.1`, 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels[:96]},
		{"/frames/1", `multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.4.90`, 406, "application/problem+json; charset=utf-8", nil},
		{"/frames/4", "", 404, "application/problem+json; charset=utf-8", nil},
		{"/frames/0", "", 404, "application/problem+json; charset=utf-8", nil},
		{"/frames/x", "", 400, "application/problem+json; charset=utf-8", nil},
		{"/bulkdata/7FE00010", "application/octet-stream", 200, "application/octet-stream", pixels},
		{"/bulkdata/7FE00010", `multipart/related; type="application/octet-stream"`, 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", pixels},
		{"/bulkdata/00091001", "", 404, "application/problem+json; charset=utf-8", nil},
		{"/bulkdata/7FE00010/1", "", 404, "application/problem+json; charset=utf-8", nil},
		{"", "application/dicom", 200, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1", nil},
		{"", `application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90`, 406, "application/problem+json; charset=utf-8", nil},
		{"", "application/dicom+xml", 406, "application/problem+json; charset=utf-8", nil},
		{"", "application/dicom; transfer-syntax=1.2.840.10008.1.2", 200, "application/dicom; transfer-syntax=1.2.840.10008.1.2", nil},
		{"", `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1.99`, 200, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1.99", nil},
		{"/metadata", "application/json", 200, "application/dicom+json", nil},
		{"/metadata", "application/dicom+xml", 200, "application/dicom+xml", nil},
		{"/metadata", `multipart/related; type="application/dicom+xml"`, 200, "application/dicom+xml", nil},
		{"/rendered", "image/jpeg", 200, "image/jpeg", nil},
		{"/rendered", "image/*", 200, "image/jpeg", nil},
		{"/rendered?accept=image/png", "image/jpeg", 200, "image/png", nil},
		{"/rendered?accept=image%2Fjpeg", `multipart/related; type="application/octet-stream"`, 200, "image/jpeg", nil},
		{"/rendered", `multipart/related; type="image/jpeg"`, 200, "image/jpeg", nil},
		{"/rendered", "image/gif", 406, "application/problem+json; charset=utf-8", nil},
		{"/rendered?window=40,400&viewport=4,4&quality=50", "", 200, "image/jpeg", nil},
		{"/rendered?quality=101", "", 400, "application/problem+json; charset=utf-8", nil},
		{"/rendered?window=1", "", 400, "application/problem+json; charset=utf-8", nil},
		{"/frames/2/rendered", "image/jpeg", 200, "image/jpeg", nil},
		{"/frames/9/rendered", "image/jpeg", 404, "application/problem+json; charset=utf-8", nil},
		{"/thumbnail?accept=image/jpeg", "image/webp,*/*;q=0.8", 200, "image/jpeg", nil},
	} {
		r := h.get("tech1", u.path()+c.path, c.accept)
		parts, kinds := r.parts(t)
		if r.code != c.code || kinds[0] != c.kind || c.want != nil && !bytes.Equal(parts[0], c.want) {
			t.Errorf("%s as %q: %d %q, %d bytes", c.path, c.accept, r.code, kinds[0], len(parts[0]))
		}
	}
	r := h.web("tech1", "GET", u.path()+"/frames/2", nil, "Accept", "application/octet-stream", "Range", "bytes=10-19")
	if r.code != 206 || !bytes.Equal(r.body, pixels[106:116]) {
		t.Errorf("range of a frame: %d, %d bytes", r.code, len(r.body))
	}
	whole := h.get("tech1", u.path(), "application/dicom").body
	if r = h.web("tech1", "GET", u.path(), nil, "Accept", "application/dicom", "Range", "bytes=100-"); r.code != 206 || !bytes.Equal(r.body, whole[100:]) {
		t.Errorf("range of a file: %d, %d bytes", r.code, len(r.body))
	}
	meta := h.get("tech1", "/studies/1.5/series/1.5.1/metadata", "")
	v := []map[string]struct{ BulkDataURI string }{}
	must(t, json.Unmarshal(meta.body, &v))
	bulk := strings.TrimPrefix(v[0]["7FE00010"].BulkDataURI, h.url+dicomRoot)
	if r = h.get("tech1", bulk, "application/octet-stream"); !bytes.Equal(r.body, pixels) {
		t.Errorf("bulk data at %q: %d", v[0]["7FE00010"].BulkDataURI, r.code)
	}
	if r = h.web("tech1", "GET", "/studies/1.5/series/1.5.1/metadata", nil, "If-None-Match", meta.head.Get("ETag")); r.code != 304 {
		t.Errorf("metadata that is known: %d", r.code)
	}
}

func TestLargeStoreDoesNotGrowMemory(t *testing.T) { // alone: it looks at the whole process
	h := newHospital(t)
	const objects, size = 200, 525_000
	noise := make([]byte, size)
	for i, x := 0, uint64(88172645463325252); i < size; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		noise[i] = byte(x)
	}
	r, w := io.Pipe()
	var before, peak uint64
	go func() {
		var m runtime.MemStats
		for i := range objects {
			file := image(uids{"1.5", "1.5.1", fmt.Sprintf("1.5.1.%d", i+1)}, i+1, 1, func(d *dicom.Dataset) {
				d.SetInts(dicom.Rows, 512)
				d.SetInts(dicom.Columns, 512)
				d.SetRaw(dicom.PixelData, dicom.OW, noise[:512*512*2])
			})
			fmt.Fprintf(w, "\r\n--zaun\r\nContent-Type: application/dicom\r\n\r\n")
			w.Write(file)
			if i%20 == 19 {
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
				if i == 19 {
					before = m.HeapAlloc
				}
			}
		}
		fmt.Fprintf(w, "\r\n--zaun--\r\n")
		w.Close()
	}()
	got := h.web("tech1", "POST", "/studies", r, "Content-Type", `multipart/related; type="application/dicom"; boundary=zaun`)
	if got.code != 200 {
		t.Fatalf("%d %.300s", got.code, got.body)
	}
	if grown := int64(peak) - int64(before); grown > 24<<20 {
		t.Errorf("the heap grew from %d to %d MB during one request of %d MB", before>>20, peak>>20, objects*size>>20)
	}
	if rows := h.get("tech1", "/studies/1.5/instances", "").rows(t); len(rows) != objects {
		t.Errorf("%d of %d objects are there", len(rows), objects)
	}
}

func TestEveryRealObjectComesBackAsItWas(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	const most = 3 << 20
	taken := 0
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		file, err := os.ReadFile(name)
		must(t, err)
		if len(file) > most || strings.Contains(name, "malformed") {
			continue
		}
		f, err := dicom.Read(bytes.NewReader(file), dicom.Options{})
		if err != nil {
			continue
		}
		u := uids{f.Dataset.Text(dicom.StudyInstanceUID), f.Dataset.Text(dicom.SeriesInstanceUID), f.Dataset.Text(dicom.SOPInstanceUID)}
		r := h.web("tech1", "POST", "/studies", bytes.NewReader(file), "Content-Type", "application/dicom")
		if r.code != 200 { // duplicates under one UID, and objects without UIDs
			if r.code != 202 && r.code != 409 {
				t.Errorf("%s: %d", filepath.Base(name), r.code)
			}
			continue
		}
		taken++
		h.looksRight(name, u, file[f.DatasetOffset:], hasPixels(f.Dataset))
	}
	if taken < 100 {
		t.Errorf("only %d objects were taken in", taken)
	}
}

func hasPixels(d *dicom.Dataset) bool {
	e := d.Get(dicom.PixelData)
	return e != nil && e.Length != 0
}

// looksRight asks for an object in every way; none may be a fault of the hub.
func (h *hospital) looksRight(name string, u uids, want []byte, pixels bool) {
	h.t.Helper()
	t, base := h.t, filepath.Base(name)
	if r := h.get("tech1", u.path(), "application/dicom; transfer-syntax=*"); r.code != 200 || !bytes.HasSuffix(r.body, want) {
		t.Errorf("%s: %d, or another data set", base, r.code)
	}
	r := h.get("tech1", u.path()+"/metadata", "application/dicom+json")
	if !json.Valid(r.body) || r.code != 200 {
		t.Errorf("%s: metadata %d", base, r.code)
	}
	for path, accept := range map[string]string{"/frames/1": `multipart/related; type=application/octet-stream; transfer-syntax=*`, "/frames/1?accept=application/octet-stream": "",
		"/rendered": "image/jpeg", "/thumbnail": "", "/bulkdata/7FE00010": ""} {
		r := h.get("tech1", u.path()+path, accept)
		switch {
		case r.code == 200 && (len(r.body) > 0 || !pixels):
		case r.code == 406 && path != "/frames/1":
		case r.code == 406 && strings.Contains(string(r.body), "do not fit"), r.code == 406 && strings.Contains(string(r.body), "no image"):
		case r.code == 404 && !pixels:
		default:
			t.Errorf("%s%s: %d %.200s", base, path, r.code, r.body)
		}
	}
}

func TestChangedByteIsNeverGivenForWhole(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	h.stow("tech1", image(u, 1, 1, nil))
	h.s.Objects = rotten{h.s.Objects}
	for _, accept := range []string{"application/dicom", `multipart/related; type="application/dicom"`, "application/zip"} {
		req, err := http.NewRequest("GET", h.url+dicomRoot+u.path(), nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+h.accounts["tech1"].Token)
		req.Header.Set("Accept", accept)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // broken off before the head was sent
		}
		if resp.StatusCode != 200 {
			t.Errorf("as %s: %d", accept, resp.StatusCode)
		}
		if _, err = io.ReadAll(resp.Body); err == nil {
			t.Errorf("as %s the changed object looks whole", accept)
		}
		resp.Body.Close()
	}
}

// rotten is a store whose disk has changed the last byte of what is read.
type rotten struct{ storage.Objects }

func (r rotten) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	body, err := r.Objects.Get(ctx, k, off, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if len(b) > 0 {
		b[len(b)-1] ^= 1
	}
	return io.NopCloser(bytes.NewReader(b)), err
}

func TestMetadataIsKeptOnceASeriesIsQuiet(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	const path = "/studies/1.5/series/1.5.1/metadata"
	// again asks a node that remembers nothing.
	again := func() reply {
		h.s.Settled = settle.New(h.s.DB, h.s.Objects, h.s.Metrics, h.s.Log, 0)
		return h.get("tech1", path, "")
	}
	// turn lets the job look.
	turn := func() { must(t, h.s.Settled.Turn(t.Context())) }
	// quiet makes the study as old as a minute and returns its series.
	quiet := func() *hub.Series {
		var se *hub.Series
		must(t, h.s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			rows, err := tx.StudiesByUID("1.5")
			if err != nil {
				return err
			}
			rows[0].LastAt = rows[0].LastAt.Add(-time.Minute)
			if se, err = tx.SeriesByUID(rows[0].ID, "1.5.1"); err != nil {
				return err
			}
			return tx.UpdateStudy(rows[0])
		}))
		return se
	}
	h.stow("tech1", image(uids{"1.5", "1.5.1", "1.5.1.1"}, 1, 1, nil), image(uids{"1.5", "1.5.1", "1.5.1.2"}, 2, 1, nil))
	first := again()
	turn()
	if quiet().MetaKey != "" {
		t.Error("metadata of a series that still grows was kept")
	}
	turn()
	kept := quiet()
	if kept.MetaKey == "" || kept.MetaCount != 2 {
		t.Fatalf("nothing was kept: %+v", kept)
	}
	if r := again(); len(r.rows(t)) != 2 || len(r.body) != len(first.body) || r.head.Get("ETag") != first.head.Get("ETag") {
		t.Errorf("kept: %d instances, %d bytes, built %d bytes", len(r.rows(t)), len(r.body), len(first.body))
	}
	h.stow("tech1", image(uids{"1.5", "1.5.1", "1.5.1.3"}, 3, 1, nil))
	quiet()
	if r := again(); len(r.rows(t)) != 3 || r.head.Get("ETag") == first.head.Get("ETag") {
		t.Errorf("one more instance arrived: %d are listed", len(r.rows(t)))
	}
	turn()
	dead, err := h.s.DB.Read(t.Context()).Tombstones(time.Now().Add(time.Hour), 10)
	must(t, err)
	if now := quiet(); now.MetaCount != 3 || len(dead) != 1 || dead[0] != kept.MetaKey {
		t.Errorf("kept %+v, to be deleted %q", now, dead)
	}
}

func TestCachedPicturesAreForTheirAccountOnly(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.9", "1.9.1", "1.9.1.1"}
	if r := h.web("tech1", "POST", "/studies", bytes.NewReader(image(u, 1, 1, nil)), "Content-Type", "application/dicom"); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	for _, path := range []string{"/rendered", "/thumbnail", "/frames/1"} {
		r := h.get("tech1", u.path()+path, "")
		if vary := strings.Join(r.head.Values("Vary"), ", "); r.code != 200 || !strings.Contains(r.head.Get("Cache-Control"), "private") || !strings.Contains(vary, "Cookie") || !strings.Contains(vary, "Authorization") {
			t.Errorf("%s: %d, cached %q for %q", path, r.code, r.head.Get("Cache-Control"), vary)
		}
	}
}
