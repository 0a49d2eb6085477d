package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	stdimage "image"
	"image/jpeg"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
)

// modelOf is the metadata of a file with its pixels given by an address.
func modelOf(t *testing.T, file []byte, uri string, change func(*dicom.Dataset)) []byte {
	t.Helper()
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{Keep: -1})
	must(t, err)
	if change != nil {
		change(f.Dataset)
	}
	var b bytes.Buffer
	must(t, f.Dataset.JSON(&b, dicom.JSONOptions{BulkURI: func(string, *dicom.Element) string { return uri }}))
	return b.Bytes()
}

// described sends parts: content type, location, bytes.
func (h *hospital) described(of string, parts ...[3]string) reply {
	h.t.Helper()
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--zaun\r\nContent-Type: %s\r\n", p[0])
		if p[1] != "" {
			fmt.Fprintf(&b, "Content-Location: %s\r\n", p[1])
		}
		fmt.Fprintf(&b, "\r\n%s\r\n", p[2])
	}
	b.WriteString("--zaun--\r\n")
	return h.web("tech1", "POST", "/studies", strings.NewReader(b.String()), "Content-Type", `multipart/related; type="`+of+`"; boundary=zaun`)
}

func TestMetadataAndBulkDataBecomeObjects(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	one, two := uids{"1.5", "1.5.1", "1.5.1.1"}, uids{"1.5", "1.5.1", "1.5.1.2"}
	first, second := image(one, 1, 3, nil), image(two, 2, 1, nil)
	pixels := func(f []byte, frames int) string { return string(f[len(f)-96*frames:]) }
	list := "[" + string(modelOf(t, first, "bulk/1", nil)) + "," + string(modelOf(t, second, "http://elsewhere/x/bulk/2", nil)) + "]"
	r := h.described(web.JSON, [3]string{web.JSON, "", list}, [3]string{web.Octets, "http://elsewhere/x/bulk/2", pixels(second, 1)}, [3]string{web.Octets, "bulk/1", pixels(first, 3)})
	if r.code != 200 || !bytes.Contains(r.body, []byte("1.5.1.2")) {
		t.Fatalf("%d %s", r.code, r.body)
	}
	for u, file := range map[uids][]byte{one: first, two: second} {
		got, err := dicom.Read(bytes.NewReader(h.get("tech1", u.path(), "application/dicom").body), dicom.Options{Keep: -1})
		must(t, err)
		want, err := dicom.Read(bytes.NewReader(file), dicom.Options{Keep: -1})
		must(t, err)
		a, err := got.Dataset.MarshalJSON()
		must(t, err)
		b, err := want.Dataset.MarshalJSON()
		must(t, err)
		if string(a) != string(b) {
			t.Errorf("%s came back as\n%s\nwas\n%s", u.instance, a, b)
		}
	}
}

func TestPicturesBesideMetadataKeepTheirCodestream(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	var photo bytes.Buffer
	must(t, jpeg.Encode(&photo, stdimage.NewGray(stdimage.Rect(0, 0, 8, 6)), nil))
	gray8 := func(d *dicom.Dataset) {
		d.SetInts(dicom.BitsAllocated, 8)
		d.SetInts(dicom.BitsStored, 8)
		d.SetInts(dicom.HighBit, 7)
	}
	for i, c := range []struct {
		kind, body string
		frames     int
		syntax     string
		code       int
	}{
		{"image/jpeg", photo.String(), 1, string(dicom.JPEGBaseline8Bit), 200},
		{"image/jpeg", photo.String(), 2, string(dicom.JPEGBaseline8Bit), 200},
		{`image/jpeg; transfer-syntax="1.2.840.10008.1.2.4.50"`, photo.String(), 1, string(dicom.JPEGBaseline8Bit), 200},
		{"image/jls", "\xFF\xD8\xFF\xF7\x00\x0B\x08\x00\x06\x00\x08\x01\x01\x11\x00\xFF\xDA\x00\x08\x01\x01\x00\x00\x00\x00rest", 1, string(dicom.JPEGLSLossless), 200},
		{"image/jphc", "\xFF\x4F\xFF\x51rest", 1, string(dicom.HTJ2K), 200},
		{"image/jp2", "no codestream", 1, "", 409},
		{"text/plain", "no image", 1, "", 409},
		{`application/octet-stream; transfer-syntax=9.9.9`, "no image", 1, "", 409},
	} {
		u := uids{"1.6", "1.6.1", fmt.Sprintf("1.6.1.%d", i+1)}
		parts := [][3]string{{web.XML, "", ""}}
		model, err := web.AppendXML(nil, modelOf(t, image(u, 1, c.frames, gray8), "/pixels", nil))
		must(t, err)
		parts[0][2] = string(model)
		for range c.frames {
			parts = append(parts, [3]string{c.kind, "/pixels", c.body})
		}
		if r := h.described(web.XML, parts...); r.code != c.code || c.code == 409 && !strings.Contains(string(r.body), `"00720026":{"vr":"AT","Value":["7FE00010"]}`) {
			t.Errorf("%s: %d %s", c.kind, r.code, r.body)
			continue
		}
		if c.code != 200 {
			continue
		}
		r := h.get("tech1", u.path()+fmt.Sprintf("/frames/%d", c.frames), "multipart/related; type=application/octet-stream; transfer-syntax=*")
		got, kinds := r.parts(t)
		if r.code != 200 || kinds[0] != "application/octet-stream; transfer-syntax="+c.syntax || !strings.HasPrefix(string(got[0]), c.body) {
			t.Errorf("%s: frame %d %q, %d bytes for %d", c.kind, r.code, kinds, len(got[0]), len(c.body))
		}
	}
}

func TestMetadataWithoutItsBulkDataIsRefusedByItself(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	file := image(uids{"1.7", "1.7.1", "1.7.1.1"}, 1, 1, nil)
	good := modelOf(t, image(uids{"1.7", "1.7.1", "1.7.1.2"}, 1, 1, nil), "b", func(d *dicom.Dataset) { d.Delete(dicom.PixelData) })
	for name, c := range map[string]struct {
		got      reply
		code     int
		contains string
	}{
		"bulk data is missing":   {h.described(web.JSON, [3]string{web.JSON, "", string(modelOf(t, file, "a", nil))}), 409, `"00720026":{"vr":"AT","Value":["7FE00010"]}`},
		"one of two lacks it":    {h.described(web.JSON, [3]string{web.JSON, "", string(modelOf(t, file, "a", nil))}, [3]string{web.JSON, "", string(good)}), 202, "1.7.1.2"},
		"metadata is not JSON":   {h.described(web.JSON, [3]string{web.JSON, "", "{"}), 400, "unexpected end of JSON"},
		"metadata is not a list": {h.described(web.JSON, [3]string{web.JSON, "", "[1]"}), 400, "dicomweb.multipart"},
		"metadata is not XML":    {h.described(web.XML, [3]string{web.XML, "", "<a>"}), 400, "dicomweb.multipart"},
		"several could be meant": {h.described(web.JSON, [3]string{web.JSON, "", string(modelOf(t, file, "1", nil))}, [3]string{web.Octets, "a/1", "x"}, [3]string{web.Octets, "b/1", "y"}), 409, `"Value":["7FE00010"]`},
		"another media type":     {h.described(web.JSON, [3]string{";;;", "", "x"}), 415, "dicomweb.media_type"},
		"there is no metadata":   {h.described(web.JSON), 400, "dicomweb.multipart"},
	} {
		if c.got.code != c.code || !strings.Contains(string(c.got.body), c.contains) || !json.Valid(c.got.body) {
			t.Errorf("%s: %d %s", name, c.got.code, c.got.body)
		}
	}
}

func TestValuesOfSeveralPartsAreReadAsOne(t *testing.T) {
	t.Parallel()
	spool := make([]byte, 1000)
	for i := range spool {
		spool[i] = byte(i * 7)
	}
	b := bulkData{spool: bytes.NewReader(spool)}
	at, n := b.add(bulkPart{off: 500, length: 10}, bulkPart{off: 3, length: 0}, bulkPart{off: 100, length: 300})
	next, m := b.add(bulkPart{off: 0, length: 5})
	if at != 0 || n != 310 || next != 310 || m != 5 {
		t.Fatalf("values at %d+%d and %d+%d", at, n, next, m)
	}
	want := slices.Concat(spool[500:510], spool[100:400], spool[:5])
	for from := range want {
		for _, length := range []int{1, 7, 64, len(want) - from} {
			length = min(length, len(want)-from)
			got := make([]byte, length)
			if k, err := b.ReadAt(got, int64(from)); err != nil || k != length || !bytes.Equal(got, want[from:from+length]) {
				t.Fatalf("%d bytes at %d: %d, %v", length, from, k, err)
			}
		}
	}
	if k, err := b.ReadAt(make([]byte, 9), 311); k != 4 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", k, err)
	}
}

func TestLongValueInASequenceComesAsBulkDataToo(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	samples := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6}, 50_000)
	file := image(u, 1, 1, func(d *dicom.Dataset) {
		item := dicom.New()
		item.SetRaw(dicom.WaveformData, dicom.OW, samples)
		d.SetItems(dicom.WaveformSequence, item)
	})
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{Keep: -1})
	must(t, err)
	f.Dataset.Items(dicom.WaveformSequence)[0].Get(dicom.WaveformData).Bulk = true
	var model bytes.Buffer
	must(t, f.Dataset.JSON(&model, dicom.JSONOptions{BulkURI: func(path string, _ *dicom.Element) string { return "/bulk/" + path }}))
	parts := [][3]string{{web.JSON, "", model.String()}}
	for i := range f.Dataset.Elements {
		if e := &f.Dataset.Elements[i]; e.Tag == dicom.PixelData {
			parts = append(parts, [3]string{web.Octets, "/bulk/7FE00010", string(e.Raw)})
		}
	}
	for _, half := range [][]byte{samples[:100_001], samples[100_001:]} {
		parts = append(parts, [3]string{web.Octets, "/bulk/54000100/1/54001010", string(half)})
	}
	if r := h.described(web.JSON, parts...); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	if got := h.get("tech1", u.path()+"/bulkdata/54000100/1/54001010", "application/octet-stream"); !bytes.Equal(got.body, samples) {
		t.Errorf("%d: %d bytes, %d were sent", got.code, len(got.body), len(samples))
	}
}
