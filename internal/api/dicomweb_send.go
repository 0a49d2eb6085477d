package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/storage"
)

// copyBuffer is how much of an object is on its way to a caller at a time.
const copyBuffer = 128 << 10

// objectFile is the file of an object, ready to be sent.
type objectFile struct {
	objects   storage.Objects
	i         *hub.Instance
	form      web.Offer
	head      []byte            // what stands before the data set
	converted *settle.Converted // nil as stored
}

// openFile makes ready to send an object in a form. One that turns out not to be
// convertible is given as stored to who takes that.
func (d *dicomweb) openFile(c *Call, i *hub.Instance, form web.Offer) (*objectFile, error) {
	f := &objectFile{objects: d.Objects, i: i, form: form}
	if form.Syntax != i.Syntax {
		var err error
		f.converted, err = d.convert(c.Context(), i, dicom.TransferSyntax(form.Syntax))
		if err != nil {
			f.form.Syntax, f.form.Default = i.Syntax, true
			if hub.KindOf(err) != hub.Unsupported || web.Choose(accepts(c), []web.Offer{f.form}) < 0 {
				return nil, err
			}
		}
	}
	f.head = metaOf(i, dicom.TransferSyntax(f.form.Syntax))
	return f, nil
}

// metaOf is what stands in an object's file before the data set. The stored
// bytes hold no preamble and no group 2.
func metaOf(i *hub.Instance, ts dicom.TransferSyntax) []byte {
	var b bytes.Buffer
	dicom.WriteMeta(&b, dicom.FileMeta{SOPClassUID: i.Class, SOPInstanceUID: i.UID, Syntax: ts}) // a Buffer takes all
	return b.Bytes()
}

// length is that of the file, -1 if it shows at its end only.
func (f *objectFile) length() int64 {
	if f.converted != nil {
		return -1
	}
	return int64(len(f.head)) + f.i.Length
}

// send sends the file and proves on the way that its data set is the one that
// was stored. After an error what was sent must not be taken for whole.
func (f *objectFile) send(ctx context.Context, w io.Writer, buf []byte) error {
	if f.converted != nil {
		if _, err := w.Write(f.head); err != nil {
			return err
		}
		return f.converted.Write(w)
	}
	r, err := storage.Checked(ctx, f.objects, storage.Ref{Key: storage.Key(f.i.Object), Offset: f.i.Offset, Length: f.i.Length}, uint32(f.i.CRC))
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := w.Write(f.head); err != nil {
		return err
	}
	_, err = io.CopyBuffer(w, r, buf)
	return err
}

func (d *dicomweb) sendParts(c *Call, st *db.StudyRow, all []outgoing, code int) error {
	w := web.NewWriter(c.W)
	c.W.Header().Set("Content-Type", w.ContentType(web.DICOM, ""))
	c.W.Header().Set("Cache-Control", "private, no-cache")
	if len(all) == 0 || c.Method == http.MethodHead {
		c.W.WriteHeader(code)
		if c.Method != http.MethodHead {
			w.Close()
		}
		return nil
	}
	buf := make([]byte, copyBuffer)
	root := base(c) + "/studies/" + st.UID + "/series/"
	for n, o := range all {
		f, err := d.openFile(c, o.i, o.form)
		if n == 0 {
			if err != nil {
				return err
			}
			c.W.WriteHeader(code)
		}
		if err == nil {
			err = w.Part(f.length(), web.Header{Name: "Content-Type", Value: f.form.ContentType()},
				web.Header{Name: "Content-Location", Value: root + o.series.UID + "/instances/" + o.i.UID})
		}
		if err == nil {
			err = f.send(c.Context(), c.W, buf)
		}
		d.finish(c, o.i, err)
	}
	w.Close()
	return nil
}

func (d *dicomweb) sendZip(c *Call, st *db.StudyRow, all []outgoing, code int) error {
	h := c.W.Header()
	h.Set("Content-Type", web.Zip)
	h.Set("Content-Disposition", `attachment; filename="`+st.UID+`.zip"`)
	h.Set("Cache-Control", "private, no-cache")
	c.W.WriteHeader(code)
	if c.Method == http.MethodHead {
		return nil
	}
	z := zip.NewWriter(c.W)
	buf := make([]byte, copyBuffer)
	for _, o := range all {
		f, err := d.openFile(c, o.i, o.form)
		if err == nil {
			var w io.Writer
			if w, err = z.CreateHeader(&zip.FileHeader{Name: o.name, Method: zip.Store}); err == nil {
				err = f.send(c.Context(), w, buf)
			}
		}
		d.finish(c, o.i, err)
	}
	z.Close()
	return nil
}

// finish breaks the connection after a fault in the middle of an answer, so
// that the caller does not take half for the whole.
func (d *dicomweb) finish(c *Call, i *hub.Instance, err error) {
	if err == nil {
		return
	}
	if c.Context().Err() == nil {
		d.Log.Error("dicomweb: answer broke off", "instance", i.ID, "request", c.Actor.RequestID, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// sendRange answers Range and conditional requests on head and data set.
func (d *dicomweb) sendRange(c *Call, i *hub.Instance, head []byte) error {
	r := d.open(c.Context(), i, head)
	defer r.Close()
	serveContent(c, r)
	return nil
}

// notModified answers 304 if the caller has what the tag names (RFC 9110
// section 13.1.2, by weak comparison).
func notModified(c *Call, etag string) bool {
	weak := strings.TrimPrefix(etag, "W/")
	for _, line := range c.Header.Values("If-None-Match") {
		for have := range strings.SplitSeq(line, ",") {
			have = strings.TrimSpace(have)
			if have == "*" || strings.TrimPrefix(have, "W/") == weak {
				c.W.Header().Set("ETag", etag)
				c.W.WriteHeader(http.StatusNotModified)
				return true
			}
		}
	}
	return false
}

// partTag names a form of what is given of an object under one address below it.
func partTag(i *hub.Instance, form web.Offer) string {
	etag := hex.EncodeToString(i.Digest) + "-" + form.Syntax
	if form.Related {
		return `W/"` + etag + `"`
	}
	return `"` + etag + `"`
}

// setCached lets a caller keep what never changes, under its tag.
func setCached(c *Call, etag string) {
	c.W.Header().Set("Cache-Control", "private, max-age=3600")
	c.W.Header().Set("ETag", etag)
}
