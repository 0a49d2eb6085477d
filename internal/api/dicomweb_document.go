package api

import (
	"net/http"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Objects that hold a document, PS3.3 section A.45.
const encapsulatedDocuments = "1.2.840.10008.5.1.4.1.1.104."

// document gives the document of an object: what a renderer would show of it
// (PS3.18 section 8.7.3.2 and Table 8.7.4-1).
func (d *dicomweb) document(c *Call, f *db.Found) error {
	i := &f.Instance
	ds, err := d.header(c.Context(), i, headerKeep)
	if err != nil {
		return err
	}
	e := ds.Get(dicom.EncapsulatedDocument)
	if e == nil || e.Length <= 0 {
		return hub.E(hub.NotFound, "api.document", "dicomweb.no_image")
	}
	kind := strings.ToLower(ds.Text(dicom.MIMETypeOfEncapsulatedDocument))
	if m, err := web.ParseMedia(kind); err == nil {
		kind = m.Type
	} else {
		kind = web.Octets
	}
	offer, err := choose(c, web.Offer{Type: kind, Default: true})
	if err != nil {
		return err
	}
	if err := d.view(c, &f.Study); err != nil {
		return err
	}
	length := e.Length
	if n, ok := ds.Int(dicom.EncapsulatedDocumentLength); ok && n > 0 && n < length {
		length = n // without the byte that makes the value even
	}
	h := c.W.Header()
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("Content-Security-Policy", "sandbox") // a document from outside runs nothing here
	return d.sendValue(c, i, &frameSource{length: length, parts: []dicom.Range{{Offset: e.Offset, Length: length}}}, offer)
}

// retrieveURI is WADO-URI, PS3.18 section 9: one object or a picture of it, by
// query parameters.
func (d *dicomweb) retrieveURI(c *Call) error {
	q := c.URL.Query()
	if !strings.EqualFold(q.Get("requestType"), "WADO") {
		return parameter("requestType")
	}
	for name, place := range map[string]string{"studyUID": "study", "seriesUID": "series", "objectUID": "instance"} {
		if q.Get(name) == "" {
			return parameter(name)
		}
		c.SetPathValue(place, q.Get(name))
	}
	want := q.Get("contentType")
	if want == "" {
		want = strings.Join(c.Header.Values("Accept"), ",")
	}
	kind, _ := web.ParseMedia(want)
	inner := *c.URL
	to := c.URL.Query()
	c.Request.URL = &inner
	if kind.Type == web.DICOM {
		to.Set("accept", web.DICOM)
		if ts := q.Get("transferSyntax"); ts != "" {
			to.Set("accept", web.DICOM+"; transfer-syntax="+ts)
		}
		inner.RawQuery = to.Encode()
		return d.retrieveInstance(c)
	}
	if want != "" {
		to.Set("accept", want)
	}
	for old, name := range map[string]string{"imageQuality": "quality"} {
		if v := q.Get(old); v != "" {
			to.Set(name, v)
		}
	}
	if rows, cols := q.Get("rows"), q.Get("columns"); rows != "" || cols != "" {
		to.Set("viewport", firstNonEmpty(cols, rows)+","+firstNonEmpty(rows, cols))
	}
	if center, width := q.Get("windowCenter"), q.Get("windowWidth"); center != "" && width != "" {
		to.Set("window", center+","+width)
	}
	c.SetPathValue("frames", firstNonEmpty(q.Get("frameNumber"), "1"))
	inner.RawQuery = to.Encode()
	return d.rendered(c)
}

// renderedAll gives a picture of each instance of a series or study as parts,
// or, for who takes one picture only, of the middle one.
func (d *dicomweb) renderedAll(c *Call) error {
	st, err := d.study(c)
	if err != nil {
		return err
	}
	tx := c.Read()
	series, err := tx.SeriesOf(st.ID)
	if uid := c.PathValue("series"); err == nil && uid != "" {
		se, err1 := tx.SeriesByUID(st.ID, uid)
		series, err = []*hub.Series{se}, err1
	}
	if err != nil {
		return err
	}
	offer, err := choose(c, web.Offer{Type: web.JPEG, Related: true, Default: true}, web.Offer{Type: web.PNG, Related: true, Default: true}, web.Offer{Type: web.JPEG, Default: true}, web.Offer{Type: web.PNG, Default: true})
	if err != nil {
		return err
	}
	w, err := wishOf(c, renderQuality)
	if err != nil {
		return err
	}
	var all []*hub.Instance
	for _, se := range series {
		list, err := tx.InstancesOf(se.ID)
		if err != nil {
			return err
		}
		for _, i := range list {
			if i.Rows > 0 {
				all = append(all, i)
			}
		}
	}
	if len(all) == 0 {
		return hub.E(hub.NotFound, "api.rendered", "dicomweb.no_image")
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	if !offer.Related {
		w.frame = middleFrame
		data, err := d.draw(c.Context(), all[len(all)/2], w, offer.Type)
		if err != nil {
			return err
		}
		return sendPicture(c, &picture{offer.Type, data}, false)
	}
	return d.renderParts(c, all, w, offer)
}

// renderParts sends pictures of instances. What cannot be shown is left out; the
// status waits for the first picture.
func (d *dicomweb) renderParts(c *Call, all []*hub.Instance, w wish, offer web.Offer) error {
	out := web.NewWriter(c.W)
	c.W.Header().Set("Cache-Control", "private, max-age=3600")
	began := false
	for _, i := range all {
		data, err := d.draw(c.Context(), i, w, offer.Type)
		if hub.KindOf(err) == hub.Unsupported && err != nil && !began {
			if i == all[len(all)-1] {
				return err
			}
			continue
		}
		if hub.KindOf(err) == hub.Unsupported && err != nil {
			continue
		}
		if err != nil && !began {
			return err
		}
		if !began {
			began = true
			c.W.Header().Set("Content-Type", out.ContentType(offer.Type, ""))
			c.W.WriteHeader(http.StatusOK)
		}
		if err == nil {
			err = out.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: offer.Type})
		}
		if err == nil {
			_, err = c.W.Write(data)
		}
		d.finish(c, i, err)
	}
	out.Close()
	return nil
}
