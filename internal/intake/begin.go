package intake

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Pending is an object whose bytes were received and checked and whose commit
// is under way. A sender of many objects over one connection reads the next
// while earlier ones become durable, so that one flush serves several.
type Pending struct {
	out  *Outcome
	err  error
	done chan struct{}
}

// Begin takes in a PS3.10 file, also one without preamble or meta header, up
// to the point where r is not needed any more. The error is that of File.
// Every Pending is waited for.
func (in *Intake) Begin(ctx context.Context, src Source, r io.Reader) (*Pending, error) {
	a, err := in.receiveFile(ctx, src, r)
	if err != nil {
		return nil, err
	}
	p := &Pending{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer a.part.Discard()
		p.out, p.err = in.arrive(ctx, a)
	}()
	return p, nil
}

// Wait returns what became of the object, once it is durable and indexed.
func (p *Pending) Wait() (*Outcome, error) {
	<-p.done
	return p.out, p.err
}

func (in *Intake) receiveFile(ctx context.Context, src Source, r io.Reader) (*arrival, error) {
	rest, head, meta, err := readMeta(r)
	if err != nil {
		return nil, err
	}
	if meta != nil {
		class, syntax := meta.Text(dicom.MediaStorageSOPClassUID), dicom.TransferSyntax(meta.Text(dicom.TransferSyntaxUID))
		if src.Class == "" {
			src.Class = class
		}
		err := isObject(class, syntax)
		var a *arrival
		if err == nil {
			a, err = in.receive(ctx, src, rest, head, syntax)
		}
		if e, ok := errors.AsType[*hub.Error](err); ok { // which object it was, for the sender
			e.With("sop_class", class).With("sop_instance", meta.Text(dicom.MediaStorageSOPInstanceUID))
		}
		return a, err
	}
	whole, err := io.ReadAll(io.LimitReader(rest, wholeFile+1))
	if err != nil {
		return nil, err
	}
	if len(whole) > wholeFile {
		return nil, hub.E(hub.TooLarge, "intake.Begin", "dicom.no_meta_too_large")
	}
	f, err := dicom.Read(bytes.NewReader(whole), dicom.Options{Keep: keepValue})
	if err != nil {
		return nil, in.Quarantine(ctx, src, whole, "dicom.unreadable", err)
	}
	if src.Class == "" {
		src.Class = f.Dataset.Text(dicom.SOPClassUID)
	}
	head = whole[:f.DatasetOffset]
	if len(head) > maxMeta { // no file of a device: rows keep a header of the hub's instead
		head = nil
	} else {
		head = append(fileHead{}, head...)
	}
	return in.receive(ctx, src, bytes.NewReader(whole[f.DatasetOffset:]), head, f.Syntax)
}

// isObject refuses what is no object of a patient: directories of media and
// instances of services, and what is no encoding of a data set (PS3.6 Table
// RFC 2557 and XML encapsulation, and the SMPTE ST 2110 streams.
func isObject(class string, syntax dicom.TransferSyntax) error {
	const directory = "1.2.840.10008.1.3.10"
	if class == directory || dimse.ServiceName(class) != "" && !dimse.StorageSOPClass(class) {
		return hub.E(hub.Invalid, "intake.Begin", "dicom.class_not_stored")
	}
	switch syntax {
	case "1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2", "1.2.840.10008.1.2.7.1", "1.2.840.10008.1.2.7.2", "1.2.840.10008.1.2.7.3":
		return hub.E(hub.Invalid, "intake.Begin", "dicom.syntax_not_stored")
	}
	return nil
}
