package arrive

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// Store hands one instance to intake.
func (n *Node) Store(ctx context.Context, a *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	c := n.caller(a)
	if !c.may(hub.StoreService) {
		n.Answered(notAllowed.Code)
		return notAllowed
	}
	if !dicom.ValidUID(r.SOPInstanceUID) && strings.Trim(r.SOPInstanceUID, "0123456789.") != "" {
		status := dimse.Status{Code: dimse.InvalidSOPInstance, Comment: "the SOP Instance UID is no UID", Offending: []dicom.Tag{dicom.AffectedSOPInstanceUID}}
		n.Answered(status.Code)
		return status
	}
	src := intake.Source{Actor: c.Actor, Via: "cstore", Name: r.SOPInstanceUID, Class: r.SOPClassUID, UID: r.SOPInstanceUID}
	out, err := n.Intake.Instance(ctx, src, r.Data, r.Syntax)
	status := statusOf(out, err)
	n.Answered(status.Code)
	n.stored(c, out, status, err)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		n.Log.Warn("C-STORE refused", "calling", a.CallingAE, "status", status.String(), "error", err)
	}
	return status
}

// statusOf is the status of PS3.4 B.2.3 for what intake says. A700 is for
// "try again" only.
func statusOf(out *intake.Outcome, err error) dimse.Status {
	if err == nil {
		if out.Result == intake.Conflict {
			return dimse.Status{Code: dimse.CoercionOfDataElements, Comment: "other bytes are stored under this UID; kept in quarantine",
				Offending: []dicom.Tag{dicom.SOPInstanceUID}}
		}
		return dimse.Status{Code: dimse.Success}
	}
	comment := hub.CodeOf(err)
	switch comment {
	case "dicom.uid_differs":
		return dimse.Status{Code: dimse.DataSetMismatch, Comment: comment, Offending: []dicom.Tag{dicom.SOPInstanceUID}}
	case "dicom.class_differs":
		return dimse.Status{Code: dimse.DataSetMismatch, Comment: comment, Offending: []dicom.Tag{dicom.SOPClassUID}}
	case "dicom.unreadable", "dicom.identity":
		status := dimse.Status{Code: dimse.CannotUnderstand, Comment: comment}
		if e, ok := errors.AsType[*hub.Error](err); ok && e.Err != nil {
			status.Comment = e.Err.Error()
			status.Offending = offending(e.Err)
		}
		return status
	}
	switch hub.KindOf(err) {
	case hub.Busy:
		return dimse.Status{Code: dimse.OutOfResources, Comment: "storage is not available now, send again later"}
	case hub.Forbidden:
		return dimse.Status{Code: dimse.NotAuthorized, Comment: comment}
	}
	return dimse.Status{Code: dimse.ProcessingFailure, Comment: comment}
}

// offending is the element a fault is about: where parsing stopped, or the tag
// that the reason begins with.
func offending(err error) []dicom.Tag {
	if p, ok := errors.AsType[*dicom.ParseError](err); ok && p.Tag != 0 {
		return []dicom.Tag{p.Tag}
	}
	const form = "(0008,0018)"
	if text := err.Error(); len(text) >= len(form) && text[0] == '(' {
		if tag, ok := dicom.ParseTag(text[1:5] + text[6:10]); ok {
			return []dicom.Tag{tag}
		}
	}
	return nil
}
