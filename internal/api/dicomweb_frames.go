package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

// maxFrameList is how many frames one request may ask for.
const maxFrameList = 4096

// headerKeep is the longest value that stays in memory where only the shape
// of an object matters.
const headerKeep = 1 << 10

// frames returns the frame index of an instance.
func (d *dicomweb) frames(ctx context.Context, i *hub.Instance) (*settle.Frames, error) {
	return d.Settled.Frames(ctx, i)
}

// turnCells brings big endian cells to little endian in place.
func turnCells(b []byte, cell int) {
	for i := 0; cell > 1 && i+cell <= len(b); i += cell {
		slices.Reverse(b[i : i+cell])
	}
}

// mediaOf is the media type of a stored codestream, PS3.18 Table 8.7.3-5; ""
// where there is none.
func mediaOf(ts dicom.TransferSyntax) string {
	switch ts {
	case dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection, dicom.JPEGFullProgression, dicom.JPEGLossless, dicom.JPEGLosslessSV1:
		return web.JPEG
	case dicom.JPEGLSLossless, dicom.JPEGLSNearLossless:
		return "image/jls"
	case dicom.JPEG2000Lossless, dicom.JPEG2000:
		return "image/jp2"
	case dicom.JPEG2000MCLossless, dicom.JPEG2000MC:
		return "image/jpx"
	case dicom.HTJ2KLossless, dicom.HTJ2KLosslessRPCL, dicom.HTJ2K:
		return "image/jphc"
	case dicom.JPEGXLLossless, dicom.JPEGXLJPEGRecompression, dicom.JPEGXL:
		return "image/jxl"
	case dicom.RLELossless:
		return "image/dicom-rle"
	case dicom.MPEG2MPML, dicom.MPEG2MPHL:
		return "video/mpeg2"
	case dicom.MPEG4HP41, dicom.MPEG4HP41BD, dicom.MPEG4HP422D, dicom.MPEG4HP423D, dicom.MPEG4HP42STEREO, dicom.HEVCMP51, dicom.HEVCM10P51:
		return "video/mp4"
	}
	return ""
}

// frameOffers lists the forms frames can be given in: as stored, which costs
// nothing, and as plain little endian samples. single is for one frame.
func frameOffers(f *settle.Frames, single bool) []web.Offer {
	var out []web.Offer
	add := func(kind, syntax string, isDefault bool) {
		out = append(out, web.Offer{Type: kind, Related: true, Syntax: syntax, Default: isDefault})
		if single {
			out = append(out, web.Offer{Type: kind, Syntax: syntax, Default: isDefault})
		}
	}
	if !f.Native() {
		add(web.Octets, string(f.Syntax), false)
		if kind := mediaOf(f.Syntax); kind != "" {
			add(kind, string(f.Syntax), true)
		}
	}
	add(web.Octets, string(dicom.ExplicitVRLittleEndian), true)
	if f.Native() { // the samples are the same
		add(web.Octets, string(dicom.ImplicitVRLittleEndian), false)
	}
	return out
}

// retrieveFrames gives the frames of the path, "1" or "1,3,5", counted from 1.
func (d *dicomweb) retrieveFrames(c *Call) error {
	found, err := d.instance(c)
	if err != nil {
		return err
	}
	i := &found.Instance
	f, err := d.frames(c.Context(), i)
	if err != nil {
		return err
	}
	list, err := frameList(c.PathValue("frames"), f)
	if err != nil {
		return err
	}
	offer, err := choose(c, frameOffers(f, len(list) == 1)...)
	if err != nil {
		return err
	}
	if err := d.view(c, &found.Study); err != nil {
		return err
	}
	etag := partTag(i, offer)
	if notModified(c, etag) {
		return nil
	}
	var plain *dicom.Dataset // the header that frames are decoded by
	if !f.Native() && offer.Syntax != string(f.Syntax) {
		if plain, err = d.header(c.Context(), i, headerKeep); err != nil {
			return err
		}
	}
	if len(list) == 1 && !offer.Related {
		return d.sendFrame(c, i, f, list[0], offer, plain, etag)
	}
	return d.sendFrames(c, i, f, list, offer, plain, etag)
}

// frameList reads a list of frame numbers; one that is not there is NotFound.
func frameList(s string, f *settle.Frames) ([]int, error) {
	if f.Wrong != "" {
		return nil, hub.E(hub.Unsupported, "api.frames", "dicomweb.not_renderable").With("reason", f.Wrong)
	}
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || len(list) >= maxFrameList {
			return nil, hub.E(hub.Invalid, "api.frames", "dicomweb.parameter").With("name", "frames")
		}
		list = append(list, n-1)
	}
	for _, n := range list {
		if n < 0 || n >= f.Count() {
			return nil, outside("api.frames")
		}
	}
	return list, nil
}

// frameSource is one frame ready to be sent.
type frameSource struct {
	length int64
	data   []byte        // in memory,
	parts  []dicom.Range // or in the data set
}

// frame gets a frame as stored, or decoded to plain samples by the object's
// header.
func (d *dicomweb) frame(ctx context.Context, i *hub.Instance, f *settle.Frames, n int, plain *dicom.Dataset) (*frameSource, error) {
	if plain == nil && f.Cell <= 1 && f.BitOffset(n) == 0 {
		src := &frameSource{parts: f.Ranges(n)}
		for _, r := range src.parts {
			src.length += r.Length
		}
		return src, nil
	}
	raw, err := d.frameBytes(ctx, i, f, n)
	if err != nil {
		return nil, err
	}
	turnCells(raw, f.Cell)
	if plain != nil {
		if raw, err = d.decode(ctx, plain, raw); err != nil {
			return nil, err
		}
	}
	return &frameSource{length: int64(len(raw)), data: raw}, nil
}

// frameBytes is one frame as stored, in memory.
func (d *dicomweb) frameBytes(ctx context.Context, i *hub.Instance, f *settle.Frames, n int) ([]byte, error) {
	return d.Settled.FrameBytes(ctx, i, f, n)
}

// decode turns a frame into little endian samples.
func (d *dicomweb) decode(ctx context.Context, ds *dicom.Dataset, raw []byte) ([]byte, error) {
	release, err := d.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	frame, err := pixel.Decode(ds, raw)
	if err != nil {
		return nil, notRenderable(err)
	}
	return frame.Data, nil
}

// turn waits for one of the places for work on pixels.
func (d *dicomweb) turn(ctx context.Context) (release func(), err error) { return d.Settled.Place(ctx) }

// notRenderable turns a codec's fault into an answer: never 500.
func notRenderable(err error) error { return settle.NotRenderable(err) }

// sendFrame sends one frame without parts around it, by range if asked.
func (d *dicomweb) sendFrame(c *Call, i *hub.Instance, f *settle.Frames, n int, offer web.Offer, plain *dicom.Dataset, etag string) error {
	src, err := d.frame(c.Context(), i, f, n, plain)
	if err != nil {
		return err
	}
	setCached(c, etag)
	c.W.Header().Set("Content-Type", offer.ContentType())
	if src.data == nil && (len(src.parts) != 1 || c.Header.Get("Range") == "" || f.Syntax.Deflated()) {
		c.W.Header().Set("Content-Length", strconv.FormatInt(src.length, 10))
		c.W.Header().Set("Accept-Ranges", "bytes")
		c.W.WriteHeader(http.StatusOK)
		if c.Method != http.MethodHead {
			d.finish(c, i, d.copyFrame(c, i, src))
		}
		return nil
	}
	if src.data != nil {
		serveContent(c, bytes.NewReader(src.data))
		return nil
	}
	part := *i
	part.Offset, part.Length = i.Offset+src.parts[0].Offset, src.parts[0].Length
	return d.sendRange(c, &part, nil)
}

// serveContent answers with ranges and conditions of RFC 9110.
func serveContent(c *Call, r io.ReadSeeker) { http.ServeContent(c.W, c.Request, "", time.Time{}, r) }

// sendFrames sends frames as parts.
func (d *dicomweb) sendFrames(c *Call, i *hub.Instance, f *settle.Frames, list []int, offer web.Offer, plain *dicom.Dataset, etag string) error {
	w := web.NewWriter(c.W)
	h := c.W.Header()
	root := base(c) + "/studies/" + c.PathValue("study") + "/series/" + c.PathValue("series") + "/instances/" + i.UID + "/frames/"
	for at, n := range list {
		part := []web.Header{{Name: "Content-Type", Value: offer.ContentType()}, {Name: "Content-Location", Value: root + strconv.Itoa(n+1)}}
		src, err := d.frame(c.Context(), i, f, n, plain)
		if at == 0 {
			if err != nil {
				return err
			}
			setCached(c, etag)
			h.Set("Content-Type", w.ContentType(offer.Type, offer.Syntax))
			if len(list) == 1 {
				h.Set("Content-Length", strconv.FormatInt(w.OnePartLength(src.length, part...), 10))
			}
			c.W.WriteHeader(http.StatusOK)
			if c.Method == http.MethodHead {
				return nil
			}
		}
		if err == nil {
			err = w.Part(src.length, part...)
		}
		if err == nil {
			err = d.copyFrame(c, i, src)
		}
		d.finish(c, i, err)
	}
	w.Close()
	return nil
}

func (d *dicomweb) copyFrame(c *Call, i *hub.Instance, src *frameSource) error {
	if src.data != nil {
		_, err := c.W.Write(src.data)
		return err
	}
	for _, r := range src.parts {
		body, err := d.at(c.Context(), i, r.Offset, r.Length)
		if err != nil {
			return err
		}
		n, err := io.Copy(bare(c.W), body)
		body.Close()
		if err != nil {
			return err
		}
		if n < r.Length {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// bare is the connection's own writer, to which the kernel can send a file.
// The status must have been written.
func bare(w http.ResponseWriter) io.Writer {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}
