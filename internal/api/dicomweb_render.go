package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	stdimage "image"
	"image/png"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

// Pictures a caller does not size otherwise.
const (
	renderQuality    = 90
	thumbnailQuality = 75
	thumbnailSide    = settle.SmallSide // pixels
	maxSide          = 8192
	// maxArea is how many pixels a viewport may have: those of a screen of 8K.
	// In colour they take 128 MB, and as many places as there are for work on
	// pixels bound how often.
	maxArea = 32 << 20
	svg     = "image/svg+xml"
)

// picture is a finished thumbnail.
type picture struct {
	kind string
	data []byte
}

// middleFrame is the frame that stands for all.
const middleFrame = -1

// wish says how a caller wants a picture, PS3.18 section 8.3.5.
type wish struct {
	frame         int // from 0, or middleFrame
	width, height int // of the viewport; 0 the image's own
	center, span  float64
	quality       int
	region        region
	square        bool // pixels, as circles are round then
}

// region is the part of an image that is shown, in pixels of the image; none if
// its width is 0. A negative width or height mirrors it (PS3.18 8.3.5.1.3).
type region struct{ x, y, width, height float64 }

func parameter(name string) error {
	return hub.E(hub.Invalid, "api.rendered", "dicomweb.parameter").With("name", name)
}

// wishOf reads window=center,width[,function], viewport=width,height and
// quality=1…100. Annotations are never burnt in.
func wishOf(c *Call, quality int) (wish, error) {
	w := wish{quality: quality}
	q := c.URL.Query()
	if s := c.PathValue("frames"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return w, parameter("frames")
		}
		if n < 1 {
			return w, outside("api.rendered")
		}
		w.frame = n - 1
	}
	if s := q.Get("quality"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			return w, parameter("quality")
		}
		w.quality = n
	}
	for _, text := range strings.Split(q.Get("annotation"), ",") {
		switch text {
		case "":
		case "patient", "technique": // names do not belong into pictures that travel on
			c.warn("The annotation parameter is not supported; nothing is burnt in.")
		default:
			return w, parameter("annotation")
		}
	}
	if err := w.window(q); err != nil {
		return w, err
	}
	return w, w.viewport(q)
}

func (w *wish) window(q url.Values) error {
	s := q.Get("window")
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	exact := len(parts) == 3 && strings.EqualFold(strings.ReplaceAll(parts[2], "-", "_"), "linear_exact")
	if len(parts) != 2 && len(parts) != 3 || len(parts) == 3 && !exact && !strings.EqualFold(parts[2], "linear") {
		return parameter("window") // SIGMOID among them
	}
	var err1, err2 error
	w.center, err1 = strconv.ParseFloat(parts[0], 64)
	w.span, err2 = strconv.ParseFloat(parts[1], 64)
	if err1 != nil || err2 != nil || !(w.span >= 1 && w.span < 1e12) || !(w.center > -1e12 && w.center < 1e12) {
		return parameter("window")
	}
	if exact { // PS3.3 C.11.2.1.3.2 in terms of C.11.2.1.2.1
		w.center, w.span = w.center+0.5, w.span+1
	}
	return nil
}

func (w *wish) viewport(q url.Values) error {
	s := q.Get("viewport")
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	if len(parts) != 2 && len(parts) != 6 {
		return parameter("viewport")
	}
	var err1, err2 error
	w.width, err1 = strconv.Atoi(parts[0])
	w.height, err2 = strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil || w.width < 1 || w.height < 1 || w.width > maxSide || w.height > maxSide || w.width*w.height > maxArea {
		return parameter("viewport")
	}
	if len(parts) == 2 {
		return nil
	}
	for n, at := range []*float64{&w.region.x, &w.region.y, &w.region.width, &w.region.height} {
		if text := parts[n+2]; text != "" {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || !(math.Abs(v) <= 1<<16) {
				return parameter("viewport")
			}
			*at = v
		}
	}
	return nil
}

// cut takes the wished region out of a picture and fits it into the viewport.
func (w *wish) cut(img stdimage.Image) (stdimage.Image, error) {
	r, full := w.region, img.Bounds()
	if r == (region{}) {
		return img, nil
	}
	if r.width == 0 {
		r.width = float64(full.Dx()) - r.x
	}
	if r.height == 0 {
		r.height = float64(full.Dy()) - r.y
	}
	part := stdimage.Rect(int(r.x), int(r.y), int(r.x+math.Abs(r.width)), int(r.y+math.Abs(r.height))).Intersect(full)
	if part.Empty() {
		return nil, parameter("viewport")
	}
	scale := min(float64(w.width)/float64(part.Dx()), float64(w.height)/float64(part.Dy()))
	to := stdimage.Pt(max(1, int(scale*float64(part.Dx()))), max(1, int(scale*float64(part.Dy()))))
	return pixel.Cut(img, part, to, r.width < 0, r.height < 0), nil
}

// longest is the longest side of an image that fits into the viewport.
func (w *wish) longest(rows, cols int) int {
	if w.width == 0 || rows < 1 || cols < 1 || w.region != (region{}) {
		return 0
	}
	scale := min(float64(w.width)/float64(cols), float64(w.height)/float64(rows))
	return max(1, int(scale*float64(max(rows, cols))))
}

// rendered gives one frame as a picture for a screen, PS3.18 section 10.4.1.1.3.
func (d *dicomweb) rendered(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	if strings.HasPrefix(f.Instance.Class, encapsulatedDocuments) {
		return d.document(c, f)
	}
	if f.Instance.Rows == 0 && c.PathValue("frames") == "" {
		return d.thumbnail(c, &f.Study, &f.Instance) // the traces of an ECG
	}
	if strings.Contains(c.PathValue("frames"), ",") {
		return d.renderedFrames(c, f)
	}
	offer, err := choose(c, pictureOffers()...)
	if err != nil {
		return err
	}
	w, err := wishOf(c, renderQuality)
	if err != nil {
		return err
	}
	if err := d.view(c, &f.Study); err != nil {
		return err
	}
	data, err := d.draw(c.Context(), &f.Instance, w, offer.Type)
	if err != nil {
		return err
	}
	return sendPicture(c, &picture{offer.Type, data}, offer.Related)
}

// renderedFrames gives pictures of several frames as parts.
func (d *dicomweb) renderedFrames(c *Call, f *db.Found) error {
	offer, err := choose(c, web.Offer{Type: web.JPEG, Related: true, Default: true}, web.Offer{Type: web.PNG, Related: true, Default: true})
	if err != nil {
		return err
	}
	index, err := d.frames(c.Context(), &f.Instance)
	if err != nil {
		return err
	}
	frames, err := frameList(c.PathValue("frames"), index)
	if err != nil {
		return err
	}
	c.SetPathValue("frames", "")
	w, err := wishOf(c, renderQuality)
	if err != nil {
		return err
	}
	if err := d.view(c, &f.Study); err != nil {
		return err
	}
	out := web.NewWriter(c.W)
	for n, at := range frames {
		w.frame = at
		data, err := d.draw(c.Context(), &f.Instance, w, offer.Type)
		if err != nil && n == 0 {
			return err
		}
		if n == 0 {
			c.W.Header().Set("Content-Type", out.ContentType(offer.Type, ""))
			c.W.WriteHeader(http.StatusOK)
		}
		if err == nil {
			err = out.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: offer.Type})
		}
		if err == nil {
			_, err = c.W.Write(data)
		}
		d.finish(c, &f.Instance, err)
	}
	out.Close()
	return nil
}

// pictureOffers: some clients ask for renderings in multipart form.
func pictureOffers() []web.Offer {
	return []web.Offer{{Type: web.JPEG, Default: true}, {Type: web.PNG, Default: true}, {Type: web.JPEG, Related: true, Default: true}, {Type: web.PNG, Related: true, Default: true}}
}

func sendPicture(c *Call, p *picture, related bool) error {
	h := c.W.Header()
	h.Set("Cache-Control", "private, max-age=3600")
	if !related {
		h.Set("Content-Type", p.kind)
		h.Set("Content-Length", strconv.Itoa(len(p.data)))
		c.W.WriteHeader(http.StatusOK)
		c.W.Write(p.data)
		return nil
	}
	w := web.NewWriter(c.W)
	h.Set("Content-Type", w.ContentType(p.kind, ""))
	c.W.WriteHeader(http.StatusOK)
	w.Part(int64(len(p.data)), web.Header{Name: "Content-Type", Value: p.kind})
	c.W.Write(p.data)
	w.Close()
	return nil
}

// draw renders and encodes one frame.
func (d *dicomweb) draw(ctx context.Context, i *hub.Instance, w wish, kind string) ([]byte, error) {
	f, err := d.frames(ctx, i)
	if err != nil {
		return nil, err
	}
	if f.Wrong != "" {
		return nil, hub.E(hub.Unsupported, "api.draw", "dicomweb.not_renderable").With("reason", f.Wrong)
	}
	if f.Count() == 0 {
		return nil, hub.E(hub.NotFound, "api.draw", "dicomweb.no_image")
	}
	if w.frame == middleFrame {
		w.frame = f.Count() / 2
	}
	if w.frame >= f.Count() {
		return nil, outside("api.draw")
	}
	release, err := d.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	ds, err := d.header(ctx, i, settle.MetaKeep)
	if err != nil {
		return nil, err
	}
	if err := pixel.Drawable(ds); err != nil {
		return nil, notRenderable(err)
	}
	raw, err := d.frameBytes(ctx, i, f, w.frame)
	if err != nil {
		return nil, err
	}
	img, err := pixel.Render(ds, raw, pixel.RenderOptions{Width: w.longest(i.Rows, i.Cols), WindowCenter: w.center, WindowWidth: w.span, Frame: w.frame, SquarePixels: w.square})
	if err != nil {
		return nil, notRenderable(err)
	}
	if img, err = w.cut(img); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if kind == web.PNG {
		err = png.Encode(&b, img)
	} else {
		err = pixel.EncodeJPEG(&b, img, w.quality)
	}
	return b.Bytes(), err
}

func (d *dicomweb) studyThumbnail(c *Call) error {
	st, err := d.study(c)
	if err != nil {
		return err
	}
	series, err := c.Read().SeriesOf(st.ID)
	if err != nil {
		return err
	}
	return d.middleThumbnail(c, st, series)
}

func (d *dicomweb) seriesThumbnail(c *Call) error {
	st, se, err := d.series(c)
	if err != nil {
		return err
	}
	return d.middleThumbnail(c, st, []*hub.Series{se})
}

// middleThumbnail shows the middle instance of the first series that has
// something to show.
func (d *dicomweb) middleThumbnail(c *Call, st *db.StudyRow, series []*hub.Series) error {
	w, err := wishOf(c, thumbnailQuality)
	if err != nil {
		return err
	}
	side := max(w.width, w.height)
	offers := pictureOffers()
	best := web.Choose(accepts(c), offers)
	ready := w.plain() && (side == settle.SmallSide || side == settle.LargeSide || side == 0) && best >= 0 && offers[best].Type == web.JPEG
	for _, se := range series {
		if ready {
			if data := d.Settled.Preview(c.Context(), se, cmp.Or(side, settle.SmallSide)); data != nil {
				return d.keptThumbnail(c, st, data, offers[best].Related)
			}
		}
		list, err := c.Read().InstancesOf(se.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		i := list[len(list)/2]
		if i.Rows > 0 || se.Modality == "ECG" {
			return d.thumbnail(c, st, i)
		}
	}
	return hub.E(hub.NotFound, "api.thumbnail", "dicomweb.no_image")
}

// plain says that a picture is wanted as it comes.
func (w *wish) plain() bool {
	return w.span == 0 && w.quality == thumbnailQuality && w.width == w.height
}

// keptThumbnail gives a picture that was made when the series had settled.
func (d *dicomweb) keptThumbnail(c *Call, st *db.StudyRow, data []byte, related bool) error {
	c.W.Header().Add("Vary", "Accept")
	if err := d.view(c, st); err != nil {
		return err
	}
	return sendPicture(c, &picture{web.JPEG, data}, related)
}

func (d *dicomweb) instanceThumbnail(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	return d.thumbnail(c, &f.Study, &f.Instance)
}

// thumbnail gives a small picture of an image, or of the traces of an ECG.
func (d *dicomweb) thumbnail(c *Call, st *db.StudyRow, i *hub.Instance) error {
	w, err := wishOf(c, thumbnailQuality)
	if err != nil {
		return err
	}
	w.square = true
	if w.width == 0 {
		w.width, w.height = thumbnailSide, thumbnailSide
	}
	if c.PathValue("frames") == "" {
		w.frame = middleFrame
	}
	offers := pictureOffers()
	if i.Rows == 0 {
		offers = []web.Offer{{Type: svg, Default: true}}
	}
	offer, err := choose(c, offers...)
	if err != nil {
		return err
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	key := fmt.Sprintf("%s %s %+v", i.ID, offer.Type, w)
	if p, ok := d.pictures.Get(key); ok {
		return sendPicture(c, p, offer.Related)
	}
	p := &picture{kind: offer.Type}
	if i.Rows == 0 {
		p.data, err = d.drawTraces(c, i)
	} else {
		p.data, err = d.draw(c.Context(), i, w, offer.Type)
	}
	if err != nil {
		return err
	}
	d.pictures.Put(key, p, int64(len(p.data)+len(key)))
	return sendPicture(c, p, offer.Related)
}

// drawTraces draws the ECG that was made from an instance.
func (d *dicomweb) drawTraces(c *Call, i *hub.Instance) ([]byte, error) {
	tx := c.Read()
	r, err := tx.RecordingOfInstance(i.ID)
	if hub.KindOf(err) == hub.NotFound && err != nil {
		return nil, hub.E(hub.NotFound, "api.thumbnail", "dicomweb.no_image")
	}
	if err != nil {
		return nil, err
	}
	rec, err := d.decoded(c.Context(), tx, r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := draw.Thumbnail(&b, rec); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
