package api

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// Bounds of one store request.
const (
	maxStore    = 64 << 30         // bytes of the body
	maxObjects  = 100_000          // each of them is told of in the answer
	storeAhead  = 8                // objects that become durable while the next is read
	storeSilent = 2 * time.Minute  // a sender that says nothing for so long is gone
	storeTick   = 10 * time.Second // how often the deadline is moved
)

// Failure and warning reasons of PS3.18 section 10.5.3 and PS3.4 Table B.2-1.
const (
	reasonProcessing = 0x0110 // the hub's own fault
	reasonClass      = 0x0122 // no class of objects that are stored
	reasonResources  = 0xA700 // try again
	reasonUnlike     = 0xA900 // data set unlike its announced class or UID
	reasonStudy      = 0xA901 // another study than the one of the URL
	reasonUnreadable = 0xC000
	reasonSyntax     = 0xC122 // a transfer syntax that no object can be stored in
	warningCoerced   = 0xB000 // other bytes are kept under this UID
)

// Attributes of the selector macro, PS3.3 Table 10-20.
const (
	selectorAttribute dicom.Tag = 0x00720026
	selectorVR        dicom.Tag = 0x00720050
)

// store is STOW-RS, PS3.18 section 10.5: each part streams into the intake.
func (d *dicomweb) store(c *Call) error {
	offer, err := choose(c, web.Offer{Type: web.JSON, Default: true}, web.Offer{Type: web.PlainJSON, Default: true}, web.Offer{Type: web.XML, Default: true})
	if err != nil {
		return err
	}
	kind, err := web.ParseMedia(c.Header.Get("Content-Type"))
	if err != nil {
		return hub.Wrap(hub.Unsupported, "api.store", "dicomweb.media_type", err)
	}
	if c.ContentLength > maxStore {
		return hub.E(hub.TooLarge, "api.store", "dicomweb.too_large")
	}
	body := &patientBody{r: http.MaxBytesReader(c.W, c.Body, maxStore), control: http.NewResponseController(c.W)}
	st := &storing{in: d.Intake, base: base(c), src: intake.Source{Actor: c.Actor, Via: "stow", Study: c.PathValue("study")}}
	switch of := strings.ToLower(kind.Params["type"]); {
	case kind.Type == web.DICOM:
		err = st.add(c.Context(), body)
	case kind.Type == web.Related && (of == web.DICOM || of == ""):
		err = st.addParts(c.Context(), body, kind.Params["boundary"])
	case kind.Type == web.Related && (of == web.JSON || of == web.XML || of == web.PlainJSON):
		err = st.addDescribed(c.Context(), body, kind.Params["boundary"])
	default:
		return hub.E(hub.Unsupported, "api.store", "dicomweb.media_type")
	}
	st.settle(0)
	if err != nil {
		return st.broken(err)
	}
	if len(st.stored)+len(st.failed) == 0 {
		return hub.E(hub.Invalid, "api.store", "dicomweb.multipart").With("reason", "it has no parts").With("stored", 0)
	}
	return st.answer(c, offer.Type)
}

// patientBody moves the connection's read deadline while bytes come.
type patientBody struct {
	r       io.Reader
	control *http.ResponseController
	moved   time.Time
}

func (b *patientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.moved) > storeTick {
		b.moved = now
		if err := b.control.SetReadDeadline(now.Add(storeSilent)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	return b.r.Read(p)
}

// storing is one store request on its way.
type storing struct {
	in      *intake.Intake
	base    string
	src     intake.Source
	waiting []*intake.Pending // received, not yet durable; in their order
	stored  []*intake.Outcome
	failed  []failedObject
	objects int // so far
}

// more counts an object of the request.
func (st *storing) more() error {
	if st.objects++; st.objects > maxObjects {
		return hub.E(hub.TooLarge, "api.store", "dicomweb.too_large")
	}
	return nil
}

type failedObject struct {
	class, uid string
	reason     int
	attribute  dicom.Tag // at fault, 0 if none in particular is
}

// addParts takes in each part of a multipart body.
func (st *storing) addParts(ctx context.Context, body io.Reader, boundary string) error {
	parts, err := web.NewReader(body, boundary)
	if err != nil {
		return err
	}
	for {
		part, err := parts.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = st.more()
		}
		if err != nil {
			return err
		}
		if kind, err := web.ParseMedia(part.ContentType); err == nil && kind.Type != web.DICOM && kind.Type != web.Octets {
			st.failed = append(st.failed, failedObject{reason: reasonUnreadable})
			continue
		}
		if err := st.add(ctx, part); err != nil {
			return err
		}
	}
}

// add takes in one object. An error means that the body cannot be read on.
func (st *storing) add(ctx context.Context, r io.Reader) error {
	st.settle(storeAhead - 1)
	in := &watched{r: r}
	p, err := st.in.Begin(ctx, st.src, in)
	if err == nil {
		st.waiting = append(st.waiting, p)
		return nil
	}
	if in.err != nil {
		return in.err
	}
	st.fail(err)
	return nil
}

// watched tells a fault of the body from one of the object in it.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// settle waits until at most so many objects are not yet durable.
func (st *storing) settle(most int) {
	for len(st.waiting) > most {
		out, err := st.waiting[0].Wait()
		st.waiting = st.waiting[1:]
		if err != nil {
			st.fail(err)
			continue
		}
		st.stored = append(st.stored, out)
	}
}

func (st *storing) fail(err error) {
	f := failedObject{reason: reasonProcessing, attribute: faultyAttribute(err)}
	if e, ok := errors.AsType[*hub.Error](err); ok {
		f.class, _ = e.Detail["sop_class"].(string)
		f.uid, _ = e.Detail["sop_instance"].(string)
	}
	switch kind, code := hub.KindOf(err), hub.CodeOf(err); {
	case kind == hub.Busy:
		f.reason = reasonResources
	case code == "dicom.study_differs":
		f.reason = reasonStudy
	case code == "dicom.class_differs" || code == "dicom.uid_differs":
		f.reason = reasonUnlike
	case code == "dicom.class_not_stored":
		f.reason = reasonClass
	case code == "dicom.syntax_not_stored":
		f.reason = reasonSyntax
	case kind == hub.Invalid || kind == hub.TooLarge:
		f.reason = reasonUnreadable
	}
	st.failed = append(st.failed, f)
}

// faultyAttribute is the attribute an object was refused for, 0 if it is not
// known.
func faultyAttribute(err error) dicom.Tag {
	switch hub.CodeOf(err) {
	case "dicom.study_differs":
		return dicom.StudyInstanceUID
	case "dicom.class_differs", "dicom.class_not_stored":
		return dicom.SOPClassUID
	case "dicom.uid_differs":
		return dicom.SOPInstanceUID
	}
	if p, ok := errors.AsType[*dicom.ParseError](err); ok {
		return p.Tag
	}
	e, _ := errors.AsType[*hub.Error](err)
	if e == nil || e.Code != "dicom.identity" {
		return 0
	}
	reason, _ := e.Detail["reason"].(string) // "(0008,0018) is missing"
	if len(reason) < len("(gggg,eeee)") {
		return 0
	}
	tag, _ := dicom.ParseTag(reason[1:5] + reason[6:10])
	return tag
}

// broken says what is wrong with a body that cannot be read to its end. What
// was received whole stays.
func (st *storing) broken(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return hub.Wrap(hub.TooLarge, "api.store", "dicomweb.too_large", err)
	}
	if e, ok := errors.AsType[*hub.Error](err); ok {
		return e.With("stored", len(st.stored))
	}
	reason := "it breaks off"
	if errors.Is(err, web.ErrMultipart) {
		reason = err.Error()
	}
	return hub.Wrap(hub.Invalid, "api.store", "dicomweb.multipart", err).With("reason", reason).With("stored", len(st.stored))
}

// answer is the store instances response, PS3.18 section 10.5.3.2.
func (st *storing) answer(c *Call, kind string) error {
	ds := dicom.New()
	var referenced, failed []*dicom.Dataset
	warned, one := false, true
	for _, out := range st.stored {
		item := dicom.New()
		item.SetText(dicom.ReferencedSOPClassUID, out.Class)
		item.SetText(dicom.ReferencedSOPInstanceUID, out.UID)
		item.SetText(dicom.RetrieveURL, st.base+"/studies/"+out.StudyUID+"/series/"+out.SeriesUID+"/instances/"+out.UID)
		if out.Result == intake.Conflict {
			warned = true
			item.SetInts(dicom.WarningReason, warningCoerced)
		}
		one = one && out.StudyUID == st.stored[0].StudyUID
		referenced = append(referenced, item)
	}
	busy := len(st.failed) > 0
	for _, f := range st.failed {
		item := dicom.New()
		if f.uid != "" {
			item.SetText(dicom.ReferencedSOPClassUID, f.class)
			item.SetText(dicom.ReferencedSOPInstanceUID, f.uid)
		}
		item.SetInts(dicom.FailureReason, int64(f.reason))
		if f.attribute != 0 {
			item.SetItems(dicom.FailedAttributesSequence, selector(f.attribute, f.reason))
		}
		busy = busy && f.reason == reasonResources
		failed = append(failed, item)
	}
	if len(failed) > 0 {
		ds.SetItems(dicom.FailedSOPSequence, failed...)
	}
	if len(referenced) > 0 {
		if one {
			ds.SetText(dicom.RetrieveURL, st.base+"/studies/"+st.stored[0].StudyUID)
		}
		ds.SetItems(dicom.ReferencedSOPSequence, referenced...)
	}
	data, err := ds.MarshalJSON()
	if err == nil && kind == web.XML {
		data, err = web.AppendXML(nil, data)
	}
	if err != nil {
		return err
	}
	code := http.StatusOK
	switch {
	case len(referenced) == 0 && busy:
		code = http.StatusServiceUnavailable
		c.W.Header().Set("Retry-After", "5")
	case len(referenced) == 0:
		code = http.StatusConflict
	case len(failed) > 0 || warned:
		code = http.StatusAccepted
	}
	h := c.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	c.W.WriteHeader(code)
	c.W.Write(data)
	return nil
}

// selector is an item of Failed Attributes Sequence: PS3.3 Table 10-20 with the
// reason.
func selector(tag dicom.Tag, reason int) *dicom.Dataset {
	item := dicom.New()
	raw := binary.LittleEndian.AppendUint16(nil, tag.Group())
	item.SetRaw(selectorAttribute, dicom.AT, binary.LittleEndian.AppendUint16(raw, tag.Element()))
	if e, ok := dicom.Lookup(tag); ok {
		item.SetText(selectorVR, string(e.VR))
	}
	item.SetInts(dicom.FailureReason, int64(reason))
	return item
}
