package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// Sender sends the demo's studies through the real ways in: C-STORE with a
// clinic's AE title, STOW-RS and POST /api/v1/recordings with its
// technician's token.
type Sender struct {
	HTTP, DICOM string // addresses
	AET         string
	Accounts    []Account
	Log         *slog.Logger
}

// way is how an exam reaches the hub.
type way int

const (
	byStore way = iota
	byStow
	byRecording
)

// exam is one generated exam.
type exam struct {
	subject subject
	by      way
	make    func(subject) ([]object, error)
	trace   synth.Kind // of an ECG file
	seed    uint64
	order   map[string]any // entered before, nil: the objects come without one
}

// Send sends everything once. It stops at ctx's end or the first fault.
func (s *Sender) Send(ctx context.Context, now time.Time) error {
	for _, e := range exams(now) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.one(ctx, e); err != nil {
			return fmt.Errorf("demo: %s: %w", e.subject.accession, err)
		}
	}
	s.Log.Info("demo: everything is sent")
	return nil
}

func (s *Sender) one(ctx context.Context, e exam) error {
	if e.order != nil {
		accession, err := s.enter(ctx, e)
		if err != nil {
			return err
		}
		e.subject.accession = accession
	}
	if e.by == byRecording {
		rec, err := synth.Make(e.trace, e.seed)
		if err != nil {
			return err
		}
		return s.post(ctx, e.subject.clinic, "/api/v1/recordings", "application/xml", bytes.NewReader(aECG(e.subject, rec)), nil)
	}
	objects, err := e.make(e.subject)
	if err != nil {
		return err
	}
	if e.by == byStow {
		return s.stow(ctx, e.subject.clinic, objects)
	}
	return s.store(ctx, e.subject.clinic, objects)
}

func (s *Sender) store(ctx context.Context, clinic string, objects []object) error {
	kinds := make([]dimse.Kind, len(objects))
	for i, o := range objects {
		kinds[i] = dimse.Kind{SOPClassUID: o.data.Text(dicom.SOPClassUID), Syntax: o.syntax}
	}
	contexts, err := dimse.ContextsFor(kinds...)
	if err != nil {
		return err
	}
	c, err := dimse.Dial(ctx, s.DICOM, dimse.DialOptions{CallingAE: clinic, CalledAE: s.AET, Contexts: contexts})
	if err != nil {
		return err
	}
	defer c.Release()
	for _, o := range objects {
		var b bytes.Buffer
		if err := dicom.Write(&b, o.data, o.syntax); err != nil {
			return err
		}
		status, err := c.Store(ctx, o.data.Text(dicom.SOPClassUID), o.data.Text(dicom.SOPInstanceUID), o.syntax, &b)
		if err != nil {
			return err
		}
		if !status.OK() {
			return fmt.Errorf("C-STORE: %s", status)
		}
	}
	return nil
}

func (s *Sender) stow(ctx context.Context, clinic string, objects []object) error {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, o := range objects {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/dicom"}})
		if err != nil {
			return err
		}
		meta := dicom.FileMeta{SOPClassUID: o.data.Text(dicom.SOPClassUID), SOPInstanceUID: o.data.Text(dicom.SOPInstanceUID), Syntax: o.syntax}
		if err := dicom.WriteFile(part, meta, o.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return s.post(ctx, clinic, "/dicom-web/studies", `multipart/related; type="application/dicom"; boundary=`+w.Boundary(), &body, nil)
}

// enter makes an order at the clinic and returns its accession number.
func (s *Sender) enter(ctx context.Context, e exam) (string, error) {
	fields := map[string]any{"patient_name": e.subject.name, "sex": e.subject.sex, "birth_date": dashes(e.subject.birth), "patient_id": e.subject.id,
		"id_type": "01", "id_number": e.subject.idNumber, "phone": "13900000000"}
	for k, v := range e.order {
		fields[k] = v
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	var made struct{ Accession string }
	err = s.post(ctx, e.subject.clinic, "/api/v1/orders", "application/json", bytes.NewReader(data), &made)
	return made.Accession, err
}

func dashes(date string) string { return date[:4] + "-" + date[4:6] + "-" + date[6:] }

// post sends a body with the token of a clinic's technician and reads the
// answer into out, if not nil.
func (s *Sender) post(ctx context.Context, clinic, path, kind string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, "POST", s.HTTP+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+s.token(clinic))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %.300s", path, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (s *Sender) token(clinic string) string {
	for _, a := range s.Accounts {
		if a.Member == clinic && a.Role == "tech" {
			return a.Token
		}
	}
	return ""
}

// TraceFile is an HL7 aECG file of a made-up patient, for tests of the ways in.
func TraceFile(kind string, seed uint64) []byte {
	rec, err := synth.Make(synth.Kind(kind), seed)
	if err != nil {
		panic(err) // a kind that synth does not know: the test's mistake
	}
	s := patient("CLINIC1", "T"+strconv.FormatUint(seed, 10), "测试", "Ce^Shi", "M", "19700101", 1, utf)
	s.at = time.Date(2026, 11, 22, 8, 0, int(seed), 0, time.UTC)
	return aECG(s, rec)
}
