package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// copyBuffer is how much of an object is on its way to a caller at a time.
const copyBuffer = 128 << 10

func (d *dicomweb) retrieveStudy(c *Call) error {
	st, err := d.study(c)
	if err != nil {
		return err
	}
	series, err := c.Read().SeriesOf(st.ID)
	if err != nil {
		return err
	}
	return d.retrieveAll(c, st, series)
}

func (d *dicomweb) retrieveSeries(c *Call) error {
	st, se, err := d.series(c)
	if err != nil {
		return err
	}
	return d.retrieveAll(c, st, []*hub.Series{se})
}

// retrieveAll gives the instances of series one after the other, as stored:
// as parts, or as files of a ZIP archive.
func (d *dicomweb) retrieveAll(c *Call, st *db.StudyRow, series []*hub.Series) error {
	offer, err := choose(c, web.Offer{Type: web.DICOM, Related: true, Syntax: anySyntax(c), Default: true}, web.Offer{Type: web.Zip, Default: true})
	if err != nil {
		return err
	}
	to := dicom.TransferSyntax("") // as stored
	if offer.Related {
		to = dicom.TransferSyntax(offer.Syntax)
	}
	var all [][]*hub.Instance
	kept, left := 0, ""
	for _, se := range series {
		list, err := c.Read().InstancesOf(se.ID)
		if err != nil {
			return err
		}
		if to != "" {
			list = slices.DeleteFunc(list, func(i *hub.Instance) bool {
				if !convertible(i, to) {
					left = i.Syntax
					return true
				}
				return false
			})
		}
		kept += len(list)
		all = append(all, list)
	}
	if kept == 0 && left != "" {
		return notStoredAs(left)
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	if offer.Type == web.Zip {
		return d.sendZip(c, st, all)
	}
	code := http.StatusOK
	if left != "" { // PS3.18 section 10.4.3: what can be given is
		code = http.StatusPartialContent
		c.warn("Some instances cannot be given in this transfer syntax; ask for transfer-syntax=*.")
	}
	return d.sendParts(c, st, series, all, to, code)
}

// anySyntax is the one transfer syntax that every range of a request asks
// for, "" if it leaves the choice. Whether all instances are stored in it
// shows later.
func anySyntax(c *Call) string {
	one := ""
	for _, m := range accepts(c) {
		switch ts := m.Params["transfer-syntax"]; {
		case ts == "" || ts == "*" || one != "" && ts != one:
			return ""
		default:
			one = ts
		}
	}
	return one
}

func notStoredAs(syntax string) error {
	return hub.E(hub.Unsupported, "api.retrieve", "dicomweb.not_acceptable").
		With("offered", []string{web.Related + `; type="` + web.DICOM + `"; transfer-syntax=` + syntax, web.DICOM + "; transfer-syntax=" + syntax})
}

func (d *dicomweb) sendParts(c *Call, st *db.StudyRow, series []*hub.Series, all [][]*hub.Instance, to dicom.TransferSyntax, code int) error {
	w := web.NewWriter(c.W)
	c.W.Header().Set("Content-Type", w.ContentType(web.DICOM, ""))
	c.W.Header().Set("Cache-Control", "private, no-cache")
	began := false
	begin := func() {
		if !began {
			c.W.WriteHeader(code)
		}
		began = true
	}
	if c.Method == http.MethodHead {
		begin()
		return nil
	}
	root := base(c) + "/studies/" + st.UID + "/series/"
	buf := make([]byte, copyBuffer)
	for n, list := range all {
		for _, i := range list {
			where := web.Header{Name: "Content-Location", Value: root + series[n].UID + "/instances/" + i.UID}
			if to != "" && string(to) != i.Syntax {
				data, err := d.convert(c.Context(), i, to)
				if err != nil && !began {
					return err
				}
				begin()
				if err == nil {
					err = w.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: web.DICOM + "; transfer-syntax=" + string(to)}, where)
				}
				if err == nil {
					_, err = c.W.Write(data)
				}
				d.finish(c, i, err)
				continue
			}
			begin()
			meta := metaOf(i)
			err := w.Part(int64(len(meta))+i.Length, web.Header{Name: "Content-Type", Value: web.DICOM + "; transfer-syntax=" + i.Syntax}, where)
			if err == nil {
				err = d.sendWhole(c, c.W, i, meta, buf)
			}
			d.finish(c, i, err)
		}
	}
	begin()
	w.Close()
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

// metaOf is what stands in a file before the data set. The stored bytes hold
// no preamble and no group 2.
func metaOf(i *hub.Instance) []byte {
	var b bytes.Buffer
	dicom.WriteMeta(&b, dicom.FileMeta{SOPClassUID: i.Class, SOPInstanceUID: i.UID, Syntax: dicom.TransferSyntax(i.Syntax)}) // a Buffer takes all
	return b.Bytes()
}

// sendWhole sends a file and proves on the way that its data set is the one
// that was stored.
func (d *dicomweb) sendWhole(c *Call, w io.Writer, i *hub.Instance, meta, buf []byte) error {
	r, err := d.proved(c.Context(), i)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := w.Write(meta); err != nil {
		return err
	}
	_, err = io.CopyBuffer(w, r, buf)
	return err
}

// proved reads a data set and ends with an error if it is not the one that was
// stored: by its CRC-32C, which costs a fraction of its digest. That one is
// for signatures and for telling duplicates.
func (d *dicomweb) proved(ctx context.Context, i *hub.Instance) (*checked, error) {
	r, err := d.Objects.Get(ctx, storage.Key(i.Object), i.Offset, i.Length)
	if err != nil {
		return nil, err
	}
	return &checked{body: r, i: i, table: crc32.MakeTable(crc32.Castagnoli)}, nil
}

// checked returns storage.ErrCorrupt in place of the last bytes if they do not
// make the instance whole: what follows a changed byte, or a cut, never
// reaches the length the caller was told.
type checked struct {
	body  io.ReadCloser
	i     *hub.Instance
	table *crc32.Table
	crc   uint32
	n     int64
}

// Close implements io.Closer.
func (k *checked) Close() error { return k.body.Close() }

// Read implements io.Reader.
func (k *checked) Read(p []byte) (int, error) {
	n, err := k.body.Read(p)
	k.crc = crc32.Update(k.crc, k.table, p[:n])
	k.n += int64(n)
	if ended := k.n >= k.i.Length || err == io.EOF; ended && (k.n != k.i.Length || int64(k.crc) != k.i.CRC) {
		return 0, fmt.Errorf("instance %s, %d of %d bytes, CRC-32C %08x: %w", k.i.ID, k.n, k.i.Length, k.crc, storage.ErrCorrupt)
	}
	return n, err
}

func (d *dicomweb) sendZip(c *Call, st *db.StudyRow, all [][]*hub.Instance) error {
	h := c.W.Header()
	h.Set("Content-Type", web.Zip)
	h.Set("Content-Disposition", `attachment; filename="`+st.UID+`.zip"`)
	h.Set("Cache-Control", "private, no-cache")
	c.W.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	z := zip.NewWriter(c.W)
	buf := make([]byte, copyBuffer)
	for s, list := range all {
		for n, i := range list {
			w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("S%04d/I%06d.dcm", s+1, n+1), Method: zip.Store})
			if err == nil {
				err = d.sendWhole(c, w, i, metaOf(i), buf)
			}
			d.finish(c, i, err)
		}
	}
	z.Close()
	return nil
}

func (d *dicomweb) retrieveInstance(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	i := &f.Instance
	offer, err := choose(c, instanceOffers(i)...)
	if err != nil {
		return err
	}
	if err := d.view(c, &f.Study); err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Cache-Control", "private, no-cache")
	etag := `"` + hex.EncodeToString(i.Digest) + `"`
	if offer.Type == web.Zip || offer.Syntax != i.Syntax {
		etag = `"` + hex.EncodeToString(i.Digest[:min(16, len(i.Digest))]) + "-" + offer.Syntax + `"`
	}
	h.Set("ETag", etag)
	where := base(c) + "/studies/" + f.Study.UID + "/series/" + f.Series.UID + "/instances/" + i.UID
	h.Set("Content-Location", where)
	switch {
	case offer.Related && strings.Contains(c.Header.Get("If-None-Match"), etag):
		c.W.WriteHeader(http.StatusNotModified)
		return nil
	case offer.Type == web.Zip:
		return d.sendZip(c, &f.Study, [][]*hub.Instance{{i}})
	case offer.Syntax != i.Syntax:
		data, err := d.convert(c.Context(), i, dicom.TransferSyntax(offer.Syntax))
		if err != nil {
			h.Del("ETag")
			h.Del("Content-Location")
			return err
		}
		return sendConverted(c, data, offer, where)
	}
	meta := metaOf(i)
	if !offer.Related && (c.Header.Get("Range") != "" || c.Header.Get("If-None-Match") != "") {
		h.Set("Content-Type", offer.ContentType())
		return d.sendRange(c, i, meta)
	}
	length := int64(len(meta)) + i.Length
	var w *web.Writer
	part := []web.Header{{Name: "Content-Type", Value: offer.ContentType()}, {Name: "Content-Location", Value: where}}
	if offer.Related {
		w = web.NewWriter(c.W)
		h.Set("Content-Type", w.ContentType(web.DICOM, ""))
		h.Set("Content-Length", strconv.FormatInt(w.OnePartLength(length, part...), 10))
	} else {
		h.Set("Content-Type", offer.ContentType())
		h.Set("Content-Length", strconv.FormatInt(length, 10))
		h.Set("Accept-Ranges", "bytes")
	}
	c.W.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	if w != nil {
		w.Part(length, part...)
	}
	d.finish(c, i, d.sendWhole(c, c.W, i, meta, make([]byte, copyBuffer)))
	if w != nil {
		w.Close()
	}
	return nil
}

// sendConverted sends a file that stands in memory.
func sendConverted(c *Call, data []byte, offer web.Offer, where string) error {
	h := c.W.Header()
	if !offer.Related {
		h.Set("Content-Type", offer.ContentType())
		serveContent(c, bytes.NewReader(data))
		return nil
	}
	w := web.NewWriter(c.W)
	h.Set("Content-Type", w.ContentType(web.DICOM, ""))
	c.W.WriteHeader(http.StatusOK)
	if c.Method != http.MethodHead {
		w.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: offer.ContentType()}, web.Header{Name: "Content-Location", Value: where})
		c.W.Write(data) // a caller that hung up is no fault
		w.Close()
	}
	return nil
}

// sendRange answers Range and conditional requests on head and data set.
func (d *dicomweb) sendRange(c *Call, i *hub.Instance, head []byte) error {
	r := d.open(c.Context(), i, head)
	defer r.Close()
	serveContent(c, r)
	return nil
}
