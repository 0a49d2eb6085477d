package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

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

// outgoing is one object of an answer with many: which form of it is given, and
// under what name in an archive.
type outgoing struct {
	i      *hub.Instance
	series *hub.Series
	form   web.Offer
	name   string
}

// retrieveAll gives the instances of series one after the other, as parts or as
// files of a ZIP archive, each in the form of it that the caller likes best.
func (d *dicomweb) retrieveAll(c *Call, st *db.StudyRow, series []*hub.Series) error {
	kind, err := choose(c, web.Offer{Type: web.DICOM, Related: true, Default: true}, web.Offer{Type: web.Zip, Default: true})
	if err != nil {
		return err
	}
	forms := formPicker{accept: accepts(c), kind: kind, known: map[formKey]int{}}
	var all []outgoing
	var left *hub.Instance
	for s, se := range series {
		list, err := c.Read().InstancesOf(se.ID)
		if err != nil {
			return err
		}
		for n, i := range list {
			form, ok := forms.of(i)
			if !ok {
				left = i
				continue
			}
			all = append(all, outgoing{i, se, form, fmt.Sprintf("S%04d/I%06d.dcm", s+1, n+1)})
		}
	}
	if left != nil && len(all) == 0 {
		_, err := choose(c, offersOf(left, kind)...)
		return err
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	code := http.StatusOK
	if left != nil { // PS3.18 section 10.4.3: what can be given is
		code = http.StatusPartialContent
		c.warn("Some instances cannot be given in this transfer syntax; ask for transfer-syntax=*.")
	}
	if kind.Type == web.Zip {
		return d.sendZip(c, st, all, code)
	}
	return d.sendParts(c, st, all, code)
}

// formPicker finds the form of each object of an answer with many.
type formPicker struct {
	accept []web.Media
	kind   web.Offer
	known  map[formKey]int
}

// formKey is what the forms of an object depend on.
type formKey struct {
	syntax string
	pixels bool
}

func (p *formPicker) of(i *hub.Instance) (web.Offer, bool) {
	key := formKey{i.Syntax, i.Rows > 0}
	offers := offersOf(i, p.kind)
	n, ok := p.known[key]
	if !ok {
		n = web.Choose(p.accept, offers)
		p.known[key] = n
	}
	if n < 0 {
		return web.Offer{}, false
	}
	return offers[n], true
}

func (d *dicomweb) retrieveInstance(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	i := &f.Instance
	form, err := choose(c, instanceOffers(i)...)
	if err != nil {
		return err
	}
	if err := d.view(c, &f.Study); err != nil {
		return err
	}
	if notModified(c, etagOf(i, form)) {
		return nil
	}
	if form.Type == web.Zip {
		c.W.Header().Set("ETag", etagOf(i, form))
		return d.sendZip(c, &f.Study, []outgoing{{i, &f.Series, form, "S0001/I000001.dcm"}}, http.StatusOK)
	}
	out, err := d.openFile(c, i, form)
	if err != nil {
		return err
	}
	h := c.W.Header()
	where := base(c) + "/studies/" + f.Study.UID + "/series/" + f.Series.UID + "/instances/" + i.UID
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", etagOf(i, out.form))
	h.Set("Content-Location", where)
	if form.Related {
		return d.sendPart(c, out, where)
	}
	h.Set("Content-Type", out.form.ContentType())
	if out.converted == nil {
		h.Set("Accept-Ranges", "bytes")
		h.Set("Content-Length", strconv.FormatInt(out.length(), 10))
		if c.Header.Get("Range") != "" {
			h.Del("Content-Length")
			return d.sendRange(c, i, out.head)
		}
	}
	c.W.WriteHeader(http.StatusOK)
	if c.Method != http.MethodHead {
		d.finish(c, i, out.send(c.Context(), c.W, make([]byte, copyBuffer)))
	}
	return nil
}

// sendPart answers with one object as the one part of a body.
func (d *dicomweb) sendPart(c *Call, out *objectFile, where string) error {
	w := web.NewWriter(c.W)
	part := []web.Header{{Name: "Content-Type", Value: out.form.ContentType()}, {Name: "Content-Location", Value: where}}
	h := c.W.Header()
	h.Set("Content-Type", w.ContentType(web.DICOM, ""))
	if n := out.length(); n >= 0 {
		h.Set("Content-Length", strconv.FormatInt(w.OnePartLength(n, part...), 10))
	}
	c.W.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	err := w.Part(out.length(), part...)
	if err == nil {
		err = out.send(c.Context(), c.W, make([]byte, copyBuffer))
	}
	d.finish(c, out.i, err)
	w.Close()
	return nil
}

// etagOf names a form of an object. The parts of a body are set apart by other
// bytes each time: the same only in what they mean.
func etagOf(i *hub.Instance, form web.Offer) string {
	etag := hex.EncodeToString(i.Digest)
	if form.Syntax != i.Syntax {
		etag += "-" + form.Syntax
	}
	switch {
	case form.Type == web.Zip:
		return `W/"` + etag + `-zip"`
	case form.Related:
		return `W/"` + etag + `"`
	}
	return `"` + etag + `"`
}
