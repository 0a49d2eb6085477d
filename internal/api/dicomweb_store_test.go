package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/storage"
)

// reasonsOf are the failure and warning reasons of a store response.
func reasonsOf(t *testing.T, r reply) string {
	t.Helper()
	ds, err := dicom.ParseJSON(bytes.NewReader(r.body))
	if err != nil {
		return fmt.Sprintf("%d %s", r.code, r.body)
	}
	var out []string
	for _, item := range ds.Items(dicom.ReferencedSOPSequence) {
		n, _ := item.Int(dicom.WarningReason)
		out = append(out, fmt.Sprintf("stored %s %04X", item.Text(dicom.ReferencedSOPInstanceUID), n))
	}
	for _, item := range ds.Items(dicom.FailedSOPSequence) {
		n, _ := item.Int(dicom.FailureReason)
		out = append(out, fmt.Sprintf("failed %s %04X", item.Text(dicom.ReferencedSOPInstanceUID), n))
	}
	return fmt.Sprintf("%d %s", r.code, strings.Join(out, ", "))
}

func TestEachRefusedObjectHasItsReason(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	u := uids{"1.5", "1.5.1", "1.5.1.1"}
	good := image(u, 1, 1, nil)
	// as writes the object under other file meta information.
	as := func(class, uid string, ts dicom.TransferSyntax) []byte {
		var b bytes.Buffer
		dicom.WriteMeta(&b, dicom.FileMeta{SOPClassUID: class, SOPInstanceUID: uid, Syntax: ts})
		return append(b.Bytes(), dataset(t, good)...)
	}
	class := dicomClass(t, good)
	for _, c := range []struct {
		name string
		got  reply
		want string
	}{
		{"a directory of media", h.stow("tech1", as("1.2.840.10008.1.3.10", u.instance, dicom.ExplicitVRLittleEndian)), "409 failed 1.5.1.1 0122"},
		{"an echo", h.stow("tech1", as("1.2.840.10008.1.1", u.instance, dicom.ExplicitVRLittleEndian)), "409 failed 1.5.1.1 0122"},
		{"XML", h.stow("tech1", as(class, u.instance, "1.2.840.10008.1.2.6.2")), "409 failed 1.5.1.1 C122"},
		{"another UID in the file's head", h.stow("tech1", as(class, "1.5.1.7", dicom.ExplicitVRLittleEndian)), "200 stored 1.5.1.1 0000"}, // as anonymizers leave it: the data set counts
		{"a class unlike the data set", h.stow("tech1", as("1.2.840.10008.5.1.4.1.1.4", u.instance, dicom.ExplicitVRLittleEndian)), "409 failed 1.5.1.1 A900"},
		{"a private class of a vendor", h.stow("tech1", image(uids{"1.5", "1.5.2", "1.5.2.1"}, 1, 1, func(d *dicom.Dataset) { d.SetText(dicom.SOPClassUID, "1.3.12.2.1107.5.9.1") })), "409 failed 1.5.2.1 A900"},
		{"no DICOM", h.stow("tech1", []byte("PK\x03\x04")), "409 failed  C000"},
		{"all kinds at once", h.stow("tech1", good, []byte("rubbish"), as(class, u.instance, "1.2.840.10008.1.2.6.2"), image(u, 2, 1, nil)), "202 stored 1.5.1.1 0000, stored 1.5.1.1 B000, failed  C000, failed 1.5.1.1 C122"},
		{"a wrong study", h.web("tech1", "POST", "/studies/1.9", bytes.NewReader(good), "Content-Type", "application/dicom"), "409 failed 1.5.1.1 A901"},
	} {
		if got := reasonsOf(t, c.got); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	var st storing
	if st.fail(errors.New("a fault of the hub")); st.failed[0].reason != reasonProcessing {
		t.Errorf("a fault of the hub: %04X", st.failed[0].reason)
	}
}

func dicomClass(t *testing.T, file []byte) string {
	t.Helper()
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{})
	must(t, err)
	return f.Dataset.Text(dicom.SOPClassUID)
}

// away is a store that takes nothing for the moment.
type away struct{ storage.Objects }

func (away) Append(context.Context) (storage.Part, error) { return nil, storage.ErrUnavailable }

func TestStoreThatIsAwayAsksToTryAgain(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.s.Intake.Objects = away{h.s.Intake.Objects}
	r := h.stow("tech1", image(uids{"1.5", "1.5.1", "1.5.1.1"}, 1, 1, nil), image(uids{"1.5", "1.5.1", "1.5.1.2"}, 2, 1, nil))
	if got := reasonsOf(t, r); got != "503 failed 1.5.1.1 A700, failed 1.5.1.2 A700" || r.head.Get("Retry-After") == "" {
		t.Errorf("%s %v", got, r.head)
	}
}

// bytes sends bytes on a connection of its own; the answer's status is 0 if there
// is none. hangUp closes the sending side behind them.
func (h *hospital) bytes(request string, hangUp bool) (code int, body string) {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	must(h.t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(conn, request)
	if hangUp {
		must(h.t, conn.(*net.TCPConn).CloseWrite())
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func TestStoreRequestsAreReadByteForByte(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	good := string(image(uids{"1.5", "1.5.1", "1.5.1.1"}, 1, 1, nil))
	part := "--zaun\r\nContent-Type: application/dicom\r\n\r\n" + good + "\r\n"
	bare := "--zaun\r\n\r\n" + good + "\r\n"
	const related = `multipart/related; type="application/dicom"; boundary=zaun`
	post := func(kind, framing, body string) string {
		line := ""
		if kind != "" {
			line = "Content-Type: " + kind + "\r\n"
		}
		return "POST " + dicomRoot + "/studies HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer " + h.accounts["tech1"].Token + "\r\nConnection: close\r\n" + line + framing + "\r\n\r\n" + body
	}
	sized := func(body string) string { return fmt.Sprintf("Content-Length: %d", len(body)) }
	chunked := func(body string, size int) string {
		var b strings.Builder
		for len(body) > 0 {
			n := min(size, len(body))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		return b.String() + "0\r\n\r\n"
	}
	whole := part + "--zaun--\r\n"
	for _, c := range []struct {
		name, request string
		hangUp        bool
		code          int
		contains      string
	}{
		{"in pieces of seven bytes", post(related, "Transfer-Encoding: chunked", chunked(whole, 7)), false, 200, "1.5.1.1"},
		{"in one piece", post(related, "Transfer-Encoding: chunked", chunked(whole, 1<<20)), false, 200, "1.5.1.1"},
		{"a part without a type", post(related, sized(bare+"--zaun--"), bare+"--zaun--"), false, 200, "1.5.1.1"},
		{"the boundary twice in a row", post(related, sized("--zaun\r\n"+whole), "--zaun\r\n"+whole), false, 200, "1.5.1.1"},
		{"two boundary parameters", post(related+"; boundary=other", sized(whole), whole), false, 400, "dicomweb.multipart"},
		{"no content type", post("", sized(whole), whole), false, 415, "dicomweb.media_type"},
		{"a content type that is none", post("dicom", sized(whole), whole), false, 415, "dicomweb.media_type"},
		{"a quoted boundary with a space", post(`multipart/related; type="application/dicom"; boundary="za un"`, sized(strings.ReplaceAll(whole, "zaun", "za un")), strings.ReplaceAll(whole, "zaun", "za un")), false, 200, "1.5.1.1"},
		{"headers of a part without end", post(related, "Transfer-Encoding: chunked", chunked("--zaun\r\nX: "+strings.Repeat("x", 1<<20), 1<<16)), false, 400, "dicomweb.multipart"},
		{"an end within the object", post(related, sized(whole), whole[:len(whole)/2]), true, 400, "dicomweb.multipart"},
		{"an end behind the object", post(related, sized(whole), part), true, 400, `"stored":0`},
		{"an end within a piece", post(related, "Transfer-Encoding: chunked", chunked(whole, 500)[:700]), true, 400, "dicomweb.multipart"},
		{"a length that cuts the object", post(related, "Content-Length: 300", whole), false, 400, "dicomweb.multipart"},
		{"an empty body", post(related, "Content-Length: 0", ""), false, 400, "dicomweb.multipart"},
		{"a length that is none", post(related, "Content-Length: many", whole), false, 400, ""},
	} {
		began := time.Now()
		code, body := h.bytes(c.request, c.hangUp)
		if code != c.code || !strings.Contains(body, c.contains) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, code, body, c.code, c.contains)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: answered after %s", c.name, took)
		}
	}
}

func TestObjectThatBreaksOffIsNeverVisible(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	file := string(image(uids{"1.6", "1.6.1", "1.6.1.1"}, 1, 3, nil))
	body := "--zaun\r\nContent-Type: application/dicom\r\n\r\n" + file + "\r\n--zaun--\r\n"
	head := fmt.Sprintf("POST %s/studies HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary=zaun\r\nContent-Length: %d\r\n\r\n",
		dicomRoot, h.accounts["tech1"].Token, len(body))
	for _, at := range []int{60, 300, len(body) / 2, len(body) - 30, len(body) - 14} {
		if code, text := h.bytes(head+body[:at], true); code != 400 {
			t.Errorf("cut at %d: %d %s", at, code, text)
		}
		if rows := h.get("tech1", "/studies?StudyInstanceUID=1.6", "").rows(t); len(rows) != 0 {
			t.Errorf("cut at %d the study is there", at)
		}
	}
	if code, text := h.bytes(head+body, false); code != 200 {
		t.Errorf("whole: %d %s", code, text)
	}
	if rows := h.get("tech1", "/studies?StudyInstanceUID=1.6", "").rows(t); len(rows) != 1 {
		t.Errorf("whole: %d studies", len(rows))
	}
}
