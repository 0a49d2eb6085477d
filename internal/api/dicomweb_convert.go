package api

import (
	"context"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

// converted are the transfer syntaxes objects are given in beside their own.
var converted = []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.JPEGLSLossless, dicom.DeflatedExplicitVRLittleEndian}

// objectKinds are the ways one object is given.
var objectKinds = []web.Offer{{Type: web.DICOM, Related: true}, {Type: web.DICOM}, {Type: web.Zip}}

// instanceOffers lists the forms of one object: as stored, then converted. Who
// names application/dicom without a transfer syntax gets explicit VR little
// endian (PS3.18 section 8.7.3.5.2), unless something has been lost already
// or the hub cannot decode it; who takes anything gets what is stored.
func instanceOffers(i *hub.Instance) []web.Offer {
	plain := plainByDefault(i)
	var out []web.Offer
	for _, o := range objectKinds {
		o.Syntax, o.Default = i.Syntax, o.Type == web.Zip || !plain
		out = append(out, o)
	}
	for _, ts := range converted {
		if string(ts) == i.Syntax || !convertible(i, ts) {
			continue
		}
		for _, o := range objectKinds {
			o.Syntax, o.Default = string(ts), o.Type != web.Zip && plain && ts == dicom.ExplicitVRLittleEndian
			out = append(out, o)
		}
	}
	return out
}

// offersOf are those of an object's forms that are of a kind.
func offersOf(i *hub.Instance, kind web.Offer) []web.Offer {
	return slices.DeleteFunc(instanceOffers(i), func(o web.Offer) bool { return o.Type != kind.Type || o.Related != kind.Related })
}

// plainByDefault: the standard leaves out objects of which there is only a form
// with losses.
func plainByDefault(i *hub.Instance) bool {
	switch ts := dicom.TransferSyntax(i.Syntax); ts {
	case dicom.ExplicitVRLittleEndian, dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection, dicom.JPEGFullProgression,
		dicom.JPEGLSNearLossless, dicom.JPEG2000, dicom.JPEG2000MC, dicom.HTJ2K:
		return false
	}
	return convertible(i, dicom.ExplicitVRLittleEndian)
}

// convertible says whether an object of a syntax can be given in another one.
// A codec that turns out not to be built in is told then.
func convertible(i *hub.Instance, to dicom.TransferSyntax) bool {
	from := dicom.TransferSyntax(i.Syntax)
	if from == to {
		return true
	}
	if !slices.Contains(converted, to) {
		return false
	}
	if i.Rows == 0 {
		return !to.Encapsulated() && !from.Encapsulated()
	}
	switch {
	case !from.Encapsulated(), from == dicom.EncapsulatedUncompressed, from == dicom.DeflatedImageFrame:
		return true
	}
	switch mediaOf(from) {
	case "", "image/jxl", "video/mpeg2", "video/mp4":
		return false
	}
	return true
}

// convert makes ready to give an object in another transfer syntax. What cannot
// be given so is told here, unless the fault is in a later frame.
func (d *dicomweb) convert(ctx context.Context, i *hub.Instance, to dicom.TransferSyntax) (*settle.Converted, error) {
	conv, err := d.Settled.Convert(ctx, i, to)
	if err != nil && hub.KindOf(err) != hub.Busy {
		err = notConvertible(err)
	}
	return conv, err
}

// notConvertible: whatever the fault, the object can be had as it is stored.
func notConvertible(err error) error {
	return hub.Wrap(hub.Unsupported, "api.convert", "dicomweb.not_renderable", err).With("reason", err.Error())
}
