package api

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// maxTurned bounds a big endian value that is turned round in memory.
const maxTurned = 64 << 20

// retrieveBulk gives one value by its path, "7FE00010" or with items counted
// from 1 "54000100/1/54001010". Encapsulated pixel data comes as frames.
func (d *dicomweb) retrieveBulk(c *Call) error {
	found, err := d.instance(c)
	if err != nil {
		return err
	}
	i := &found.Instance
	ds, err := d.header(c.Context(), i, headerKeep)
	if err != nil {
		return err
	}
	e, within := element(ds, c.PathValue("path"))
	if e == nil {
		return outside("api.bulk")
	}
	if e.Fragments != nil {
		return d.allFrames(c)
	}
	if e.Length < 0 || e.Items != nil {
		return outside("api.bulk")
	}
	offer, err := choose(c, web.Offer{Type: web.Octets, Default: true}, web.Offer{Type: web.Octets, Related: true, Syntax: string(dicom.ExplicitVRLittleEndian), Default: true})
	if err != nil {
		return err
	}
	if err := d.view(c, &found.Study); err != nil {
		return err
	}
	src := &frameSource{length: e.Length, parts: []dicom.Range{{Offset: e.Offset, Length: e.Length}}}
	if cell := cellSize(e.VR); within.Syntax.BigEndian() && cell > 1 {
		if e.Length > maxTurned {
			return hub.E(hub.Unsupported, "api.bulk", "dicomweb.not_renderable").With("reason", "a big endian value of "+strconv.FormatInt(e.Length, 10)+" bytes")
		}
		if src.data, err = d.bytesAt(c.Context(), i, e.Offset, e.Length); err != nil {
			return err
		}
		turnCells(src.data, cell)
	}
	etag := partTag(i, offer)
	if notModified(c, etag) {
		return nil
	}
	setCached(c, etag)
	return d.sendValue(c, i, src, offer)
}

// sendValue sends bytes of a data set, alone or as the one part of a body.
func (d *dicomweb) sendValue(c *Call, i *hub.Instance, src *frameSource, offer web.Offer) error {
	h := c.W.Header()
	if !offer.Related && src.data != nil {
		h.Set("Content-Type", offer.ContentType())
		serveContent(c, bytes.NewReader(src.data))
		return nil
	}
	if !offer.Related && c.Header.Get("Range") != "" && !dicom.TransferSyntax(i.Syntax).Deflated() {
		h.Set("Content-Type", offer.ContentType())
		part := *i
		part.Offset, part.Length = i.Offset+src.parts[0].Offset, src.parts[0].Length
		return d.sendRange(c, &part, nil)
	}
	var w *web.Writer
	part := web.Header{Name: "Content-Type", Value: offer.ContentType()}
	if offer.Related {
		w = web.NewWriter(c.W)
		h.Set("Content-Type", w.ContentType(offer.Type, ""))
		h.Set("Content-Length", strconv.FormatInt(w.OnePartLength(src.length, part), 10))
	} else {
		h.Set("Content-Type", offer.ContentType())
		h.Set("Accept-Ranges", "bytes")
		h.Set("Content-Length", strconv.FormatInt(src.length, 10))
	}
	c.W.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	if w != nil {
		w.Part(src.length, part)
	}
	d.finish(c, i, d.copyFrame(c, i, src))
	if w != nil {
		w.Close()
	}
	return nil
}

// allFrames answers for encapsulated pixel data as a whole.
func (d *dicomweb) allFrames(c *Call) error {
	found, err := d.instance(c)
	if err != nil {
		return err
	}
	f, err := d.frames(c.Context(), &found.Instance)
	if err != nil {
		return err
	}
	var list strings.Builder
	for n := range min(f.Count(), maxFrameList) {
		if n > 0 {
			list.WriteByte(',')
		}
		list.WriteString(strconv.Itoa(n + 1))
	}
	c.SetPathValue("frames", list.String())
	return d.retrieveFrames(c)
}

// element finds the element at a path and the data set it is in; nil if there
// is none.
func element(ds *dicom.Dataset, path string) (*dicom.Element, *dicom.Dataset) {
	steps := strings.Split(path, "/")
	if len(steps)%2 == 0 || len(steps) > 2*dicom.MaxDepth {
		return nil, nil
	}
	for {
		tag, ok := dicom.ParseTag(steps[0])
		if !ok || len(steps[0]) != 8 {
			return nil, nil
		}
		if len(steps) == 1 {
			return ds.Get(tag), ds
		}
		items := ds.Items(tag)
		n, err := strconv.Atoi(steps[1])
		if err != nil || n < 1 || n > len(items) {
			return nil, nil
		}
		ds, steps = items[n-1], steps[2:]
	}
}

// cellSize is the size of what a value's byte order applies to.
func cellSize(vr dicom.VR) int {
	switch vr {
	case dicom.OW, dicom.US, dicom.SS, dicom.AT:
		return 2
	case dicom.OL, dicom.OF, dicom.UL, dicom.SL, dicom.FL:
		return 4
	case dicom.OD, dicom.OV, dicom.FD, dicom.SV, dicom.UV:
		return 8
	}
	return 1
}
