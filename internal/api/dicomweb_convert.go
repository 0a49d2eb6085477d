package api

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// converted are the transfer syntaxes objects are given in beside their own.
// What is asked for without naming one comes as it is stored.
var converted = []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.JPEGLSLossless, dicom.DeflatedExplicitVRLittleEndian}

// maxConverted bounds an object that is converted in memory.
const maxConverted = 512 << 20

// instanceOffers lists the forms of one object: as stored, then converted.
func instanceOffers(i *hub.Instance) []web.Offer {
	out := []web.Offer{{Type: web.DICOM, Related: true, Syntax: i.Syntax, Default: true}, {Type: web.DICOM, Syntax: i.Syntax, Default: true}}
	for _, ts := range converted {
		if string(ts) != i.Syntax && convertible(i, ts) {
			out = append(out, web.Offer{Type: web.DICOM, Related: true, Syntax: string(ts)}, web.Offer{Type: web.DICOM, Syntax: string(ts)})
		}
	}
	return append(out, web.Offer{Type: web.Zip, Default: true})
}

// convertible says whether an object of a syntax can be given in another one.
// A codec that turns out not to be built in is told then.
func convertible(i *hub.Instance, to dicom.TransferSyntax) bool {
	from := dicom.TransferSyntax(i.Syntax)
	if from == to {
		return true
	}
	if i.Length > maxConverted || !slices.Contains(converted, to) {
		return false
	}
	if i.Rows == 0 {
		return !to.Encapsulated() && !from.Encapsulated()
	}
	kind := mediaOf(from)
	return !from.Encapsulated() || kind != "" && kind != "image/jxl" && kind != "video/mpeg2" && kind != "video/mp4"
}

// convert reads an object and returns its file in another transfer syntax.
func (d *dicomweb) convert(ctx context.Context, i *hub.Instance, to dicom.TransferSyntax) ([]byte, error) {
	release, err := d.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	r, err := d.proved(ctx, i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	stream, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	ds, err := dicom.Parse(bytes.NewReader(stream), dicom.TransferSyntax(i.Syntax), dicom.Options{Keep: -1})
	if err != nil {
		return nil, notConvertible(err)
	}
	out, err := pixel.Transcode(ds, bytes.NewReader(stream), to)
	if err != nil {
		return nil, notConvertible(err)
	}
	var b bytes.Buffer
	if err := dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: i.Class, SOPInstanceUID: i.UID, Syntax: to}, out); err != nil {
		return nil, notConvertible(err)
	}
	return b.Bytes(), nil
}

// notConvertible: whatever the fault, the object can be had as it is stored.
func notConvertible(err error) error {
	return hub.Wrap(hub.Unsupported, "api.convert", "dicomweb.not_renderable", err).With("reason", err.Error())
}
